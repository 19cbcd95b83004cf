# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to deploy a service that the bench compares, each with its own directory, unit and port."""

from __future__ import annotations

import dataclasses
import functools
import os
import sys
import typing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hosts import REPO, lab, local_module

sys.path.insert(0, str(REPO / ".work" / "collections"))

from ansible_collections.slipway.golang.plugins.module_utils.common import unit

HERE = Path(__file__).resolve().parent
APP = "gin-api"
FLOOR = "raw ssh floor: one session a host, 20 in parallel"
PING = "one `ping` task"
PORTS = {
    "bench-floor": 18081,
    "bench-hardened": 18087,
    "bench-scp": 18082,
    "bench-role": 18083,
    APP: 18084,
    "bench-ansistrano": 18085,
    "bench-mitogen": 18086,
}
TUNED = """[defaults]
forks = 20
host_key_checking = false
interpreter_python = /usr/bin/python3
roles_path = %(roles)s
[ssh_connection]
pipelining = true
ssh_args = -o ControlMaster=auto -o ControlPersist=60s
[connection]
pipelining = true
"""
PLAIN = "[defaults]\nhost_key_checking = false\n"


@dataclasses.dataclass
class Way:
    """``act(environment)`` does it; afterwards every host must answer with ``version()`` of ``app``."""

    name: str
    act: typing.Callable
    app: str = ""
    version: typing.Callable = lambda: None


class Ways:
    """All of them, on one fleet, with a tarball for every deploy."""

    def __init__(self, fleet, work, ansistrano="", mitogen=""):
        self.fleet = fleet
        self.work = Path(work)
        self.ansistrano = Path(ansistrano) if ansistrano else None
        self.mitogen = Path(mitogen) if mitogen else None
        self._number = 0
        self._ready = {}
        self._live = {}
        self._settings = 0
        roles = self.ansistrano.parent if self.ansistrano else self.work
        mitogen_lines = (
            "strategy_plugins = %s\nstrategy = mitogen_linear\n" % self.mitogen if self.mitogen else ""
        )
        for name, text in (
            ("tuned", TUNED),
            ("plain", PLAIN),
            ("mitogen", TUNED.replace("[ssh_connection]", mitogen_lines + "[ssh_connection]", 1)),
        ):
            (self.work / (name + ".cfg")).write_text(text % {"roles": roles}, encoding="utf-8")
        for app in PORTS:
            fleet.everywhere(
                "id -u %s >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin %s"
                % (app, app)
            )

    def all(self, slow=True):
        """In the order in which they take turns."""
        for name, app, hardened in (
            (FLOOR, "bench-floor", False),
            ("the floor with the hardened unit", "bench-hardened", True),
        ):
            yield self._way(name, functools.partial(self.floor, app, hardened), app)
        yield self._way("slipway, new version, `push`", self.slipway_push, APP)
        yield self._way("slipway, new version, `delta`", self.slipway_delta, APP)
        yield self._way("slipway, configuration only", self.slipway_configured, APP)
        yield self._way("slipway, nothing to do", self.slipway_again, APP)
        yield self._way("slipway, rollback", self.slipway_rollback, APP)
        yield Way(PING, self.ping)
        yield self._way("scp loop, 10 in parallel", functools.partial(self.scp_loop, 10), "bench-scp")
        if not slow:
            return
        yield self._way("scp loop, one after the other", functools.partial(self.scp_loop, 1), "bench-scp")
        yield self._role("hand-written role, tuned", "tuned", "bench-role")
        if self.mitogen:
            yield self._role("hand-written role, tuned, mitogen", "mitogen", "bench-mitogen")
        yield self._role("hand-written role, Ansible's defaults", "plain", "bench-role")
        if self.ansistrano:
            yield self._way("ansistrano, tuned", self.run_ansistrano, "bench-ansistrano")

    def _way(self, name, act, app):
        return Way(name, act, app, lambda: self._live.get(app))

    def _role(self, name, config, app):
        return self._way(name, functools.partial(self.role, config, app), app)

    def absent(self):
        """Peers that the table lists as not installed."""
        return [
            name
            for name, path in (("ansistrano", self.ansistrano), ("mitogen", self.mitogen))
            if path is None
        ]

    # --- tarballs ---------------------------------------------------------------------------------

    def build_ahead(self, app):
        """What the next deploy of an app will need, before its time is taken."""
        if app in PORTS and app not in self._ready:
            self._number += 1
            version, out = "1.0.%d" % self._number, str(self.work / app)
            source = str(REPO / "examples" / APP)
            built = local_module(
                "build",
                source=source,
                name=APP,
                dest="%s/%s" % (out, version),
                version=version,
                stamp={"main.version": "{version}"},
            )
            self._ready[app] = (
                version,
                local_module("package", artifacts=built["artifacts"], dest=out)["artifacts"][0]["path"],
            )

    def _next(self, app):
        version, tarball = self._ready.pop(app)
        self._live[app] = version
        return version, tarball

    def verify(self, way):
        """Every host must answer with the version that was brought."""
        if way.app:
            answer = "curl -fs http://127.0.0.1:%d/version" % PORTS[way.app]
            wrong = [text for text in self.fleet.everywhere(answer) if '"%s"' % way.version() not in text]
            if wrong:
                raise SystemExit("%s: a host answers %s instead of %s" % (way.name, wrong[0], way.version()))

    # --- the ways ---------------------------------------------------------------------------------

    def floor(self, app, hardened, _environment):
        """One ssh session a host: stream, verify, unpack, switch, restart, check."""
        version, tarball = self._next(app)
        digest = lab.call(["sha256sum", tarball]).split()[0]
        script = _script(app, version, hardened) + FLOOR_SCRIPT % {"digest": digest}
        self.fleet.everywhere(script, tarball)

    def scp_loop(self, parallel, _environment):
        """What articles show: scp the tarball, ssh to unpack and restart, ssh to check."""
        version, tarball = self._next("bench-scp")
        script = _script("bench-scp", version) + SCP

        def one(host):
            host.copy(tarball, "/tmp/release.tar.gz", alone=True)
            host.sure(script, alone=True)
            host.sure(CHECK % PORTS["bench-scp"], alone=True)

        with ThreadPoolExecutor(parallel) as pool:
            list(pool.map(one, self.fleet.hosts))

    def role(self, config, app, environment):
        """tests/bench/handwritten/deploy.yml."""
        version, tarball = self._next(app)
        self._play(
            config,
            HERE / "handwritten" / "deploy.yml",
            environment,
            app=app,
            binary=APP,
            root="/opt/" + app,
            port=PORTS[app],
            version=version,
            tarball=tarball,
        )

    def run_ansistrano(self, environment):
        """tests/bench/ansistrano/deploy.yml."""
        app = "bench-ansistrano"
        dummy, tarball = self._next(app)
        self._play(
            "tuned",
            HERE / "ansistrano" / "deploy.yml",
            environment,
            app=app,
            binary=APP,
            root="/opt/" + app,
            port=PORTS[app],
            tarball=tarball,
            ansistrano=self.ansistrano.name,
        )

    def slipway_push(self, environment):
        """slipway.golang.deploy with a built tarball, in one wave, with one health check; no patch."""
        self._tarball = self._next(APP)[1]
        self._slipway("deploy", environment, slipway_delta=False)

    def slipway_delta(self, environment):
        """The same as it is by default: a patch is sent, as the previous tarball is in the same directory."""
        self._tarball = self._next(APP)[1]
        self._slipway("deploy", environment)

    def slipway_configured(self, environment):
        """Another environment, the same binary."""
        self._settings += 1
        self._slipway("deploy", environment)

    def slipway_again(self, environment):
        self._slipway("deploy", environment)

    def slipway_rollback(self, environment):
        """Back to the release before: of the same version, as the configuration is what changed last."""
        self._slipway("rollback", environment)

    def _slipway(self, playbook, environment, **more):
        self._play(
            "tuned",
            "slipway.golang." + playbook,
            environment,
            slipway_app=APP,
            slipway_artifacts=[self._tarball],
            slipway_port=PORTS[APP],
            slipway_health={"path": "/healthz", "min_ready_seconds": 0},
            slipway_waves=["100%"],
            slipway_keep=8,
            slipway_env={"SETTING": str(self._settings)},
            **more,
        )

    def ping(self, environment):
        """Nothing but one ping a host, for scale."""
        self._play("tuned", HERE / "ping.yml", environment)

    def _play(self, config, playbook, environment, **variables):
        argv = lab.playbook_argv(playbook, inventory=self.fleet.fleet.inventory, variables=variables)
        python_path = os.pathsep.join(
            filter(
                None,
                [
                    str(self.mitogen.parents[2]) if config == "mitogen" else "",
                    os.environ.get("PYTHONPATH", ""),
                ],
            )
        )
        config_path = str(self.work / (config + ".cfg"))
        lab.call(argv, environment=dict(environment, ANSIBLE_CONFIG=config_path, PYTHONPATH=python_path))


