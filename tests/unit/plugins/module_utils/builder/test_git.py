# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tags are a module's own, and which files make its version dirty, where there are several modules."""

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import git, request

from .workshop import MAIN, Workshop


@pytest.fixture
def repository(tmp_path):
    """A repository with a module at the top; ``module`` adds others."""
    shop = Workshop(tmp_path, "top")
    shop.commit()
    return shop


def module(repository, directory, path=None):
    repository.write(
        directory + "/go.mod", "module %s\n\ngo 1.21\n" % (path or "example.com/top/" + directory)
    )
    repository.write(directory + "/main.go", MAIN)


def version_of(repository, directory="."):
    source = os.path.normpath(repository.source / directory)
    return git.read(source, request.module_path(source)).version(dirty=False)


def tag(repository, *tags):
    """One commit for each tag, as releases are made."""
    for name in tags:
        repository.commit(tag=name)


@pytest.mark.parametrize(
    ("tags", "versions"),
    [
        (["api/v1.4.0", "billing/v0.9.0"], {"api": "1.4.0", "billing": "0.9.0"}),
        (["billing/v0.9.0", "api/v1.4.0", "v3.0.0"], {"api": "1.4.0", "billing": "0.9.0", ".": "3.0.0"}),
        (["api/1.4.0", "api/x/v9.0.0", "apis/v8.0.0", "v-api/v7.0.0"], {"api": "1.4.0"}),
    ],
)
def test_each_module_has_the_tags_of_its_own_directory(repository, tags, versions):
    for directory in ("api", "billing", "api/x"):
        module(repository, directory)
    tag(repository, *tags)
    for directory, version in versions.items():
        assert version_of(repository, directory).split("-")[0] == version
    assert version_of(repository, list(versions)[0]).count("-") in (0, 2), "a tag, or commits after it"


def test_a_version_counts_the_commits_since_the_module_s_own_tag(repository):
    module(repository, "api")
    tag(repository, "api/v1.4.0", "billing/v2.0.0")
    assert version_of(repository, "api").startswith("1.4.0-1-g")


@pytest.mark.parametrize("foreign", [["v1.0.0"], ["billing/v1.0.0"], ["api/v2/v2.0.0"]])
def test_a_module_without_a_tag_of_its_own_has_the_commit_as_its_version(repository, foreign):
    module(repository, "api")
    tag(repository, *foreign)
    commit = repository.git("rev-parse", "HEAD").strip()
    assert version_of(repository, "api") == commit[:12]
    assert version_of(repository) == ("1.0.0" if foreign == ["v1.0.0"] else commit[:12])


def test_a_major_version_has_tags_of_its_own_in_its_directory_and_without_one(repository):
    module(repository, "v2", "example.com/top/v2")
    module(repository, "api")
    module(repository, "api/v3", "example.com/top/api/v3")
    tag(repository, "v1.5.0", "v2.1.0", "v10.0.0", "api/v1.0.0", "api/v3.2.0")
    assert version_of(repository, "v2").startswith("2.1.0-")
    assert version_of(repository, "api/v3") == "3.2.0"
    assert version_of(repository, "api").startswith("1.0.0-")
    repository.write("go.mod", "module example.com/top/v2\n\ngo 1.21\n")  # a branch for the major version
    assert version_of(repository).startswith("2.1.0-")


def test_a_service_that_counts_on_without_a_major_version_in_its_path_keeps_its_tags(repository):
    tag(repository, "v1.5.0", "v7.0.1")
    assert version_of(repository) == "7.0.1"
    module(repository, "v7", "example.com/top/v7")
    tag(repository, "v7.0.2")
    assert version_of(repository).startswith("1.5.0-") and version_of(repository, "v7") == "7.0.2"


@pytest.mark.parametrize("directory", ["a[b]c", "a*", "deep/er"])
def test_directories_of_any_name_are_taken_as_they_are(repository, directory):
    module(repository, directory, "example.com/top/x")
    tag(repository, "b/v9.0.0", "abc/v8.0.0", "er/v7.0.0")
    repository.commit()
    if "[" not in directory and "*" not in directory:  # git has no such tags
        tag(repository, directory + "/v1.0.0")
        assert version_of(repository, directory) == "1.0.0"
    else:
        assert version_of(repository, directory) == repository.git("rev-parse", "HEAD")[:12]


# --- dirty ------------------------------------------------------------------------------------------

USES_LIB = 'package main\n\nimport "example.com/lib"\n\nfunc main() { println(lib.Word()) }\n'
LIB = 'package lib\n\nfunc Word() string { return "one" }\n'


