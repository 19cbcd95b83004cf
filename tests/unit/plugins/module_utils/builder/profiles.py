# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles of pprof, made of plain values: what a test needs of profile.proto."""

from __future__ import annotations

import gzip

CPU = (("samples", "count"), ("cpu", "nanoseconds"))
TIME = 1764312000  # 2025-11-28
TICK = 10_000_000  # nanoseconds between two samples


def profile(stacks, types=CPU, time=TIME, seconds=10, labels=(), comment="", doc_url=""):
    """``stacks``: {names of functions, the innermost first: number of samples}."""
    texts = [""]

    def text(word):
        if word not in texts:
            texts.append(word)
        return texts.index(word)

    names = sorted({name for stack in stacks for name in stack})
    body = b""
    for kind, unit in types:
        body += message(1, number(1, text(kind)) + number(2, text(unit)))
    for stack, count in stacks.items():
        places = b"".join(varint(names.index(name) + 1) for name in stack)
        sample = message(1, places) + message(2, varint(count) + varint(count * TICK))
        for key, value in labels:
            sample += message(3, number(1, text(key)) + number(2, text(value)))
        body += message(2, sample)
    body += message(3, number(1, 1) + number(5, text("/opt/orders/bin/orders")) + number(7, 1))
    for index, name in enumerate(names, 1):
        line = number(1, index) + number(2, 10)
        body += message(4, number(1, index) + number(2, 1) + number(3, 4096 + index) + message(4, line))
        function = (
            number(1, index) + number(2, text(name)) + number(3, text(name)) + number(4, text("main.go"))
        )
        body += message(5, function + number(5, 9))
    if comment:
        body += number(13, text(comment))
    if doc_url:
        body += number(15, text(doc_url))
    body += number(9, time * 10**9) + number(10, seconds * 10**9)
    body += message(11, number(1, text("cpu")) + number(2, text("nanoseconds"))) + number(12, TICK)
    body += b"".join(message(6, word.encode()) for word in texts)
    return gzip.compress(body, mtime=0)


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def varint(value):
    packed = bytearray()
    while value > 127:
        packed.append(value % 128 + 128)
        value //= 128
    return bytes([*packed, value])
