# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook image, with tarballs that are there. With builds and registries: system/image."""

from __future__ import annotations

import re

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.system import platform

from ..plugins.module_utils.builder.image.tarballs import tarball_of

SECRET = "hunter2-of-the-environment"


@pytest.fixture
def artifact(tmp_path):
    return tarball_of(tmp_path / "dist", version="2.0.0")


def digest(run):
    return re.search(r"orders: (\w+), (\S+), (sha256:[0-9a-f]{64})", run.output).groups()


def test_an_image_of_a_tarball_once_for_all_hosts(play, artifact, tmp_path):
    given = {"slipway_artifacts": [artifact], "slipway_env": {"PASSWORD": SECRET}}
    run = play("image", **given)
    assert run.status == 0, run.output
    assert run.output.count("=> (item=orders)") == 2, "one image, shown once"
    assert run.calls == [] and SECRET not in run.output
    outcome, layout, first = digest(run)
    assert (outcome, layout) == ("built", str(tmp_path / "dist" / "orders-2.0.0.oci.tar"))
    assert SECRET.encode() not in (tmp_path / "dist" / "orders-2.0.0.oci.tar").read_bytes()
    again = play("image", **given)
    assert digest(again) == ("unchanged", layout, first) and "changed=0" in again.output


def test_check_mode_says_why_and_writes_nothing(play, artifact, tmp_path):
    run = play("image", check=True, options=["--diff"], slipway_artifacts=[artifact])
    assert run.status == 0 and "+linux/amd64 User: 65532:65532" in run.output, run.output
    assert not list((tmp_path / "dist").glob("*.oci.tar"))


def test_port_and_arguments_are_those_of_the_service(play, artifact, tmp_path):
    unit = {"exec_args": ["-listen", ":{port}"]}
    image = {"labels": {"team": "shop"}, "user": "1000:1000"}
    run = play(
        "image", slipway_artifacts=[artifact], slipway_port=9000, slipway_unit=unit, slipway_image=image
    )
    assert run.status == 0, run.output
    shown = play(
        "image", check=True, options=["--diff"], slipway_artifacts=[artifact], slipway_port=9001
    ).output
    assert "-linux/amd64 Cmd: -listen :9000" in shown and "-linux/amd64 Labels team: shop" in shown


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"slipway_targets": ["linux/s390x"]}, "there is no artifact for this target"),
        ({"slipway_image": {"base": "debian:12"}}, "slipway_image.base: 'debian:12' is not usable"),
        (
            {"slipway_unit": {"exec_args": ["{config}/a"]}, "slipway_config": [{"src": "a", "dest": "a"}]},
            "slipway_unit.exec_args: '{config}/a' is not usable: configuration files are rendered for hosts",
        ),
        ({"slipway_artifacts": ["nowhere.tar.gz"]}, "nowhere.tar.gz"),
        ({"slipway_artifacts": ""}, "slipway_source is not set"),
    ],
)
def test_what_no_image_can_be_made_of(play, artifact, tmp_path, variables, words):
    run = play("image", **{"slipway_artifacts": [artifact], **variables})
    assert run.status == 2 and words in run.output, run.output
    assert not list((tmp_path / "dist").glob("*.oci.tar"))


def test_hosts_that_differ_in_their_image(play, artifact, tmp_path):
    inventory = (tmp_path / "inventory.yml").read_text(encoding="utf-8")
    inventory = inventory.replace("{web1: ,", "{web1: {slipway_port: 9000},")
    (tmp_path / "two.yml").write_text(inventory, encoding="utf-8")
    run = play("image", inventory="two.yml", slipway_artifacts=[artifact])
    assert run.status == 2
    assert "slipway_port: web1 has 9000 and web2 has None, but an image of orders has only one" in run.output


def test_no_target_of_this_machine_is_assumed(play, tmp_path):
    """Where only tarballs are given, the default of slipway_targets says nothing."""
    other = "arm64" if platform.goarch() != "arm64" else "s390x"
    path = tarball_of(tmp_path / "dist", other, "v8.0" if other == "arm64" else "", version="2.0.0")
    assert play("image", slipway_artifacts=[path]).status == 0
