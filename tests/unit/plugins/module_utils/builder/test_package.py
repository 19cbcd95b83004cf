# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `package` makes: the same bytes everywhere, nothing hostile in it, and nothing written twice."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder.signing import Signer
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import Manifest

from .workshop import Workshop, listed, pack


def key(directory, kind="ed25519", passphrase=""):
    path = directory / ("key-" + kind)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", str(path)], check=True)
    return str(path)


def test_makes_a_tarball_for_each_artifact_in_the_order_of_the_contract(built, tmp_path):
    result = pack(built, tmp_path, unit={})
    assert [os.path.basename(artifact["path"]) for artifact in result["artifacts"]] == [
        "hello-1.4.2-linux-amd64.tar.gz",
        "hello-1.4.2-linux-arm-6.tar.gz",
    ]
    path = result["artifacts"][0]["path"]
    assert listed(path) == [
        "manifest.json",
        "SHA256SUMS",
        "bin/hello",
        "install.sh",
        "provenance.json",
        "sbom.cdx.json",
        "systemd/hello.service",
    ]
    with tarfile.open(path) as archive:
        manifest = Manifest.parse(archive.extractfile("hello-1.4.2/manifest.json").read())
        for member in archive:
            assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (
                0,
                0,
                "",
                "",
                1763600000,
            )
            assert member.isreg()
            assert member.mode == (0o755 if member.name.endswith(("bin/hello", "install.sh")) else 0o644)
    assert manifest.digest == result["artifacts"][0]["digest"]
    with open(path, "rb") as handle:
        head = handle.read(10)
    assert head[3:8] == bytes(5), "neither a name nor a time in gzip's header"


def test_sha256sum_agrees_within_and_beside(built, tmp_path):
    result = pack(built, tmp_path)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)
    with tarfile.open(result["artifacts"][0]["path"]) as archive:
        archive.extractall(tmp_path / "out")
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=tmp_path / "out" / "hello-1.4.2",
        check=True,
    )


def test_a_second_run_changes_nothing(built, tmp_path):
    first = pack(built, tmp_path)
    before = os.stat(first["artifacts"][0]["path"])
    second = pack(built, tmp_path)
    assert first["changed"]
    assert not second["changed"]
    assert os.stat(first["artifacts"][0]["path"]).st_mtime_ns == before.st_mtime_ns
    assert [artifact["sha256"] for artifact in first["artifacts"]] == [
        artifact["sha256"] for artifact in second["artifacts"]
    ]


def test_another_level_of_compression_alone_changes_nothing(built, tmp_path):
    pack(built, tmp_path)
    assert not pack(built, tmp_path, compression_level=1)["changed"]


def test_a_damaged_tarball_is_made_anew(built, tmp_path):
    path = pack(built, tmp_path)["artifacts"][0]["path"]
    good = canonical.sha256_file(path)
    with open(path, "rb") as handle:
        content = handle.read()
    for spoiled in (
        content[:-20],
        content[:3000],
        b"",
        content + b"x",
        gzip.compress(gzip.decompress(content) + b"more"),
    ):
        with open(path, "wb") as handle:
            handle.write(spoiled)
        assert pack(built, tmp_path)["changed"]
        assert canonical.sha256_file(path) == good


def test_check_mode_writes_nothing(built, tmp_path):
    result = pack(built, tmp_path / "none", check_mode=True)
    assert result["changed"]
    assert result["artifacts"][0]["sha256"] is None
    assert len(result["artifacts"][0]["digest"]) == 64
    assert not (tmp_path / "none").exists()
    pack(built, tmp_path)
    assert not pack(built, tmp_path, check_mode=True)["changed"]


def test_check_mode_announces_a_binary_that_is_not_built_yet(tmp_path):
    shop = Workshop(tmp_path)
    announced = shop.build(check_mode=True)["artifacts"]
    result = pack(announced, tmp_path, check_mode=True)
    assert result["artifacts"][0]["changed"]
    assert result["artifacts"][0]["digest"] is None


