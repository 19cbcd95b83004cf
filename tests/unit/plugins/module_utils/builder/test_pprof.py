# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import pprof
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

from . import profiles

STACKS = {("main.burn", "main.main"): 70, ("main.idle", "main.main"): 30, ("main.burn",): 5}


def test_the_sums_of_a_profile():
    found = pprof.read(profiles.profile(STACKS))
    assert found.totals == {"samples/count": 105, "cpu/nanoseconds": 105 * profiles.TICK}
    assert (found.samples, found.cpu_seconds, found.seconds) == (105, 1.05, 10.0)
    assert found.time == profiles.TIME
    assert found.functions == {
        "main.burn": 75 * profiles.TICK,
        "main.idle": 30 * profiles.TICK,
        "main.main": 0,
    }


def test_a_profile_of_another_kind_has_no_cpu_time():
    found = pprof.read(profiles.profile(STACKS, types=(("goroutine", "count"),)))
    assert (found.samples, found.cpu_seconds) == (105, 0)


def test_a_difference_has_negative_values():
    assert pprof._signed((1 << 64) - 3) == -3


def test_free_text_and_links_are_left_out_and_nothing_else():
    given = profiles.profile(STACKS, comment="of hunter2", doc_url="https://example.com/")
    kept = pprof.stripped(given)
    assert pprof.read(kept) == pprof.read(given)
    fields = [number for number, dummy in pprof._fields(gzip.decompress(kept))]
    assert 13 not in fields and 15 not in fields
    assert pprof.stripped(profiles.profile(STACKS)) == pprof.stripped(
        pprof.stripped(profiles.profile(STACKS))
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        profiles.profile(STACKS)[:-20],
        gzip.compress(b"\x12\xff\xff\xff", mtime=0),
        gzip.compress(b"\x0b", mtime=0),
        gzip.compress(b"\xff" * 20, mtime=0),
        gzip.compress(profiles.number(2, 1), mtime=0),
        gzip.compress(profiles.message(1, profiles.number(1, 99)), mtime=0),
        gzip.compress(profiles.message(9, b"text"), mtime=0),
    ],
)
def test_what_is_no_profile_is_refused(content):
    with pytest.raises(SlipwayError, match="no profile of pprof"):
        pprof.read(content)


def test_what_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(pprof, "LARGEST", 1000)
    with pytest.raises(SlipwayError, match="too large"):
        pprof.read(gzip.compress(bytes(2000)))
    monkeypatch.setattr(pprof, "MOST_FIELDS", 3)
    with pytest.raises(SlipwayError, match="too many parts"):
        pprof.stripped(gzip.compress(profiles.number(9, 1) * 4))
