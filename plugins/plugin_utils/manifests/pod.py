# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pod of a service: what its unit says of user, rights, limits, files and environment."""

from __future__ import annotations

from .probes import HTTP, probes
from .request import LEAVE_SECONDS, quantity

USER = 65532
SERVER, MIGRATE = "server", "migrate"
# The runtime directory has sockets, and little else.
_RUN_SIZE = "16Mi"
_SPREAD_OVER = ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
_RIGHTS = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def selector(request, component=SERVER) -> dict:
    """The labels by which the pods of the service are found, and no others."""
    return {"app.kubernetes.io/name": request.name, "app.kubernetes.io/component": component}


def template(request, component=SERVER) -> dict:
    """The template of the service's pods; of those of its migration, without what only a server has."""
    labels = {**selector(request, component), **_sorted(request.options["labels"])}
    metadata = {"labels": labels}
    if request.options["annotations"]:
        metadata["annotations"] = _sorted(request.options["annotations"])
    return {"metadata": metadata, "spec": _spec(request, component)}


def migration(request) -> dict:
    """The template of a pod that runs the migration, once."""
    found = template(request, MIGRATE)
    found["spec"]["restartPolicy"] = "Never"
    return found


def _spec(request, component):
    serves = component == SERVER
    spec = {
        "serviceAccountName": request.name,
        "automountServiceAccountToken": False,
        # Variables such as ORDERS_PORT of a Service nearby would be taken for the service's own.
        "enableServiceLinks": False,
        "securityContext": _security(request),
        "terminationGracePeriodSeconds": request.stop_seconds + _leave_seconds(request, serves),
    }
    if request.options["pull_secret"]:
        spec["imagePullSecrets"] = [{"name": request.options["pull_secret"]}]
    if serves:
        spec["topologySpreadConstraints"] = [_spread(request, key) for key in _SPREAD_OVER]
        if request.options["init"]:
            spec["initContainers"] = [_init(request, given) for given in request.options["init"]]
    spec["containers"] = [_server(request) if serves else _migrate(request)]
    spec["volumes"] = [{"name": name, **source} for name, dummy, source in _volumes(request)]
    return spec


def _security(request):
    context = {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER}
    if any(name in ("state", "credentials", "config") for name, *dummy in _volumes(request)):
        # Files of a volume belong to this group, so that the service can read them.
        context.update(fsGroup=USER, fsGroupChangePolicy="OnRootMismatch")
    return {**context, "seccompProfile": {"type": "RuntimeDefault"}}


def _spread(request, over):
    return {
        "maxSkew": 1,
        "topologyKey": over,
        "whenUnsatisfiable": "DoNotSchedule" if request.options["spread"] == "hard" else "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(request)},
        # Only pods of one release count: else a rollout would lean on where the old ones are.
        "matchLabelKeys": ["pod-template-hash"],
    }


# --- containers ---------------------------------------------------------------------------------------------


def _server(request):
    container = _container(request, request.args)
    if request.port:
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": LEAVE_SECONDS}}}
    return {**container, **probes(request)}


def _migrate(request):
    container = _container(request, request.migrate_args)
    container.pop("ports", None)
    return container


def _container(request, args):
    found = {"name": request.name, "image": request.image, "imagePullPolicy": "IfNotPresent"}
    if args:
        found["args"] = [literal(word) for word in args]
    directory = request.unit["working_directory"] or (
        state_directory(request) if request.mounts_storage else None
    )
    if directory:
        found["workingDir"] = directory
    if ports(request):
        found["ports"] = ports(request)
    sources = [*request.options["environment_from"], request.secret_environment.name]
    found["envFrom"] = [{"secretRef": {"name": name}} for name in sources if name]
    found["env"] = [
        {"name": key, "value": literal(value)} for key, value in sorted(plain_environment(request).items())
    ]
    found["resources"] = _resources(request)
    found["securityContext"] = _rights(request)
    found["volumeMounts"] = [_mount(name, path) for name, path, dummy in _volumes(request)]
    return {key: value for key, value in found.items() if value not in ([], {})}


