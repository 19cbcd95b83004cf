# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions of ansible-core that are promised are those that tests/controllers runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "tests" / "controllers"
# ansible-test has no tests/ to import from.
sys.path[:0] = [str(FOLDER), str(ROOT / "tests")]

from core import NEWEST, PYTHONS, QUICK, VERSIONS, WARNING  # noqa: E402

OLDEST = next(iter(VERSIONS))


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_collection_requires_the_oldest_version():
    assert yaml.safe_load(read("meta/runtime.yml"))["requires_ansible"] == ">=%s.0" % OLDEST
    for path in ROOT.glob("roles/*/meta/main.yml"):
        meta = yaml.safe_load(path.read_text(encoding="utf-8"))["galaxy_info"]
        assert meta["min_ansible_version"] == OLDEST


def test_no_version_in_between_is_left_out():
    minors = [int(version.partition(".")[2]) for version in VERSIONS]
    assert minors == list(range(minors[0], minors[-1] + 1))


def test_the_pages_name_the_versions():
    row = "| ansible-core | %s or newer; each version to %s is tested |" % (OLDEST, NEWEST)
    assert row in read("README.md")
    page = read("docs/reference/compatibility.md")
    assert "| ansible-core | %s or newer | %s |" % (OLDEST, ", ".join(VERSIONS)) in page
    assert "from %s and %s." % (", ".join(QUICK[:-1]), QUICK[-1]) in " ".join(page.split())
    assert "make test-controllers" in page


def test_make_test_has_the_oldest_and_the_newest():
    assert {OLDEST, NEWEST} <= set(QUICK) <= set(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_pinned_for_the_python_that_runs_it(version):
    pinned = (FOLDER / ("requirements-%s.txt" % version)).read_text(encoding="utf-8")
    assert re.search(r"^ansible-core==%s\.\d+ " % re.escape(version), pinned, re.MULTILINE)
    pattern = "*-%s.in" % version
    python = "3.11" if pattern in read("scripts/pin_requirements.sh") else "3.13"
    assert python == PYTHONS[VERSIONS[version]]


@pytest.mark.parametrize(
    "printed",
    [
        "[DEPRECATION WARNING]: INJECT_FACTS_AS_VARS default to `True` is deprecated",
        "[WARNING]: Could not match supplied host pattern, ignoring: none",
    ],
)
def test_a_warning_is_seen(printed):
    assert WARNING.search("ok\n%s\nok" % printed)
