# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploy the same service to the same hosts in several ways, and print how long each took.

Every way deploys a new version of examples/gin-api in every round (medians are shown) to its own directory and unit on its own
port, and every way ends when all hosts have answered its health check once. What each way does is in this folder to read.

    python3 tests/bench/run.py --hosts 10 --rounds 3
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FLEET = "bench"
APP = "gin-api"
TUNED = """[defaults]
forks = 20
host_key_checking = false
interpreter_python = /usr/bin/python3
[ssh_connection]
pipelining = true
ssh_args = -o ControlMaster=auto -o ControlPersist=60s
[connection]
pipelining = true
"""
PLAIN = "[defaults]\nhost_key_checking = false\n"


@dataclasses.dataclass
class Host:
    """How to reach one host of the lab."""

    name: str
    port: int
    ssh: list


@dataclasses.dataclass
class Measured:
    """One run of one way: wall seconds, and processor seconds of the controller's own processes."""

    wall: float
    cpu: float


class Bench:
    """The hosts, the tarballs and the commands that all ways share."""

    def __init__(self, hosts, work):
        self.work = Path(work)
        self.count = hosts
        self.hosts = []
        self.versions = iter(())
        self.latest = None

    def prepare(self, versions):
        """Bring the fleet up, and build one tarball for every deploy to come."""
        run([sys.executable, "lab/lab.py", "down", FLEET])
        run([sys.executable, "lab/lab.py", "up", FLEET, "--hosts", str(self.count)])
        self.inventory = REPO / ".work" / "lab" / FLEET / "inventory.yml"
        listing = json.loads(run(["ansible-inventory", "-i", str(self.inventory), "--list"]))
        self.hosts = [self._host(name, facts) for name, facts in sorted(listing["_meta"]["hostvars"].items())]
        (self.work / "tuned.cfg").write_text(TUNED, encoding="utf-8")
        (self.work / "plain.cfg").write_text(PLAIN, encoding="utf-8")
        for app in (APP, "bench-floor", "bench-scp", "bench-role"):
            self.everywhere("id -u %s >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin %s" % (app, app))
        self.versions = iter([self._tarball("1.0.%d" % number) for number in range(versions)])

    def _host(self, name, facts):
        options = ["-i", facts["ansible_ssh_private_key_file"]] + shlex.split(facts["ansible_ssh_common_args"])
        return Host(name, facts["ansible_port"], options + ["-o", "ControlMaster=no", "-o", "ControlPath=none"])

    def _tarball(self, version):
        """The version, and the path of its tarball."""
        out = str(self.work / version)
        built = local_module("build", source=str(REPO / "examples" / APP), name=APP, dest=out, version=version, stamp={"main.version": "{version}"})
        return version, local_module("package", artifacts=built["artifacts"], dest=out)["artifacts"][0]["path"]

    def ssh(self, host, command, stdin=None):
        argv = ["ssh", "-p", str(host.port)] + host.ssh + ["root@127.0.0.1", command]
        done = subprocess.run(argv, stdin=stdin or subprocess.DEVNULL, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit("%s failed:\n%s\n%s" % (host.name, command, done.stdout[-2000:]))

    def everywhere(self, command, stdin_path=None, parallel=20):
        def one(host):
            with open(stdin_path or os.devnull, "rb") as stdin:
                self.ssh(host, command, stdin)

        with ThreadPoolExecutor(parallel) as pool:
            list(pool.map(one, self.hosts))

    def playbook(self, config, playbook, **variables):
        environment = dict(os.environ, ANSIBLE_CONFIG=str(self.work / config))
        argv = ["ansible-playbook", "-i", str(self.inventory), playbook, "-e", json.dumps(variables)]
        return run(argv, environment)

    # --- the ways ----------------------------------------------------------------------------------------------------

    def floor(self):
        """One ssh session a host: stream, verify, unpack, switch, restart, check."""
        version, tarball = next(self.versions)
        digest = run(["sha256sum", tarball]).split()[0]
        script = SHARED % {"app": "bench-floor", "port": 18081, "version": version} + FLOOR % {"digest": digest, "version": version}
        self.everywhere(script, tarball)

    def scp_loop(self, parallel):
        """What articles show: scp the tarball, ssh to unpack and restart, ssh to check."""
        version, tarball = next(self.versions)
        script = SHARED % {"app": "bench-scp", "port": 18082, "version": version}

        def one(host):
            argv = ["scp", "-q", "-P", str(host.port)] + host.ssh + [tarball, "root@127.0.0.1:/tmp/release.tar.gz"]
            subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
            self.ssh(host, script + SCP % {"version": version})
            self.ssh(host, CHECK % {"port": 18082})

        with ThreadPoolExecutor(parallel) as pool:
            list(pool.map(one, self.hosts))

    def role(self, config):
        """tests/bench/handwritten/deploy.yml."""
        version, tarball = next(self.versions)
        self.playbook(config, str(HERE / "handwritten" / "deploy.yml"), app="bench-role", binary=APP, root="/opt/bench-role", port=18083,
                      version=version, tarball=tarball)  # fmt: skip

    def slipway(self, new=True):
        """slipway.golang.deploy with the tarball at hand, all hosts in one wave, health asked for once as everywhere here."""
        if new:
            self.latest = next(self.versions)[1]
        self.playbook("tuned.cfg", "slipway.golang.deploy", slipway_app=APP, slipway_artifacts=[self.latest],
                      slipway_port=18084, slipway_health={"path": "/healthz", "min_healthy": 0}, slipway_waves=["100%"])  # fmt: skip

    def ping(self):
        """Nothing but one ping a host, for scale."""
        self.playbook("tuned.cfg", str(HERE / "ping.yml"))


SHARED = """set -eu
app=%(app)s root=/opt/%(app)s version=%(version)s port=%(port)s
mkdir -p $root/releases/$version
if ! test -f /etc/systemd/system/$app.service; then
  printf '[Unit]\\nAfter=network-online.target\\n[Service]\\nUser=%%s\\nEnvironment=PORT=%%s\\nExecStart=%%s\\n' \\
    $app $port $root/current/bin/gin-api > /etc/systemd/system/$app.service
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
  if curl -fs -o /dev/null http://127.0.0.1:%(port)s/healthz; then exit 0; fi
  sleep 0.05
done
exit 1
"""
FLOOR = """
cat > $root/release.tar.gz
echo "%(digest)s  $root/release.tar.gz" | sha256sum --check --quiet
tar -xzf $root/release.tar.gz --strip-components=1 -C $root/releases/$version
switch
""" + CHECK.replace("%(port)s", "$port")
SCP = """
tar -xzf /tmp/release.tar.gz --strip-components=1 -C $root/releases/$version
switch
"""


def run(argv, environment=None):
    """Run a command in the repository; its output, or its end on the terminal when it fails."""
    done = subprocess.run(argv, cwd=REPO, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit("%s failed:\n%s" % (" ".join(argv)[:300], done.stdout[-3000:]))
    return done.stdout


def local_module(module, **arguments):
    """A module's result, run on this machine."""
    environment = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.builtin.minimal")
    output = run(["ansible", "localhost", "-m", "slipway.golang." + module, "-a", json.dumps(arguments)], environment)
    return json.loads(output[output.index("{") :])


def measure(way):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    way()
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Measured(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def ways(bench, slow):
    """Name and function, in the order in which they take turns."""
    yield "raw ssh floor: one session a host, 20 in parallel", bench.floor
    yield "slipway.golang.deploy, new version", bench.slipway
    yield "slipway.golang.deploy, nothing to do", lambda: bench.slipway(new=False)
    yield "scp loop, 10 in parallel", lambda: bench.scp_loop(10)
    yield "scp loop, one after the other", lambda: bench.scp_loop(1)
    yield "one `ping` task", bench.ping
    if slow:
        yield "hand-written role, tuned", lambda: bench.role("tuned.cfg")
        yield "hand-written role, Ansible's defaults", lambda: bench.role("plain.cfg")


def table(results):
    """The medians as Markdown, with ratios to the floor."""
    floor = statistics.median(one.wall for one in list(results.values())[0])
    yield "| way | wall seconds | × floor | controller CPU seconds |"
    yield "|---|---|---|---|"
    for name, runs in results.items():
        wall, cpu = (statistics.median(getattr(one, field) for one in runs) for field in ("wall", "cpu"))
        yield "| %s | %.2f | %.1f | %.1f |" % (name, wall, wall / floor, cpu)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-slow", action="store_true", help="leave the hand-written role out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as work:
        bench = Bench(arguments.hosts, work)
        bench.prepare(versions=(arguments.rounds + 1) * 6)
        chosen = list(ways(bench, not arguments.skip_slow))
        for name, way in chosen:
            print("warm up: %s" % name, file=sys.stderr)
            way()
        results = {name: [] for name, way in chosen}
        for number in range(arguments.rounds):
            for name, way in chosen:
                results[name].append(measure(way))
                print("round %d: %.2f s  %s" % (number + 1, results[name][-1].wall, name), file=sys.stderr)
    run([sys.executable, "lab/lab.py", "down", FLEET])
    print("%d hosts, %d rounds, medians\n" % (arguments.hosts, arguments.rounds))
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
