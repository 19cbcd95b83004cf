# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make test-faults`: break a deploy on a real host in every way that production does."""

from __future__ import annotations

import argparse
import collections
import errno
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import order
import verdict

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import lab

HERE = Path(__file__).resolve().parent
WORK = lab.CHECKOUT / ".work" / "faults"
sys.path.insert(0, str(lab.COLLECTIONS))

ACTS = {
    # name: how the host comes to the state before, the act, the next run, and what that has to end with
    "deploy": {"prepare": ["old", "fill"], "act": "new", "again": "new", "ends": "new"},
    "bad deploy": {"prepare": ["old"], "act": "bad", "again": "new", "ends": "again"},
    "rollback": {"prepare": ["old", "new"], "act": "back", "again": "old", "ends": "new"},
    "first deploy": {"prepare": [], "act": "old", "again": "old", "ends": "new"},
    "adoption": {"prepare": ["by hand"], "act": "adopt", "again": "adopt", "ends": "new"},
    "bad adoption": {"prepare": ["by hand"], "act": "bad-adopt", "again": "adopt", "ends": "again"},
}
# The plan before a deploy, and a deploy whose plan is out of date: both change nothing.
PLANS = {
    name: {"prepare": ["old"], "act": parcel, "again": "new", "ends": "again"}
    for name, parcel in (("plan", "plan"), ("stale plan", "stale"))
}
# A plan writes nothing that stays; systemd reads a unit from a directory in /tmp, which goes again.
WRITES = (
    "create",
    "mkdir",
    "symlink",
    "link",
    "rename",
    "write",
    "truncate",
    "remove",
    "rmdir",
    "chmod",
    "chown",
)
MAY_WRITE = "/tmp/"
# A migration changes nothing that serves; the next run deploys.
MIGRATIONS = {
    name: {"prepare": ["old", parcel], "act": "migrate", "again": "new", "ends": "again"}
    for name, parcel in (("migration", "staged"), ("failing migration", "staged-bad"))
}
STRATEGIES = ("restart", "socket", "blue_green")
# By blue_green the new instance is on the other port, so it is there that it has to be bad.
BLUE_GREEN = dict(
    {act: ACTS[act] for act in ("deploy", "rollback", "adoption")},
    **{"bad deploy": dict(ACTS["bad deploy"], act="bad-green")},
)

QUICK = (
    "kill -9: deploy",
    "kill -9: bad deploy",
    "kill -9: bad adoption",
    "kill -9: plan",
    "only reads: plan",
    "a full disk that stays: bad deploy",
    "order of writes: deploy",
    "order of writes: first deploy",
)
PREPARE = (
    "import sys; sys.path.insert(0, '/root/faults'); import inside; "
    "inside.JOB['strategy'] = 'restart'; inside.prepare(('old',))"
)
QUICK_STEPS = 9
POWER_STEPS = 120  # about as many as a deploy has


