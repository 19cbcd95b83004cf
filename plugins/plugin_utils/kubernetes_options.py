# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options in ``slipway_kubernetes``: which there are, their defaults, and what each may be."""

from __future__ import annotations

import re

from ..module_utils.common import names
from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..module_utils.common.health.options import PATH
from .kinds import Unfit, boolean, dictionary, like, list_of, nearest, one_of, parsed, text, whole
from .values import domains

# The name without the tag, and the digest.
IMAGE = re.compile(
    r"(?=.{1,500}\Z)(?P<name>(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@(?P<digest>sha256:[0-9a-f]{64})"
)
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_GATEWAY = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?/)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_SIZE = re.compile(r"[1-9][0-9]{0,8}[KMGT]")
_KEY = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"|[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
# The labels by which Service and Deployment find their pods.
OWN_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/component")

_a_name = like(_NAME, "use the name of an object: lower-case letters, digits, '-' and '.'")


def image(value, place):
    """The reference of an image, by digest and without a tag: a tag may name another image tomorrow."""
    match = IMAGE.fullmatch(text()(value, place))
    if not match:
        raise Unfit("use a reference with a digest, as in registry.example.com/orders@sha256:0a1b…")
    return "%(name)s@%(digest)s" % match.groupdict()


def _replicas(value, place):
    value = parsed(value, dict)
    if not isinstance(value, dict):
        return {"min": whole(1, 10000)(value, place)}
    read = _known(value, _SCALE, "replicas", place)
    if "min" not in read or "max" not in read:
        raise Unfit("use a number, or min and max, as in {min: 3, max: 30, cpu: 60}")
    if read["max"] < read["min"]:
        raise Unfit("use a max that is not below min")
    if len(read) == 2:
        raise Unfit("use cpu, memory or requests_per_second beside min and max: it says when to scale")
    return read


_SCALE = {
    "min": whole(1, 10000),
    "max": whole(1, 10000),
    "cpu": whole(1, 1000),
    "memory": whole(1, 1000),
    "requests_per_second": whole(1),
}


def _storage(value, place):
    value = parsed(value, dict)
    if not isinstance(value, dict):
        return {"claim": _a_name(value, place)}
    read = _known(value, _STORAGE, "storage", place)
    if "claim" not in read:
        raise Unfit("use the name of a PersistentVolumeClaim, or {claim: orders-data, shared: true}")
    return read


_STORAGE = {"claim": _a_name, "shared": boolean}


def _liveness(value, place):
    """False for no such probe."""
    value = parsed(value, dict)
    if not isinstance(value, dict):
        if boolean(value, place):
            raise Unfit("use false, or a path as in {path: /livez}")
        return False
    read = _known(value, {"path": like(PATH, "use a path, as in /livez")}, "liveness", place)
    if not read:
        raise Unfit("use false, or a path as in {path: /livez}")
    return read


def _known(value, readers, field, place):
    """The entries of a dictionary with a reader for each key. A key without a value is not given."""
    read = {}
    for key, item in value.items():
        if key not in readers:
            raise Unfit("use only %s in it, not %s%s" % (", ".join(readers), key, nearest(key, readers)))
        if item is not None:
            try:
                read[key] = readers[key](item, place)
            except Unfit as error:
                raise InvalidInput("kubernetes.%s.%s" % (field, key), item, str(error)) from error
    return read


def _container(value, place):
    """A container of Kubernetes' own: what it has beside its name is for Kubernetes to judge."""
    if not isinstance(value, dict) or not LABEL.fullmatch(str(value.get("name"))):
        raise Unfit("use a list of containers, each with a name, as in [{name: wait, args: [wait]}]")
    return value


def _patch(value, place):
    if not isinstance(value, dict) or not ("patch" in value or "path" in value):
        raise Unfit("use a list of patches as in kustomization.yaml, each with patch or path")
    return value


