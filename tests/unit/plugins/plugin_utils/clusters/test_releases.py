# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The id of a release, its record, and which records are kept."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import names
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils.clusters import difference, releases

from ..manifests import services

SECRET = "s3cret-of-the-test"


def release(**more):
    given = {"slipway_app": "orders", "slipway_version": "1.4.2", "slipway_env": {"TOKEN": SECRET}, **more}
    given.setdefault("slipway_kubernetes", {"image": services.IMAGE, "namespace": "shop"})
    return releases.of_request(services.request(given))


def recorded(release_id, outcome, ended):
    annotations = {releases.RELEASE: release_id, releases.OUTCOME: outcome, releases.ENDED: ended}
    return releases.Release(release_id, release().objects, {k: v for k, v in annotations.items() if v})


def test_an_id_says_the_version_and_the_content():
    first, same, other = release(), release(), release(slipway_env={"TOKEN": "another"})
    assert names.RELEASE_ID.fullmatch(first.id) and first.version == "1.4.2"
    assert first.id == same.id != other.id
    assert names.RELEASE_ID.fullmatch(release(slipway_version=None).id)
    elsewhere = release(slipway_kubernetes={"image": services.IMAGE, "namespace": "elsewhere"})
    assert elsewhere.id == first.id and elsewhere.deployment["metadata"]["namespace"] == "elsewhere"


def test_a_record_brings_the_release_back_without_any_secret():
    first = release(slipway_migrate=["migrate", "up"])
    item = releases.record(releases.labels("orders"), first, **{releases.OUTCOME: "ok"})
    assert SECRET not in json.dumps(item)
    assert item["metadata"]["namespace"] == "shop"
    (found,) = releases.of_records([item])
    assert found.id == first.id and found.outcome == "ok" and found.digest == services.DIGEST
    assert [each for each in first.objects if each["kind"] != "Secret"] == found.objects
    assert found.names_of_secrets() == first.names_of_secrets() != set()


@pytest.mark.parametrize("data", [{}, {"objects": "no JSON"}, {"objects": "[]"}, {"objects": "null"}])
def test_a_damaged_record_is_left_out(data):
    item = dict(releases.record({}, release()), data=data)
    assert releases.of_records([item]) == []


def test_the_deployment_names_the_release_and_the_pods_do_not():
    (found,) = [item for item in release().to_apply if item["kind"] == "Deployment"]
    assert found["metadata"]["annotations"][releases.RELEASE] == release().id
    assert releases.RELEASE not in json.dumps(found["spec"])


def test_the_migration_is_not_applied_with_the_rest():
    found = release(slipway_migrate=["migrate", "up"])
    assert found.of_kind("Job") and "Job" not in [item["kind"] for item in found.to_apply]
    assert [item["kind"] for item in found.first] == ["Secret", "ServiceAccount", "NetworkPolicy"]


def test_what_a_release_has_no_more_is_removed_and_what_has_a_name_by_content_is_not():
    many = release(slipway_kubernetes={"image": services.IMAGE, "replicas": 3})
    single = release(slipway_kubernetes={"image": services.IMAGE, "replicas": 1}, slipway_env={})
    assert [item["kind"] for item in many.removed_by(single)] == ["PodDisruptionBudget"]
    assert single.removed_by(many) == []


def test_previous_is_the_newest_good_one_beside_the_current():
    known = [recorded("1-" + "a" * 12, "ok", "1"), recorded("2-" + "b" * 12, "ok", "2")]
    known += [recorded("3-" + "c" * 12, "reverted", "3"), recorded("4-" + "d" * 12, "ok", "4")]
    assert releases.previous(known, known[3].id).id == known[1].id
    assert releases.previous(known, known[1].id).id == known[3].id
    assert releases.previous(known[:1], known[0].id) is None


def test_a_release_is_found_by_its_version_or_its_id():
    known = [
        recorded("1-" + "a" * 12, "ok", "1"),
        recorded("1-" + "b" * 12, "ok", "2"),
        recorded("2-" + "c" * 12, "ok", "3"),
    ]
    assert releases.resolve(known, "2", None).id == known[2].id
    assert releases.resolve(known, known[0].id, None).id == known[0].id
    for name, words in (("1", "several releases"), ("9", "no release of this cluster")):
        with pytest.raises(SlipwayError, match=words):
            releases.resolve(known, name, None)
    with pytest.raises(SlipwayError, match="no previous release"):
        releases.resolve(known[:1], "previous", known[0].id)


def test_good_records_are_kept_and_of_the_bad_ones_the_newest():
    known = [recorded("%d-%s" % (number, "a" * 12), "ok", str(number)) for number in range(6)]
    known += [recorded("8-" + "b" * 12, "reverted", "8"), recorded("9-" + "b" * 12, "down", "9")]
    gone = releases.surplus(known, known[5].id, 2)
    assert [each.id[0] for each in gone] == ["0", "1", "2", "8"]


def test_a_diff_shows_objects_and_no_secret():
    first = release().objects
    second = release(slipway_env={"TOKEN": "another"}, slipway_version="1.4.3").objects
    entries = difference.shown(first, second, [])
    text = json.dumps(entries)
    assert SECRET not in text and "another" not in text and "(hidden)" in text
    assert [entry["after_header"] for entry in entries][-1] == "Deployment/orders"
    assert difference.changed(first, first) == []


def test_what_a_cluster_keeps_of_an_object_is_no_change():
    (mine,) = [item for item in release().objects if item["kind"] == "Service"]
    kept = dict(mine, status={"loadBalancer": {}})
    kept["metadata"] = dict(
        mine["metadata"], resourceVersion="5", managedFields=[{"manager": "slipway"}], uid="u"
    )
    assert difference.changed([kept], [mine]) == []