class Suite:
    def __init__(self, fleet: str):
        self.fleet = lab.Fleet(fleet, "web=1")
        self.host = lab.Host(self.fleet, "web1", past_ssh=True)
        self.rows = collections.OrderedDict()
        self.orders = {}
        self.failures = []

    def bring_up(self) -> None:
        self.fleet.up()
        lab.call(self.playbook("prepare.yml"), environment=dict(os.environ, ANSIBLE_PIPELINING="1"))
        files = {name: (HERE / name).read_bytes() for name in ("inside.py", "cases.py")}
        for strategy in STRATEGIES:
            files.update({f"{strategy}/{name}.parcel": data for name, data in parcels(strategy).items()})
            self.host.sure(f"mkdir -p /root/faults/{strategy}")
        for name, data in files.items():
            self.host.write(f"/root/faults/{name}", data)

    def playbook(self, name: str) -> list[str]:
        return lab.playbook_argv(HERE / name, inventory=self.fleet.inventory, variables={"dist": str(WORK)})

    def enumerate(self, title: str, recipe: dict, **fault) -> None:
        """One row: the fault at every step of an act."""
        clean, steps, *tries = self.run(
            "steps", **{key: recipe[key] for key in ("prepare", "act", "again")}, **fault
        )
        if not tries:
            sys.exit(f"{title}: not a single step was found")
        old, new = clean["before"]["serves"], clean["result"].get("release")
        for tried in tries:
            wanted = tried["again"].get("release") if recipe["ends"] == "again" else new
            outcome, problem = verdict.judge(tried, old, new, wanted)
            self.note(
                title, outcome, f"step {tried['number']} ({tried['step']}): {problem}" if problem else ""
            )
        print(f"{title}: {dict(self.rows[title])}", file=sys.stderr, flush=True)

    def check_order(self, act: str) -> None:
        """Whether the order of writes and fsyncs survives a power cut, and how many fsyncs that takes."""
        recipe = ACTS[act]
        dummy, told = self.run(
            "steps", fault="none", **{key: recipe[key] for key in ("prepare", "act", "again")}
        )
        count = sum(line.startswith("fsync") for line in told["steps"])
        needed = count - len(order.unnoticed(told["steps"]))
        self.orders[act] = f"{count} fsyncs; without any of {needed} of them this check would fail"
        for problem in order.violations(told["steps"]):
            self.fail(f"order of writes: {act}: {problem}")

    def check_reads(self, act: str) -> None:
        """Whether an act writes nothing that stays."""
        recipe = PLANS[act]
        clean, told = self.run(
            "steps", fault="none", **{key: recipe[key] for key in ("prepare", "act", "again")}
        )
        wrong = [
            line
            for line in told["steps"]
            for kind, *paths in [line.split("\t")]
            if kind in WRITES and not all(path.startswith(MAY_WRITE) for path in paths)
        ]
        self.note(f"only reads: {act}", verdict.UNKNOWN if wrong else verdict.KEPT, "; ".join(wrong))
        if clean["before"] != clean["after"]:
            self.fail(f"only reads: {act}: {clean['before']} became {clean['after']}")

    def try_cases(self, only: str, every: int) -> None:
        """A row for each line of the table in cases.py."""
        for tried in self.run("cases", only=only, every=every):
            if "broke" in tried:
                self.note(tried["title"], verdict.UNKNOWN, tried["broke"])
                continue
            outcome, problem = verdict.judge(
                tried,
                tried["before"]["serves"],
                tried["result"].get("release"),
                tried["again"].get("release"),
            )
            if not problem and outcome != tried["expected"]:
                problem = f"expected was {tried['expected']}; the engine said {tried['result']}"
            self.note(tried["title"], outcome, problem)

    def try_several(self, what: str, **job) -> None:
        for tried in self.run(what, **job):
            old, new = tried["before"]["serves"], tried["after"]["serves"]
            outcome, problem = verdict.judge(tried, old, new, tried["again"].get("release"))
            problem = problem or "; ".join(tried["wrong"])
            self.note(tried["title"], verdict.UNKNOWN if problem else outcome, problem)

    def lose_power(self, at: int) -> None:
        """Kill the whole host while the engine is in the middle of a deploy, and start it again."""
        (first,) = self.run("power off", at=at)
        lab.call(["docker", "kill", self.host.container])
        lab.call(["docker", "start", self.host.container])
        self.host.sure(
            "until systemctl is-system-running --wait | grep -Eq 'running|degraded'; do sleep 0.1; done"
        )
        (second,) = self.run("power on")
        tried = dict(first, **second)
        new = tried["again"].get("release")
        outcome, problem = verdict.judge(tried, tried["before"]["serves"], new, new)
        self.note("power loss: deploy", outcome, f"step {at} ({tried['step']}): {problem}" if problem else "")

    def lose_connection(self, title: str, cut: str | None) -> None:
        """A whole ansible-playbook loses its host, or is killed, during the new release's health check."""
        self.host.sure("python3 -c " + shlex.quote(PREPARE))
        (first,) = self.run("look")
        controller = subprocess.Popen(
            self.playbook("deploy.yml"),
            cwd=lab.CHECKOUT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        old = first["now"]["current"]
        self.host.sure(f"until [ $(basename $(readlink /opt/orders/current)) != {old} ]; do sleep 0.05; done")
        if cut:
            self.host.sure(cut)
        else:
            os.killpg(controller.pid, signal.SIGKILL)
        self.host.sure("until flock --nonblock /opt/orders/lock true; do sleep 0.1; done")
        self.host.sure("ip link set eth0 up; systemctl start ssh")
        if cut:
            os.killpg(controller.pid, signal.SIGKILL)
        controller.wait()
        (after,) = self.run("look")
        (last,) = self.run("again")
        tried = {
            "before": first["now"],
            "result": None,
            "after": after["now"],
            "again": last["again"],
            "final": last["now"],
        }
        outcome, problem = verdict.judge(tried, old, after["now"]["serves"], last["again"]["release"])
        lines = len(after["now"]["history"]) - len(first["now"]["history"])
        problem = problem or ("" if lines == 1 else f"the host's history has {lines} lines more, not one")
        self.note(title, verdict.UNKNOWN if problem else outcome, problem)

    def run(self, what: str, **job) -> list[dict]:
        job = dict({"strategy": "restart", "url": "http://127.0.0.1:8080"}, what=what, **job)
        printed = self.host.sure("python3 /root/faults/inside.py", data=json.dumps(job))
        return [json.loads(line) for line in printed.splitlines()]

    def note(self, title: str, outcome: str, problem: str) -> None:
        self.rows.setdefault(title, collections.Counter())[outcome] += 1
        if problem:
            self.fail(f"{title}: {outcome}: {problem}")

    def fail(self, words: str) -> None:
        self.failures.append(words)
        print(words, file=sys.stderr, flush=True)

    def table(self) -> str:
        lines = [
            "| fault | tries | " + " | ".join(verdict.OUTCOMES) + " |",
            "|---" * (len(verdict.OUTCOMES) + 2) + "|",
        ]
        lines += [
            f"| {title} | {sum(row.values())} | "
            + " | ".join(str(row[word]) for word in verdict.OUTCOMES)
            + " |"
            for title, row in self.rows.items()
        ]
        return "\n".join(lines)


def parcels(strategy: str) -> dict[str, bytes]:
    """What a controller would stream, with the tracer in front."""
    from ansible_collections.slipway.golang.plugins.plugin_utils import artifact, transport

    tracer = (HERE / "tracer.py").read_bytes()
    built = {version: WORK / f"orders-{version}-linux-amd64.tar.gz" for version in ("1.0.0", "2.0.0")}
    base = {
        "step": "apply",
        "name": "orders",
        "port": 8080,
        "strategy": strategy,
        "keep": 1,
        "actor": "the suite",
        "lock_wait": 30,
        "unit": {"drain_seconds": 5},
        "health": {"path": "/healthz", "deadline": 3, "period": 0.1, "min_ready_seconds": 0.1},
    }

    def of(version, **more):
        described = artifact.describe(str(built[version]), artifact.read_manifest(str(built[version])))
        return traced(dict(base, artifacts=[described], **more), built[version])

    def traced(request, tarball=None):
        length, rest = transport.parcel(request, tarball).split(b"\n", 1)
        bootstrap = tracer + b"\n" + rest[: int(length)]
        return b"%d\n" % len(bootstrap) + bootstrap + rest[int(length) :]

    info = {
        "step": "info",
        "name": "orders",
        "root": None,
        "history": 0,
        "port": 8080,
        "health": {"path": "/healthz"},
    }
    return {
        "old": of("1.0.0"),
        "new": of("2.0.0"),
        "bad": of("2.0.0", environment={"UNHEALTHY_ON_PORT": "8080"}),
        "bad-green": of("2.0.0", environment={"UNHEALTHY_ON_PORT": "8081"}),
        "back": traced(dict(base, artifacts=[], release="previous")),
        "adopt": of("2.0.0", adopt=True),
        "bad-adopt": of("2.0.0", adopt=True, environment={"UNHEALTHY_ON_PORT": "8080"}),
        "plan": of("2.0.0", step="plan", check=True, unit={"drain_seconds": 6}),
        "stale": of("2.0.0", expects={"release": "2.0.0-000000000000", "current": "0.1.0-000000000000"}),
        "staged": of("2.0.0", state="staged"),
        "staged-bad": of("2.0.0", state="staged", environment={"FAIL_MIGRATION": "3"}),
        "migrate": traced(
            dict(base, step="run", artifacts=[], args=["migrate"], release="2.0.0", once=True, timeout=60)
        ),
        "absent": traced(dict(base, artifacts=[], state="absent")),
        "info": transport.parcel(info),
    }


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fleet", default="faults", help="the lab fleet to use")
    parser.add_argument("--every", type=int, default=1, help="try only every n-th step, for a quick look")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="the few rows, and few steps of them, that every run of the tests has time for",
    )
    parser.add_argument("--keep", action="store_true", help="leave the host up")
    parser.add_argument("--part", choices=[part.__name__ for part in PARTS])
    parser.add_argument("--only", default="", help="only rows whose title has these words")
    return parser.parse_args()


