# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images in real registries: all that belongs to one gets there, the tag last, and nothing is sent twice."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder.image import blobs

from . import registries
from .registries import PORTS


@pytest.fixture(scope="module", params=["debian", "referrers"])
def pushed(request, builder, known):
    """(name of the registry, the options of the push, its result): each is pushed once."""
    image = {"to": known.repository(request.param), "moving": ["latest"]}
    cursor = known.cursor(request.param)
    announced = builder.image(check_mode=True, **image)
    assert (announced["outcome"], known.writes(request.param, cursor)) == ("pushed", [])
    made = builder.image(**image)
    assert (made["outcome"], made["digest"]) == ("pushed", announced["digest"])
    return request.param, image, made


def resolved(builder, reference):
    done = builder.ask("resolve", reference)
    assert done.code == 0, done
    return done.out.strip()


def is_absent(builder, repository):
    """Whether the tag of the image names nothing."""
    done = builder.ask("resolve", repository + ":1.0.0")
    return done.code != 0 and "not found" in done.err


def test_the_registry_has_the_digest_that_was_announced(builder, pushed):
    _name, image, made = pushed
    for tag in ("1.0.0", "latest"):
        assert resolved(builder, "%s:%s" % (image["to"], tag)) == made["digest"]
    assert made["reference"] == "%s@%s" % (image["to"], made["digest"])
    assert made["tags"] == [image["to"] + ":1.0.0"]


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_oras_finds_what_belongs_to_each_platform(builder, pushed, platform):
    done = builder.ask("discover", "--platform", platform, "--format", "json", pushed[2]["reference"])
    kinds = sorted(entry["artifactType"] for entry in json.loads(done.out)["referrers"])
    assert kinds == sorted([blobs.PROVENANCE, blobs.SBOM, blobs.SIGNATURE])


def test_a_second_push_sends_nothing(builder, known, pushed):
    name, image, made = pushed
    cursor = known.cursor(name)
    again = builder.image(**image)
    assert (again["outcome"], again["changed"], again["digest"]) == ("unchanged", False, made["digest"])
    assert known.writes(name, cursor) == []


def test_another_image_under_the_same_tag_is_refused(builder, known, pushed):
    name, image, made = pushed
    cursor = known.cursor(name)
    said = builder.refused(**image, labels={"another": "image"})
    assert said.startswith("refused: %s:1.0.0 is another image already, %s" % (image["to"], made["digest"]))
    assert "slipway_image.moving" in said and "Nothing was pushed" in said
    assert known.writes(name, cursor) == []


def test_a_moving_tag_moves_and_no_other(builder, pushed):
    _name, image, made = pushed
    new = builder.image(**dict(image, tags=["1.1.0"]), labels={"another": "image"})
    assert new["outcome"] == "pushed" and new["digest"] != made["digest"]
    for tag, digest in {"1.0.0": made["digest"], "1.1.0": new["digest"], "latest": new["digest"]}.items():
        assert resolved(builder, "%s:%s" % (image["to"], tag)) == digest
    back = builder.image(**image)
    assert [reason for reason in back["reasons"] if "latest" in reason]
    assert resolved(builder, image["to"] + ":latest") == made["digest"]


def test_what_comes_later_is_sent_alone(builder, known, pushed):
    """The tarballs refer to the same images."""
    name, image, made = pushed
    more = builder.image(**image, tarballs=True)
    assert (more["outcome"], more["digest"]) == ("pushed", made["digest"])
    done = builder.ask("discover", "--platform", "linux/arm64", "--format", "json", made["reference"])
    assert blobs.ARTIFACT in [entry["artifactType"] for entry in json.loads(done.out)["referrers"]]


def test_an_image_in_a_registry_is_a_base(builder, pushed, tmp_path):
    _name, _image, made = pushed
    options = {"base": made["reference"], "dest": str(tmp_path)}
    announced = builder.image(check_mode=True, **options)
    assert list(tmp_path.iterdir()) == []
    on_base = builder.image(**options)
    assert (on_base["outcome"], on_base["digest"]) == ("built", announced["digest"])
    offline = builder.image(**options, oras="/nowhere/oras")
    assert (offline["outcome"], offline["digest"]) == ("unchanged", on_base["digest"])
    assert "it has no image for linux/s390x" in builder.refused(
        **dict(options, artifacts=[s390x(tmp_path)], targets=None)
    )


def s390x(directory):
    """A tarball for a platform that the base has no image for."""
    from unit.plugins.module_utils.builder.image.tarballs import tarball_of

    return tarball_of(directory / "s390x", "s390x", "", name="caller", version="1.0.0")


def test_a_wrong_password(builder, known, tmp_path):
    users = tmp_path / "config.json"
    users.write_text(json.dumps({"auths": known.users("wrong")}))
    for name in ("debian", "referrers"):
        to = known.repository(name, "shop/other")
        said = builder.refused(to=to, registry_config=str(users))
        assert "Check the user and the password" in said, said
        assert is_absent(builder, to)


def test_a_registry_that_is_away(builder, known):
    said = builder.refused(to="%s:%d/shop/caller" % (known.address, PORTS["debian"] + 100))
    assert "Does the registry answer from this machine?" in said


def test_a_registry_whose_ca_is_not_known(builder, known):
    said = builder.refused(to=known.repository("debian"), ca_file=None)
    assert "Name the CA of the registry in ca_file" in said


def test_a_registry_without_room_has_no_part_under_the_tag(builder, known):
    said = builder.refused(to=known.repository("full"))
    assert "quota" in said and "free space there" in said
    assert is_absent(builder, known.repository("full"))


def test_an_image_that_a_scanner_refuses_is_not_pushed(builder, known):
    to = known.repository("referrers", "shop/scanned")
    gate = {"command": ["sh", "-c", 'grep -q caller "$1/index.json" && exit 1', "sh", "{directory}"]}
    with pytest.raises(Exception, match="found something in the image"):
        builder.image(to=to, gate=gate)
    assert is_absent(builder, to)


def test_the_playbook_pushes_and_a_host_fetches_its_tarball(builder, known, hosts):
    """The host has neither Docker nor a password, and checks the artifact as any other."""
    image = {"to": known.repository("public"), "tarballs": True}
    announced = builder.sure("image", "--check", image=image)
    made = builder.sure("image", image=image)
    assert (made.outcome, made.digest) == ("pushed", announced.digest)
    assert made.place == "%s@%s" % (image["to"], made.digest)
    assert not builder.sure("image", image=image).changed
    cursor = known.cursor("public")
    builder.sure(
        "deploy",
        slipway_pull_from="oci://" + image["to"],
        slipway_pull_ca_file=registries.HOME + "/ca.crt",
        slipway_delta=False,
    )
    read = known.reads("public", cursor)
    assert any("GET /v2/shop/caller/blobs/sha256:" in line for line in read), read
    assert "1.0.0-" in hosts["web1"].sure("readlink /opt/caller/current")
