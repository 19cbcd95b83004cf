# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the cookbook's pages about builds are ones that Slipway takes."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.slipway.golang.plugins.module_utils.builder import git, request
from ansible_collections.slipway.golang.plugins.modules import package
from ansible_collections.slipway.golang.plugins.plugin_utils import fleet, variables

from ..plugins.module_utils.builder.workshop import Workshop

COOKBOOK = pathlib.Path(__file__).resolve().parents[3] / "docs" / "how-to" / "cookbook"
PAGES = ("several-services", "binaries-from-ci", "private-modules")


def text_of(page):
    return (COOKBOOK / (page + ".md")).read_text(encoding="utf-8")


def examples(page):
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text_of(page), re.DOTALL)]


def hosts_of(inventory):
    """Host to its variables, as Ansible would merge them."""
    merged: dict = {}
    for group in (inventory["all"], *inventory["all"].get("children", {}).values()):
        for host in group.get("hosts", {}):
            merged.setdefault(host, dict(inventory["all"].get("vars", {}))).update(group.get("vars", {}))
    return merged


def given(page):
    """The variables of every example: of each host of an inventory, or those that are shown alone."""
    for example in examples(page):
        if isinstance(example, dict):
            yield from hosts_of(example).values() if "all" in example else [example]


@pytest.mark.parametrize("page", PAGES)
def test_every_example_has_variables_that_are_accepted(page):
    found = list(given(page))
    assert found
    for values in found:
        read, problems = variables.read(
            dict({"slipway_app": "orders"}, **values), lambda value: value, "/deploy"
        )
        assert problems == [] and read


def test_the_services_of_the_repository_are_built_each_by_itself():
    hosts = hosts_of(examples("several-services")[0])
    services = {
        host: variables.read(values, lambda value: value, "/repository/deploy")[0]
        for host, values in hosts.items()
    }
    builds, index_of = fleet.builds(services)
    assert [(build["name"], build["options"]["package"]) for build in builds] == [
        ("api", "./cmd/api"),
        ("worker", "./cmd/worker"),
    ]
    assert {build["source"] for build in builds} == {"/repository"}
    assert {build["dist"] for build in builds} == {"/repository/dist"}
    assert index_of == {"app1.example.com": 0, "app2.example.com": 0, "jobs1.example.com": 1}


def test_every_environment_has_a_build_of_its_own_source():
    (inventory,) = [example for example in examples("several-services") if "staging" in str(example)]
    services = {
        host: variables.read(values, lambda value: value, "/repository/shop/deploy")[0]
        for host, values in hosts_of(inventory).items()
    }
    builds, index_of = fleet.builds(services)
    sources = {host: builds[index]["source"] for host, index in index_of.items()}
    assert sources == {
        "api.staging.example.com": "/repository/shop-1.5.0",
        "api1.example.com": "/repository/shop-1.4.2",
        "api2.example.com": "/repository/shop-1.4.2",
    }


def test_the_table_of_modules_and_tags_is_so(tmp_path):
    rows = re.findall(
        r"^\| `(\S+)` \| `(\S+)`(?: or `(\S+)`)? \| `(\S+)` \| `(\S+)` \|$", text_of("several-services"), re.M
    )
    assert len(rows) == 3
    for count, (module, *directories, tag, version) in enumerate(rows):
        for directory in filter(None, directories):
            shop = Workshop(tmp_path / str(count) / directory, "shop")
            shop.write(directory + "/go.mod", "module %s\n\ngo 1.21\n" % module)
            for dummy, dummy, dummy, other, dummy in rows:
                shop.commit(tag=other)
            shop.git("checkout", "-q", tag)
            source = os.path.normpath(shop.source / directory)
            revision = git.read(source, request.module_path(source))
            assert revision.version(dirty=False) == version, directory


def test_the_task_that_packages_is_one_that_the_module_takes():
    (playbook,) = [example for example in examples("binaries-from-ci") if isinstance(example, list)]
    (task,) = playbook[0]["tasks"]
    result = ArgumentSpecValidator(package.ARGUMENTS).validate(task["slipway.golang.package"])
    assert result.error_messages == []


def test_the_credential_helper_gives_the_token_to_git_and_to_this_host_alone(tmp_path):
    (script,) = re.findall(r"^\$ (git config .*?)\n```", text_of("private-modules"), re.DOTALL | re.MULTILINE)
    environment = dict(
        os.environ,
        GIT_CONFIG_GLOBAL=str(tmp_path / "gitconfig"),
        GIT_CONFIG_SYSTEM=os.devnull,
        GIT_TERMINAL_PROMPT="0",
        CI_GIT_TOKEN="s3cret",
    )
    environment.pop("GIT_ASKPASS", None)
    subprocess.run(["sh", "-c", script], env=environment, check=True)
    assert "s3cret" not in (tmp_path / "gitconfig").read_text(encoding="utf-8")
    for host, answered in (("git.example.com", True), ("other.example.com", False)):
        done = subprocess.run(
            ["git", "credential", "fill"],
            input="protocol=https\nhost=%s\n\n" % host,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
        )
        assert ("password=s3cret" in done.stdout) is answered


def test_a_value_in_place_of_a_name_is_refused_as_the_page_says():
    values = {"slipway_app": "orders", "slipway_build": {"pass_environment": ["glpat-s3cret"]}}
    (problem,) = variables.read(values, lambda value: value, "/")[1]
    assert "not their values" in problem and "s3cret" not in problem