def _init(request, given):
    """The user's own, with the image, the rights and the limits of the service where it says nothing else.

    What the service is given is no business of another image.
    """
    own = _container(request, [])
    own.pop("ports", None)
    if "image" in given:
        own = {key: own[key] for key in ("imagePullPolicy", "resources", "securityContext")}
        own["volumeMounts"] = [_mount("tmp", "/tmp")]
    return {**own, **given}


def ports(request):
    found = [{"name": HTTP, "containerPort": request.port, "protocol": "TCP"}] if request.port else []
    if request.metrics_port and request.metrics_port != request.port:
        found.append({"name": "metrics", "containerPort": request.metrics_port, "protocol": "TCP"})
    return found


def literal(text: str) -> str:
    """A text in which Kubernetes replaces nothing: ``$(NAME)`` is a variable there, and ``$$`` is ``$``."""
    return text.replace("$", "$$") if "$$" in text or "$(" in text else text


def _resources(request):
    requests, limits = {}, {}
    if request.cpu:
        requests["cpu"] = request.cpu
        if request.options["cpu_limit"]:
            limits["cpu"] = request.cpu
    if request.memory:
        requests["memory"] = limits["memory"] = request.memory
    return {name: value for name, value in (("requests", requests), ("limits", limits)) if value}


def _rights(request):
    return {**_RIGHTS, "readOnlyRootFilesystem": request.read_only_root}


def _leave_seconds(request, serves):
    """The time before the drain in which it goes on serving, and the same again before it is killed."""
    return LEAVE_SECONDS if serves and request.port else 0


# --- environment and files ----------------------------------------------------------------------------------


def plain_environment(request) -> dict:
    """The variables that anybody may read. Those of slipway_env win, as on hosts."""
    own = dict(request.unit_environment)
    if "HOME" in own and not request.mounts_storage:
        own["HOME"] = "/tmp"
    for name, path, dummy in _volumes(request):
        if name in _VARIABLES:
            own[_VARIABLES[name]] = path
    kept = {key: value for key, value in own.items() if key not in request.environment}
    return {**kept, **request.public}


# What systemd tells a service about its directories.
_VARIABLES = {
    "cache": "CACHE_DIRECTORY",
    "credentials": "CREDENTIALS_DIRECTORY",
    "run": "RUNTIME_DIRECTORY",
    "state": "STATE_DIRECTORY",
}


def state_directory(request):
    return "/var/lib/" + request.app


def _volumes(request):
    """Name, place and source of every volume."""
    yield "tmp", "/tmp", _in_memory(quantity(request.options["tmp_size"]))
    if request.unit["runtime_directory"]:
        yield "run", "/run/" + request.app, _in_memory(_RUN_SIZE)
    if request.unit["cache_directory"]:
        yield "cache", "/var/cache/" + request.app, {"emptyDir": {}}
    if request.mounts_storage:
        claim = {"claimName": request.options["storage"]["claim"]}
        yield "state", state_directory(request), {"persistentVolumeClaim": claim}
    if request.secret_config:
        yield (
            "config",
            request.config_directory,
            _files(request.secret_config.name, request.secret_config.items()),
        )
    if request.unit["credentials"]:
        items = [{"key": name, "path": name} for name in sorted(request.unit["credentials"])]
        path = "/run/credentials/" + request.app
        yield "credentials", path, _files(request.options["credentials"], items)


def _in_memory(size):
    return {"emptyDir": {"medium": "Memory", "sizeLimit": size}}


def _files(secret, items):
    return {"secret": {"secretName": secret, "defaultMode": 0o440, "items": items}}


def _mount(name, path):
    read_only = {"readOnly": True} if name in ("config", "credentials") else {}
    return {"name": name, "mountPath": path, **read_only}


def _sorted(mapping):
    return {key: mapping[key] for key in sorted(mapping)}
