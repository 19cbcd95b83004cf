# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files as they are: without secrets, the same each time, and valid for every Kubernetes from 1.30 on."""

from __future__ import annotations

import base64
import contextlib
import functools
import random

import kubernetes_validate
import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import kubernetes_options
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests import (
    files,
    objects,
    secrets,
    yaml_text,
)
from kubernetes_validate import utils

from ....repo.test_inputs import HOSTILE
from .services import FULL, OTHER, SMALL, WORKER, container, made, request, texts

SERVICES = {"full": FULL, "other": OTHER, "small": SMALL, "worker": WORKER}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VERSIONS = ["1.%d" % minor for minor in range(30, 38)]
# Of others than Kubernetes itself: its schemas do not have them.
OTHERS = {"HTTPRoute", "ServiceMonitor", "PrometheusRule", "Kustomization", None}


# It reads a megabyte for each object.
utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SERVICES)
def test_every_version_of_kubernetes_takes_every_object(name, version):
    seen = set()
    for item in files.for_cluster(request(SERVICES[name], {"app.toml": "x"})):
        if item["kind"] not in OTHERS:
            kubernetes_validate.validate(item, version, strict=True)
            seen.add(item["kind"])
    assert {"Deployment", "NetworkPolicy", "Secret", "ServiceAccount"} <= seen