def test_two_directories_two_umasks_and_two_users_give_the_same_bytes(tmp_path, extra):
    script = """
import json, os, sys
from ansible_collections.slipway.golang.plugins.module_utils.builder import package
os.umask(int(sys.argv[2], 8))
result = package.package(
    json.loads(sys.argv[1]), sys.argv[3], prebuilt=[], installer=b"#!/bin/sh\\n",
    extra=json.loads(sys.argv[4]), unit={}, signing_key=None, compression_level=6, check_mode=False,
)
print(os.getuid(), result["artifacts"][0]["sha256"])
"""
    seen = []
    # In a user namespace everybody may be somebody else, who still may read this checkout.
    other_user = ["unshare", "--user", "--map-user=4711", "--map-group=4712"]
    for place, mask, switch in (("a", "022", []), ("b/deeper", "077", other_user)):
        home = tmp_path / place
        shop = Workshop(home)
        shop.commit(tag="v1.0.0")
        files = home / "extra"
        shutil.copytree(extra, files)
        if mask == "077":
            for directory, _names, names in os.walk(files):
                for name in names:
                    os.chmod(os.path.join(directory, name), 0o700 if name == "run.sh" else 0o600)
        artifacts = json.dumps(shop.build()["artifacts"])
        command = switch + [
            sys.executable,
            "-c",
            script,
            artifacts,
            mask,
            str(home),
            json.dumps([{"src": str(files)}]),
        ]
        paths = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), PYTHONDONTWRITEBYTECODE="1")
        seen.append(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=paths).stdout.split())
    (first_user, first_digest), (second_user, second_digest) = seen
    assert (first_user, second_user) == (str(os.getuid()).encode(), b"4711")
    assert first_digest == second_digest


def test_the_bill_of_materials_names_the_modules(built, tmp_path):
    path = pack(built, tmp_path)["artifacts"][0]["path"]
    with tarfile.open(path) as archive:
        bill = json.loads(archive.extractfile("hello-1.4.2/sbom.cdx.json").read())
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["purl"] == "pkg:golang/example.com/hello@1.4.2"
    assert bill["metadata"]["component"]["hashes"][0]["content"] == built[0]["sha256"]
    assert [entry["name"] for entry in bill["components"]] == ["std"]
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_signature_that_ssh_keygen_accepts_and_a_second_run_keeps(built, tmp_path, kind):
    path = key(tmp_path, kind)
    result = pack(built[:1], tmp_path / "dist", signing_key=path)
    (artifact,) = result["artifacts"]
    assert artifact["signed"]
    assert not pack(built[:1], tmp_path / "dist", signing_key=path)["changed"]
    with tarfile.open(artifact["path"]) as archive:
        archive.extractall(tmp_path)
    with open(path + ".pub", encoding="utf-8") as handle:
        (tmp_path / "signers").write_text("release " + handle.read(), encoding="utf-8")
    with open(tmp_path / "hello-1.4.2" / "manifest.json", "rb") as manifest:
        subprocess.run(
            [
                "ssh-keygen",
                "-Y",
                "verify",
                "-f",
                "signers",
                "-I",
                "release",
                "-n",
                "slipway",
                "-s",
                "hello-1.4.2/manifest.json.sig",
            ],
            cwd=tmp_path,
            stdin=manifest,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def test_another_key_or_none_is_a_change(built, tmp_path):
    pack(built[:1], tmp_path / "dist", signing_key=key(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    assert pack(built[:1], tmp_path / "dist", signing_key=key(other))["changed"]
    assert pack(built[:1], tmp_path / "dist")["changed"]


def test_a_signature_of_something_else_is_not_kept(tmp_path):
    signer = Signer(key(tmp_path))
    former = signer.sign(b"other\n")
    assert signer.sign(b"manifest\n", former) != former
    assert signer.sign(b"manifest\n", b"nonsense").startswith(b"-----BEGIN SSH SIGNATURE-----")


def test_keys_that_cannot_sign(built, tmp_path):
    with pytest.raises(InvalidInput, match="ssh-keygen -t ed25519"):
        pack(built, tmp_path, signing_key=str(tmp_path / "none"))
    (tmp_path / "text").write_text("no key", encoding="utf-8")
    os.chmod(tmp_path / "text", 0o600)
    with pytest.raises(SlipwayError, match="cannot sign with signing_key"):
        pack(built, tmp_path, signing_key=str(tmp_path / "text"))
    with pytest.raises(SlipwayError, match="no passphrase"):
        pack(built, tmp_path, signing_key=key(tmp_path, passphrase="secret"))


def test_a_binary_that_was_altered_after_the_build_is_refused(built, tmp_path):
    copy = tmp_path / "hello"
    shutil.copy(built[0]["path"], copy)
    with open(copy, "ab") as handle:
        handle.write(b"x")
    with pytest.raises(SlipwayError, match="modified since"):
        pack([dict(built[0], path=str(copy))], tmp_path)


def test_a_binary_of_another_architecture_or_provenance_is_refused(built, tmp_path):
    arm = dict(built[1], goarch="amd64", variant="v1")
    with pytest.raises(SlipwayError, match="its ELF header says arm"):
        pack([arm], tmp_path)
    with pytest.raises(SlipwayError, match="is not the provenance of"):
        pack([dict(built[0], provenance=built[1]["provenance"])], tmp_path)
    with pytest.raises(SlipwayError, match="is not the provenance of"):
        pack([dict(built[0], version="9.9")], tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"path": None}, "path is missing"),
        ({"time": "1"}, "time is missing or no int"),
        ({"name": "../x"}, "artifacts name"),
        ({"version": "a/b"}, "artifacts version"),
        ({"path": "/nonexistent"}, "No such file"),
    ],
)
def test_artifacts_that_build_did_not_return(built, tmp_path, change, words):
    with pytest.raises(SlipwayError, match=words):
        pack([dict(built[0], **change)], tmp_path)


