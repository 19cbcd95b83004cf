# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the project is made and tested with is pinned to the byte, and told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LISTS = sorted(
    str(path.relative_to(ROOT).with_suffix(""))
    for folder in (ROOT, ROOT / "tests/controllers")
    for path in folder.glob("requirements-*.in")
)
PINNED = re.compile(r"^[A-Za-z0-9._-]+==\S+", re.MULTILINE)


def pinned(path):
    return set(PINNED.findall(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", LISTS)
def test_every_package_is_pinned_with_the_digests_of_its_files(name):
    text = (ROOT / (name + ".txt")).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert blocks
    for block in blocks:
        assert PINNED.match(block) and "--hash=sha256:" in block, block
    assert pinned(ROOT / (name + ".in")) <= pinned(ROOT / (name + ".txt")), "run make lock"


def test_the_unit_tests_of_ansible_test_use_the_same_hypothesis():
    assert pinned(ROOT / "tests/unit/requirements.txt") <= pinned(ROOT / "requirements-dev.txt")


def test_a_tool_that_differs_from_its_digest_is_not_installed():
    assert "--require-hashes" in (ROOT / "scripts/setup_venv.sh").read_text(encoding="utf-8")


def test_the_bill_of_materials_has_every_file_of_the_collection_and_every_tool():
    bill = json.loads(
        subprocess.run(
            [sys.executable, str(ROOT / "scripts/sbom.py")], check=True, capture_output=True
        ).stdout
    )
    names = {component["name"] for component in bill["components"]}
    purls = {component.get("purl") for component in bill["components"]}
    assert {"plugins/module_utils/host/artifact/unpack.py", "playbooks/deploy.yml", "ansible-core"} <= names
    assert not any(name.startswith(("tests/", "lab/", "molecule/", "requirements-", ".")) for name in names)
    assert {
        "pkg:pypi/" + package.replace("==", "@")
        for name in LISTS
        for package in pinned(ROOT / (name + ".txt"))
    } <= purls
