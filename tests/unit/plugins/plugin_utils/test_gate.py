# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import gate, gate_options
from ansible_collections.slipway.golang.plugins.plugin_utils.variables import setting

NEW, OLD = "1.4.2-0a1b2c3d4e5f", "1.4.1-9c8d7e6f5a4b"
HERE, OTHER = "127.0.0.1:8080", "127.0.0.1:8081"


def settings(domain=("orders.example.com",), soak=60, proxy=None, **given):
    values = {"slipway_gate": setting("slipway_gate", given), "slipway_domain": list(domain)}
    return gate_options.settled(dict(values, slipway_soak_seconds=soak, slipway_proxy=proxy or {}))


def side(bad, requests):
    return {"requests": requests, "bad": bad}


def counts(new=(0, 0), old=(0, 0), before=(0, 0), others_before=(0, 0)):
    return dict(zip(gate.COUNTED, (side(*each) for each in (new, old, before, others_before))))


def judged(new, old, before=(0, 0), others_before=(0, 0), **given):
    return gate.judge(settings(**given), counts(new, old, before, others_before))["verdict"]


@pytest.mark.parametrize(
    ("new", "old", "verdict"),
    [
        ((43, 1043), (3, 3120), "worse"),
        ((0, 1043), (3, 3120), "better or the same"),
        ((10, 1043), (30, 3120), "better or the same"),
        ((199, 199), (0, 3000), "unsure"),  # before at_least nothing is said
        ((0, 1000), (0, 0), "unsure"),  # there is nothing to compare with
        ((0, 1000), (0, 199), "unsure"),
        ((500, 1000), (0, 50), "worse"),  # few of the old are enough for so clear a difference
        ((400, 100000), (0, 300000), "better or the same"),  # it differs by less than worse_by
        ((600, 100000), (0, 300000), "worse"),
    ],
)
def test_the_verdict(new, old, verdict):
    assert judged(new, old) == verdict


def test_the_same_minutes_count_before_the_requests_of_before():
    assert judged((20, 1000), (20, 1000), before=(0, 3000)) == "better or the same"
    assert judged((20, 1000), (0, 100), before=(0, 3000)) == "worse"


def test_hosts_that_were_worse_before_are_compared_with_themselves():
    """Such as those in a zone whose database is far away: that is not the fault of the release."""
    alike, worse = (3, 3000), (90, 3000)
    assert judged((30, 1000), (3, 3000), before=alike, others_before=alike) == "worse"
    assert judged((30, 1000), (3, 3000), before=worse, others_before=alike) == "better or the same"
    assert judged((100, 1000), (3, 3000), before=worse, others_before=alike) == "worse"
    # What hurt all hosts before and is over now hides nothing.
    assert judged((30, 1000), (3, 3000), before=worse, others_before=worse) == "worse"


def test_what_does_not_matter_and_what_is_enough_are_settings():
    assert judged((20, 1000), (0, 3000), worse_by=3) == "better or the same"
    assert judged((20, 50), (0, 3000), at_least=50) == "worse"


# --- how often it is right ---


def share_of_worse(chosen, runs, requests, of_new, of_old):
    """How often the gate says worse, of requests that are bad at random; three old ones for each new one."""
    known = settings(at_least=requests)

    def answered(count, share):
        return side(sum(chosen.random() < share for dummy in range(count)), count)

    verdicts = [
        gate.judge(
            known,
            {
                "new": answered(requests, of_new),
                "old": answered(3 * requests, of_old),
                "before": answered(requests, of_old),
                "others_before": answered(3 * requests, of_old),
            },
        )["verdict"]
        for dummy in range(runs)
    ]
    return 100 * verdicts.count("worse") / runs


@pytest.mark.parametrize(
    ("requests", "of_old", "of_new", "least", "most"),
    [
        (100, 0.001, 0.05, 20, 70),
        (300, 0.001, 0.05, 85, 100),
        (300, 0.01, 0.10, 95, 100),
        (300, 0.01, 0.03, 2, 40),
        (1000, 0.001, 0.02, 90, 100),
        (1000, 0.01, 0.05, 98, 100),
    ],
)
def test_how_often_a_bad_release_is_found(requests, of_old, of_new, least, most):
    assert least <= share_of_worse(random.Random(1), 60, requests, of_new, of_old) <= most


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1])
def test_a_hundred_good_deploys_are_never_called_worse(share):
    assert share_of_worse(random.Random(7), 100, 300, share, share) == 0


# --- who answered ---

ROWS = {
    "web1": {"from": OLD, "to": NEW, "share": 0, "server": "", "failed": False},
    "web2": {"from": OLD, "to": NEW, "share": 0, "server": "", "failed": False},
}


def sides(addresses=None, rows=None, batch=("web1",), waiting=("web2",)):
    return gate.Sides(rows or ROWS, list(batch), list(waiting), addresses or {})


