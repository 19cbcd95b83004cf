# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import re
import shutil
import struct
import subprocess
import sys

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import elf
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from hypothesis import given, settings
from hypothesis import strategies as st

from ..conftest import ARCHITECTURES


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_tells_the_architecture_that_go_built_for(binaries, architecture):
    found = elf.read(binaries[architecture])
    assert found.goarch == architecture
    assert (found.bits, found.big_endian) == ARCHITECTURES[architecture]
    assert found.static
    assert (found.interpreter, found.needed) == ("", [])


def test_reads_go_s_build_id(binaries):
    assert elf.read(binaries["amd64"]).build_id.count("/") == 3


def test_names_what_a_dynamic_program_needs():
    found = elf.read(os.path.realpath(sys.executable))
    assert not found.static
    assert "ld-" in found.interpreter
    assert any(name.startswith("libc.so") for name in found.needed)


def readelf(path):
    """What binutils reads of the same file: (machine, loader, libraries, Go's or GNU's build ID)."""
    text = subprocess.run(
        ["readelf", "--file-header", "--program-headers", "--dynamic", "--notes", "--wide", path],
        env=dict(os.environ, LC_ALL="C"),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode("utf-8", "replace")
    loader = re.search(r"Requesting program interpreter: (.*)\]", text)
    gnu = re.search(r"Build ID: ([0-9a-f]+)", text)
    return {
        "bits": int(re.search(r"Class: +ELF(32|64)", text)[1]),
        "big_endian": "big endian" in re.search(r"Data: +(.*)", text)[1],
        "type": re.search(r"Type: +(\w+)", text)[1],
        "interpreter": loader[1] if loader else "",
        "needed": re.findall(r"\(NEEDED\) +Shared library: \[(.*)\]", text),
        "segments": [
            (int(offset, 16), int(address, 16), int(size, 16))
            for offset, address, size in re.findall(
                r"^  [A-Z_+0-9]+ +(0x[0-9a-f]+) (0x[0-9a-f]+) 0x[0-9a-f]+ (0x[0-9a-f]+) 0x",
                text,
                re.MULTILINE,
            )
        ],
        "gnu_build_id": gnu[1] if gnu else "",
    }


def assert_same_as_readelf(path):
    found, expected = elf.read(path), readelf(path)
    segments = [(segment.offset, segment.address, segment.size) for segment in found.segments]
    assert (found.bits, found.big_endian, found.type) == (
        expected["bits"],
        expected["big_endian"],
        expected["type"],
    )
    assert (found.interpreter, found.needed, segments) == (
        expected["interpreter"],
        expected["needed"],
        expected["segments"],
    )
    assert found.static == (not expected["interpreter"] and not expected["needed"])
    assert "/" in found.build_id or found.build_id == expected["gnu_build_id"]


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_readelf_says_the_same_of_a_go_program(binaries, architecture):
    assert_same_as_readelf(binaries[architecture])


@pytest.mark.parametrize(
    "command", ["sh", "ls", "readelf", "ssh", "busybox", "git", os.path.realpath(sys.executable)]
)
def test_readelf_says_the_same_of_a_program_of_the_machine(command):
    assert_same_as_readelf(os.path.realpath(shutil.which(command)))


def test_reads_bytes_as_it_reads_a_file(binaries):
    with open(binaries["s390x"], "rb") as handle:
        content = handle.read()
    assert elf.read(content).goarch == "s390x"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/dev/null", "not a regular file"),
        ("/", "not a regular file"),
        ("/nonexistent", "No such file"),
        (__file__, "not an executable for Linux"),
    ],
)
def test_says_why_a_path_is_no_executable(path, words):
    with pytest.raises(SlipwayError, match=words):
        elf.read(path)


def test_a_truncated_binary_is_refused(binaries):
    with open(binaries["amd64"], "rb") as handle:
        content = handle.read(4096)
    for size in (0, 3, 4, 19, 20, 33, 63, 64, 100, 300):
        with pytest.raises(SlipwayError):
            elf.read(content[:size])


def _spoiled(content, offset, layout, value):
    changed = bytearray(content)
    struct.pack_into(layout, changed, offset, value)
    return bytes(changed)


@pytest.mark.parametrize(
    ("offset", "layout", "value"),
    [
        (4, "B", 9),  # class
        (5, "B", 0),  # byte order
        (32, "<Q", 2**63),  # place of the program headers
        (32, "<Q", 2**64 - 1),
        (54, "<H", 1),  # size of a program header
        (56, "<H", 65535),  # how many there are
        (64 + 32, "<Q", 2**62),  # file size of the first segment
    ],
)
def test_absurd_headers_are_refused_and_cost_nothing(binaries, offset, layout, value):
    with open(binaries["amd64"], "rb") as handle:
        content = handle.read()
    content = _spoiled(content, 64, "<I", 3) if offset == 96 else content  # a segment with the loader's name
    with pytest.raises(SlipwayError, match="not a usable executable"):
        elf.read(_spoiled(content, offset, layout, value))


def test_a_library_name_outside_of_the_file_is_refused():
    with open(os.path.realpath(sys.executable), "rb") as handle:
        content = bytearray(handle.read())
    dynamic = next(segment for segment in elf.read(bytes(content)).segments if segment.kind == 2)
    for at in range(dynamic.offset, dynamic.offset + dynamic.size, 16):
        if struct.unpack_from("<Q", content, at)[0] == 1:
            struct.pack_into("<Q", content, at + 8, 2**60)
    with pytest.raises(SlipwayError, match="points outside of the file"):
        elf.read(bytes(content))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"\x7fELF\x02\x01", b"\x7fELF\x01\x02", b""]))
def test_any_bytes_give_an_answer_or_our_error(noise, magic):
    with contextlib.suppress(SlipwayError):
        elf.read(magic + noise)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_binary_gives_an_answer_or_our_error(binaries, data):
    with open(binaries["386"], "rb") as handle:
        content = bytearray(handle.read())
    for _time in range(4):
        content[data.draw(st.integers(0, 600))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SlipwayError):
        elf.read(bytes(content))


def test_reading_a_named_pipe_does_not_wait(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SlipwayError, match="not a regular file"):
        elf.read(str(pipe))


def test_a_program_that_claims_to_need_libraries_without_end_is_refused_at_once():
    claims = struct.pack("<IIQQQQQQ", 2, 6, 64, 0x400000, 0, 56, 56, 16) * 200
    header = (
        b"\x7fELF"
        + bytes([2, 1, 1])
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 200, 0, 0, 0)
    )
    with pytest.raises(SlipwayError, match="more than any real one"):
        elf.read(header + claims)
