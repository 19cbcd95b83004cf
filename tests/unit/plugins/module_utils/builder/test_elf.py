# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import struct
import sys

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import go_buildinfo
from ansible_collections.slipway.golang.plugins.module_utils.common import elf
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import ARCHITECTURES


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_tells_the_architecture_that_go_built_for(binaries, architecture):
    found = elf.read(binaries[architecture])
    assert found.goarch == architecture
    assert (found.bits, found.big_endian) == ARCHITECTURES[architecture]
    assert found.static
    assert (found.interpreter, found.needed) == ("", [])


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_reads_build_information_of_every_architecture(binaries, architecture):
    info = go_buildinfo.read(binaries[architecture])
    assert info.go_version.startswith("go1.")
    assert info.path == info.main["path"] == "example.com/hello"
    assert info.settings["GOARCH"] == architecture
    assert info.settings["-trimpath"] == "true"


def test_reads_go_s_build_id(binaries):
    assert elf.read(binaries["amd64"]).build_id.count("/") == 3


def test_names_what_a_dynamic_program_needs():
    found = elf.read(os.path.realpath(sys.executable))
    assert not found.static
    assert "ld-" in found.interpreter
    assert any(name.startswith("libc.so") for name in found.needed)


def test_reads_bytes_as_it_reads_a_file(binaries):
    with open(binaries["s390x"], "rb") as handle:
        content = handle.read()
    assert elf.read(content).goarch == "s390x"
    assert go_buildinfo.read(content).settings["GOARCH"] == "s390x"


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
        go_buildinfo.read(bytes(content))


def test_a_program_that_is_not_go_has_no_build_information():
    with pytest.raises(SlipwayError, match="no Go build information"):
        go_buildinfo.read(os.path.realpath(sys.executable))


def test_damaged_build_information_is_refused(binaries):
    with open(binaries["amd64"], "rb") as handle:
        content = handle.read()
    at = content.index(b"\xff Go buildinf:")
    for spoiled in (
        content[:at] + content[at : at + 15] + b"\0" + content[at + 16 :],
        content[: at + 32] + b"\xff\xff\xff\xff\x7f" + content[at + 37 :],
        content[: at + 40],
    ):
        with pytest.raises(SlipwayError):
            go_buildinfo.read(spoiled)


def test_settings_with_blanks_are_unquoted():
    text = 'build\t-ldflags="-X \'main.version=a b\' -s"\nbuild\tGOARCH=amd64\nbuild\t"a key"=`plain`\ndep\tx\tv1\th1:a\n=>\ty\tv2\th1:b\n'
    info = go_buildinfo.BuildInfo("go1.26", text)
    assert info.settings == {"-ldflags": "-X 'main.version=a b' -s", "GOARCH": "amd64", "a key": "plain"}
    assert info.deps == [
        {
            "path": "x",
            "version": "v1",
            "sum": "h1:a",
            "replaced_by": {"path": "y", "version": "v2", "sum": "h1:b"},
        }
    ]


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