def main() -> int:
    arguments = parsed()
    if arguments.quick:
        arguments.every = QUICK_STEPS
    suite = Suite(arguments.fleet)
    suite.bring_up()
    for part in PARTS:
        if arguments.part in (None, part.__name__):
            part(suite, arguments)
    if not arguments.keep:
        suite.fleet.down()
    print(suite.table())
    for act, words in suite.orders.items():
        print(f"order of writes: {act}: {words}")
    print(
        f"{len(suite.failures)} that should not be"
        if suite.failures
        else "nothing unknown, nothing lost, and every next run converged"
    )
    return 1 if suite.failures else 0


def wants(arguments, title: str) -> bool:
    return arguments.only in title and (not arguments.quick or title in QUICK)


def kills(suite, arguments) -> None:
    for act in ACTS:
        if wants(arguments, f"kill -9: {act}"):
            suite.enumerate(f"kill -9: {act}", ACTS[act], fault="kill", every=arguments.every)


def socket_kills(suite, arguments) -> None:
    for act in ("deploy", "bad deploy", "rollback"):
        title = f"kill -9: {act}, strategy socket"
        if wants(arguments, title):
            suite.enumerate(title, ACTS[act], fault="kill", every=arguments.every, strategy="socket")


def blue_green_kills(suite, arguments) -> None:
    through_nginx = {"strategy": "blue_green", "url": "http://127.0.0.1"}
    for act, recipe in BLUE_GREEN.items():
        title = f"kill -9: {act}, strategy blue_green"
        if wants(arguments, title):
            suite.enumerate(title, recipe, fault="kill", every=arguments.every, **through_nginx)
    if wants(arguments, "nginx is down, strategy blue_green"):
        suite.try_several("without nginx", **through_nginx)


