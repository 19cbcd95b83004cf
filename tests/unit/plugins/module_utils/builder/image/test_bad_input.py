# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no image can be made of: one clear line each, and nothing is written."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder.image import options
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

from .tarballs import image, tarball_of

DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def dist(tmp_path):
    return tmp_path / "dist"


def refused(artifacts, **given):
    with pytest.raises(SlipwayError) as error:
        image(artifacts, **given)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_tarball_that_is_not_there(dist):
    said = refused(str(dist / "orders.tar.gz"))
    assert said.startswith("artifacts: ") and "there is no such file: package it first" in said


def test_a_target_without_an_artifact(dist):
    said = refused(tarball_of(dist), targets=["linux/amd64", "linux/arm64"])
    assert said == (
        "artifacts: 'linux/arm64/v8.0' is not usable: there is no artifact for this target, only for "
        "linux/amd64: build and package it, or take it out of the targets"
    )


def test_no_artifact():
    assert "give the artifacts that slipway.golang.package returned" in refused([])


def test_two_artifacts_for_one_platform(dist):
    both = [tarball_of(dist, "arm64", "v8.0"), tarball_of(dist, "arm64", "v8.1")]
    assert "'linux/arm64/v8' is not usable: two of them are for this platform" in refused(both)


@pytest.mark.parametrize("other", [{"version": "1.4.3"}, {"name": "bill"}])
def test_artifacts_of_two_services(dist, other):
    both = [tarball_of(dist), tarball_of(dist, "arm64", "v8.0", **other)]
    assert "an image is of one service and one version" in refused(both)


def test_an_artifact_that_was_packaged_again(dist):
    entry = {"path": tarball_of(dist), "digest": "0" * 64}
    assert "is not what slipway.golang.package made" in refused([entry])


@pytest.mark.parametrize("entry", [7, {"file": "a"}, {"path": None}])
def test_what_is_no_artifact(entry):
    assert "give paths of tarballs" in refused([entry])


