# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long would a deploy take on 10,000 hosts? A simulation from what the bench measured.

    python3 tests/bench/simulate.py 1.json 10.json                              the tables for large fleets
    python3 tests/bench/simulate.py 1.json 10.json --check 5.json 20.json       prediction beside measurement

The files hold the bench's medians, one file for each number of hosts: {"hosts": 10, "medians": {WAY: {"wall":
3.1, "cpu": 1.2, "kilobytes": 7900}}}, in seconds on the clock, seconds of the controller's processors, and kB
to and from each host. The first two files give the costs: what the controller spends once and for each host,
and what a host spends. The other files have no part in that.

The model: a host waits for a fork, then for the one process of Ansible that hands out work, for a processor,
for its turn on the controller's (and the mirror's) line, and then works by itself. Hosts are served in the
order in which they come; a wave begins when the one before has ended. Nothing is random: the same numbers
give the same answer. Left out: the distance to the hosts, failures, and hosts that are slower than others.
"""

from __future__ import annotations

import argparse
import dataclasses
import heapq
import itertools
import json
from pathlib import Path

PUSH, DELTA, CONFIGURED = (
    "slipway, new version, `push`",
    "slipway, new version, `delta`",
    "slipway, configuration only",
)
WAVES = {"1, 10%, 25%, 100%": (1, "10%", "25%", "100%"), "all at once": ("100%",)}
LINKS = {"100 Mbit/s": 100e6, "1 Gbit/s": 1e9}
FLEETS = (100, 1000, 10000)


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a deploy costs: ``start`` once, the rest for each host. ``wait``: what a host waits for."""

    start: float
    cpu: float
    host_cpu: float
    wait: float
    kilobytes: float
    from_mirror: float = 0


@dataclasses.dataclass(frozen=True)
class Site:
    """The controller and its surroundings; lines in bits per second, 0 where they are no obstacle."""

    forks: int = 20
    cores: int = 2
    link: float = 0
    mirror: float = 0
    waves: tuple = ("100%",)
    main_share: float = (
        0.33  # of the controller's processor time for a host, what Ansible's one main process takes
    )
    wave_seconds: float = 0
    hosts_share_cores: bool = False  # as containers on the controller's machine do


class Server:
    """Serves as many at a time as it has places."""

    def __init__(self, places=1):
        self.free = [0.0] * places
        self.busy = 0.0

    def earliest(self):
        return min(self.free)

    def take(self, start, end):
        # The place that was free for the shortest time: a place that waits for a later start is lost to
        # others.
        place = max((free, index) for index, free in enumerate(self.free) if free <= start)[1]
        self.free[place] = end
        self.busy += end - start


@dataclasses.dataclass(frozen=True)
class Finish:
    """When the last host was done, and what held the others up."""

    seconds: float
    held_up_by: str


def sizes(waves, hosts):
    """How many hosts each wave has, as Ansible's ``serial`` counts: shares of all, the last repeated."""
    left, entries = hosts, list(waves)
    while left:
        entry = entries.pop(0) if len(entries) > 1 else entries[0]
        size = int(hosts * int(entry[:-1]) / 100) if isinstance(entry, str) else entry
        yield min(left, max(1, size))
        left -= min(left, max(1, size))


def simulate(cost, site, hosts):
    """Run a deploy through the model."""
    servers = {
        "main process": Server(),
        "processors": Server(site.cores),
        "link": Server(),
        "mirror": Server(),
    }
    steps = list(_steps(cost, site))
    now = cost.start
    for size in sizes(site.waves, hosts):
        now = _wave(servers, steps, now + site.wave_seconds, size, site.forks)
    use = {name: server.busy / len(server.free) / now for name, server in servers.items()}
    busiest = max(use, key=use.get)
    return Finish(now, busiest if use[busiest] > 0.7 else "forks and waves")


def _steps(cost, site):
    """What each host occupies, and for how long."""
    yield ("main process", "processors"), cost.cpu * site.main_share
    yield ("processors",), cost.cpu * (1 - site.main_share)
    yield ("link",), cost.kilobytes * 8000 / site.link if site.link else 0
    yield ("mirror",), cost.from_mirror * 8000 / site.mirror if site.mirror else 0
    yield ("processors",) if site.hosts_share_cores else (), cost.host_cpu
    yield (), cost.wait


