# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A managed host in a temporary directory, and a controller that deploys to it."""

from __future__ import annotations

import contextlib
import os
import socket
import urllib.error
import urllib.request

from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import (
    confirm,
    deploy,
    info,
    preview,
    remove,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import live_color, upstream
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import lease
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.history import History
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout

from .artifacts import ARGUMENTS, artifact
from .service import MARK

APP = "orders"
UNIT = "orders.service"
# What becomes healthy has half a minute, however slow the machine is; what never does is given up soon.
HEALTH = {"path": "/healthz", "period": 0.02, "timeout": 30.0, "min_ready_seconds": 0.0}
GIVE_UP = dict(HEALTH, deadline=0.1)


class Host:
    """Its files are below ``base``, its services those of a ``systemd_model.Systemd``."""

    def __init__(self, base, systemd):
        self.base = base
        self.systemd = systemd
        self.root = str(base / "opt" / APP)
        self.unit_dir = base / "units"
        self.layout = Layout(APP, self.root)
        self.behaviours = base / "behaviours"
        self.port, self.other_port = free_ports()

    # --- what the controller does -----------------------------------------------------------------

    def request(self, version=None, **options):
        """A request as the action plugin makes it: the defaults of these tests, and what differs."""
        defaults = {
            "name": APP,
            "root": self.root,
            "artifacts": [artifact(APP, version).described] if version else [],
            "port": self.port,
            "alternate_port": self.other_port,
            "unit": {"user": "nobody", "exec_args": [*ARGUMENTS, str(self.behaviours)]},
            "health": HEALTH,
            "actor": "ann@laptop",
            "deploy_id": "42",
        }
        return dict(defaults, **options)

    def plan(self, version=None, **options):
        """The first of the two remote executions, and all of check mode."""
        request = self.request(version, **options)
        return answer((remove if request.get("state") == "absent" else preview).plan, request)

    def deploy(self, version=None, **options):
        """As the controller does it: plan, and apply only if there is something to do."""
        found = self.plan(version, **options)
        if found.get("failed") or not found["changed"]:
            return found
        payload = artifact(APP, version).stream() if found["needs_artifact"] else None
        return self.apply(version, payload, **options)

    def apply(self, version=None, payload=None, **options):
        """The second of the two remote executions."""
        request = self.request(version, payload=payload and 1, **options)
        return answer((remove if request.get("state") == "absent" else deploy).apply, request, payload)

    def confirm(self, release, **options):
        return answer(confirm.confirm, self.request(confirms=release, **options))

    def acquire_lease(self, owner, ttl=60, renew=False, wait=0):
        request = {
            "id": owner,
            "actor": owner,
            "description": "a rollout",
            "process": "1",
            "ttl": ttl,
            "wait": wait,
            "renew": renew,
        }
        return answer(lease.acquire_lease, dict(request, name=APP, root=self.root))

    def release_lease(self, owner, forget=False):
        request = {"name": APP, "root": self.root, "id": owner, "forget": forget}
        return answer(lease.release_lease, request)

    def configure_nginx(self):
        """nginx as the playbook setup leaves it for the strategy blue_green."""
        given = {"weight": 1, "max_fails": 0, "fail_timeout": 1, "backup": False}
        servers = [dict(given, address="127.0.0.1:%d" % port) for port in (self.port, self.other_port)]
        options = {"blue_green": True, "servers": servers, "balance": "round_robin", "keepalive": 0}
        with open(upstream.path_of(APP), "w", encoding="utf-8") as handle:
            handle.write(upstream.render(APP, options))

    # --- what the host is like --------------------------------------------------------------------

    def behave(self, version, word):
        """From now on this version ``crashes``, is ``unhealthy``, …: see service.py."""
        (self.behaviours / version).write_text(word, encoding="ascii")

    def damage(self):
        """The live release's binary gets one byte more, and runs."""
        path = self.layout.release(self.layout.current()).binary
        with open(path, "rb") as handle:
            content = handle.read()
        self.systemd.run(["systemctl", "stop", UNIT])
        os.unlink(path)
        with open(path, "wb") as handle:
            handle.write(content.replace(MARK, b"\0" + MARK))
        os.chmod(path, 0o755)
        self.systemd.run(["systemctl", "start", UNIT])

    def info(self, history=10, health=None, **more):
        options = {"name": APP, "root": self.root, "history": history, "port": None, "health": health}
        return info.info(dict(options, **more), None)

    def history(self):
        """Act, version and outcome of every entry."""
        entries = History(self.layout.history).entries()
        return [(entry["act"], version_of(entry["to"]), entry["outcome"]) for entry in entries]

    def says(self, port=None):
        """What clients get: ``1.0.0 says nothing``; None if nothing listens."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/" % (port or self.port), timeout=10) as reply:
                return reply.read().decode("ascii")
        except urllib.error.HTTPError as error:
            with error:
                return error.read().decode("ascii")
        except OSError:
            return None

    def links(self):
        """The versions that `current` and `previous` name."""
        return version_of(self.layout.current()), version_of(self.layout.previous())

    def says_behind_nginx(self):
        """What nginx's clients would get, with blue_green."""
        return self.says({"blue": self.port, "green": self.other_port}[live_color.live(APP)])

    def versions(self):
        return sorted(release.version for release in self.layout.releases().values())

    def everything(self):
        """What a deploy may change, to compare: every file and link, and the calls of systemd."""
        found = {"calls": list(self.systemd.calls), "enabled": set(self.systemd.enabled)}
        for top in ("opt", "units", "nginx"):
            for path in sorted((self.base / top).rglob("*")):
                if path.is_symlink():
                    found[path] = os.readlink(path)
                else:
                    found[path] = path.read_bytes() if path.is_file() else None
        return found


def answer(step, request, stream=None):
    """The result as the engine gives it; an error that the engine does not know is a failure of the test."""
    try:
        return step(request, stream)
    except SlipwayError as error:
        return dict(error.facts, failed=True, msg=str(error), outcome=error.OUTCOME)


def refusal(result):
    """The message of a result that has to be a refusal."""
    assert (result["outcome"], result["failed"]) == ("rejected", True), result
    return result["msg"]


def version_of(release_id):
    return release_id and release_id.rpartition("-")[0]


def free_ports():
    """Two TCP ports that are free at this moment."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for dummy in range(2)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