def test_a_damaged_tarball(dist):
    path = tarball_of(dist)
    with open(path, "rb") as handle:
        good = handle.read()
    for spoiled in (good[: len(good) // 2], b"", b"x" * 100):
        with open(path, "wb") as handle:
            handle.write(spoiled)
        assert "damaged" in refused(path)


@pytest.mark.parametrize("base", ["debian:12", "debian", "debian@sha256:12", "@" + DIGEST])
def test_a_base_without_its_digest(dist, base):
    said = refused(tarball_of(dist), base=base)
    assert said.startswith("base: %r is not usable: a base is named by its digest" % base)


@pytest.mark.parametrize("name", ["debian", "shop/base", "-x.y/z", "base.oci.tar", "r.example/Base"])
def test_a_base_without_its_registry(dist, name):
    assert "name its registry, as in docker.io/library/debian@sha256:" in refused(
        tarball_of(dist), base="%s@%s" % (name, DIGEST)
    )


@pytest.mark.parametrize("name", ["docker.io/library/debian", "docker.io/library/debian:12", "./a b", "/x"])
def test_a_base(name):
    options.check({"base": "%s@%s" % (name, DIGEST)})


def test_a_base_that_is_not_there(dist):
    said = refused(tarball_of(dist), base="/nowhere/base@" + DIGEST)
    assert said == "There is no layout /nowhere/base"


@pytest.mark.parametrize(
    "to",
    [
        "orders",
        "shop/orders",
        "registry.example.com",
        "registry.example.com/Shop",
        "registry.example.com/shop:1.0",
        "registry.example.com/shop@" + DIGEST,
        "https://registry.example.com/shop",
        "registry.example.com/../shop",
        "-r.example.com:x/shop",
        "user:password@registry.example.com/shop",
    ],
)
def test_a_repository_that_is_none(to):
    with pytest.raises(SlipwayError, match="use a registry and a repository in small letters"):
        options.check({"to": to})


@pytest.mark.parametrize(
    "to",
    [
        "registry.example.com/shop/orders",
        "localhost/orders",
        "localhost:5000/orders",
        "registry:5000/orders",
        "127.0.0.1:5000/a/b_c/d-e.f",
        "[::1]:5000/orders",
    ],
)
def test_a_repository(to):
    options.check({"to": to})


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("tags", [], "use one tag or more"),
        ("tags", ["{verison}"], "{verison} is unknown"),
        ("tags", ["-latest"], "use letters, digits"),
        ("tags", ["a b"], "use letters, digits"),
        ("moving", ["x" * 129], "use letters, digits"),
        ("labels", {"a b": "c"}, "use letters, digits"),
        ("labels", {"a": "b\nc"}, "use a text of one line"),
        ("labels", {"a": ["b"]}, "use a text of one line"),
        ("user", "nonroot", "use numbers"),
        ("user", "0", "use numbers"),
        ("user", "0:0", "use numbers"),
        ("user", "65532:nonroot", "use numbers"),
        ("stop_signal", "TERM; rm", "use the name of a signal"),
        ("compression_level", 10, "use 0 .none. to 9"),
        ("load", "cri-o", "use true, false, docker, podman or containerd"),
        ("args", ["{config}/a.toml"], "an image has none"),
        ("args", ["a\0b"], "NUL"),
        ("gate", {"command": []}, "use a command"),
        ("gate", {"command": ["x"], "found": [0]}, "use exit codes"),
        ("gate", {"command": ["x"], "found": ["one"]}, "use exit codes"),
        ("ca_certificates", 7, "use auto, false or a path"),
        ("time_zones", [], "use true, false or a path"),
        ("sign", {"cosign_key": "k", "cosign": "-x"}, "use the name or the path of a program"),
        ("oras", "-x", "use the name or the path of a program"),
    ],
)
def test_options_that_nothing_can_be_made_with(field, value, words):
    with pytest.raises(SlipwayError, match=words) as error:
        options.check({field: value})
    assert str(error.value).startswith(field)


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_ca_certificates_that_are_none(dist, tmp_path, content):
    path = tmp_path / "ca.pem"
    path.write_text(content, encoding="utf-8")
    assert "it has no certificate in PEM form" in refused(tarball_of(dist), ca_certificates=str(path))


def test_ca_certificates_that_are_not_there(dist):
    said = refused(tarball_of(dist), ca_certificates="/nowhere/ca.pem")
    assert said.startswith("ca_certificates: '/nowhere/ca.pem' is not usable: it cannot be read")


def test_time_zones_that_are_not_there(dist):
    assert "install tzdata" in refused(tarball_of(dist), time_zones="/nowhere")


@pytest.mark.parametrize("path", ["orders", "orders/a", "etc/ssl/certs/ca-certificates.crt"])
def test_a_file_in_the_place_of_ours(dist, path):
    assert "the image has this itself" in refused(tarball_of(dist, **{path: "x"}))


def test_a_service_with_the_name_of_a_directory(dist):
    assert "an image has a directory of this name" in refused(tarball_of(dist, name="tmp"))
    base = image(tarball_of(dist / "base", name="home"))
    on_base = {"base": "%s@%s" % (base["layout"], base["digest"])}
    assert "an image has a directory of this name" in refused(tarball_of(dist, name="home"), **on_base)
    file = tarball_of(dist, **{"lib/a": "x"})
    assert "/lib may be a link in the base: use usr/lib" in refused(file, **on_base)
    assert image(file)["changed"]


def test_an_argument_with_a_port_and_no_port(dist):
    assert "there is no port: set port" in refused(tarball_of(dist), port=None, args=["{port}"])


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_that_is_none(dist, port):
    assert "use a whole number from 1 to 65535" in refused(tarball_of(dist), port=port)


def test_nothing_was_written(dist):
    path = tarball_of(dist)
    refused(path, base="/nowhere/base@" + DIGEST)
    refused(path, targets=["linux/s390x"])
    assert [entry.name for entry in dist.iterdir()] == ["orders-1.4.2-linux-amd64.tar.gz"]