def _labels(value, place):
    for key, item in _texts(value, place).items():
        if key in OWN_LABELS:
            raise Unfit("use another name than %s, which is the app's own label" % key)
        if not _LABEL_VALUE.fullmatch(str(item)):
            raise Unfit("use 63 letters, digits, '-', '_' and '.' at most as the value of %s" % key)
    return _texts(value, place)


def _texts(value, place):
    for key in value:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise Unfit("use names as in sidecar.istio.io/inject, not %r" % key)
    try:
        return {key: _word(item, place) for key, item in value.items()}
    except Unfit as error:
        raise Unfit("use texts as values, in quotes: %s" % error) from error


def _word(value, place):
    """A text; what YAML made of true and false is the word again."""
    return str(value).lower() if isinstance(value, bool) else text()(value, place)


def _variable(value):
    return names.check_variable(value, "kubernetes.public_env")


OPTIONS = {
    "image": image,
    "namespace": like(LABEL, "use lower-case letters, digits and '-', 63 at most"),
    "replicas": _replicas,
    "service": one_of("ClusterIP", "NodePort", "LoadBalancer"),
    "node_port": whole(1, 65535),
    "host": domains,
    "ingress": like(_NAME, "use the name of an IngressClass, as in nginx"),
    "gateway": like(_GATEWAY, "use the name of a Gateway, as in shared or infra/shared"),
    "tls_secret": _a_name,
    "environment_from": list_of(_a_name, single=True),
    "public_env": list_of(text(_variable), single=True),
    "credentials": _a_name,
    "storage": _storage,
    "tmp_size": like(_SIZE, "use a number with K, M, G or T, as in 64M"),
    "cpu_limit": boolean,
    "liveness": _liveness,
    "spread": one_of("soft", "hard"),
    "init": list_of(_container),
    "labels": dictionary(_labels),
    "annotations": dictionary(_texts),
    "pull_secret": _a_name,
    "prometheus_operator": boolean,
    "patches": list_of(_patch),
}
DEFAULTS = {
    "replicas": {"min": 2},
    "service": "ClusterIP",
    "tmp_size": "64M",
    "spread": "soft",
    "cpu_limit": False,
    "prometheus_operator": False,
    "environment_from": [],
    "public_env": [],
    "init": [],
    "labels": {},
    "annotations": {},
    "patches": [],
}


def read(value, place):
    """What the user wrote, checked."""
    for key in value:
        if key not in OPTIONS:
            raise InvalidInput("kubernetes", key, "there is no such option%s" % nearest(key, OPTIONS))
    given = {key: _option(key, item, place) for key, item in value.items() if item is not None and item != ""}
    for problem in _contradictions(given):
        raise SlipwayError("slipway_kubernetes." + problem)
    return given


def filled(given):
    """The options, with their defaults."""
    return {key: given.get(key, DEFAULTS.get(key)) for key in OPTIONS}


def _option(key, value, place):
    try:
        return OPTIONS[key](value, place)
    except Unfit as error:
        raise InvalidInput("kubernetes." + key, value, str(error)) from error
    except InvalidInput as error:
        if str(error).startswith("kubernetes."):
            raise
        # Of a reader that knows the value by another name.
        raise InvalidInput("kubernetes." + key, value, str(error).rpartition("is not usable: ")[2]) from error


def _contradictions(given):
    if given.get("ingress") and given.get("gateway"):
        yield "ingress: a Gateway is set too: set one of ingress and gateway"
    if given.get("node_port") and given.get("service") != "NodePort":
        yield "node_port: it is for service: NodePort: set that too, or remove it"
    if given.get("tls_secret") and not given.get("ingress"):
        yield "tls_secret: it is for ingress, which is not set; a Gateway has its own"
    storage = given.get("storage") or {}
    most = given.get("replicas", DEFAULTS["replicas"])
    if storage and not storage.get("shared") and most.get("max", most["min"]) > 1:
        yield (
            "storage: %s is for one pod at a time, and there are several: set replicas: 1; or shared: true "
            "in storage, if the claim is ReadWriteMany and the service can share its files" % storage["claim"]
        )