def _wave(servers, steps, start, hosts, forks):
    """When the wave's last host is done. All go through the steps, as many at a time as forks."""
    order = itertools.count()
    events = [(start, next(order), 0) for dummy in range(min(hosts, forks))]
    waiting, now = hosts - len(events), start
    while events:
        now, dummy, step = heapq.heappop(events)
        if step < len(steps):
            needed, seconds = steps[step]
            begin = max([now] + [servers[name].earliest() for name in needed])
            for name in needed:
                servers[name].take(begin, begin + seconds)
            heapq.heappush(events, (begin + seconds, next(order), step + 1))
        elif waiting:
            waiting -= 1
            heapq.heappush(events, (now, next(order), 0))
    return now


# --- what the bench measured ----------------------------------------------------------------------


def fit(small, large, way, lab):
    """The costs with which the model gives what was measured on a small and on a large fleet."""
    one, many = small["medians"][way], large["medians"][way]
    cpu = max(0.0, (many["cpu"] - one["cpu"]) / (large["hosts"] - small["hosts"]))
    start = max(0.0, one["cpu"] - cpu * small["hosts"])

    def with_host_cpu(host_cpu):
        busy = Cost(start, cpu, host_cpu, 0, many["kilobytes"])
        return dataclasses.replace(
            busy, wait=max(0.0, one["wall"] - simulate(busy, lab, small["hosts"]).seconds)
        )

    low, high = 0.0, many["wall"]
    for dummy in range(30):
        middle = (low + high) / 2
        if simulate(with_host_cpu(middle), lab, large["hosts"]).seconds < many["wall"]:
            low = middle
        else:
            high = middle
    return with_host_cpu(low)


def modes(small, large, lab):
    """The costs of each way for a new version to travel, as far as they were measured."""
    known = [way for way in (PUSH, DELTA, CONFIGURED) if way in small["medians"] and way in large["medians"]]
    fitted = {way: fit(small, large, way, lab) for way in known}
    found = {name: fitted[way] for name, way in (("push", PUSH), ("delta", DELTA)) if way in fitted}
    if PUSH in fitted and CONFIGURED in fitted:
        # For the controller, a host that fetches the tarball is one to which none is sent. The host does the
        # same.
        push, none = fitted[PUSH], fitted[CONFIGURED]
        found["pull"] = dataclasses.replace(
            push,
            start=none.start,
            cpu=none.cpu,
            kilobytes=none.kilobytes,
            from_mirror=push.kilobytes - none.kilobytes,
        )
    return found


# --- tables ---------------------------------------------------------------------------------------


def check_table(costs, runs, lab):
    """Prediction beside measurement."""
    yield "| hosts | mode | predicted seconds | measured seconds | error |"
    yield "|---|---|---|---|---|"
    for run in sorted(runs, key=lambda run: run["hosts"]):
        for mode, way in (("push", PUSH), ("delta", DELTA)):
            if mode in costs and way in run["medians"]:
                predicted, measured = (
                    simulate(costs[mode], lab, run["hosts"]).seconds,
                    run["medians"][way]["wall"],
                )
                yield "| %d | %s | %.2f | %.2f | %+.0f%% |" % (
                    run["hosts"],
                    mode,
                    predicted,
                    measured,
                    100 * (predicted / measured - 1),
                )


def cost_table(costs):
    yield (
        "| mode | start, s | controller CPU per host, s | host CPU, s | host waits, s "
        "| kB by the controller | kB by the mirror |"
    )
    yield "|---|---|---|---|---|---|---|"
    for mode, cost in costs.items():
        yield "| %s | %.2f | %.3f | %.3f | %.2f | %.0f | %.0f |" % (
            mode,
            cost.start,
            cost.cpu,
            cost.host_cpu,
            cost.wait,
            cost.kilobytes,
            cost.from_mirror,
        )