def of(release="", server=HERE):
    return {"release": release, "server": server}


@pytest.mark.parametrize(
    ("host", "entry", "now", "before"),
    [
        ("web1", of("1.4.2"), "new", None),
        ("web1", of(NEW), "new", None),
        ("web1", of("1.4.1"), "old", "before"),  # a long request that the old one ended
        ("web1", of(), "new", "before"),  # without X-Release, such as a 502
        ("web2", of(), "old", "others_before"),
        ("web2", of("2024.1"), "old", "others_before"),  # a name of the app's own
        ("web1", of(server=""), None, None),  # nginx itself: a 429, or a 404
        ("web3", of(), None, None),
    ],
)
def test_the_name_in_the_answer_tells_the_release_and_else_the_host(host, entry, now, before):
    assert (sides().now(host, entry), sides().before(host, entry)) == (now, before)


def test_a_host_that_is_unhealthy_after_the_soak_does_not_speak_for_the_release():
    rows = dict(ROWS, web1=dict(ROWS["web1"], failed=True))
    known = sides(rows=rows)
    assert known.now("web1", of("1.4.2")) is None and known.now("web2", of("1.4.1")) == "old"
    known = sides({"10.0.0.1:8080": "web1"}, rows=rows)
    assert known.now("lb1", of("1.4.2", server="10.0.0.1:8080")) is None


def test_a_version_that_both_releases_have_tells_nothing():
    """Only the configuration changed, and the app sends its version."""
    rows = {host: dict(row, to="1.4.1-123456789012") for host, row in ROWS.items()}
    known = sides(rows=rows)
    assert known.now("web1", of("1.4.1")) == "new" and known.now("web2", of("1.4.1")) == "old"
    assert known.now("web2", of("1.4.1-123456789012")) == "new"


def test_what_has_the_new_release_from_an_earlier_rollout_is_not_the_old_one():
    rows = dict(ROWS, web3={"from": NEW, "to": NEW, "share": 0, "server": "", "failed": False})
    known = sides(rows=rows)
    assert known.now("lb1", of("1.4.2")) == "new" and known.now("web2", of("1.4.1")) == "old"


def test_behind_balancers_the_address_tells_the_host():
    known = sides({"10.0.0.1:8080": "web1", "10.0.0.2:8080": "web2"})
    assert known.now("lb1", of(server="10.0.0.1:8080")) == "new"
    assert known.now("lb1", of(server="10.0.0.2:8080")) == "old"
    assert known.now("lb1", of(server="10.0.0.3:8080")) is None
    assert known.before("lb1", of(server="10.0.0.1:8080")) == "before"
    assert known.before("lb1", of(server="10.0.0.2:8080")) == "others_before"


def test_with_a_share_the_port_tells_the_instance():
    rows = dict(ROWS, web1=dict(ROWS["web1"], share=5, server=OTHER))
    known = sides(rows=rows)
    assert known.now("web1", of(server=OTHER)) == "new" and known.now("web1", of(server=HERE)) == "old"
    assert known.now("web2", of(server=HERE)) == "old"


def test_counts_of_all_hosts_are_added_up():
    def counted(release, requests, errors, slow=0, server=HERE):
        return dict(of(release, server), requests=requests, errors=errors, slow=slow)

    answers = [
        ("web1", {"servers": [counted("1.4.2", 100, 4, 1)], "baseline": [counted("1.4.1", 50, 2)]}),
        (
            "web2",
            {
                "servers": [counted("1.4.1", 200, 1), counted("", 3, 3, server="")],
                "baseline": [counted("", 70, 1)],
            },
        ),
    ]
    assert gate.totals(sides(), answers) == counts((5, 100), (1, 200), (2, 50), (1, 70))


# --- who is asked, and for how long ---


def test_each_host_of_the_wave_counts_and_asks_three_that_wait():
    waiting = ["web%d" % number for number in range(3, 10)]
    assert gate.asked(settings(), ["web1", "web2"], waiting, []) == {
        "web1": ["web1", "web3", "web4", "web5"],
        "web2": ["web2", "web6", "web7", "web8"],
    }
    assert gate.asked(settings(), ["web1", "web2"], waiting, ["lb1", "lb2"]) == {"web1": ["lb1", "lb2"]}
    command = settings(**{"from": "command", "command": ["count"]})
    assert gate.asked(command, ["web1"], waiting, ["lb1"]) == {}
    assert gate.asked(settings(), [], waiting, ["lb1"]) == {}