def kills_and_full_disks(suite, arguments, recipes) -> None:
    for name, recipe in recipes.items():
        if wants(arguments, f"kill -9: {name}"):
            suite.enumerate(f"kill -9: {name}", recipe, fault="kill", every=arguments.every)
        title = f"a full disk that stays: {name}"
        if wants(arguments, title):
            full = {"errno": errno.ENOSPC, "on": True}
            suite.enumerate(title, recipe, fault="errno", every=arguments.every, **full)


def migrations(suite, arguments) -> None:
    kills_and_full_disks(suite, arguments, MIGRATIONS)


def plans(suite, arguments) -> None:
    kills_and_full_disks(suite, arguments, PLANS)
    if wants(arguments, "only reads: plan"):
        suite.check_reads("plan")


def connections(suite, arguments) -> None:
    cuts = {
        "the controller is killed": None,
        "sshd is killed": "systemctl stop ssh; for pid in $(pidof sshd); do kill -9 $pid; done",
        "the link is cut": "ip link set eth0 down",
    }
    for title, cut in cuts.items():
        if wants(arguments, title):
            suite.lose_connection(title, cut)


def power(suite, arguments) -> None:
    if wants(arguments, "power loss"):
        for at in range(1, POWER_STEPS, 12 * arguments.every):
            suite.lose_power(at)


def disk(suite, arguments) -> None:
    faults = {
        "a full disk, once": {"errno": errno.ENOSPC},
        "a full disk that stays": {"errno": errno.ENOSPC, "on": True},
        "a disk error": {"errno": errno.EIO},
    }
    for name, fault in faults.items():
        for act in ACTS:
            if wants(arguments, f"{name}: {act}"):
                suite.enumerate(f"{name}: {act}", ACTS[act], fault="errno", every=arguments.every, **fault)


def orders(suite, arguments) -> None:
    for act in ACTS:
        if wants(arguments, f"order of writes: {act}"):
            suite.check_order(act)


def table(suite, arguments) -> None:
    suite.try_cases(arguments.only, arguments.every)


def several(suite, arguments) -> None:
    if wants(arguments, "at once"):
        suite.try_several("together")
    if wants(arguments, "in a row"):
        suite.try_several("many", count=max(200 // arguments.every, 10))


PARTS = (
    kills,
    socket_kills,
    blue_green_kills,
    migrations,
    plans,
    connections,
    power,
    disk,
    orders,
    table,
    several,
)

if __name__ == "__main__":
    lab.script(main)
