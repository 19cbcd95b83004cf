# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway.golang.variables: check the variables of all hosts at once, before anything is done."""

from __future__ import annotations

import time

from ansible.errors import AnsibleError

from ..module_utils.common.errors import SlipwayError
from ..plugin_utils import controller_files, drills, fleet, gate_options, image_options, variables
from ..plugin_utils.controller_action import ControllerAction
from ..plugin_utils.kinds import beginning
from ..plugin_utils.values import renamed

ARGUMENTS = {
    "reads": {
        "type": "list",
        "elements": "str",
        "choices": sorted(controller_files.READERS),
        "default": [],
    },
    "needs": {
        "type": "str",
        "choices": ["source", "artifacts", "command", "profile", "audit", "drill", "image", "cluster"],
    },
    "clusters": {"type": "str", "choices": ["none", "only", "either", "too"], "default": "none"},
    "refuses": {"type": "dict", "default": {}},
    "one_service": {"type": "bool", "default": False},
}
SHOWN = 20
NO_SERVICE = "slipway_app is not set for any host: set it for the hosts of the service, in the inventory"
NO_HOSTS = "All hosts of the service are in the group clusters: use slipway.golang.kubernetes for them"
NO_CLUSTERS = (
    "No host of the service is in the group clusters: that is where slipway.golang.kubernetes deploys to"
)
BOTH = (
    "This run has hosts and clusters, and takes one of them: name a group with -e slipway_hosts=GROUP, or "
    "with --limit"
)
_SOURCE = (
    ("slipway_source", "slipway_artifacts"),
    "slipway_source is not set: name the directory of the Go module, or in slipway_artifacts "
    "tarballs that are built already",
)
NEEDED = {
    "source": _SOURCE,
    "image": _SOURCE,
    "artifacts": (
        ("slipway_artifacts",),
        "slipway_artifacts is not set: name the tarballs to install",
    ),
    "command": (
        ("slipway_command",),
        "slipway_command is not set: name the arguments for the service's binary, as in "
        "-e '{slipway_command: [migrate, status]}'",
    ),
    "cluster": (
        ("slipway_kubernetes.image",),
        "slipway_kubernetes.image is not set: name the image in its registry, with its digest",
    ),
}


