# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The profile that a build is optimised by."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import profile

from . import profiles
from .workshop import Workshop

DAY = 86400
MAIN = """\
package main

import "os"

type step interface{ next(int) int }

type add struct{}

func (add) next(n int) int { return n + 3 }

type double struct{}

func (double) next(n int) int { return n * 2 }

func burn(s step, count int) (n int) {
    for i := 0; i < count; i++ {
        n = s.next(n)
    }
    return n
}

func main() {
    var s step = add{}
    if len(os.Args) > 3 {
        s = double{}
    }
    println(burn(s, len(os.Args)))
}
"""
HOT = {("main.add.next", "main.burn", "main.main"): 900, ("main.burn", "main.main"): 100}


def warnings(tmp_path, content, binary=b"\0main.add.next\0main.burn\0main.main\0", days=1):
    file = tmp_path / "default.pgo"
    file.write_bytes(content)
    return profile.warnings(str(file), binary, now=profiles.TIME + days * DAY)


def test_a_good_profile_needs_no_word(tmp_path):
    assert warnings(tmp_path, profiles.profile(HOT)) == []
    assert profile.warnings(str(tmp_path / "none"), b"") == []
    assert warnings(tmp_path, b"") == warnings(tmp_path, b"<html>") == []


def test_an_old_profile_is_named_with_its_age(tmp_path):
    (problem,) = warnings(tmp_path, profiles.profile(HOT), days=143)
    assert problem.startswith("default.pgo is 143 days old") and "slipway_pgo=true" in problem
    assert warnings(tmp_path, profiles.profile(HOT), days=90) == []


@pytest.mark.parametrize(("lost", "said"), [(40, False), (60, True)])
def test_a_profile_of_functions_that_are_gone_is_named(tmp_path, lost, said):
    content = profiles.profile({("main.burn",): 100 - lost, ("main.renamed",): lost})
    found = warnings(tmp_path, content)
    assert [text.split(" in ")[0] for text in found] == (["%d%% of the samples" % lost] if said else [])


def test_a_name_is_no_part_of_another(tmp_path):
    assert len(warnings(tmp_path, profiles.profile({("main.bur",): 1}))) == 1


def test_the_build_takes_it_by_itself_and_warns(tmp_path, monkeypatch):
    shop = Workshop(tmp_path)
    shop.write("main.go", MAIN)
    before = shop.build(version="1")["artifacts"][0]
    (shop.source / "default.pgo").write_bytes(profiles.profile({**HOT, ("main.gone",): 3000}))
    monkeypatch.setattr(profile.time, "time", lambda: profiles.TIME + 100 * DAY)
    result = shop.build(version="1")
    assert [text.split(":")[0] for text in result["warnings"]] == [
        "default.pgo is 100 days old, and the program has changed",
        "75% of the samples in default.pgo are of functions that this binary does not have",
    ]
    with open(result["artifacts"][0]["provenance"], encoding="utf-8") as handle:
        recorded = json.load(handle)
    assert len(recorded["inputs"]["pgo"]) == 64
    assert recorded["build"]["settings"]["-pgo"] == "default.pgo"
    assert result["artifacts"][0]["sha256"] != before["sha256"]


def test_one_source_and_one_profile_are_one_binary(tmp_path):
    """On any machine: another directory, another cache."""
    digests = set()
    for name in ("a", "b/deeper"):
        shop = Workshop(tmp_path / name)
        shop.write("main.go", MAIN)
        (shop.source / "default.pgo").write_bytes(profiles.profile(HOT))
        (artifact,) = shop.build(version="1", gocache=str(tmp_path / name / "cache"))["artifacts"]
        digests.add((artifact["sha256"], artifact["input_digest"]))
    assert len(digests) == 1
