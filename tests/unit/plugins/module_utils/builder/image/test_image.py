# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in an image, and that the same input is the same file. Real engines: system/image."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder.image import blobs

from .tarballs import CERTIFICATE, TIME, Unpacked, image, tarball_of


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text(CERTIFICATE, encoding="utf-8")
    return str(path)


@pytest.fixture
def amd64(tmp_path):
    return tarball_of(tmp_path / "dist", **{"templates/index.html": "<h1>"})


def layers(unpacked, number=0):
    """Title to the tar of a layer; each digest is checked."""
    manifest, config = unpacked.platform(number)
    found = {}
    for layer, diff_id, history in zip(manifest["layers"], config["rootfs"]["diff_ids"], config["history"]):
        raw = gzip.decompress(unpacked.blob(layer["digest"]))
        assert "sha256:" + hashlib.sha256(raw).hexdigest() == diff_id
        found[history["created_by"].rpartition(" ")[2]] = raw
    return found


def members(raw):
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        return archive.getmembers()


def listing(raw):
    return {member.name: (oct(member.mode), member.mtime) for member in members(raw)}


def content(raw, name):
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        return archive.extractfile(name).read()


def test_an_image_is_the_service_and_what_it_needs_of_a_system(amd64, bundle):
    result = image(amd64, ca_certificates=bundle)
    unpacked = Unpacked(result["layout"])
    found = layers(unpacked)
    assert list(found) == ["system", "files", "service"]
    assert listing(found["system"]) == {
        "etc": ("0o755", 0),
        "etc/group": ("0o644", 0),
        "etc/passwd": ("0o644", 0),
        "etc/ssl": ("0o755", 0),
        "etc/ssl/certs": ("0o755", 0),
        "etc/ssl/certs/ca-certificates.crt": ("0o644", 0),
        "tmp": ("0o1777", 0),
    }
    assert listing(found["files"]) == {"templates": ("0o755", TIME), "templates/index.html": ("0o644", TIME)}
    assert listing(found["service"]) == {"orders": ("0o755", TIME)}
    assert content(found["service"], "orders") == b"binary of amd64v1"
    assert content(found["system"], "etc/ssl/certs/ca-certificates.crt") == CERTIFICATE.encode()
    owners = {(one.uid, one.gid, one.uname, one.gname) for raw in found.values() for one in members(raw)}
    assert owners == {(0, 0, "", "")}


def test_the_configuration_is_that_of_a_service(amd64, bundle):
    result = image(amd64, ca_certificates=bundle, labels={"team": "shop"}, args=["-listen", ":{port}"])
    manifest, config = Unpacked(result["layout"]).platform()
    settings = config["config"]
    assert (config["os"], config["architecture"]) == ("linux", "amd64") and "variant" not in config
    assert config["created"] == "2025-11-20T00:53:20Z"
    assert settings["User"] == "65532:65532"
    assert settings["Entrypoint"] == ["/orders"] and settings["Cmd"] == ["-listen", ":8080"]
    assert settings["ExposedPorts"] == {"8080/tcp": {}} and settings["Env"][1:] == ["PORT=8080"]
    assert settings["StopSignal"] == "SIGTERM"
    assert settings["Labels"] == {
        "org.opencontainers.image.created": "2025-11-20T00:53:20Z",
        "org.opencontainers.image.revision": "0a1b2c3d",
        "org.opencontainers.image.title": "orders",
        "org.opencontainers.image.version": "1.4.2",
        "slipway.artifact": manifest["annotations"]["slipway.artifact"],
        "slipway.ca_certificates": "sha256:" + hashlib.sha256(CERTIFICATE.encode()).hexdigest(),
        "slipway.binary": "sha256:" + hashlib.sha256(b"binary of amd64v1").hexdigest(),
        "team": "shop",
    }


def test_a_service_without_a_port_exposes_none(amd64, bundle):
    _manifest, config = Unpacked(image(amd64, ca_certificates=bundle, port=None)["layout"]).platform()
    assert "ExposedPorts" not in config["config"]
    assert not any(line.startswith("PORT=") for line in config["config"]["Env"])


@pytest.mark.parametrize(
    ("goarch", "variant", "name"),
    [
        ("amd64", "v1", "linux/amd64"),
        ("amd64", "v3", "linux/amd64/v3"),
        ("arm64", "v8.0", "linux/arm64/v8"),
        ("arm64", "v9.2,lse", "linux/arm64/v9"),
        ("arm", "7", "linux/arm/v7"),
        ("arm", "6,softfloat", "linux/arm/v6"),
        ("386", "sse2", "linux/386"),
        ("s390x", "", "linux/s390x"),
    ],
)
def test_platforms_have_the_names_of_images(tmp_path, bundle, goarch, variant, name):
    result = image(tarball_of(tmp_path / "dist", goarch, variant), ca_certificates=bundle)
    assert [one["platform"] for one in result["platforms"]] == [name]


