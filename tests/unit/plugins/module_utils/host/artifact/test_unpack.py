# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import io
import os
import tarfile

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import Manifest
from ansible_collections.slipway.golang.plugins.module_utils.host.artifact.unpack import unpack

from .tarballs import manifest_for, members_for, tar_gz

FILES = {
    "bin/orders": (b"\x7fELF" + b"x" * 700_000, "0755"),
    "install.sh": (b"#!/bin/sh\n", "0755"),
    "assets/" + "deep/" * 30 + "page.html": (b"<p>hello", "0644"),
    "empty": (b"", "0644"),
}


def tree(directory):
    """Relative path to (content, mode) of everything below a directory."""
    found = {}
    for parent, dummy, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as handle:
                found[os.path.relpath(path, directory)] = (
                    handle.read(),
                    "%04o" % (os.stat(path).st_mode & 0o7777),
                )
    return found


def test_a_good_artifact_is_laid_out_byte_for_byte_with_the_modes_of_its_manifest(tmp_path):
    members, manifest = members_for(FILES)
    assert unpack(tar_gz(members), manifest.digest, str(tmp_path)).version == "1.0.0"
    found = tree(tmp_path)
    assert {path: found[path] for path in FILES} == FILES
    assert found["manifest.json"][0] == manifest.raw
    assert found["SHA256SUMS"][0] == manifest.checksums()


def test_modes_do_not_depend_on_the_umask(tmp_path):
    members, manifest = members_for(FILES)
    old = os.umask(0o077)
    try:
        unpack(tar_gz(members), manifest.digest, str(tmp_path))
    finally:
        os.umask(old)
    assert tree(tmp_path)["bin/orders"][1] == "0755"
    assert os.stat(tmp_path / "bin").st_mode & 0o777 == 0o755


def refused(members, manifest, tmp_path, **header):
    """Unpack what must be refused; returns the message."""
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(SlipwayError) as caught:
        unpack(tar_gz(members, **header), manifest.digest, str(target))
    assert sorted(os.listdir(tmp_path)) == ["target"], "something was written outside of the target"
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../evil",
        "orders-1.0.0/../../evil",
        "orders-1.0.0/./bin/orders",
        "other/bin/orders",
        "orders-1.0.0/unlisted",
        "orders-1.0.0/a\nb",
        "",
    ],
)
def test_a_member_that_the_manifest_does_not_list_is_refused(name, tmp_path):
    members, manifest = members_for(FILES)
    assert "does not list" in refused(members + [(name, b"evil")], manifest, tmp_path)


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
        tarfile.CONTTYPE,
        b"S",
        b"x",
    ],
)
def test_only_regular_files_are_accepted(kind, tmp_path):
    members, manifest = members_for(FILES)
    message = refused(
        members + [("orders-1.0.0/install.sh", b"")], manifest, tmp_path, type=kind, linkname="/etc/passwd"
    )
    assert "only regular files" in message


def test_a_member_that_comes_twice_is_refused(tmp_path):
    members, manifest = members_for(FILES)
    assert "does not list" in refused(members + [members[-1]], manifest, tmp_path)


def test_checksums_that_come_twice_are_refused(tmp_path):
    members, manifest = members_for(FILES)
    assert "twice" in refused(members + [members[1]], manifest, tmp_path)


def test_a_changed_byte_is_found(tmp_path):
    members, manifest = members_for(FILES)
    name, content = members[-1]
    members[-1] = (name, b"#!/bin/xx\n")
    assert "altered" in refused(members, manifest, tmp_path)


def test_a_changed_size_is_found_before_the_content_is_written(tmp_path):
    members, manifest = members_for(FILES)
    members[-1] = (members[-1][0], b"longer than it was")
    assert "altered" in refused(members, manifest, tmp_path)


def test_a_wrong_sums_file_is_found(tmp_path):
    members, manifest = members_for(FILES)
    members[1] = (members[1][0], b"0" + members[1][1][1:])
    assert "SHA256SUMS" in refused(members, manifest, tmp_path)


def test_a_missing_file_is_found(tmp_path):
    members, manifest = members_for(FILES)
    assert "incomplete: install.sh is missing" in refused(members[:-1], manifest, tmp_path)


def test_another_artifact_than_the_requested_one_is_refused(tmp_path):
    members, dummy = members_for(FILES)
    assert "not the requested one" in refused(members, manifest_for(FILES, version="2.0.0"), tmp_path)


def test_an_archive_that_does_not_begin_with_its_manifest_is_refused(tmp_path):
    members, manifest = members_for(FILES)
    assert "not a Slipway artifact" in refused(members[1:], manifest, tmp_path)


def test_an_artifact_cut_anywhere_is_refused_as_truncated(tmp_path):
    members, manifest = members_for({"bin/orders": (os.urandom(5000), "0755")})
    whole = tar_gz(members).getvalue()
    for length in list(range(40)) + list(range(40, len(whole) - 40, 97)):
        target = tmp_path / str(length)
        target.mkdir()
        with pytest.raises(SlipwayError, match="truncated|damaged"):
            unpack(io.BytesIO(whole[:length]), manifest.digest, str(target))


def test_something_that_is_not_gzip_is_refused(tmp_path):
    with pytest.raises(SlipwayError, match="damaged"):
        unpack(io.BytesIO(b"no gzip at all" * 100), "0" * 64, str(tmp_path))


def test_a_bomb_is_refused_after_one_piece(tmp_path):
    members, manifest = members_for(FILES)
    bomb = tar_gz([("orders-1.0.0/manifest.json", bytes(20 << 20))])
    with pytest.raises(SlipwayError, match="not a Slipway artifact"):
        unpack(bomb, manifest.digest, str(tmp_path))


