# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit and manifests of the same variables agree, whatever the variables are.

The unit is read as systemd reads it, its environment file as the host writes it, and the pod as Kubernetes
reads it: none of the code that makes the manifests is used for that.
"""

from __future__ import annotations

import os
import re

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common import environment, unit
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.request import Request as HostRequest
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests import files, objects, yaml_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .services import request

SYSTEMD = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
KUBERNETES = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, in a tenth of the time
# Which of what a pod has systemd gives by itself, where the unit says so.
OF_DIRECTORIES = {"RUNTIME_DIRECTORY", "STATE_DIRECTORY", "CACHE_DIRECTORY"}

sizes = st.builds("{}{}".format, st.integers(1, 999_999), st.sampled_from(list(SYSTEMD)))
names_of_variables = st.from_regex(r"[A-Z][A-Z0-9_]{0,7}", fullmatch=True) | st.sampled_from(
    ["GOMEMLIMIT", "GOMAXPROCS", "HOME", "RUNTIME_DIRECTORY", "PORT"]
)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="{}"),
    max_size=20,
) | st.sampled_from(
    ["$(PORT)", "$$", "$(A)$$(B)", "${PORT}", "{port}", "{{port}}", "yes", "1e3", "0o17", "~"]
)
arguments = words.filter(lambda word: not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", word))
units = st.fixed_dictionaries(
    {},
    optional={
        "memory_max": sizes | st.just("infinity"),
        "cpu_quota": st.integers(1, 9999).map("{}%".format),
        "drain_seconds": st.integers(0, 3600),
        "exec_args": st.lists(arguments, max_size=4),
        "cache_directory": st.booleans(),
        "runtime_directory": st.booleans(),
        "state_directory": st.just(False),
        "hardening": st.fixed_dictionaries(
            {}, optional={"ProtectSystem": st.sampled_from(["strict", "full", None])}
        ),
    },
)
environments = st.dictionaries(
    names_of_variables.filter(lambda name: name != "PORT"),
    words | st.integers(-9, 1 << 40) | st.booleans(),
    max_size=5,
)


@st.composite
def services(draw):
    found = {"slipway_app": draw(st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True))}
    found["slipway_unit"] = draw(units)
    found["slipway_env"] = draw(environments)
    found["slipway_port"] = draw(st.integers(1, 65535))
    found["slipway_port_variable"] = draw(st.sampled_from(["PORT", "HTTP_PORT"]))
    found["slipway_env"].pop(found["slipway_port_variable"], None)
    found["slipway_kubernetes"] = {
        "public_env": draw(st.lists(st.sampled_from(sorted(found["slipway_env"])), unique=True))
        if found["slipway_env"]
        else [],
        "cpu_limit": draw(st.booleans()),
    }
    if "state_directory" not in found["slipway_unit"] and draw(st.booleans()):
        found["slipway_kubernetes"].update(storage="data", replicas=1)
    return found


class OnHost:
    """What the service gets from its unit and its environment file."""

    def __init__(self, service):
        options = {"name": service["slipway_app"], "unit": service["slipway_unit"]}
        options.update(environment=service["slipway_env"], port=service["slipway_port"])
        asked = HostRequest(dict(options, port_variable=service["slipway_port_variable"]))
        parts = unit.parse(unit.render(unit.sections(asked.app, asked.unit, binary="/x")))["Service"]
        said = dict(parts)
        limit = re.fullmatch("([0-9]+)([KMGT]?)", said.get("MemoryMax", ""))
        self.memory = int(limit[1]) * SYSTEMD[limit[2]] if limit else None
        self.cpu = int(said["CPUQuota"].rstrip("%")) * 10 if "CPUQuota" in said else None
        self.seconds_to_stop = int(said["TimeoutStopSec"])
        self.port = asked.port
        self.read_only = said["ProtectSystem"] == "strict" if "ProtectSystem" in said else False
        lines = dict(value.split("=", 1) for key, value in parts if key == "Environment")
        # systemd: settings from files override those of Environment=.
        self.environment = {**lines, **environment.parse(environment.render(asked.environment))}
        self.arguments = [
            word.replace("$$", "$") for word in unit.transient_args(asked.unit, str(asked.port))
        ]
        self.directories = {
            key[: -len("Directory")].upper() + "_DIRECTORY"
            for key, dummy in parts
            if key.endswith("Directory")
        } & OF_DIRECTORIES


class InCluster:
    """What the service gets from its pod."""

    def __init__(self, service):
        asked = request(service)
        text = yaml_text.render(objects.deployment(asked))
        spec = yaml.load(text, LOADER)["spec"]["template"]["spec"]
        (own,) = spec["containers"]
        limits, requests = (own.get("resources", {}).get(name, {}) for name in ("limits", "requests"))
        self.memory = amount(limits.get("memory"), KUBERNETES)
        self.requested_memory = amount(requests.get("memory"), KUBERNETES)
        self.cpu, self.cpu_limit = thousandths(requests.get("cpu")), thousandths(limits.get("cpu"))
        leaves = own["lifecycle"]["preStop"]["sleep"]["seconds"]
        self.seconds_to_stop = spec["terminationGracePeriodSeconds"] - leaves
        self.port = own["ports"][0]["containerPort"]
        self.read_only = own["securityContext"]["readOnlyRootFilesystem"]
        secrets = {item["metadata"]["name"]: item["stringData"] for item in files.secrets(asked)}
        found = {}
        for source in own.get("envFrom", []):
            found.update(secrets[source["secretRef"]["name"]])
        for entry in own["env"]:
            found[entry["name"]] = expanded(entry["value"])
        self.environment = found
        self.arguments = [expanded(word) for word in own.get("args", [])]


def amount(quantity, scale):
    match = re.fullmatch("([0-9]+)([A-Za-z]*)", quantity or "")
    return int(match[1]) * scale[match[2]] if match else None


def thousandths(cpu):
    if cpu is None:
        return None
    return int(cpu[:-1]) if cpu.endswith("m") else int(cpu) * 1000


def expanded(text):
    """As Kubernetes expands a text; a variable in it would be replaced, and nothing of ours is to be one."""

    def read(match):
        assert not match[0].startswith("$("), match.string
        return "$"

    return re.sub(r"\$\$|\$\([^)]*\)", read, text)


@pytest.fixture(autouse=True, scope="module")
def _root():
    """A request of a host is root's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 0)
        yield


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(services())
def test_unit_and_manifests_agree(service):
    host, pod = OnHost(service), InCluster(service)
    for name in ("memory", "cpu", "seconds_to_stop", "port", "read_only", "arguments"):
        assert getattr(host, name) == getattr(pod, name), name
    assert pod.requested_memory == pod.memory
    assert pod.cpu_limit == (pod.cpu if service["slipway_kubernetes"]["cpu_limit"] else None)
    storage = "storage" in service["slipway_kubernetes"]
    home = None if storage or "HOME" in service["slipway_env"] else "/tmp"
    expected = {**host.environment, **({"HOME": home} if home and "HOME" in host.environment else {})}
    directories = {name for name in host.directories if storage or name != "STATE_DIRECTORY"}
    extra = {name for name in pod.environment if name not in expected}
    assert {name: pod.environment.get(name) for name in expected} == expected
    assert extra == directories - set(expected)
    if host.memory and "GOMEMLIMIT" not in service["slipway_env"]:
        assert int(pod.environment["GOMEMLIMIT"]) == pod.memory * 9 // 10
