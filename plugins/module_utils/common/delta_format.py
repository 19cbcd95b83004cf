# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of a patch between two artifacts: plugin_utils/delta.py writes them, host/patched.py reads them."""

from __future__ import annotations

import struct

# A record: its kind, how many bytes of the new artifact it makes, and where in the base they are alike.
HEADER = struct.Struct("<BQQ")
COPY = 0  # the base's bytes
SUM = 1  # the base's bytes, to each of which one that follows is added
LITERAL = 2  # the bytes that follow


def plus(one, other):
    """The sums of two texts' bytes, each modulo 256. As two large numbers: a loop over bytes would take a hundred times as long."""
    low, high = _halves(len(one))
    a, b = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    return (((a & low) + (b & low)) ^ ((a ^ b) & high)).to_bytes(len(one), "little")


def minus(one, other):
    """What ``plus`` has to add to ``other`` in order to come to ``one``."""
    low, high = _halves(len(one))
    a, b = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    return (((a | high) - (b & low)) ^ ((a ^ b ^ high) & high)).to_bytes(len(one), "little")


def _halves(length):
    """Masks of every byte's lower seven bits and of its highest one, by which no sum runs over into the next byte."""
    return int.from_bytes(b"\x7f" * length, "little"), int.from_bytes(b"\x80" * length, "little")
