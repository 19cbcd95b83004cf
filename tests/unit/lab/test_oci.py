# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import oci


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}


def test_every_blob_has_the_digest_that_it_is_named_by():
    made = oci.image("local.test/hello:1", b"program", "/hello")
    files = members(made.archive)
    blobs = {name: data for name, data in files.items() if name.startswith("blobs/")}
    assert len(blobs) == 3
    for name, data in blobs.items():
        assert name == "blobs/sha256/" + hashlib.sha256(data).hexdigest()
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["digest"] == made.digest
    assert entry["annotations"]["io.containerd.image.name"] == "local.test/hello:1"
    manifest = json.loads(files["blobs/sha256/" + made.digest[7:]])
    (layer,) = manifest["layers"]
    packed = files["blobs/sha256/" + layer["digest"][7:]]
    assert members(gzip.decompress(packed)) == {"hello": b"program"}
    config = json.loads(files["blobs/sha256/" + manifest["config"]["digest"][7:]])
    assert config["config"] == {"Entrypoint": ["/hello"], "User": "65532:65532"}


def test_the_same_program_is_the_same_image():
    first, second = (oci.image("local.test/hello:1", b"program", "/hello") for dummy in range(2))
    other = oci.image("local.test/hello:2", b"another", "/hello")
    assert first == second and other.digest != first.digest


def test_a_tag_is_no_part_of_the_digest():
    assert oci.image("a.test/a:1", b"x", "/a").digest == oci.image("b.test/b:2", b"x", "/a").digest