@pytest.fixture
def beside(tmp_path):
    """A repository with the service in app/ and a library that it uses in lib/; ``source`` is the service."""
    shop = Workshop(tmp_path)
    shop.write("app/go.mod", "module example.com/app\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n")
    shop.write("app/main.go", USES_LIB)
    shop.write("lib/go.mod", "module example.com/lib\n\ngo 1.21\n")
    shop.write("lib/lib.go", LIB)
    shop.write("lib/unused/unused.go", "package unused\n")
    return shop


@pytest.fixture(params=["replace", "workspace", "workspace file"])
def sibling(request, beside):
    """The options of a build that finds the library by these means."""
    if request.param == "replace":
        beside.write(
            "app/go.mod", (beside.source / "app/go.mod").read_text() + "\nreplace example.com/lib => ../lib\n"
        )
        options = {}
    else:
        beside.write("go.work", "go 1.21\n\nuse (\n\t./app\n\t./lib\n)\n")
        path = str(beside.source / "go.work")
        options = {"workspace": True} if request.param == "workspace" else {"environment": {"GOWORK": path}}
    beside.commit(tag="app/v1.0.0")
    return dict(options, source=str(beside.source / "app"))


def announced(shop, options):
    result = shop.build(check_mode=True, **options)
    return result["version"], result["dirty"]


def test_a_library_beside_the_module_that_is_edited_makes_the_version_dirty(beside, sibling):
    assert announced(beside, sibling) == ("1.0.0", False)
    beside.replace("lib/lib.go", "one", "two")
    assert announced(beside, sibling) == ("1.0.0-dirty", True)
    beside.commit(tag="app/v1.0.1")
    assert announced(beside, sibling) == ("1.0.1", False)


@pytest.mark.parametrize(
    ("path", "text", "dirty"),
    [
        ("lib/more.go", "package lib\n", True),
        ("lib/go.mod", "module example.com/lib\n\ngo 1.20\n", True),
        ("lib/README.md", "x", False),
        ("lib/unused/unused.go", "package unused\n\nvar X = 1\n", False),
        ("other/other.go", "package other\n", False),
        ("app/notes.txt", "x", False),
    ],
)
def test_what_is_compiled_counts_and_nothing_else_wherever_it_is(beside, sibling, path, text, dirty):
    beside.write(path, text)
    assert announced(beside, sibling)[1] is dirty


def test_the_workspace_itself_counts(beside):
    beside.write("go.work", "go 1.21\n\nuse ./app\nuse ./lib\n")
    beside.commit(tag="app/v1.0.0")
    options = {"source": str(beside.source / "app"), "workspace": True}
    first = beside.build(**options)
    beside.write("go.work", "go 1.22\n\nuse ./app\nuse ./lib\n")
    second = beside.build(check_mode=True, **options)
    assert (first["dirty"], second["dirty"]) == (False, True)
    assert "go.work changed" in second["reasons"]


def test_a_vendored_file_that_is_edited_counts(shop):
    shop.write("go.mod", "module example.com/hello\n\ngo 1.21\n\nrequire example.com/lib v1.0.0\n")
    shop.write("vendor/modules.txt", "# example.com/lib v1.0.0\n## explicit; go 1.21\nexample.com/lib\n")
    shop.write("vendor/example.com/lib/lib.go", LIB)
    shop.write("main.go", USES_LIB)
    shop.commit(tag="v1.0.0")
    assert announced(shop, {"mod": "vendor"}) == ("1.0.0", False)
    shop.replace("vendor/example.com/lib/lib.go", "one", "two")
    assert announced(shop, {"mod": "vendor"}) == ("1.0.0-dirty", True)


def test_a_submodule_that_is_edited_counts(beside):
    beside.write("../elsewhere/go.mod", "module example.com/lib\n\ngo 1.21\n")
    beside.write("../elsewhere/lib.go", LIB)
    elsewhere = Workshop.__new__(Workshop)
    elsewhere.source = beside.root / "elsewhere"
    elsewhere.commit()
    beside.write(
        "app/go.mod", (beside.source / "app/go.mod").read_text() + "\nreplace example.com/lib => ../sub\n"
    )
    beside.commit()
    beside.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(elsewhere.source), "sub"
    )
    beside.commit(tag="app/v1.0.0")
    options = {"source": str(beside.source / "app")}
    assert announced(beside, options) == ("1.0.0", False)
    beside.replace("sub/lib.go", "one", "two")
    assert announced(beside, options) == ("1.0.0-dirty", True)


def test_a_link_to_a_directory_of_the_repository_is_followed(beside):
    (beside.source / "link").symlink_to("lib")
    beside.write(
        "app/go.mod", (beside.source / "app/go.mod").read_text() + "\nreplace example.com/lib => ../link\n"
    )
    beside.commit(tag="app/v1.0.0")
    beside.replace("lib/lib.go", "one", "two")
    assert announced(beside, {"source": str(beside.source / "app")})[1]