def test_one_index_has_all_platforms_and_each_has_its_referrers(tmp_path, bundle):
    dist = tmp_path / "dist"
    signed = tarball_of(dist, "arm64", "v8.0", signature=b"a signature")
    result = image([tarball_of(dist), signed], ca_certificates=bundle)
    unpacked = Unpacked(result["layout"])
    digests = [entry["digest"] for entry in unpacked.index["manifests"]]
    assert digests == [one["digest"] for one in result["platforms"]]
    assert unpacked.listed[0]["digest"] == result["digest"]
    assert unpacked.listed[0]["annotations"]["org.opencontainers.image.ref.name"] == "1.4.2"
    assert unpacked.listed[0]["annotations"]["io.containerd.image.name"] == "docker.io/library/orders:1.4.2"
    found = [(kind, digests.index(subject), sorted(files)) for kind, subject, files in unpacked.referrers()]
    assert found == [
        (blobs.SBOM, 0, ["sbom.cdx.json"]),
        (blobs.PROVENANCE, 0, ["provenance.json"]),
        (blobs.SBOM, 1, ["sbom.cdx.json"]),
        (blobs.PROVENANCE, 1, ["provenance.json"]),
        (blobs.SIGNATURE, 1, ["manifest.json", "manifest.json.sig"]),
    ]
    for name, raw in unpacked.files.items():
        if name.startswith("blobs/"):
            assert hashlib.sha256(raw).hexdigest() == name.rpartition("/")[2]


def test_all_platforms_share_the_layer_of_the_system(tmp_path, bundle):
    dist = tmp_path / "dist"
    result = image([tarball_of(dist), tarball_of(dist, "arm64", "v8.0")], ca_certificates=bundle)
    unpacked = Unpacked(result["layout"])
    first, second = (unpacked.platform(number)[0]["layers"] for number in (0, 1))
    assert first[0] == second[0] and first[1] != second[1]


def test_a_second_run_changes_and_writes_nothing(amd64, bundle):
    first = image(amd64, ca_certificates=bundle)
    before = os.stat(first["layout"])
    second = image(amd64, ca_certificates=bundle)
    after = os.stat(second["layout"])
    assert (first["changed"], first["outcome"]) == (True, "built")
    assert (second["changed"], second["outcome"], second["reasons"]) == (False, "unchanged", [])
    assert first["digest"] == second["digest"]
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


SCRIPT = """
import json, os, sys
from unit.plugins.module_utils.builder.image.tarballs import image
os.umask(int(sys.argv[1], 8))
os.chdir(sys.argv[2])
result = image(sys.argv[3], dest=sys.argv[4], ca_certificates=sys.argv[5], time_zones=sys.argv[6])
print(os.getuid(), result["digest"], result["layout"])
"""


def test_another_user_umask_zone_locale_and_directory_give_the_same_file(amd64, bundle, tmp_path):
    zones = tmp_path / "zones"
    (zones / "Europe").mkdir(parents=True)
    (zones / "Europe" / "Berlin").write_bytes(b"TZif2...")
    seen = []
    other_user = ["unshare", "--user", "--map-user=4711", "--map-group=4712"]
    for switch, mask, place, zone, locale in (
        ([], "022", "a", "UTC", "C"),
        (other_user, "077", "b/deeper", "Asia/Tokyo", "tr_TR.UTF-8"),
    ):
        home = tmp_path / place
        home.mkdir(parents=True)
        environment = dict(
            os.environ,
            PYTHONPATH=os.pathsep.join(sys.path),
            PYTHONDONTWRITEBYTECODE="1",
            TZ=zone,
            LC_ALL=locale,
        )
        argv = [*switch, sys.executable, "-c", SCRIPT, mask, home, amd64, home, bundle, zones]
        done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, env=environment, cwd=home)
        user, digest, layout = done.stdout.decode().split()
        with open(layout, "rb") as handle:
            seen.append((user, digest, hashlib.sha256(handle.read()).hexdigest()))
    assert [one[0] for one in seen] == [str(os.getuid()), "4711"]
    assert seen[0][1:] == seen[1][1:]


def test_check_mode_says_why_and_writes_nothing(amd64, bundle):
    first = image(amd64, ca_certificates=bundle)
    before = os.stat(first["layout"])
    result = image(amd64, check_mode=True, ca_certificates=bundle, labels={"team": "shop"}, user="1000")
    assert result["reasons"] == [
        "linux/amd64 Labels team: none -> shop",
        "linux/amd64 User: 65532:65532 -> 1000",
    ]
    assert "linux/amd64 User: 65532:65532\n" in result["diff"]["before"]
    assert "linux/amd64 User: 1000\n" in result["diff"]["after"]
    assert result["digest"] != first["digest"]
    assert os.stat(first["layout"]) == before
    real = image(amd64, ca_certificates=bundle, labels={"team": "shop"}, user="1000")
    assert real["digest"] == result["digest"] and real["reasons"] == result["reasons"]


