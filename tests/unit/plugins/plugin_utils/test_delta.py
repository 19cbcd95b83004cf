# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patches from the controller's side to the host's: whatever is wrong, the artifact is whole or refused."""

from __future__ import annotations

import io
import os
import random
import types
import zlib

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.delta_format import (
    COPY,
    HEADER,
    LITERAL,
    SUM,
    minus,
    plus,
)
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.artifact import stage, unpack
from ansible_collections.slipway.golang.plugins.module_utils.host.artifact.delta import Base
from ansible_collections.slipway.golang.plugins.plugin_utils import delta

from ..module_utils.host.artifact.tarballs import manifest_for, members_for, tar_gz

NOISE = random.Random(7)


def noise(size):
    return NOISE.randbytes(size)


def artifact(directory, version, binary, **more):
    files = {"bin/orders": (binary, "0755"), **{path: (content, "0644") for path, content in more.items()}}
    members, manifest = members_for(files, version=version)
    path = directory / ("orders-%s-linux-amd64.tar.gz" % version)
    path.write_bytes(tar_gz(members).read())
    return path, manifest, files


def on_host(directory, files):
    """A release's directory, as the base that a host has."""
    for path, (content, dummy) in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    return Base(str(directory), manifest_for(files).files)


def tree(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.fixture
def old_binary():
    return noise(300_000) + bytes(50_000) + noise(100_001)


CHANGES = {
    "nothing": lambda old: old,
    "one byte": lambda old: old[:777] + b"x" + old[778:],
    "a shift": lambda old: old[:100_000] + b"new code" * 40 + old[100_000:],
    "a cut": lambda old: old[:100_000] + old[110_000:],
    "addresses": lambda old: bytes(
        byte ^ 1 if position % 97 == 0 else byte for position, byte in enumerate(old)
    ),
    "another order": lambda old: old[200_000:300_000] + old[:200_000] + old[300_000:],
    "all of it": lambda old: noise(250_000),
    "almost nothing left": lambda old: old[:33],
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_host_gets_the_very_files_of_the_new_artifact(change, old_binary, tmp_path):
    old, dummy, old_files = artifact(tmp_path, "1.0.0", old_binary, **{"templates/a.html": noise(5000)})
    new, manifest, dummy = artifact(
        tmp_path,
        "1.0.1",
        CHANGES[change](old_binary),
        **{"templates/a.html": noise(5000), "templates/b.html": b""},
    )
    patch = delta.make(delta.base_of(str(old)), delta._inflated(str(new)))
    (tmp_path / "whole").mkdir()
    (tmp_path / "made").mkdir()
    unpack.unpack(io.BytesIO(new.read_bytes()), manifest.digest, str(tmp_path / "whole"))
    unpack.unpack(
        io.BytesIO(patch), manifest.digest, str(tmp_path / "made"), on_host(tmp_path / "base", old_files)
    )
    assert tree(tmp_path / "made") == tree(tmp_path / "whole")
    if change in ("nothing", "one byte", "a shift", "a cut", "another order"):
        assert len(patch) < len(new.read_bytes()) / 10


def test_no_byte_of_a_binary_travels_that_the_host_has(tmp_path):
    """A change of the unit alone, which is in the tarball too: see install.sh."""
    binary = noise(300_000)
    old = {"bin/orders": (binary, "0755"), "systemd/orders.service": (b"[Service]\n", "0644")}
    (tmp_path / "dist").mkdir()
    path, manifest, files = artifact(
        tmp_path / "dist", "1.0.0", binary, **{"systemd/orders.service": b"[Service]\nMemoryMax=1G\n"}
    )
    listed = manifest_for(old).files["bin/orders"]["sha256"]
    patch, base, file = delta.same_binary(str(path), {listed: "d0", "other": "d1"})
    assert (base, file) == ("d0", "bin/orders") and os.path.getsize(patch) < 4096
    on_host(tmp_path / "host", old)
    only = Base(str(tmp_path / "host"), {file: manifest_for(old).files[file]})
    (tmp_path / "new").mkdir()
    with open(patch, "rb") as stream:
        unpack.unpack(stream, manifest.digest, str(tmp_path / "new"), only)
    assert tree(tmp_path / "new")["bin/orders"] == binary
    assert tree(tmp_path / "new")["systemd/orders.service"] == files["systemd/orders.service"][0]


def test_another_binary_is_no_reason_for_such_a_patch(tmp_path):
    path, _manifest, _files = artifact(tmp_path, "1.0.0", noise(1000))
    assert delta.same_binary(str(path), {"0" * 64: "d0"}) is None
    assert not (tmp_path / ".patches").exists()


def test_every_pair_of_bytes_comes_back():
    one, other = bytes(range(256)) * 256, bytes(byte for byte in range(256) for dummy in range(256))
    assert minus(one, other) == bytes((a - b) % 256 for a, b in zip(one, other))
    assert plus(other, minus(one, other)) == one


class TestChoice:
    def test_a_patch_is_made_once_and_kept_beside_the_artifact(self, old_binary, tmp_path, monkeypatch):
        dummy, old_manifest, dummy = artifact(tmp_path, "1.0.0", old_binary)
        new, dummy, dummy = artifact(tmp_path, "1.0.1", CHANGES["a shift"](old_binary))
        path, digest = delta.patch_for(str(new), [old_manifest.digest])
        assert digest == old_manifest.digest and os.path.dirname(path) == str(tmp_path / ".patches")
        monkeypatch.setattr(delta, "make", lambda *given: pytest.fail("it was made again"))
        assert delta.patch_for(str(new), [old_manifest.digest]) == (path, digest)

    def test_the_order_of_the_host_decides_the_base(self, old_binary, tmp_path):
        manifests = [
            artifact(tmp_path, version, old_binary + version.encode())[1] for version in ("1.0.0", "1.0.1")
        ]
        new, dummy, dummy = artifact(tmp_path, "1.0.2", old_binary)
        for order in (manifests, manifests[::-1]):
            assert (
                delta.patch_for(str(new), ["0" * 64] + [manifest.digest for manifest in order])[1]
                == order[0].digest
            )

    def test_without_a_base_there_is_no_patch_and_no_error(self, old_binary, tmp_path):
        dummy, old_manifest, dummy = artifact(tmp_path, "1.0.0", old_binary)
        new, new_manifest, dummy = artifact(tmp_path, "1.0.1", old_binary)
        (tmp_path / "orders-0.9-linux-amd64.tar.gz").write_bytes(b"no artifact")
        for digests, message in (
            ([], "has no artifact of it yet"),
            (["0" * 64], "is beside"),
            ([new_manifest.digest], "is beside"),
        ):
            with pytest.raises(delta.NoPatch, match=message):
                delta.patch_for(str(new), digests)

    def test_a_patch_that_is_hardly_smaller_is_not_worth_it_and_is_tried_once(
        self, old_binary, tmp_path, monkeypatch
    ):
        dummy, old_manifest, dummy = artifact(tmp_path, "1.0.0", old_binary)
        new, dummy, dummy = artifact(tmp_path, "1.0.1", noise(300_000))
        for dummy in range(2):
            with pytest.raises(delta.NoPatch, match="almost as large"):
                delta.patch_for(str(new), [old_manifest.digest])
            monkeypatch.setattr(delta, "make", lambda *given: pytest.fail("it was tried again"))

    def test_a_patch_that_grows_too_large_is_given_up_early(self):
        old, new = noise(2_000_000), noise(2_000_000)
        assert delta.make(old, new, limit=100_000) is None
        assert len(delta.make(old, old[:1000] + new[:50_000] + old[1000:], limit=100_000)) < 60_000

    def test_a_dangling_link_and_a_directory_beside_the_artifact_are_skipped(self, old_binary, tmp_path):
        dummy, old_manifest, dummy = artifact(tmp_path, "1.0.0", old_binary)
        new, dummy, dummy = artifact(tmp_path, "1.0.1", old_binary)
        (tmp_path / "latest.tar.gz").symlink_to("gone")
        (tmp_path / "directory.tar.gz").mkdir()
        assert delta.patch_for(str(new), [old_manifest.digest])[1] == old_manifest.digest

    @pytest.mark.parametrize(
        "spoil", [lambda raw: raw[: len(raw) // 2], lambda raw: raw[:300_000] + b"spoilt" + raw[300_006:]]
    )
    def test_an_older_artifact_that_is_damaged_is_no_base_and_no_error(self, spoil, old_binary, tmp_path):
        old, old_manifest, dummy = artifact(tmp_path, "1.0.0", old_binary)
        new, dummy, dummy = artifact(tmp_path, "1.0.1", old_binary)
        old.write_bytes(spoil(old.read_bytes()))
        with pytest.raises(delta.NoPatch, match="could not be made"):
            delta.patch_for(str(new), [old_manifest.digest])

    def test_an_artifact_that_was_signed_anew_gets_a_patch_of_its_own(self, old_binary, tmp_path):
        dummy, old_manifest, dummy = artifact(tmp_path, "1.0.0", old_binary)
        members, manifest = members_for({"bin/orders": (old_binary + b"new", "0755")}, version="1.0.1")
        new, made = tmp_path / "orders-1.0.1-linux-amd64.tar.gz", []
        for text in (b"signed by ann", b"signed by bob"):
            new.write_bytes(
                tar_gz(members[:1] + [(manifest.top + "/manifest.json.sig", text)] + members[1:]).read()
            )
            made.append(delta.patch_for(str(new), [old_manifest.digest])[0])
        assert made[0] != made[1]


def hostile(*records):
    text = b"".join(HEADER.pack(*record[:3]) + (record[3] if len(record) > 3 else b"") for record in records)
    return io.BytesIO(zlib.compress(text))


class TestRefused:
    """A patch that may come from anywhere."""

    @pytest.fixture
    def base(self, tmp_path):
        return on_host(tmp_path / "base", {"bin/orders": (b"0123456789" * 100, "0755")})

    @pytest.mark.parametrize(
        "record, message",
        [
            ((COPY, 10, 1000), "does not have"),
            ((COPY, 1 << 62, 1 << 63), "does not have"),
            ((SUM, 1001, 0), "does not have"),
            ((SUM, 10, 0), "truncated"),
            ((LITERAL, 10, 0), "truncated"),
            ((7, 512, 0), "record of kind 7"),
            ((COPY, 0, 0), "empty record"),
            ((COPY, 600, 0), "damaged"),
        ],
    )
    def test_wrong_records_are_refused(self, record, message, base, tmp_path):
        (tmp_path / "made").mkdir()
        with pytest.raises(SlipwayError, match=message):
            unpack.unpack(hostile(record), "0" * 64, str(tmp_path / "made"), base)

    def test_what_is_no_patch_at_all(self, base, tmp_path):
        (tmp_path / "made").mkdir()
        for data in (b"", b"no patch", tar_gz([("a", b"")]).read()):
            with pytest.raises(SlipwayError, match="truncated|damaged"):
                unpack.unpack(io.BytesIO(data), "0" * 64, str(tmp_path / "made"), base)

    def test_a_base_that_was_changed_on_the_host(self, old_binary, tmp_path):
        old, dummy, old_files = artifact(tmp_path, "1.0.0", old_binary)
        new, manifest, dummy = artifact(tmp_path, "1.0.1", CHANGES["one byte"](old_binary))
        base = on_host(tmp_path / "base", old_files)
        (tmp_path / "base" / "bin" / "orders").write_bytes(
            old_binary[:50_000] + b"spoilt" + old_binary[50_006:]
        )
        (tmp_path / "made").mkdir()
        with pytest.raises(SlipwayError, match="does not have the digest"):
            unpack.unpack(
                io.BytesIO(delta.make(delta.base_of(str(old)), delta._inflated(str(new)))),
                manifest.digest,
                str(tmp_path / "made"),
                base,
            )

    def test_a_patch_without_the_required_signature_needs_the_whole_artifact(self, old_binary, tmp_path):
        old, old_manifest, old_files = artifact(tmp_path, "1.0.0", old_binary)
        new, manifest, dummy = artifact(tmp_path, "1.0.1", old_binary)
        release = types.SimpleNamespace(artifact=old_manifest.digest, path=str(tmp_path / "base"))
        on_host(tmp_path / "base", old_files)
        (tmp_path / "base" / "manifest.json").write_bytes(old_manifest.raw)
        layout = types.SimpleNamespace(releases=lambda: {"1.0.0-0": release})
        request = types.SimpleNamespace(
            pull_url=None,
            patch_base_file=None,
            patch_base=old_manifest.digest,
            allowed_signers="ann ssh-ed25519 AAAA",
            layout=layout,
        )
        target = types.SimpleNamespace(id="1.0.1-0", artifact={"digest": manifest.digest})
        (tmp_path / "made").mkdir()
        patch = delta.make(delta.base_of(str(old)), delta._inflated(str(new)))
        with pytest.raises(SlipwayError, match="could not be used: The artifact is not signed") as caught:
            stage._unpack(request, target, io.BytesIO(patch), str(tmp_path / "made"))
        assert caught.value.facts["full_needed"]


def test_the_base_is_found_among_any_number_of_tarballs_and_no_older_one_is_read(tmp_path, monkeypatch):
    read, real = [], delta.artifact.read_manifest

    def read_manifest(path):
        read.append(os.path.basename(path))
        return real(path)

    paths = [artifact(tmp_path, "1.0.%d" % number, noise(1000))[0] for number in range(60)]
    for number, path in enumerate(paths):
        os.utime(path, (number, number))
    digests = [real(str(paths[number])).digest for number in (10, 5)]
    monkeypatch.setattr(delta.artifact, "read_manifest", read_manifest)
    base = delta._find_base(str(paths[59]), ["0" * 64, *digests])
    assert base == (str(paths[10]), digests[0])  # the best one of those that are there
    read.clear()
    assert delta._find_base(str(paths[59]), digests) == base
    assert read == [paths[number].name for number in range(58, 9, -1)]
