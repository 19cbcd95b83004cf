# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflow of GitHub runs what .ci/run runs."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def prerequisites(target):
    return re.search(r"^%s: ([^#\n]*)" % target, MAKEFILE, re.MULTILINE)[1].split()


def test_the_jobs_are_the_parts_of_make_test_and_the_audit():
    parts = set(prerequisites("test")) | {"audit"}
    jobs = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["targets"]
    assert set(" ".join(jobs).split()) == parts - {"new-minutes"}


def test_the_jobs_can_only_read():
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_all_targets_of_the_makefile_are_phony_or_files():
    targets = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
    assert targets == set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE))
