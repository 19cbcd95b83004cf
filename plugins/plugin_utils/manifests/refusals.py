# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a unit has and a pod cannot have: said before anything is written, with what to do instead."""

from __future__ import annotations

from ...module_utils.common import placeholders

# Options of a unit that have no meaning for a pod, and that change nothing of what the service may do.
WITHOUT_MEANING = (
    "after",
    "group",
    "limit_nofile",
    "log_rate_limit",
    "proxy_user",
    "restart",
    "restart_max_delay_sec",
    "restart_sec",
    "restart_steps",
    "start_limit_burst",
    "start_limit_interval_sec",
    "tasks_max",
    "type",
    "user",
    "wants",
)
# Directives of the sandbox that say what a pod has by itself, or what it has in another way.
_OF_A_POD = {
    "ProtectSystem": (),
    "NoNewPrivileges": (True, "true", "yes"),
    "CapabilityBoundingSet": ("",),
    "AmbientCapabilities": ("",),
}
_STATUS = (200, 399)
# Headers of a request that log in.
_LOGIN = ("authorization", "cookie", "proxy-authorization")


def problems(request):
    """Every reason why this service cannot be a pod, as a sentence."""
    for check in (_strategy, _rights, _files, _limits, _raw, _placeholders, _environment, _scale, _metrics):
        yield from check(request)
    yield from _health(request.check, request.app)


def notes(request):
    """What is ignored and does no harm."""
    given = request.values["slipway_unit"]
    ignored = [name for name in WITHOUT_MEANING if given.get(name) is not None]
    if ignored:
        yield "slipway_unit: %s: a pod has nothing of that kind" % ", ".join(ignored)
    sandbox = [name for name in given.get("hardening") or {} if name not in _OF_A_POD]
    if sandbox:
        yield "slipway_unit.hardening: %s: the sandbox of a pod is the runtime's own" % ", ".join(sandbox)


def _refused(variable, value, reason):
    return "%s: %r is not possible in a pod: %s" % (variable, value, reason)


def _strategy(request):
    if request.values["slipway_strategy"] == "socket":
        yield _refused(
            "slipway_strategy",
            "socket",
            "no systemd hands the socket over. Set restart for the clusters: there pods replace each other "
            "one by one",
        )


def _rights(request):
    given = request.unit
    if given["capabilities"]:
        remedy = "set slipway_port to one above 1023: the Service has port 80 in any case"
        only_ports = given["capabilities"] == ["CAP_NET_BIND_SERVICE"]
        yield _refused(
            "slipway_unit.capabilities",
            given["capabilities"],
            remedy if only_ports else "a namespace that enforces the level restricted refuses capabilities",
        )
    for name in ("user", "group"):
        if given[name] == "root":
            yield _refused("slipway_unit." + name, "root", "it runs as the user 65532. Remove it")
    for name, allowed in _OF_A_POD.items():
        value = given["hardening"].get(name)
        if allowed and value is not None and value not in allowed:
            yield _refused("slipway_unit.hardening." + name, value, "a pod gets no more rights. Remove it")


def _files(request):
    given, options = request.unit, request.options
    if request.values["slipway_unit"].get("state_directory") and not options["storage"]:
        yield _refused(
            "slipway_unit.state_directory",
            True,
            "its files end with it. Name a PersistentVolumeClaim in slipway_kubernetes.storage, or set it to "
            "false",
        )
    if options["storage"] and not given["state_directory"]:
        yield (
            "slipway_kubernetes.storage: it is mounted as the state directory, and "
            "slipway_unit.state_directory is false: remove one of them"
        )
    if given["logs_directory"]:
        yield _refused(
            "slipway_unit.logs_directory",
            True,
            "its files end with it. Log to standard output, and set false",
        )
    if given["read_write_paths"]:
        yield _refused(
            "slipway_unit.read_write_paths",
            given["read_write_paths"],
            "it sees no paths of the host. Use the state directory and slipway_kubernetes.storage",
        )
    if given["credentials"] and not options["credentials"]:
        yield _refused(
            "slipway_unit.credentials",
            sorted(given["credentials"]),
            "it sees no files of the host. Name the Secret that has these keys in "
            "slipway_kubernetes.credentials",
        )
    if options["credentials"] and not given["credentials"]:
        yield (
            "slipway_kubernetes.credentials: slipway_unit.credentials says which of its keys are files, and "
            "is not set: set that too"
        )


