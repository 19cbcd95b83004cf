# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The format of a patch between two artifacts.

plugin_utils/delta.py writes it, host/artifact/delta.py reads it.
"""

from __future__ import annotations

import struct

# A record: its kind, how many bytes of the new artifact it makes, and where the matching bytes of the base
# begin.
HEADER = struct.Struct("<BQQ")
COPY = 0  # the base's bytes
SUM = 1  # the base's bytes, to each of which one of the bytes that follow is added
LITERAL = 2  # the bytes that follow


def plus(one: bytes, other: bytes) -> bytes:
    """The sums of the bytes of two texts, each modulo 256.

    It adds two large numbers, as a loop over bytes would take a hundred times as long.
    """
    low, high = _masks(len(one))
    a, b = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    return (((a & low) + (b & low)) ^ ((a ^ b) & high)).to_bytes(len(one), "little")


def minus(one: bytes, other: bytes) -> bytes:
    """What ``plus`` has to add to ``other`` to get ``one``."""
    low, high = _masks(len(one))
    a, b = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    return (((a | high) - (b & low)) ^ ((a ^ b ^ high) & high)).to_bytes(len(one), "little")


def _masks(length: int) -> tuple[int, int]:
    """Masks of every byte's lower seven bits and of its highest one: no sum carries into the next byte."""
    return int.from_bytes(b"\x7f" * length, "little"), int.from_bytes(b"\x80" * length, "little")