def test_it_waits_for_more_requests_as_long_as_patience_lasts():
    def wait(requests, elapsed=10.0, waited=0, **given):
        known = settings(**{"patience": 60, **given})
        found = dict(gate.judge(known, counts((0, requests), (0, 900))), not_counted=[])
        return gate.wait(known, found, elapsed, waited)

    assert wait(200) == 0
    assert wait(100) == 10  # as many in the same time again
    assert wait(199) == 2 and wait(1) == 30 and wait(0) == 30
    assert wait(0, waited=50) == 10 and wait(0, waited=60) == 0
    assert wait(0, patience=0) == 0
    assert gate.wait(settings(patience=60), gate.unknown("no log"), 10.0, 0) == 0


def account(**rows):
    known = {
        host: {"app": "orders", "from": OLD, "to": NEW, "outcome": "ok", "failed": False, "share": 0}
        for host in ("web1", "web2", "web3")
    }
    for host, changes in rows.items():
        known[host] = dict(known[host], **changes)
    return {
        "rows": known,
        "apps": {"orders": {"gate": settings()}},
        "order": ["web1", "web2", "web3"],
        "reached": ["web1"],
        "wave": 1,
    }


def begun(changed, hosts=("web1",), sites=("web1", "web2", "web3"), balancers=()):
    return gate.begun(changed, list(hosts), sites and set(sites), list(balancers), 5.0)


def test_what_is_compared_after_a_wave():
    found = begun(account())
    assert (found["batch"], found["waiting"], found["wave"]) == (["web1"], ["web2", "web3"], 1)
    assert found["releases"] == {"new": NEW, "old": OLD} and found["began"] == 5.0
    assert begun(account(), sites=("web1", "web3"))["asks"] == {"web1": ["web1", "web3"]}
    assert begun(account(), sites=None, balancers=["lb1"])["asks"] == {"web1": ["lb1"]}


def test_during_a_share_its_wave_is_not_over_yet():
    changed = dict(account(web1={"outcome": "change", "share": 5}), reached=[], wave=0)
    found = begun(changed)
    assert (found["batch"], found["share"], found["wave"]) == (["web1"], 5, 1)
    assert found["asks"] == {"web1": ["web1"]}  # it has both releases


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "reverted", "failed": True},
        {"outcome": "unchanged"},
        {"from": ""},  # a first release
        {"from": NEW},  # the same one, repaired
    ],
)
def test_a_host_without_two_releases_is_not_judged(changes):
    assert begun(account(web1=changes))["batch"] == []


def test_without_a_gate_there_is_nothing_to_compare():
    changed = account()
    changed["apps"]["orders"]["gate"] = {}
    assert begun(changed) == {"batch": []}


# --- in words ---


def test_the_sentence_has_the_numbers():
    found = dict(gate.judge(settings(), counts((43, 1043), (3, 3120))), not_counted=[])
    found = gate.named(found, settings(), begun(account()))
    assert gate.described(found) == (
        "Gate, wave 1: worse: 4.1% of 1,043 requests were bad with 1.4.2-0a1b2c3d4e5f, "
        "0.1% of 3,120 with 1.4.1-9c8d7e6f5a4b"
    )
    assert (found["hosts"], found["app"], found["share"]) == (["web1"], "orders", 0)
    few = dict(gate.judge(settings(), counts((0, 12), (0, 50))), not_counted=[])
    few = gate.named(few, settings(), begun(account()))
    assert gate.sentence(few).endswith("; at_least is 200")
    partly = gate.sentence(dict(few, not_counted=["web2: no log", "web3: no connection"]))
    assert partly.endswith("; at_least is 200; requests were not counted: web2: no log; web3: no connection")
    lost = gate.named(gate.unknown("web1: no log"), settings(), begun(account()))
    assert gate.described(lost) == "Gate, wave 1: unsure: requests were not counted: web1: no log"


def test_only_what_is_worse_stops_a_rollout_and_what_is_unsure_if_it_is_told_to():
    unsure = gate.unknown("no log")
    assert not gate.stops(settings(), unsure)
    assert gate.stops(settings(unsure="stop"), unsure)
    assert gate.stops(settings(), {"verdict": "worse"})
    assert not gate.stops(settings(unsure="stop"), {"verdict": "better or the same"})


# --- what the user wrote ---


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({}, "nginx"),
        ({"from": "off"}, None),
        ({"from": False}, None),  # as YAML reads it
        ({"from": "command", "command": ["count"]}, "command"),
    ],
)
def test_where_requests_are_counted(given, source):
    assert settings(**given).get("from") == source


def test_without_a_domain_or_a_wait_there_is_no_gate():
    assert settings(domain=()) == {} and settings(soak=0) == {}
    assert settings(soak=0, patience=60)["from"] == "nginx"
    assert settings(proxy={"access_log": False}) == {}


@pytest.mark.parametrize(
    ("bad", "slow_after"),
    [("5xx", None), ("5xx or slower than 800ms", 0.8), ("5xx or slower than 1.5s", 1.5)],
)
def test_what_counts_as_bad(bad, slow_after):
    assert settings(bad=bad)["slow_after"] == slow_after
