# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import fleet, variables


def service(**given):
    given = dict({"slipway_app": "orders", "slipway_source": "/src/orders"}, **given)
    values, problems = variables.read(given, lambda value: value, "/inventory")
    assert problems == []
    return values


def test_hosts_of_one_description_share_one_build():
    found, index_of = fleet.builds(
        {"web1": service(), "web2": service(slipway_env={"A": "1"}, slipway_port=9000)}
    )
    assert index_of == {"web1": 0, "web2": 0} and found[0]["dist"] == "/src/orders/dist"


def test_every_environment_gets_its_own_build_and_none_gets_anothers():
    services = {
        "staging1": service(slipway_version="2.0.0"),
        "live1": service(slipway_version="1.0.0"),
        "live2": service(),
    }
    found, index_of = fleet.builds(services)
    assert [found[index_of[host]]["version"] for host in services] == ["2.0.0", "1.0.0", None]
    assert len({build["dist"] for build in found}) == 3


def test_several_apps_of_one_repository_share_its_dist():
    services = {
        "a": service(slipway_build={"package": "./cmd/a"}),
        "b": service(slipway_app="b", slipway_build={"package": "./cmd/b"}),
    }
    found, dummy = fleet.builds(services)
    assert {build["dist"] for build in found} == {"/src/orders/dist"}
    assert fleet.apps(services) == {"orders": ["a"], "b": ["b"]}


def test_a_host_with_artifacts_needs_no_build():
    services = {"web1": service(slipway_artifacts=["/dist/a.tar.gz"]), "web2": service()}
    assert fleet.builds(services)[1] == {"web2": 0}


def images(services):
    all_builds, index_of = fleet.builds(services)
    return fleet.images(services, all_builds, index_of)


def test_every_build_is_an_image():
    services = {
        "staging1": service(slipway_version="2.0.0"),
        "live1": service(slipway_version="1.0.0", slipway_image={"labels": {"a": "b"}}),
        "live2": service(slipway_version="1.0.0", slipway_image={"labels": {"a": "b"}}),
        "other": service(
            slipway_app="x", slipway_artifacts=["/dist/x.tar.gz"], slipway_health={"type": "none"}
        ),
    }
    found, problems = images(services)
    assert problems == []
    assert [(one["name"], one["build"], one["artifacts"], one["port"]) for one in found] == [
        ("orders", 0, [], 8080),
        ("orders", 1, [], 8080),
        ("x", None, ["/dist/x.tar.gz"], None),
    ]
    assert found[1]["options"] == {"labels": {"a": "b"}}
    assert found[0]["targets"] == ["linux/amd64"] and found[2]["targets"] == []
    assert found[0]["dest"] != found[1]["dest"] and found[2]["dest"] is None


def test_hosts_of_one_build_cannot_have_two_images():
    for given in ({"slipway_port": 1}, {"slipway_image": {"user": "1"}}):
        _found, (problem,) = images({"web1": service(), "web2": service(**given)})
        assert "but an image of orders has only one: set it for all of its hosts" in problem


def test_a_dockerfile_knows_where_files_come_from():
    files = [{"src": "templates", "dest": "templates"}]
    for given, expected in (({}, {}), ({"dockerfile": True}, {"files": files, "dockerfile": True})):
        (found,), _problems = images({"web1": service(slipway_files=files, slipway_image=given)})
        for entry in expected.get("files", []):
            entry["src"] = "/inventory/templates"
        assert found["options"] == expected


def test_a_rollout_has_one_of_each():
    services = {
        "web1": service(slipway_waves=[1]),
        "web2": service(slipway_waves=[2]),
        "x": service(slipway_app="x"),
    }
    (problem,) = fleet.disagreements(services)
    assert problem.startswith(
        "slipway_waves: web1 has [1] and web2 has [2], but a rollout of orders has only one"
    )
    assert fleet.disagreements({"web1": service(), "web2": service(slipway_port=1)}) == []


@pytest.mark.parametrize(
    ("waves", "count", "sizes"),
    [
        ([1, "10%", "25%", "100%"], 10, [1, 1, 2, 6]),
        ([1, "10%", "25%", "100%"], 1, [1]),
        ([1, "10%", "25%", "100%"], 40, [1, 4, 10, 25]),
        ([3], 10, [3, 3, 3, 1]),
        (["50%"], 3, [1, 1, 1]),
        (["100%"], 7, [7]),
        ([2, 5], 4, [2, 2]),
        ([1], 0, []),
    ],
)
def test_waves_are_reckoned_as_ansible_does(waves, count, sizes):
    assert fleet.wave_sizes(waves, count) == sizes
