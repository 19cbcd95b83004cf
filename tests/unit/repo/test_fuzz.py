# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few seconds of what `make fuzz` does for an hour; and whatever that has found is tried again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
# tests/ is no package, and this folder lies beside the unit tests.
from fuzz.targets import SEEDS, TARGETS, seeds

# A piece of a seed is replaced; the pieces are what tends to be mistaken for something else.
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [
            b"\0",
            b"\xff" * 8,
            b"-1",
            b"+7",
            b"0_7",
            b"9" * 20,
            b"\\ud800",
            b"\xb2",
            b"\r\n",
            b";",
            b'"',
            b"{",
            b"[" * 50,
            b"null",
            b"../",
        ]
    ),
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 16), PIECES), max_size=4)


def edited(seed, edits):
    data = bytearray(seed)
    for where, length, piece in edits:
        at = int(where * len(data))
        data[at : at + length] = piece
    return bytes(data)


def test_every_target_has_its_seeds():
    assert sorted(TARGETS) == sorted(path.name for path in SEEDS.iterdir())


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_reader_keeps_its_promises_for_every_seed(name):
    for seed in seeds(name):
        TARGETS[name](seed)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_reader_keeps_its_promises_whatever_becomes_of_its_input(name):
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from(seeds(name)), EDITS)
    def try_out(seed, edits):
        TARGETS[name](edited(seed, edits))

    try_out()
