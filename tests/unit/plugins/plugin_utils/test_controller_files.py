# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller: what a module would refuse later is refused in the first task, by the variable."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import controller_files, fleet, variables

from ..module_utils.host.deploy.artifacts import artifact


@pytest.fixture
def module(tmp_path):
    (tmp_path / "go.mod").write_text("module example.com/orders\n", encoding="utf-8")
    (tmp_path / "cmd").mkdir()
    return tmp_path


def values(directory, **given):
    found, problems = variables.read(
        dict({"slipway_app": "orders"}, **given), lambda value: value, str(directory)
    )
    assert problems == []
    return found


def problems(directory, **given):
    return controller_files.problems(values(directory, **given), sorted(controller_files.READERS))


def problems_of_build(directory, **given):
    (build,), _index = fleet.builds({"web1": values(directory, **dict({"slipway_source": "."}, **given))})
    return list(controller_files.problems_of_build(build))


@pytest.mark.parametrize(
    "name", ["slipway_drain_tasks", "slipway_undrain_tasks", "slipway_before_tasks", "slipway_after_tasks"]
)
@pytest.mark.parametrize("path", ["missing.yml", "directory"])
def test_a_file_of_tasks_that_cannot_be_read(tmp_path, name, path):
    (tmp_path / "directory").mkdir()
    (problem,) = problems(tmp_path, **{name: path})
    assert problem.startswith("%s: '%s/%s' cannot be read on the controller: " % (name, tmp_path, path))


def test_a_template_that_is_missing_or_is_no_text(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    entries = [{"src": "missing", "dest": "a"}, {"src": "binary", "dest": "b"}]
    missing, binary = problems(tmp_path, slipway_config=entries)
    assert "missing' cannot be read on the controller: No such file" in missing
    assert binary.startswith("slipway_config: ") and binary.endswith("it is not UTF-8")


def test_a_template_that_the_tasks_before_may_write(tmp_path):
    (tmp_path / "before.yml").write_text("[]", encoding="utf-8")
    config = [{"src": "missing", "dest": "a"}]
    assert problems(tmp_path, slipway_config=config, slipway_before_tasks="before.yml") == []


def test_an_artifact_that_is_missing_or_none_or_of_another_app(tmp_path):
    (tmp_path / "text.tar.gz").write_text("x", encoding="utf-8")
    (tmp_path / "billing.tar.gz").write_bytes(artifact("billing", "1.0.0").tarball)
    (tmp_path / "orders.tar.gz").write_bytes(artifact("orders", "1.0.0").tarball)
    names = ["missing.tar.gz", "text.tar.gz", "billing.tar.gz", "orders.tar.gz"]
    missing, text, other = problems(tmp_path, slipway_artifacts=names)
    assert missing.startswith("slipway_artifacts: there is no file %s/missing.tar.gz" % tmp_path)
    assert text.startswith("slipway_artifacts: %s/text.tar.gz is not a Slipway artifact" % tmp_path)
    assert other == "slipway_artifacts: '%s/billing.tar.gz' is of billing, not of orders" % tmp_path


def test_a_summary_that_could_not_be_written_at_the_end(tmp_path):
    (problem,) = problems(tmp_path, slipway_summary="missing/summary.json")
    assert problem.startswith("slipway_summary: there is no directory %s/missing" % tmp_path)
    (problem,) = problems(tmp_path, slipway_summary=".")
    assert problem.startswith("slipway_summary: ") and "is a directory" in problem
    assert problems(tmp_path, slipway_summary="summary.json") == []


def test_a_source_that_is_missing_or_no_module(tmp_path, module):
    (problem,) = problems_of_build(tmp_path, slipway_source="missing")
    assert problem.startswith("slipway_source: '%s/missing' is not usable: there is no such" % tmp_path)
    (problem,) = problems_of_build(module, slipway_source="cmd")
    assert problem.startswith("slipway_source: ") and "its module begins at" in problem


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"slipway_build": {"package": "../other"}}, "slipway_build.package: '../other' is not usable"),
        ({"slipway_build": {"workspace": True}}, "slipway_build.workspace: True is not usable: there is no"),
        ({"slipway_build": {"pgo": "missing.pgo"}}, "slipway_build.pgo: 'missing.pgo' is not usable"),
        ({"slipway_files": [{"src": "missing"}]}, "slipway_files: '/"),
        ({"slipway_files": [{"src": "go.mod", "dest": "bin/x"}]}, "slipway_files: 'bin/x' is not usable"),
        ({"slipway_files": [{"src": "cmd"}]}, "slipway_files: "),
        ({"slipway_signing_key": "missing"}, "slipway_signing_key: '/"),
    ],
)
def test_what_a_build_would_refuse(module, given, words):
    (problem,) = problems_of_build(module, **given)
    assert problem.startswith(words), problem


def test_a_build_that_nothing_is_wrong_with(module):
    key = str(module / "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    given = {"slipway_files": [{"src": "go.mod"}], "slipway_signing_key": key, "slipway_build": {"jobs": 2}}
    assert problems_of_build(module, **given) == []


def test_the_content_of_a_directory_is_taken_where_a_slash_ends_its_path(module):
    (module / "cmd" / "a").write_text("a", encoding="utf-8")
    for source, expected in (("cmd", "cmd/a"), ("cmd/", "a")):
        (build,), _index = fleet.builds(
            {"web1": values(module, slipway_source=".", slipway_files=[{"src": source}])}
        )
        assert list(controller_files.members.find(build["files"])) == [expected]
        assert os.path.isabs(build["files"][0]["src"])