def test_an_object_that_is_wrong_is_noticed():
    wrong = made("deployment")
    wrong["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["secondes"] = 5
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.34", strict=True)


@pytest.mark.parametrize("name", SERVICES)
def test_the_same_variables_are_the_same_files_in_any_order(name):
    def mixed(value):
        if isinstance(value, dict):
            keys = list(value)
            random.Random(7).shuffle(keys)
            return {key: mixed(value[key]) for key in keys}
        return value

    assert texts(mixed(SERVICES[name])) == texts(SERVICES[name])


def test_a_small_change_is_a_small_difference():
    before, after = (texts(dict(FULL, slipway_port=port)) for port in (8080, 8081))
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["deployment.yaml", "migrate.yaml", "networkpolicy.yaml"]
    lines = [
        (old, new)
        for old, new in zip(before["deployment.yaml"].splitlines(), after["deployment.yaml"].splitlines())
        if old != new
    ]
    assert [new.strip() for dummy, new in lines] == [
        'value: "8081"',
        '- ":8081"',
        "containerPort: 8081",
        'value: "8081"',
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_files_read_as_yaml_are_the_objects_of_the_cluster(name):
    asked = request(SERVICES[name])
    found = {yaml.safe_load(text).get("kind"): yaml.safe_load(text) for text in files.files(asked).values()}
    for item in files.for_cluster(asked):
        if item["kind"] != "Secret":
            assert found[item["kind"]] == item


HOSTILE_PLACES = [
    *[("slipway_kubernetes", key, shape) for key in kubernetes_options.OPTIONS for shape in ("%s", ["%s"])],
    ("slipway_kubernetes", "labels", {"a": "%s"}),
    ("slipway_kubernetes", "annotations", {"a": "%s"}),
    ("slipway_kubernetes", "annotations", {"%s": "a"}),
    ("slipway_kubernetes", "init", [{"name": "%s"}]),
    ("slipway_kubernetes", "init", [{"name": "a", "args": ["%s"]}]),
    ("slipway_kubernetes", "storage", {"claim": "%s"}),
    ("slipway_kubernetes", "liveness", {"path": "%s"}),
    ("slipway_unit", "exec_args", ["%s"]),
    ("slipway_unit", "description", "%s"),
    ("slipway_unit", "working_directory", "%s"),
    ("slipway_unit", "ip_allow", ["%s"]),
    ("slipway_env", "A", "%s"),
    ("slipway_env", "%s", "a"),
    ("slipway_health", "path", "%s"),
    ("slipway_metrics", "path", "%s"),
]


def put(shape, value):
    """The value in the place of %s."""
    if isinstance(shape, dict):
        return {put(key, value): put(item, value) for key, item in shape.items()}
    if isinstance(shape, list):
        return [put(item, value) for item in shape]
    return value if shape == "%s" else shape


@pytest.mark.parametrize(("variable", "key", "shape"), HOSTILE_PLACES, ids=str)
def test_a_hostile_value_is_refused_or_stays_in_its_place(variable, key, shape):
    for value in HOSTILE:
        given = {"slipway_app": "orders", variable: {put(key, value): put(shape, value)}}
        given.setdefault("slipway_kubernetes", {}).setdefault("replicas", 1)
        with contextlib.suppress(SlipwayError):
            asked = request(given)
            for item in (objects.deployment(asked), objects.ingress(asked), objects.http_route(asked)):
                if item:
                    assert yaml.load(yaml_text.render(item), LOADER) == yaml_text.plain(item), value


# --- secrets ------------------------------------------------------------------------------------------------


def test_no_file_has_a_secret():
    config = {"app.toml": "password = 'in-the-file-s3cret'"}
    written = "".join(texts(FULL, config).values())
    for secret in (FULL["slipway_env"]["TOKEN"], "in-the-file-s3cret"):
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            assert form not in written
    assert "TOKEN" not in written
    env, files_ = files.secrets(request(FULL, config))
    assert env["stringData"] == {"TOKEN": "s3cret-of-the-test"} and files_["stringData"] == config
    assert env["immutable"] is files_["immutable"] is True


def test_what_is_no_secret_by_the_users_word_can_be_read():
    own = container(FULL)
    assert {"name": "LEVEL", "value": "info"} in own["env"]
    assert all("LEVEL" not in item["stringData"] for item in files.secrets(request(FULL)))


def test_another_secret_is_another_name_and_so_other_pods():
    def name(**env):
        given = dict(SMALL, slipway_env=env)
        (source,) = container(given)["envFrom"]
        (secret,) = files.secrets(request(given))
        assert source["secretRef"]["name"] == secret["metadata"]["name"]
        return secret["metadata"]["name"]

    assert name(A="1", B="2") == name(B="2", A="1")
    assert len({name(A="1"), name(A="2"), name(B="1")}) == 3
    assert files.secrets(request(SMALL)) == [] and "envFrom" not in container()


def test_secrets_of_the_user_come_before_those_of_slipway_env():
    sources = [source["secretRef"]["name"] for source in container(FULL)["envFrom"]]
    assert sources[0] == "orders-secrets" and sources[1].startswith("orders-env-")


def test_to_guess_a_short_secret_from_the_name_costs_time(monkeypatch):
    monkeypatch.undo()
    assert secrets.ROUNDS >= 100_000


def test_configuration_files_are_a_secret_that_is_mounted():
    given = dict(SMALL, slipway_unit={"exec_args": ["-config", "{config}/conf.d/a.toml"]})
    config = {"conf.d/a.toml": "listen = ':{port}'", "b.toml": ""}
    asked = request(given, config)
    (secret,) = files.secrets(asked)
    assert secret["stringData"] == {"b.toml": "", "conf.d__a.toml": "listen = ':8080'"}
    spec = yaml.safe_load(files.files(asked)["deployment.yaml"])["spec"]["template"]["spec"]
    (volume,) = (volume for volume in spec["volumes"] if volume["name"] == "config")
    assert volume["secret"]["secretName"] == secret["metadata"]["name"]
    assert {"key": "conf.d__a.toml", "path": "conf.d/a.toml"} in volume["secret"]["items"]
    assert spec["containers"][0]["args"] == ["-config", "/etc/orders/conf.d/a.toml"]
    assert {"name": "config", "mountPath": "/etc/orders", "readOnly": True} in spec["containers"][0][
        "volumeMounts"
    ]


@pytest.mark.parametrize("config", [{"a b": ""}, {"a/b": "", "a__b": ""}], ids=str)
def test_files_that_a_secret_cannot_hold_are_refused(config):
    with pytest.raises(InvalidInput, match="slipway_config"):
        request(SMALL, config)