def test_a_header_with_a_wrong_checksum_is_refused(tmp_path):
    members, manifest = members_for(FILES)
    raw = bytearray(gzip.decompress(tar_gz(members).getvalue()))
    raw[0] ^= 1
    with pytest.raises(SlipwayError, match="damaged"):
        unpack(io.BytesIO(gzip.compress(bytes(raw))), manifest.digest, str(tmp_path))


def headers(*pairs):
    """A gzipped tar of bare headers with right checksums; each of ``pairs`` changes one: {slice: bytes}."""
    raw = b""
    for changes in pairs:
        block = bytearray(tarfile.TarInfo("orders-1.0.0/manifest.json").tobuf(tarfile.GNU_FORMAT))
        for (start, end), content in changes.items():
            block[start:end] = content.ljust(end - start, b"\0")
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        raw += bytes(block)
    return io.BytesIO(gzip.compress(raw + bytes(1024)))


SIZE, KIND = (124, 136), (156, 157)


@pytest.mark.parametrize(
    "size", [b"-1", b"+7", b"0o7", b"1_0", b"9", b"\x80" + b"\0" * 10 + b"\x07", b"\xff" * 12, b"7 7"]
)
def test_a_size_that_is_no_octal_number_is_refused_before_anything_is_read_by_it(size, tmp_path):
    with pytest.raises(SlipwayError, match="where a number belongs"):
        unpack(headers({SIZE: size}), "0" * 64, str(tmp_path))


def test_an_archive_of_names_without_end_is_refused_at_the_second(tmp_path):
    long_name = {SIZE: b"0", KIND: b"L"}
    with pytest.raises(SlipwayError):
        unpack(headers(*[long_name] * 1000), "0" * 64, str(tmp_path))
    with pytest.raises(SlipwayError, match="manifest"):
        unpack(headers({SIZE: b"77777777777"}), "0" * 64, str(tmp_path))


def test_a_member_that_claims_gigabytes_is_refused_unread(tmp_path):
    members, manifest = members_for(FILES)
    raw = bytearray(gzip.decompress(tar_gz(members[:3]).getvalue()))
    at = raw.rindex(b"ustar", 0, len(raw)) - 257
    raw[at + 124 : at + 136] = b"77777777777\0"
    raw[at + 148 : at + 156] = b" " * 8
    raw[at + 148 : at + 156] = b"%06o\0 " % sum(raw[at : at + 512])
    with pytest.raises(SlipwayError, match="was altered"):
        unpack(io.BytesIO(gzip.compress(bytes(raw))), manifest.digest, str(tmp_path))


def test_modes_come_from_the_manifest_so_that_nothing_is_setuid(tmp_path):
    members, manifest = members_for(FILES)
    unpack(tar_gz(members, mode=0o6777, uid=1000, gid=1000, uname="orders"), manifest.digest, str(tmp_path))
    assert {mode for dummy, mode in tree(tmp_path).values()} == {"0644", "0755"}
    assert {os.lstat(path).st_uid for path in tmp_path.rglob("*")} == {os.geteuid()}


@pytest.mark.parametrize(
    "name",
    [
        "orders-1.0.0/BIN/orders",
        "Orders-1.0.0/bin/orders",
        "orders-1.0.0/bin/orders/",
        "orders-1.0.0//bin/orders",
        "orders-1.0.0/bin/orders\x1b[2J",
        "orders-1.0.0/ｂin/orders",
        "orders-1.0.0/Manifest.json.sig",
    ],
)
def test_a_name_that_only_looks_like_a_listed_one_is_refused(name, tmp_path):
    members, manifest = members_for(FILES)
    assert "does not list" in refused(members + [(name, b"")], manifest, tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../evil",
        "a/../../evil",
        "a//b",
        "./a",
        "a\nb",
        "a\x1b[2J",
        "a\x9b2J",
        "a\u2028b",
        "a\\b",
        "\ud800",
        "x" * 256,
    ],
)
def test_a_manifest_that_lists_a_path_out_of_the_release_is_refused(path, tmp_path):
    with pytest.raises(SlipwayError, match="is not usable"):
        manifest_for(dict(FILES, **{path: (b"", "0644")}))


@pytest.mark.parametrize("mode", ["4755", "0777", "0666", "2755", "755", ""])
def test_a_manifest_with_any_other_mode_than_the_two_is_refused(mode):
    with pytest.raises(SlipwayError, match="only 0644 and 0755 are allowed"):
        manifest_for(dict(FILES, tool=(b"", mode)))


def test_a_manifest_of_a_million_files_is_too_large():
    entry = (
        '    "%07d": {\n      "mode": "0644",\n      "sha256": "' + "0" * 64 + '",\n      "size": 0\n    },\n'
    )
    raw = b'{\n  "files": {\n' + "".join(entry % number for number in range(1_000_000)).encode()
    with pytest.raises(SlipwayError, match="larger than"):
        Manifest.parse(raw)


def test_a_file_in_the_place_of_a_directory_ends_the_unpacking(tmp_path):
    members, manifest = members_for(dict(FILES, **{"a": (b"", "0644"), "a/b": (b"", "0644")}))
    with pytest.raises(OSError):
        unpack(tar_gz(members), manifest.digest, str(tmp_path))


def test_what_follows_the_end_of_the_compressed_stream_is_never_read(tmp_path):
    members, manifest = members_for(FILES)
    unpack(
        io.BytesIO(tar_gz(members).getvalue() + b"\xff" * 1000 + tar_gz([("evil", b"x")]).getvalue()),
        manifest.digest,
        str(tmp_path),
    )
    assert not (tmp_path / "evil").exists()