class ActionModule(ControllerAction):
    """Runs once, for all hosts of the inventory; connects to none of them."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(ARGUMENTS)
        services, problems = self._read_all(task_vars)
        clusters = set(task_vars["groups"].get("clusters", ()))
        if services and not problems:
            services, problems = _of_kind(services, clusters, arguments["clusters"], task_vars)
        if not problems:
            problems = _of_servers_alone(services, clusters)
            services = {host: _without_gate(values, host in clusters) for host, values in services.items()}
        in_play = {host: services[host] for host in task_vars["ansible_play_hosts_all"] if host in services}
        if not problems:
            problems = (
                _disagreements(services, clusters)
                + _several(in_play, arguments["one_service"], "balancers" in task_vars["groups"])
                + _lacking(in_play, arguments["needs"])
                + _without_source(in_play, arguments["needs"])
                + _refused(in_play, arguments["refuses"])
                + _no_issuer(in_play, task_vars["groups"])
                + _no_shares(in_play, task_vars["groups"])
            )
        if not problems and arguments["needs"] == "drill":
            problems = drills.problems(in_play, task_vars["groups"])
        builds, build_of = [], {}
        if not problems and _builds(in_play, arguments["needs"]):
            builds, build_of = fleet.builds(in_play)
        if not problems:
            problems = _unusable(in_play, arguments["reads"]) + _unbuildable(builds, build_of)
        images = []
        if not problems and arguments["needs"] == "image":
            images, problems = _images(in_play, builds, build_of)
        if problems:
            return dict(result, failed=True, msg=_in_full(problems))
        facts = dict(_facts(services, in_play, task_vars["groups"]), builds=builds, build_of=build_of)
        facts["images"] = images
        facts["began"] = time.time()
        if arguments["needs"] == "profile":
            facts["profile"] = fleet.profile(next(iter(in_play.values())))
        if arguments["needs"] == "audit":
            facts["vulnerabilities"] = fleet.vulnerabilities(in_play)
        if arguments["needs"] == "drill":
            facts["drill"] = drills.facts(in_play, task_vars["groups"])
        return dict(result, changed=False, ansible_facts=self.as_facts(slipway__fleet=facts))

    def _read_all(self, task_vars):
        """Host to its values, for the hosts that take part, and what is wrong: each sentence once, with its
        hosts.

        Hosts that ``--limit`` leaves out are read too: the lease of an app is on the first of all of its
        hosts.
        """
        services, found = {}, []
        for host in task_vars["groups"]["all"]:
            given = self._variables_of(host, task_vars)
            if not any(name.startswith("slipway_") for name in given):
                continue  # a host of the inventory that is not ours
            values, problems = self._read(given)
            if host in task_vars["ansible_play_hosts_all"]:
                found += [(host, problem) for problem in problems]
            if not problems and self._takes_part(host, values, task_vars):
                services[host] = values
        return services, _once(found) if services or found else [NO_SERVICE]

    def _variables_of(self, host, task_vars):
        """All variables of a host as its own task would have them: those of the play too, so ``vars`` of
        ``import_playbook``, and ``group_vars`` beside the playbook. ``hostvars`` has neither.
        """
        inventory_host = task_vars["hostvars"]._inventory.get_host(host)
        return self._task.get_variable_manager().get_vars(play=self._task.get_play(), host=inventory_host)

    def _read(self, given):
        templar = self._templar.copy_with_new_env(available_variables=given)
        directory = beginning(given.get("inventory_dir"))
        try:
            return variables.read(given, templar.template, directory)
        except AnsibleError as error:  # a value that cannot be rendered
            return {}, [" ".join(str(error).split())]

    def _takes_part(self, host, values, task_vars):
        """A host is left out where its own ``slipway_hosts`` does not match it, or it has another part."""
        pattern = values["slipway_hosts"]
        if pattern is None:
            return not _has_another_part(host, task_vars["groups"])
        return host in self._matching(pattern, task_vars)

    def _matching(self, pattern, task_vars):
        lookup = self._shared_loader_obj.lookup_loader.get(
            "ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar
        )
        return lookup.run([pattern], variables=task_vars)


def _has_another_part(host, groups):
    """Whether it is a balancer, or does nothing but observe: one that serves too is in another group."""
    member = {name for name, hosts in groups.items() if host in hosts}
    return "balancers" in member or member - {"all", "ungrouped"} == {"monitoring"}


def _facts(services, in_play, groups):
    """What the plays that follow use; small, as every task that looks at it copies it."""
    first = next(iter(in_play.values()))
    servers = {host: values for host, values in in_play.items() if host not in groups.get("clusters", ())}
    return {
        "app": first["slipway_app"],
        "hosts": list(in_play),
        "servers": list(servers),
        "apps": fleet.settings(services, in_play),
        "waves": first["slipway_waves"],
        "drains": fleet.drains(servers, groups.get("balancers")),
        "plan": first["slipway_plan"] or "",
        "summary": first["slipway_summary"] or "",
        "report": first["slipway_report"] or "",
        "sites": fleet.sites(servers, groups.get("balancers")),
        "command": first["slipway_command"],
        "run_hosts": list(in_play) if first["slipway_run_on"] == "all" else list(in_play)[:1],
    }


def _several(in_play, only_one, behind_balancers):
    """Several services in one run are fine where each has its own hosts, and the playbook can do it."""
    apps = fleet.apps(in_play)
    if len(apps) < 2 or not (only_one or behind_balancers):
        return []
    counted = ", ".join("%s (%d hosts)" % (app, len(hosts)) for app, hosts in apps.items())
    reason = "This playbook" if only_one else "A run with a group balancers"
    return [
        "slipway_app: the inventory has several services: %s. %s takes one of them: name its group with "
        "-e slipway_hosts=GROUP, or with --limit" % (counted, reason)
    ]


def _lacking(in_play, needs):
    names, sentence = NEEDED.get(needs, ((), ""))
    return _once(
        (host, sentence)
        for host, values in in_play.items()
        if names and not any(_at(values, name) for name in names)
    )


def _at(values, name):
    """A variable, or an option in one, as in slipway_kubernetes.image."""
    variable, dummy, option = name.partition(".")
    return values[variable].get(option) if option else values[variable]


def _of_kind(services, clusters, wanted, task_vars):
    """The services of the kind of hosts that a playbook is for, and what is wrong."""
    in_play = [host for host in task_vars["ansible_play_hosts_all"] if host in services]
    kinds = {host in clusters for host in in_play}
    if wanted == "either" and len(kinds) > 1:
        return services, [BOTH]
    if wanted == "too":
        return services, []
    is_cluster = wanted == "only" or (wanted == "either" and kinds == {True})
    found = {host: values for host, values in services.items() if (host in clusters) == is_cluster}
    if in_play and not any(host in found for host in in_play):
        return {}, [NO_CLUSTERS if is_cluster else NO_HOSTS]
    return found, []


def _disagreements(services, clusters):
    """Hosts and clusters of one app are never in one rollout, so they may differ in what that has once."""
    of_clusters = {host: values for host, values in services.items() if host in clusters}
    of_servers = {host: values for host, values in services.items() if host not in clusters}
    return fleet.disagreements(of_clusters) + fleet.disagreements(of_servers)


def _of_servers_alone(services, clusters):
    """Requests are counted and shared out by nginx, and no pod is behind one of ours."""
    return _once(
        (host, "%s: it is for hosts, and this is a cluster: remove it there" % name)
        for host, values in services.items()
        for name in ("slipway_gate", "slipway_shares")
        if host in clusters and values[name] and values[name] != gate_options.NONE
    )


def _without_gate(values, is_cluster):
    return dict(values, slipway_gate=gate_options.NONE) if is_cluster else values


def _builds(in_play, needs):
    """Whether the playbook builds: a profile does where its gain is measured."""
    measures = any(values["slipway_measure"] for values in in_play.values())
    return needs in ("source", "image") or (needs == "profile" and measures)


def _without_source(in_play, needs):
    return _once(
        (host, "%s: it needs the source of the service: set slipway_source, without slipway_artifacts" % name)
        for host, values in in_play.items()
        for name in (fleet.lacks_source(values) if needs == "profile" else ())
    )


def _refused(in_play, reasons):
    """What a playbook cannot do: it must not look as if it had been done."""
    return _once(
        (host, "%s is set, and this playbook cannot do that: %s" % (name, reason))
        for name, reason in reasons.items()
        for host, values in in_play.items()
        if values[name] != variables.VARIABLES[name].default
    )


def _no_issuer(in_play, groups):
    """The issuer is one of the hosts that serve the name."""
    role = "balancers" if "balancers" in groups else "all"
    where = "in the group balancers" if role == "balancers" else "of the inventory"
    return _once(
        (host, "slipway_issuer: %r is no host %s" % (values["slipway_issuer"], where))
        for host, values in in_play.items()
        if values["slipway_issuer"] and values["slipway_issuer"] not in groups[role]
    )


def _no_shares(in_play, groups):
    """A share is one of the requests that reach the nginx of a host."""
    reason = "slipway_shares: it needs nginx on the hosts of the service, and there is a group balancers"
    return _once(
        (host, reason)
        for host, values in in_play.items()
        if values["slipway_shares"] and groups.get("balancers")
    )


def _unusable(in_play, names):
    """Files on the controller that this playbook reads and that cannot be used."""
    return _once(
        (host, problem)
        for host, values in in_play.items()
        for problem in controller_files.problems(values, names)
    )


def _unbuildable(builds, build_of):
    problems = [list(controller_files.problems_of_build(build)) for build in builds]
    return _once((host, problem) for host, index in build_of.items() for problem in problems[index])


def _images(in_play, builds, build_of):
    """The images, and the arguments that no container could be started with."""
    images, problems = fleet.images(in_play, builds, build_of)
    for image in images:
        try:
            image_options.check(image["options"])
        except SlipwayError as error:
            problems.append(renamed(str(error), {"args": "slipway_unit.exec_args"}, "slipway_image"))
    return images, problems


def _once(found):
    """(host, problem) pairs: each problem once, with its hosts."""
    hosts_of = {}
    for host, problem in found:
        hosts_of.setdefault(problem, []).append(host)
    return [_with_hosts(*item) for item in hosts_of.items()]


def _with_hosts(problem, hosts):
    shown = ", ".join(hosts[:3]) + (" and %d more" % (len(hosts) - 3) if len(hosts) > 3 else "")
    return "%s (%s)" % (problem, shown) if shown else problem


def _in_full(problems):
    more = ["and %d more" % (len(problems) - SHOWN)] if len(problems) > SHOWN else []
    return "\n".join(problems[:SHOWN] + more + ["Nothing was changed"])
