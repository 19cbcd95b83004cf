# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images in real registries: all that belongs to one gets there, the tag last, and nothing is sent twice."""

from __future__ import annotations

import json

import pytest
from support import lab

from . import registries
from .registries import PORTS

KINDS = ("debian", "referrers")
PROVENANCE = "application/vnd.slipway.provenance.v1+json"
SBOM = "application/vnd.cyclonedx+json"
SIGNATURE = "application/vnd.slipway.signature.v1"


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("signing") / "key"
    lab.call(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path])
    return str(path)


@pytest.fixture(scope="module", params=KINDS)
def pushed(request, builder, known, key):
    """(name of the registry, options of the push, what it said): each is pushed once."""
    image = {"to": known.repository(request.param), "ca_file": str(known.ca_file), "moving": ["latest"]}
    announced = builder.sure("--check", image=image, slipway_signing_key=key)
    made = builder.sure(image=image, slipway_signing_key=key)
    assert made.outcome == "pushed"
    # Of the second registry, the layout of the first is there: its digest is known before anything is sent.
    assert announced.digest in (made.digest, "to be built")
    return request.param, image, made


def ask(builder, known, *argv):
    done = builder.oras(*argv, "--ca-file", str(known.ca_file))
    assert done.code == 0, done
    return done.out


def test_the_registry_has_the_digest_that_was_announced(builder, known, pushed):
    name, _image, made = pushed
    for tag in ("1.0.0", "latest"):
        found = ask(builder, known, "resolve", "%s:%s" % (known.repository(name), tag))
        assert found.strip() == made.digest
    assert made.place == "%s@%s" % (known.repository(name), made.digest)


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_oras_finds_what_belongs_to_each_platform(builder, known, pushed, platform):
    name, _image, made = pushed
    reference = "%s@%s" % (known.repository(name), made.digest)
    listed = json.loads(
        ask(builder, known, "discover", "--platform", platform, "--format", "json", reference)
    )
    kinds = sorted(entry["artifactType"] for entry in listed["referrers"])
    assert kinds == sorted([PROVENANCE, SBOM, SIGNATURE])


def test_a_second_push_sends_nothing(builder, known, pushed, key):
    name, image, made = pushed
    cursor = known.cursor(name)
    again = builder.sure(image=image, slipway_signing_key=key)
    assert (again.outcome, again.digest, again.changed) == ("unchanged", made.digest, False)
    assert known.writes(name, cursor) == []


def test_another_image_under_the_same_tag_is_refused(builder, known, pushed, key):
    name, image, made = pushed
    cursor = known.cursor(name)
    said = builder.refused(image=dict(image, labels={"another": "image"}), slipway_signing_key=key)
    assert said.startswith("refused: %s:1.0.0 is another image already, %s" % (image["to"], made.digest))
    assert "slipway_image.moving" in said and "Nothing was pushed" in said
    assert known.writes(name, cursor) == []
    builder.sure(image=image, slipway_signing_key=key)  # the layout of before


def test_a_moving_tag_moves_and_no_other(builder, known, pushed, key):
    name, image, made = pushed
    new = builder.sure(image=image, slipway_version="1.1.0", slipway_signing_key=key)
    assert new.outcome == "pushed" and new.digest != made.digest
    for tag, digest in {"1.0.0": made.digest, "1.1.0": new.digest, "latest": new.digest}.items():
        found = ask(builder, known, "resolve", "%s:%s" % (image["to"], tag))
        assert found.strip() == digest
    moved = builder.sure("--check", image=image, slipway_signing_key=key)
    assert moved.outcome == "pushed"  # latest would go back
    builder.sure(image=image, slipway_signing_key=key)


def test_an_image_in_a_registry_is_a_base(builder, known, pushed, key):
    name, image, made = pushed
    base = "%s@%s" % (image["to"], made.digest)
    options = {"ca_file": image["ca_file"], "base": base}
    first = builder.sure("--check", image=options, slipway_version="2.0.0", slipway_signing_key=key)
    assert first.changed
    made_on = builder.sure(image=options, slipway_version="2.0.0", slipway_signing_key=key)
    assert made_on.outcome == "built"
    again = builder.sure(image=options, slipway_version="2.0.0", slipway_signing_key=key)
    assert (again.outcome, again.digest) == ("unchanged", made_on.digest)


def test_a_base_by_its_tag_is_refused(builder, known):
    said = builder.refused(image={"base": known.repository("debian") + ":1.0.0"})
    assert "slipway_image.base" in said and "a base is named by its digest" in said


def test_a_wrong_password(builder, known):
    builder.log_in("wrong")
    try:
        said = builder.refused(
            image={"to": known.repository("debian", "shop/other"), "ca_file": str(known.ca_file)}
        )
    finally:
        builder.log_in("correct-horse")
    assert "Check the user and the password" in said and "\n" not in said


def test_a_registry_that_is_away(builder, known):
    to = "%s:%d/shop/caller" % (known.address, PORTS["debian"] + 100)
    said = builder.refused(image={"to": to, "ca_file": str(known.ca_file)})
    assert "Does the registry answer from this machine?" in said and "\n" not in said


def test_a_registry_whose_ca_is_not_known(builder, known):
    said = builder.refused(image={"to": known.repository("debian")})
    assert "Name the CA of the registry in ca_file" in said and "\n" not in said


def test_a_registry_without_room_has_no_part_under_the_tag(builder, known):
    image = {"to": known.repository("full"), "ca_file": str(known.ca_file)}
    said = builder.refused(image=image)
    assert "quota" in said and "free space there" in said and "\n" not in said
    done = builder.oras("resolve", known.repository("full") + ":1.0.0", "--ca-file", str(known.ca_file))
    assert done.code != 0 and "not found" in done.err


def test_without_oras(builder, known):
    said = builder.refused(image={"to": known.repository("debian"), "oras": "/nowhere/oras"})
    assert "there is no /nowhere/oras on this machine: run 'go install oras.land/oras" in said


def test_a_host_fetches_its_tarball_from_the_registry(builder, known, hosts):
    """It has neither Docker nor a password, and checks the artifact as any other."""
    image = {"to": known.repository("public"), "ca_file": str(known.ca_file), "tarballs": True}
    builder.sure(image=image, slipway_version="3.0.0")
    given = {
        "slipway_version": "3.0.0",
        "slipway_pull_from": "oci://" + image["to"],
        "slipway_pull_ca_file": registries.HOME + "/ca.crt",
        "slipway_delta": False,
    }
    cursor = known.cursor("public")
    done = builder.sure(playbook="deploy", **given)
    assert "3.0.0" in done.out
    read = known.reads("public", cursor)
    assert any("/v2/shop/caller/blobs/sha256:" in line for line in read), read
    live = hosts["web1"].sure("readlink /opt/caller/current")
    assert "3.0.0-" in live
