# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workspaces: off unless wanted, and named where a build fails because they are off."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

GO_WORK = 'go 1.21\n\nuse (\n\t. // the service\n\t"../lib"\n)\n'


@pytest.fixture
def spread(shop):
    """A service whose library is found by the workspace above it alone."""
    shop.write("../go.work", GO_WORK.replace("\t.", "\t./source").replace("../lib", "./lib"))
    shop.write("../lib/go.mod", "module example.com/lib\n\ngo 1.21\n")
    shop.write("../lib/deep/deep.go", 'package deep\n\nfunc Word() string { return "one" }\n')
    shop.write(
        "main.go", 'package main\n\nimport "example.com/lib/deep"\n\nfunc main() { println(deep.Word()) }\n'
    )
    return shop


def refusal(shop, **options):
    with pytest.raises(SlipwayError) as caught:
        shop.build(**options)
    return str(caught.value)


@pytest.mark.parametrize(
    "requirement",
    [
        "",
        "\nrequire example.com/lib v0.0.0\n",
        "\nrequire example.com/lib v0.0.0-00010101000000-000000000000\n",
    ],
    ids=["not required", "required", "a version that nobody has"],
)
def test_a_build_that_needs_the_workspace_says_so(spread, requirement):
    spread.write("go.mod", "module example.com/hello\n\ngo 1.21\n" + requirement)
    message = refusal(spread, offline=True, gomodcache=str(spread.root / "none"))
    assert message.startswith("The module example.com/lib comes from the workspace %s/go.work" % spread.root)
    assert "slipway_build: {workspace: true}" in message
    assert "go mod edit -replace example.com/lib=../lib" in message
    assert "tidy" not in message.partition("\n")[0]


def test_a_workspace_is_used_where_it_is_wanted(spread):
    artifact = spread.build(workspace=True)["artifacts"][0]
    assert subprocess.run([artifact["path"]], check=True, stderr=subprocess.PIPE).stderr == b"one\n"
    assert not spread.build(workspace=True)["changed"]
    spread.replace("../lib/deep/deep.go", "one", "two")
    assert "example.com/lib/deep/deep.go changed" in spread.build(workspace=True)["reasons"]


def test_gates_run_in_the_workspace_too(spread):
    spread.build(workspace=True, gates=["vet"])


def test_a_workspace_with_its_own_vendor_directory(spread):
    subprocess.run(["go", "work", "vendor"], cwd=spread.root, check=True, stderr=subprocess.DEVNULL)
    assert spread.build(workspace=True, mod="vendor", offline=True)["artifacts"][0]["static"]


def test_a_module_whose_path_looks_like_one_of_the_standard_library(spread):
    spread.write("../lib/go.mod", "module shop/lib\n\ngo 1.21\n")
    spread.replace("main.go", "example.com/lib", "shop/lib")
    assert refusal(spread).startswith("The module shop/lib comes from the workspace")


def test_a_module_of_the_workspace_that_is_found_and_lacks_one_itself_is_not_blamed(spread):
    spread.write("go.mod", "module example.com/hello\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n")
    spread.write("go.mod", (spread.source / "go.mod").read_text() + "\nreplace example.com/lib => ../lib\n")
    spread.write("../lib/deep/deep.go", 'package deep\n\nimport _ "example.com/other"\n\nfunc Word() {}\n')
    assert "go mod tidy" in refusal(spread).partition("\n")[0]


def test_a_module_that_the_workspace_does_not_have_is_not_blamed_on_it(spread):
    spread.write("main.go", 'package main\n\nimport _ "example.com/library"\n\nfunc main() {}\n')
    assert "go mod tidy" in refusal(spread)


def test_a_workspace_that_go_cannot_read_is_not_in_the_way(spread):
    spread.write("../go.work", "nonsense\n")
    assert "go mod tidy" in refusal(spread)


def test_a_workspace_that_is_not_there(shop):
    assert refusal(shop, workspace=True).startswith("workspace: True is not usable: there is no go.work in")


def test_a_workspace_of_both_kinds_and_one_with_a_mod_that_it_excludes(spread):
    path = str(spread.root / "go.work")
    assert "leave one of them out" in refusal(spread, workspace=True, environment={"GOWORK": path})
    assert "use readonly or vendor" in refusal(spread, workspace=True, mod="mod")
    assert spread.build(environment={"GOWORK": path})["artifacts"][0]["static"]
