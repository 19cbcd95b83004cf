# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import profiles

WHEN = datetime.datetime(2026, 11, 28, 6, 45, 12, tzinfo=datetime.timezone.utc)


def serving(version, digest="0a1b2c3d4e5f", artifact=None):
    return {"release": "%s-%s" % (version, digest), "version": version, "artifact": artifact or version}


FOUND = {"web%d" % number: serving("1.4.2") for number in range(1, 8)}


def test_a_few_hosts_of_one_release_are_asked():
    assert profiles.choose(FOUND, "", 5) == (
        "1.4.2-0a1b2c3d4e5f",
        ["web1", "web2", "web3", "web4", "web5"],
        ["2 more hosts serve it: slipway_hosts_at_most is 5"],
    )


def test_one_artifact_with_a_configuration_for_each_host_is_one_release():
    found = {"a": serving("1.4.2", "0" * 12), "b": serving("1.4.2", "1" * 12)}
    assert profiles.choose(found, "", 5) == ("1.4.2", ["a", "b"], [])
    assert profiles.choose(found, "1.4.2-" + "1" * 12, 5)[:2] == ("1.4.2-" + "1" * 12, ["b"])


def test_a_mixture_is_refused_unless_a_release_is_named():
    found = dict(FOUND, web2=serving("1.4.1", "9" * 12))
    with pytest.raises(SlipwayError) as refused:
        profiles.choose(found, "", 5)
    assert "1.4.1-999999999999 on web2" in str(refused.value) and "slipway_release=" in str(refused.value)
    assert profiles.choose(found, "1.4.1", 5) == (
        "1.4.1-999999999999",
        ["web2"],
        ["web%d: serves 1.4.2-0a1b2c3d4e5f" % number for number in (1, 3, 4, 5, 6, 7)],
    )
    with pytest.raises(SlipwayError, match="do not serve 1.3.0"):
        profiles.choose(found, "1.3.0", 5)


def test_one_version_that_was_built_twice_is_a_mixture():
    found = {"a": serving("1.4.2", artifact="x"), "b": serving("1.4.2", artifact="y")}
    with pytest.raises(SlipwayError, match="cannot be merged"):
        profiles.choose(found, "1.4.2", 5)


def test_hosts_that_cannot_be_asked_are_named():
    found = dict(FOUND, web1={"unreachable": True}, web2={"failed": True, "msg": "no socket\x1b[2J"}, web3={})
    assert profiles.choose(found, "", 5)[2] == [
        "web1: unreachable",
        "web2: no socket?[2J",
        "web3: no answer",
    ]
    with pytest.raises(SlipwayError, match="No host can be profiled:\nweb1: unreachable"):
        profiles.choose({"web1": {"unreachable": True}}, "", 5)


def test_the_name_of_a_profile():
    name = profiles.stem("orders", "1.4.2-0a1b2c3d4e5f", "cpu", WHEN)
    assert name == "orders-1.4.2-0a1b2c3d4e5f-cpu-20261128T064512Z"


def test_the_previous_profile_is_the_newest_of_another_release(tmp_path):
    def write(name, **known):
        (tmp_path / (name + ".json")).write_text(
            json.dumps(
                dict({"app": "orders", "kind": "cpu", "artifact": "a", "taken": "2026-01-01"}, **known)
            )
        )

    def found():
        return profiles.previous(str(tmp_path), "orders", "cpu", "new")

    with pytest.raises(SlipwayError, match="no cpu profile of another release of orders"):
        found()
    write("orders-1-cpu-1")
    write("orders-1-cpu-2", taken="2026-01-03")
    write("orders-2-cpu-3", artifact="new", taken="2026-01-04")
    write("orders-2-heap-4", kind="heap", taken="2026-01-05")
    write("orders-x-cpu-5", app="orders-x", taken="2026-01-06")
    (tmp_path / "orders-1-cpu-6.json").write_text("{")
    assert found() == str(tmp_path / "orders-1-cpu-2.pb.gz")


@pytest.mark.parametrize(
    ("hosts", "seconds", "enough"),
    [(3, 0.5, True), (1, 60, True), (2, 59.9, False), (3, 0, False), (1, 5, False)],
)
def test_how_much_is_enough_to_build_by(hosts, seconds, enough):
    assert (profiles.not_enough(hosts, seconds) == "") is enough


def measured(*pairs):
    return profiles.gain([list(pair) for pair in pairs])


def test_the_gain_is_the_median_with_an_interval():
    found = measured(*[(1.0, 0.9)] * 4, (1.0, 0.5), (1.0, 1.2), (2.0, 1.78), (1.0, 0.88), (1.0, 0.91))
    assert found["gain"] == 0.1 and found["interval"] == [0.09, 0.12]
    assert (found["plain_seconds"], found["optimised_seconds"], found["worth"]) == (1.0, 0.9, True)


@pytest.mark.parametrize(
    ("others", "worth"),
    [
        ([1.0] * 9, False),
        ([0.995] * 9, False),
        ([0.98] * 9, True),
        ([0.9] * 7 + [1.1] * 2, False),  # it may as well be none
        ([0.9] * 8 + [1.1], True),
        ([1.05] * 9, False),
    ],
)
def test_what_may_be_less_than_a_hundredth_is_not_worth_it(others, worth):
    assert measured(*[(1.0, other) for other in others])["worth"] is worth


@pytest.mark.parametrize("turns", [[], [[1, 1]] * 4, [[0, 1]] * 9, "abc", [["x", 1]] * 9, [[1]] * 9])
def test_turns_that_say_nothing_are_refused(turns):
    with pytest.raises(SlipwayError):
        profiles.gain(turns)


def test_the_gain_in_words():
    turns = [[2.0, 1.8]] * 9
    words = profiles.gain_in_words(dict(profiles.gain(turns), turns=turns, requests=4000))
    assert words == (
        "CPU seconds for 1,000 requests: 0.500 without the profile, 0.450 with it (medians of 9 turns). "
        "That is 10.0 % less, between 10.0 and 10.0 %: worth it"
    )
    turns = [[2.0, 2.0]] * 9
    words = profiles.gain_in_words(dict(profiles.gain(turns), turns=turns, requests=0))
    assert "for one run of the load: 2.000" in words and words.endswith("not worth the longer build")