def _script(app, version, hardened=False):
    """What the loop and the floor have in common: a unit, and how a version goes live."""
    values = {"app": app, "port": PORTS[app], "version": version}
    places = {"binary": "/opt/%s/current/bin/gin-api" % app, "environment_file": "/opt/%s/environment" % app}
    text = unit.render(unit.sections(app, {}, **places)) if hardened else BARE_UNIT % dict(places, app=app)
    return SHARED % dict(values, unit=text)


BARE_UNIT = """[Unit]
After=network-online.target
[Service]
User=%(app)s
EnvironmentFile=%(environment_file)s
ExecStart=%(binary)s
"""
SHARED = """set -eu
app=%(app)s root=/opt/%(app)s version=%(version)s port=%(port)s
mkdir -p $root/releases/$version
if ! test -f /etc/systemd/system/$app.service; then
  echo PORT=$port > $root/environment
  cat > /etc/systemd/system/$app.service << 'UNIT'
%(unit)s
UNIT
  systemctl daemon-reload
fi
switch() {
  ln -sfn releases/$version $root/current.new
  mv -T $root/current.new $root/current
  systemctl reset-failed $app 2>/dev/null || true
  systemctl restart $app
}
"""
CHECK = """
for attempt in $(seq 200); do
  if curl -fs -o /dev/null http://127.0.0.1:%s/healthz; then exit 0; fi
  sleep 0.05
done
exit 1
"""
FLOOR_SCRIPT = """
cat > $root/release.tar.gz
echo "%(digest)s  $root/release.tar.gz" | sha256sum --check --quiet
tar -xzf $root/release.tar.gz --strip-components=1 -C $root/releases/$version
switch
""" + CHECK.replace("%s", "$port")
SCP = """
tar -xzf /tmp/release.tar.gz --strip-components=1 -C $root/releases/$version
switch
"""
