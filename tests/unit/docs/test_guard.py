# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages about audits, drills and the nightly job: their examples are taken, their tables whole."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common import vulnerabilities
from ansible_collections.slipway.golang.plugins.module_utils.common.faults import FAULTS
from ansible_collections.slipway.golang.plugins.plugin_utils import drills, variables

HOW_TO = pathlib.Path(__file__).resolve().parents[3] / "docs" / "how-to"
PAGES = {
    name: (HOW_TO / path).read_text(encoding="utf-8")
    for name, path in (
        ("audit", "is-what-runs-still-safe.md"),
        ("drill", "drill-before-it-happens.md"),
        ("nightly", "cookbook/nightly-job.md"),
    )
}


def blocks(page, language):
    return re.findall(r"^```%s\n(.*?)^```" % language, PAGES[page], re.MULTILINE | re.DOTALL)


def first_cells(page, heading):
    """The words in code of the first column of the table with this heading."""
    table = PAGES[page].split(heading, 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)


def read(given):
    return variables.read({"slipway_app": "orders", **given}, lambda value: value, "/inventory")[1]


@pytest.mark.parametrize("page", ["audit", "drill"])
def test_the_variables_of_a_page_are_accepted(page):
    examples = [yaml.safe_load(block) for block in blocks(page, "yaml")]
    assert examples
    for example in examples:
        assert read(example) == []


@pytest.mark.parametrize("page", ["audit", "drill"])
def test_the_commands_of_a_page_name_variables_that_exist(page):
    lines = [line[2:] for block in blocks(page, "console") for line in block.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("ansible-playbook")]
    assert commands
    for words in commands:
        given = dict(word.split("=", 1) for option, word in zip(words, words[1:]) if option == "-e")
        assert words[1] == "slipway.golang." + page and read(given) == []


def test_the_page_has_every_fault():
    assert sorted(first_cells("drill", "| `slipway_fault` | what happens")) == sorted(FAULTS)


def test_the_page_has_every_verdict_and_level():
    verdicts = [drills.HELD, drills.RECOVERED, drills.BROKE, drills.ABORTED, drills.REFUSED]
    assert first_cells("drill", "| verdict |") == verdicts
    assert first_cells("audit", "| `level` |") == list(vulnerabilities.LEVELS)


def test_the_json_of_a_page_has_the_keys_of_today():
    (audit,) = map(json.loads, blocks("audit", "json"))
    assert set(audit) == {"failed", "found", "ignored", "not_scanned", "scanned", "databases"}
    ((row,),) = map(json.loads, blocks("nightly", "json"))
    assert {"host", "passed", "verdict", "lost", "asked", "seconds", "recovery_seconds"} <= set(row)


@pytest.mark.parametrize(
    "ends, status", [({}, 0), ({"audit": 2}, 1), ({"drill": 2}, 1), ({"audit": 4, "drill": 2}, 1)]
)
def test_the_nightly_job_fails_if_one_of_them_does_and_runs_both(tmp_path, ends, status):
    (script,) = blocks("nightly", "sh")
    (tmp_path / "nightly.sh").write_text(script, encoding="utf-8")
    cases = "".join("*%s*) exit %d;; " % item for item in ends.items())
    program = tmp_path / "ansible-playbook"
    program.write_text('#!/bin/sh\nprintf "%%s\\n" "$*" >>calls\ncase $1 in %s esac\n' % cases)
    program.chmod(0o755)
    environment = dict(os.environ, PATH="%s:%s" % (tmp_path, os.environ["PATH"]))
    done = subprocess.run(["sh", "nightly.sh"], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == status
    calls = [shlex.split(line) for line in (tmp_path / "calls").read_text().splitlines()]
    assert [words[0] for words in calls] == ["slipway.golang.audit", "slipway.golang.drill"]
    for words in calls:
        assert (
            read(dict(word.split("=", 1) for option, word in zip(words, words[1:]) if option == "-e")) == []
        )
