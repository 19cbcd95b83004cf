# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image on a base: a layout on the disk, as a directory and as a tar. From a registry: system/image."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

from .tarballs import Unpacked, image, tarball_of


@pytest.fixture
def base(tmp_path):
    """A base: an image of ours for two platforms, and its reference."""
    dist = tmp_path / "base"
    artifacts = [tarball_of(dist, "amd64", "v1", name="base"), tarball_of(dist, "arm64", "v8.0", name="base")]
    made = image(artifacts, port=1234, labels={"of": "the base"}, args=["-base"])
    return made["layout"], made["digest"]


def test_layers_and_settings_of_the_base_are_kept(tmp_path, base):
    path, digest = base
    made = image(tarball_of(tmp_path / "dist"), base="%s@%s" % (path, digest))
    below, above = Unpacked(path).platform(), Unpacked(made["layout"]).platform()
    assert above[0]["layers"][:-1] == below[0]["layers"]
    assert above[1]["rootfs"]["diff_ids"][:-1] == below[1]["rootfs"]["diff_ids"]
    assert above[1]["history"][:-1] == below[1]["history"]
    settings = above[1]["config"]
    assert settings["Labels"]["of"] == "the base"
    assert settings["Labels"]["org.opencontainers.image.title"] == "orders"
    assert settings["Entrypoint"] == ["/orders"] and "Cmd" not in settings
    assert settings["Env"][-1] == "PORT=8080" and "PORT=1234" not in settings["Env"]
    assert set(settings["ExposedPorts"]) == {"1234/tcp", "8080/tcp"}
    assert above[0]["annotations"]["org.opencontainers.image.base.digest"] == digest
    assert "org.opencontainers.image.base.name" not in above[0]["annotations"]
    assert not image(tarball_of(tmp_path / "dist"), base="%s@%s" % (path, digest))["changed"]


def test_a_directory_is_a_layout_too_and_gives_the_same_image(tmp_path, base):
    path, digest = base
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    artifact = tarball_of(tmp_path / "dist")
    of_tar = image(artifact, base="%s@%s" % (path, digest))
    of_directory = image(artifact, base="%s@%s" % (tmp_path / "unpacked", digest))
    assert of_tar["digest"] == of_directory["digest"] and not of_directory["changed"]


def test_a_single_image_is_a_base_for_its_platform(tmp_path, base):
    path, _digest = base
    manifest = Unpacked(path).index["manifests"][0]
    made = image(tarball_of(tmp_path / "dist"), base="%s@%s" % (path, manifest["digest"]))
    assert made["changed"]
    with pytest.raises(SlipwayError, match="it has no image for linux/arm64/v8, only linux/amd64"):
        image(tarball_of(tmp_path / "dist", "arm64", "v8.0"), base="%s@%s" % (path, manifest["digest"]))


def test_a_base_for_other_platforms(tmp_path, base):
    path, digest = base
    with pytest.raises(SlipwayError) as error:
        image(tarball_of(tmp_path / "dist", "s390x", ""), base="%s@%s" % (path, digest))
    assert str(error.value) == (
        "base: %r is not usable: it has no image for linux/s390x, only linux/amd64, linux/arm64/v8" % path
    )


def test_a_base_that_somebody_changed(tmp_path, base):
    path, digest = base
    unpacked = tmp_path / "unpacked"
    with tarfile.open(path) as archive:
        archive.extractall(unpacked)
    layer = Unpacked(path).platform()[0]["layers"][-1]
    with (unpacked / "blobs" / layer["digest"].replace(":", "/")).open("ab") as handle:
        handle.write(b"x")
    with pytest.raises(SlipwayError) as error:
        image(tarball_of(tmp_path / "dist"), base="%s@%s" % (unpacked, digest))
    assert str(error.value) == (
        "%s was modified: its blob %s has another digest. Nothing was done with it"
        % (unpacked, layer["digest"])
    )
    assert [entry.suffix for entry in (tmp_path / "dist").iterdir()] == [".gz"]


def test_a_layout_without_what_the_digest_names(tmp_path, base):
    path, _digest = base
    with pytest.raises(SlipwayError, match="has no blob sha256:0+: it is not complete"):
        image(tarball_of(tmp_path / "dist"), base="%s@sha256:%s" % (path, "0" * 64))


def test_what_is_no_layout(tmp_path):
    artifact = tarball_of(tmp_path / "dist")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "file", tmp_path / "empty", artifact):
        with pytest.raises(SlipwayError, match="is no OCI layout"):
            image(artifact, base="%s@sha256:%s" % (path, "0" * 64))


def test_a_document_that_is_no_image(tmp_path, base):
    path, _digest = base
    unpacked = tmp_path / "unpacked"
    with tarfile.open(path) as archive:
        archive.extractall(unpacked)
    layer = Unpacked(path).platform()[0]["layers"][0]["digest"]
    config = Unpacked(path).platform()[0]["config"]["digest"]
    for digest, words in ((layer, "is damaged"), (config, "is no image")):
        with pytest.raises(SlipwayError, match=words):
            image(tarball_of(tmp_path / "dist"), base="%s@%s" % (unpacked, digest))
    shutil.rmtree(unpacked)


def test_layers_of_docker_are_named_as_the_standard_does(tmp_path, base):
    path, _digest = base
    unpacked = tmp_path / "unpacked"
    with tarfile.open(path) as archive:
        archive.extractall(unpacked)
    found = Unpacked(path)
    manifest = json.loads(
        found.blob(found.index["manifests"][0]["digest"]).replace(
            b"vnd.oci.image.layer.v1.tar+gzip", b"vnd.docker.image.rootfs.diff.tar.gzip"
        )
    )
    raw = json.dumps(manifest).encode()
    digest = hashlib.sha256(raw).hexdigest()
    (unpacked / "blobs" / "sha256" / digest).write_bytes(raw)
    made = image(tarball_of(tmp_path / "dist"), base="%s@sha256:%s" % (unpacked, digest))
    kinds = {layer["mediaType"] for layer in Unpacked(made["layout"]).platform()[0]["layers"]}
    assert kinds == {"application/vnd.oci.image.layer.v1.tar+gzip"}
