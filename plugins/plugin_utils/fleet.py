# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the variables of all hosts come to: which apps are where, what has to be built, and in which waves.

Pure: values in (``variables.read``), values out. An inventory may hold several apps and several environments
of one app; each distinct description is built once, and no host gets the build of another one.
"""

from __future__ import annotations

import os

from ..module_utils.common import canonical, health, unit
from . import combinations, gate_options

# One rollout of an app has one of each: all of its hosts must say the same.
OF_THE_ROLLOUT = (
    "slipway_waves",
    "slipway_max_failures",
    "slipway_on_failure",
    "slipway_soak_seconds",
    "slipway_gate",
    "slipway_shares",
    "slipway_lease",
    "slipway_lease_wait_seconds",
    "slipway_lease_seconds",
    "slipway_unhealthy_first",
    "slipway_migrate",
    "slipway_before_tasks",
    "slipway_after_tasks",
    "slipway_release",
    "slipway_command",
    "slipway_run_on",
)
# What the playbooks ask of them.
_SETTINGS = (
    "waves",
    "max_failures",
    "on_failure",
    "lease",
    "unhealthy_first",
    "migrate",
    "before_tasks",
    "after_tasks",
    "shares",
    "soak_seconds",
)
# So has one profile of an app.
OF_THE_PROFILE = (
    "slipway_kind",
    "slipway_seconds",
    "slipway_hosts_at_most",
    "slipway_against",
    "slipway_pgo",
    "slipway_measure",
    "slipway_load",
)
# One image is all that there is of one build.
OF_THE_IMAGE = ("slipway_image", "slipway_port", "slipway_port_variable", "slipway_unit")
# What a wave takes beside its health checks: the transfer, and hosts that wait for a free process.
WAVE_SECONDS = 600
# What a step to the next share takes beside its soak, for all hosts of a wave.
SHARE_SECONDS = 300
# One run has one of each, whatever the number of its apps.
OF_THE_RUN = ("slipway_summary", "slipway_report", "slipway_plan", "slipway_follow", "slipway_json")
# What makes one build another one.
OF_THE_BUILD = (
    "slipway_app",
    "slipway_source",
    "slipway_dist",
    "slipway_targets",
    "slipway_version",
    "slipway_stamp",
    "slipway_build",
    "slipway_files",
    "slipway_unit",
    "slipway_port_variable",
    "slipway_signing_key",
)


def apps(services):
    """App to its hosts, in the order of the inventory. ``services``: host to its values."""
    found = {}
    for host, values in services.items():
        found.setdefault(values["slipway_app"], []).append(host)
    return found


def disagreements(services):
    """Where hosts differ in what a rollout of their app, or the run, has only one of, as sentences."""
    problems = []
    for app, hosts in apps(services).items():
        problems += _differing(services, hosts, OF_THE_ROLLOUT, "a rollout of %s" % app)
        problems += _differing(services, hosts, OF_THE_PROFILE, "a profile of %s" % app)
    return problems + _differing(services, list(services), OF_THE_RUN, "a run")


def _differing(services, hosts, names, whose):
    problems = []
    for name in names if hosts else ():
        first = services[hosts[0]][name]
        other = next((host for host in hosts if services[host][name] != first), None)
        if other:
            problems.append(
                "%s: %s has %r and %s has %r, but %s has only one: set it for all of its hosts"
                % (name, hosts[0], first, other, services[other][name], whose)
            )
    return problems


def settings(services, in_play):
    """App to what a rollout needs to know of it. ``services`` has the hosts that ``--limit`` leaves out."""
    every = apps(services)
    return {app: _settings(in_play[hosts[0]], hosts, every[app]) for app, hosts in apps(in_play).items()}


def _settings(values, hosts, all_hosts):
    own = {name: values["slipway_" + name] for name in _SETTINGS}
    tasks = {name: own[name] or "" for name in ("before_tasks", "after_tasks")}
    alertmanager = values["slipway_metrics"].get("alertmanager") or ""
    silence = {"alertmanager": alertmanager, "silence_seconds": _longest_wave(values)} if alertmanager else {}
    own.update(tasks, gate=gate_options.settled(values), share_seconds=_longest_share(values))
    return dict(own, hosts=hosts, all_hosts=all_hosts, **silence)


def _longest_wave(values):
    """Seconds after which alerts count again, whatever became of the wave: it may go live and back again."""
    deadline = _option(values["slipway_health"], health.OPTIONS, "deadline")
    drain = _option(values["slipway_unit"], unit.OPTIONS, "drain_seconds")
    return int(WAVE_SECONDS + longest_test(values) + 2 * (deadline + drain))


def _longest_share(values):
    """Seconds after which a host ends a share by itself, if it gets no further word."""
    patience = gate_options.settled(values).get("patience", 0)
    silence = values["slipway_confirm_within_seconds"] or SHARE_SECONDS
    return values["slipway_soak_seconds"] + patience + silence


def longest_test(values):
    """Seconds for which a new release is on trial in a wave, at each share and after the switch."""
    patience = gate_options.settled(values).get("patience", 0)
    return (values["slipway_soak_seconds"] + patience) * (len(values["slipway_shares"]) + 1)


def _option(given, table, name):
    return table[name]["default"] if given.get(name) is None else given[name]


def profile(values):
    """What the playbook profile asks of an app, and where its files go: beside the artifacts."""
    found = {name[len("slipway_") :]: values[name] for name in OF_THE_PROFILE}
    source, artifacts = values["slipway_source"], values["slipway_artifacts"]
    beside = source + "/dist" if source else os.path.dirname(artifacts[0]) if artifacts else ""
    options = values["slipway_build"]
    return dict(
        found,
        dist=values["slipway_dist"] or beside,
        source=source or "",
        package=options.get("package") or ".",
        go=options.get("go") or "go",
    )


def vulnerabilities(services):
    """Host to what counts as a vulnerability there."""
    return {host: values["slipway_build"].get("vulnerabilities") or {} for host, values in services.items()}


def lacks_source(values):
    """What a profile is to do with the source of the app where nothing is built from source; or nothing."""
    return [
        name
        for name in ("slipway_pgo", "slipway_measure")
        if values[name] and (values["slipway_artifacts"] or not values["slipway_source"])
    ]


def sites(services, balancers):
    """Hosts whose nginx answers the clients of these services."""
    with_name = [host for host, values in services.items() if values["slipway_domain"]]
    return list(balancers) if balancers and with_name else with_name


def drains(services, balancers):
    """Whether any host has to be taken out of the balance while its service restarts."""
    behind = balancers and any(len(hosts) > 1 for hosts in apps(services).values())
    tasks = ("slipway_drain_tasks", "slipway_undrain_tasks")
    return bool(behind) or any(values[name] for values in services.values() for name in tasks)


def builds(services):
    """The distinct builds as a list, and host to its index there; hosts with artifacts need none."""
    found, index_of = [], {}
    for host, values in services.items():
        if values["slipway_artifacts"]:
            continue
        build = {name: values[name] for name in OF_THE_BUILD}
        if build not in found:
            found.append(build)
        index_of[host] = found.index(build)
    return [_described(build, found) for build in found], index_of


def _described(build, all_of_them):
    """The options of the modules build and package for one build.

    Several builds of one app in one directory would overwrite each other: each has its own directory then.
    """
    dist = build["slipway_dist"] or build["slipway_source"] + "/dist"
    alike = [
        other
        for other in all_of_them
        if other["slipway_app"] == build["slipway_app"]
        and (other["slipway_dist"] or other["slipway_source"] + "/dist") == dist
    ]
    if len(alike) > 1:
        dist += "/" + canonical.sha256(canonical.to_json(build))[:8]
    return {
        "name": build["slipway_app"],
        "source": build["slipway_source"],
        "dist": dist,
        "targets": build["slipway_targets"],
        "version": build["slipway_version"],
        "stamp": build["slipway_stamp"],
        "options": build["slipway_build"],
        "files": build["slipway_files"],
        "unit": build["slipway_unit"],
        "port_variable": build["slipway_port_variable"],
        "signing_key": build["slipway_signing_key"],
    }


def images(services, all_builds, index_of):
    """The distinct images, and what keeps an app from having one, as sentences. Those two: ``builds``."""
    groups = {}
    for host, values in services.items():
        key = index_of.get(host, canonical.to_json([values["slipway_app"], values["slipway_artifacts"]]))
        groups.setdefault(key, []).append(host)
    found, problems = [], []
    for hosts in groups.values():
        values = services[hosts[0]]
        problems += _differing(services, hosts, OF_THE_IMAGE, "an image of %s" % values["slipway_app"])
        build = all_builds[index_of[hosts[0]]] if hosts[0] in index_of else {}
        found.append(_image(values, build, index_of.get(hosts[0])))
    return found, problems


def _image(values, build, index):
    """The options of the module image. Without a build of ours, only the targets that somebody set count."""
    arguments = values["slipway_unit"].get("exec_args") or []
    wanted = values["slipway_targets"] if build or values["slipway_targets"] != ["linux/amd64"] else []
    options = values["slipway_image"]
    if build.get("files") and options.get("dockerfile"):  # which has to know where they come from
        options = dict({"files": build["files"]}, **options)
    return {
        "name": values["slipway_app"],
        "build": index,
        "artifacts": values["slipway_artifacts"] or [],
        "targets": wanted,
        "dest": values["slipway_dist"] if not build else build["dist"],
        "source": values["slipway_source"] or "",
        "port": combinations.port_for(values["slipway_port"], values["slipway_health"]),
        "port_variable": values["slipway_port_variable"],
        "options": dict({"args": arguments} if arguments else {}, **options),
    }


def wave_sizes(waves, count):
    """How many hosts each wave has, as Ansible's ``serial`` counts: the last entry repeats to the end.

    A percentage is one of all hosts, rounded down, and at least one host.
    """
    sizes, left, position = [], count, 0
    while left > 0:
        entry = waves[min(position, len(waves) - 1)]
        size = max(int(entry[:-1]) * count // 100, 1) if isinstance(entry, str) else entry
        sizes.append(min(size, left))
        left -= sizes[-1]
        position += 1
    return sizes