def fleet_table(costs, site, all_forks):
    """Time to finish, and what holds it up."""
    columns = list(itertools.product(costs, LINKS))
    yield "| hosts | waves | forks | %s |" % " | ".join("%s, %s" % column for column in columns)
    yield "|---|---|---|%s" % ("---|" * len(columns))
    for hosts, waves, forks in itertools.product(FLEETS, WAVES, all_forks):
        here = dataclasses.replace(site, waves=WAVES[waves], forks=forks)
        done = [
            simulate(costs[mode], dataclasses.replace(here, link=LINKS[link]), hosts)
            for mode, link in columns
        ]
        yield "| %d | %s | %d | %s |" % (
            hosts,
            waves,
            forks,
            " | ".join("%s (%s)" % (clock(one.seconds), one.held_up_by) for one in done),
        )


def limit_table(costs, site, all_forks, within):
    """The point where one controller no longer does it."""
    yield (
        "| mode | link | forks | hosts that one controller finishes in %s | held up by "
        "| controllers for %s hosts |" % (clock(within), " and ".join(f"{hosts:,}" for hosts in FLEETS[1:]))
    )
    yield "|---|---|---|---|---|---|"
    for mode, link, forks in itertools.product(costs, LINKS, all_forks):
        here = dataclasses.replace(site, link=LINKS[link], forks=forks, waves=WAVES["1, 10%, 25%, 100%"])
        most = most_hosts(costs[mode], here, within)
        needed = " and ".join(
            str(-(-hosts // most)) if most else "more than there are" for hosts in FLEETS[1:]
        )
        reason = simulate(costs[mode], here, max(1, most)).held_up_by
        yield "| %s | %s | %d | %d | %s | %s |" % (mode, link, forks, most, reason, needed)


def most_hosts(cost, site, within):
    """How many hosts are done in time, up to 20,000."""
    low, high = 0, 20000
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if simulate(cost, site, middle).seconds <= within else (low, middle - 1)
    return low


def clock(seconds):
    if seconds < 120:
        return "%.0f s" % seconds
    return "%.0f min" % (seconds / 60) if seconds < 7200 else "%.1f h" % (seconds / 3600)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("small", type=Path, help="medians of the bench on a small fleet")
    parser.add_argument("large", type=Path, help="the same on a larger one")
    parser.add_argument(
        "--check", type=Path, nargs="+", default=[], help="medians on other fleets, to hold the model against"
    )
    parser.add_argument("--forks", type=int, nargs="+", default=[20, 100])
    parser.add_argument(
        "--cores",
        type=int,
        default=2,
        help="the controller's; the bench's machine must have as many (default: 2)",
    )
    parser.add_argument(
        "--mirror-mbit", type=float, default=1000, help="the mirror's line, for pull (default: 1000)"
    )
    parser.add_argument(
        "--main-share",
        type=float,
        default=Site.main_share,
        help="the main process's part of what a host costs the controller (default: 0.33)",
    )
    parser.add_argument(
        "--wave-seconds", type=float, default=Site.wave_seconds, help="what a wave costs whatever its size"
    )
    parser.add_argument("--within", type=float, default=600, help="most seconds for a rollout (default: 600)")
    return parser.parse_args()


def main():
    arguments = parse()
    small, large = (
        json.loads(path.read_text(encoding="utf-8")) for path in (arguments.small, arguments.large)
    )
    site = Site(
        cores=arguments.cores,
        mirror=arguments.mirror_mbit * 1e6,
        main_share=arguments.main_share,
        wave_seconds=arguments.wave_seconds,
    )
    lab = dataclasses.replace(site, mirror=0, hosts_share_cores=True)
    costs = modes(small, large, lab)
    if not costs:
        raise SystemExit("Neither %s nor %s is in both files: run the bench with --json" % (PUSH, DELTA))
    print("\n".join(cost_table(costs)) + "\n")
    if arguments.check:
        print(
            "\n".join(
                check_table(
                    costs,
                    [small, large]
                    + [json.loads(path.read_text(encoding="utf-8")) for path in arguments.check],
                    lab,
                )
            )
        )
        return
    print("\n".join(fleet_table(costs, site, arguments.forks)) + "\n")
    print("\n".join(limit_table(costs, site, arguments.forks, arguments.within)))


if __name__ == "__main__":
    main()