def _limits(request):
    memory = str(request.unit["memory_max"] or "")
    if memory.endswith("%"):
        yield _refused("slipway_unit.memory_max", memory, "nodes differ. Use a size, as in 512M")


def _raw(request):
    sections = request.unit["directives"]
    given = sorted("%s.%s" % (section, name) for section in sections for name in sections[section] or {})
    if given:
        yield _refused(
            "slipway_unit.directives",
            given,
            "these are systemd's own words. Leave them out for the clusters, and say what they are for in "
            "slipway_kubernetes.patches",
        )


def _placeholders(request):
    texts = [("slipway_unit.exec_args", arg, str(arg)) for arg in request.unit["exec_args"]]
    texts += [("slipway_migrate", arg, str(arg)) for arg in request.migrate.get("args") or []]
    texts += [("slipway_env", key, str(value)) for key, value in request.values["slipway_env"].items()]
    for variable, shown, text in texts:
        used = placeholders.used(text)
        if "port" in used and not request.port:
            yield "%s: %r has {port}, and the service has no port: set slipway_port" % (variable, shown)
        if "config" in used and not request.config:
            yield "%s: %r has {config}, and the service has no files in slipway_config" % (variable, shown)


def _environment(request):
    unknown = [key for key in request.options["public_env"] if key not in request.environment]
    if unknown:
        yield "slipway_kubernetes.public_env: %s is not in slipway_env" % ", ".join(unknown)


def _scale(request):
    for name, option in (("cpu", "cpu_quota"), ("memory", "memory_max")):
        if name in request.scale and not getattr(request, name):
            yield (
                "slipway_kubernetes.replicas: %s is a percentage of what slipway_unit.%s says, which is not "
                "set: set it" % (name, option)
            )
    if "requests_per_second" in request.scale and not request.metrics_port:
        yield _NO_METRICS % "slipway_kubernetes.replicas"
    for name in ("ingress", "gateway"):
        if request.options[name] and not (request.domains and request.port):
            yield (
                "slipway_kubernetes.%s: it needs a name and a port: set slipway_domain or "
                "slipway_kubernetes.host, and slipway_port" % name
            )


_NO_METRICS = (
    "%s: Prometheus reads the requests of the pods on a port: set slipway_metrics.path or "
    "slipway_metrics.port, without slipway_metrics.socket"
)


def _metrics(request):
    if request.options["prometheus_operator"] and not request.metrics_port:
        yield _NO_METRICS % "slipway_kubernetes.prometheus_operator"


def _health(check, app):
    """What the kubelet cannot ask for."""
    if check.type == "unix":
        yield _refused("slipway_health.socket", check.socket, "the kubelet asks on a port. Use a path")
    if check.type == "command" and own_command(check.command, app) is None:
        yield _refused(
            "slipway_health.command",
            check.command,
            "its image has the program of the service and no other. Use that one, or a path",
        )
    if check.type not in ("http", "tcp"):
        return
    if check.host not in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "::"):
        yield _refused("slipway_health.host", check.host, "the kubelet asks the pod itself. Remove it")
    if check.method != "GET":
        yield _refused("slipway_health.method", check.method, "the kubelet asks by GET")
    for name in check.headers:
        if name.lower() in _LOGIN:
            yield _refused(
                "slipway_health.headers", name, "who may read the Deployment reads it too. Use an open path"
            )
    for name in ("body", "response_headers"):
        if getattr(check, name):
            yield _refused(
                "slipway_health." + name,
                "…",
                "the kubelet looks at the status alone. Let the path answer 503",
            )
    outside = ["%d-%d" % pair for pair in check.status if pair[0] < _STATUS[0] or pair[1] > _STATUS[1]]
    if check.type == "http" and outside:
        yield _refused(
            "slipway_health.status", outside, "for the kubelet 200 to 399 is healthy, and no other"
        )


def own_command(command, app):
    """The arguments of a command that is the service's own program; None for another program."""
    program = command[0]
    return command[1:] if program.rsplit("/", 1)[-1] == app else None