def test_check_mode_without_an_image_announces_it(amd64, bundle, tmp_path):
    result = image(amd64, check_mode=True, ca_certificates=bundle)
    assert result["changed"] and result["reasons"] == ["there is no image of this version yet"]
    assert [path.suffix for path in (tmp_path / "dist").iterdir()] == [".gz"]


def test_check_mode_without_an_artifact_announces_the_image(tmp_path):
    announced = {"path": str(tmp_path / "orders-1.4.2-linux-amd64.tar.gz"), "digest": None}
    result = image(dict(announced, name="orders", version="1.4.2"), check_mode=True)
    assert (result["changed"], result["digest"]) == (True, None)
    assert result["layout"] == str(tmp_path / "orders-1.4.2.oci.tar")
    assert result["reasons"] == ["its artifacts are to be built"]


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_layout_that_somebody_changed_is_written_again(amd64, bundle, damage):
    first = image(amd64, ca_certificates=bundle)
    with open(first["layout"], "rb") as handle:
        good = handle.read()
    spoiled = damage
    if spoiled is None:  # one bit of the binary
        position = good.rindex(b"\x1f\x8b\x08") + 20
        spoiled = good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]
    with open(first["layout"], "wb") as handle:
        handle.write(spoiled)
    second = image(amd64, ca_certificates=bundle)
    assert second["changed"] and second["reasons"] == ["it was modified after it was made"]
    with open(first["layout"], "rb") as handle:
        assert handle.read() == good


def test_files_of_the_request_take_the_place_of_those_in_the_tarball(amd64, bundle, tmp_path):
    (tmp_path / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "run.sh").chmod(0o700)
    entries = [{"src": str(tmp_path / "run.sh"), "dest": "/opt/run.sh", "exclude": []}]
    result = image(amd64, ca_certificates=bundle, files=entries)
    found = listing(layers(Unpacked(result["layout"]))["files"])
    assert found == {"opt": ("0o755", TIME), "opt/run.sh": ("0o755", TIME)}
    result = image(amd64, ca_certificates=bundle, files=[])
    assert list(layers(Unpacked(result["layout"]))) == ["system", "service"]


def test_files_below_a_directory_of_the_system_leave_its_mode(tmp_path, bundle):
    artifact = tarball_of(tmp_path / "dist", **{"tmp/a": "x", "etc/orders/a": "x"})
    found = listing(layers(Unpacked(image(artifact, ca_certificates=bundle)["layout"]))["files"])
    assert {path: mode for path, (mode, _time) in found.items()} == {
        "etc": "0o755",
        "etc/orders": "0o755",
        "etc/orders/a": "0o644",
        "tmp": "0o1777",
        "tmp/a": "0o644",
    }


def test_time_zones_come_on_request(amd64, bundle, tmp_path):
    for path, content in {
        "Europe/Berlin": b"TZif2x",
        "posix/Europe/Berlin": b"TZif2x",
        "zone.tab": b"# a table",
        "UTC": b"TZif2y",
        "localtime": b"TZif2y",
    }.items():
        (tmp_path / "zones" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "zones" / path).write_bytes(content)
    result = image(amd64, ca_certificates=bundle, time_zones=str(tmp_path / "zones"))
    names = list(listing(layers(Unpacked(result["layout"]))["system"]))
    assert [name for name in names if name.startswith("usr/share/zoneinfo/")] == [
        "usr/share/zoneinfo/Europe",
        "usr/share/zoneinfo/Europe/Berlin",
        "usr/share/zoneinfo/UTC",
    ]


def test_without_ca_certificates(amd64):
    names = list(listing(layers(Unpacked(image(amd64, ca_certificates=False)["layout"]))["system"]))
    assert "etc/passwd" in names and not any("ssl" in name for name in names)


def test_tags_and_the_name_in_the_layout(tmp_path, bundle):
    artifact = tarball_of(tmp_path / "dist", version="1.4.2+b1")
    options = {"to": None, "tags": ["{version}", "git-{commit}"]}
    unpacked = Unpacked(image(artifact, ca_certificates=bundle, **options)["layout"])
    assert unpacked.listed[0]["annotations"] == {
        "io.containerd.image.name": "docker.io/library/orders:1.4.2_b1",
        "org.opencontainers.image.ref.name": "1.4.2_b1",
        "org.opencontainers.image.version": "1.4.2+b1",
    }


def test_the_layout_is_one_that_the_standard_describes(amd64, bundle):
    result = image(amd64, ca_certificates=bundle)
    with tarfile.open(result["layout"]) as archive:
        names = archive.getnames()
    unpacked = Unpacked(result["layout"])
    assert names[:2] == ["oci-layout", "index.json"] and names[2:] == sorted(names[2:])
    assert json.loads(unpacked.files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    assert result["size"] == sum(map(len, unpacked.files.values()))