def test_the_same_artifact_twice_is_refused(built, tmp_path):
    with pytest.raises(InvalidInput, match="two of them"):
        pack([built[0], built[0]], tmp_path)


@pytest.mark.parametrize("unit", ["", "nonsense", 7, ["x"]])
def test_a_unit_that_is_none(built, tmp_path, unit):
    with pytest.raises(InvalidInput, match="unit"):
        pack(built, tmp_path, unit=unit)


def test_a_unit_as_text_is_taken_as_it_is(built, tmp_path):
    (result,) = pack(built[:1], tmp_path, unit="[Service]\nExecStart=/bin/x")["artifacts"]
    with tarfile.open(result["path"]) as archive:
        assert (
            archive.extractfile("hello-1.4.2/systemd/hello.service").read()
            == b"[Service]\nExecStart=/bin/x\n"
        )


def test_the_installer_is_taken_as_it_is(built, tmp_path):
    script = b"#!/bin/sh\nprintf 'gr\xc3\xbc\xc3\x9fe\\r'\r\n"
    (result,) = pack(built[:1], tmp_path, installer=script)["artifacts"]
    with tarfile.open(result["path"]) as archive:
        assert archive.extractfile("hello-1.4.2/install.sh").read() == script
    assert not pack(built[:1], tmp_path, installer=script)["changed"]
    assert pack(built[:1], tmp_path, installer=script + b"\n")["changed"]


@pytest.mark.parametrize("installer", [b"", b"\n", b"files/my-install.sh\n", b"echo\n#!/bin/sh\n", b"\xff\n"])
def test_an_installer_that_is_no_script(built, tmp_path, installer):
    with pytest.raises(InvalidInput, match="installer.*begins with #!"):
        pack(built, tmp_path, installer=installer)


def test_checksums_keep_the_tarballs_that_are_still_there(built, tmp_path):
    pack(built[:1], tmp_path)
    pack(built[1:], tmp_path)
    text = (tmp_path / "SHA256SUMS").read_text(encoding="utf-8")
    assert [line.split("  ")[1] for line in text.splitlines()] == [
        "hello-1.4.2-linux-amd64.tar.gz",
        "hello-1.4.2-linux-arm-6.tar.gz",
    ]
    (tmp_path / "hello-1.4.2-linux-amd64.tar.gz").unlink()
    assert pack(built[1:], tmp_path)["changed"]
    assert "amd64" not in (tmp_path / "SHA256SUMS").read_text(encoding="utf-8")


def test_a_dest_that_cannot_be_written_is_named(built, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SlipwayError, match="Cannot write to"):
        pack(built, tmp_path / "file")
