# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a rollout: what it says, and that nothing in it is taken for markup or asked of a network."""

from __future__ import annotations

import html.parser
import re

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import report, rollout

from .test_rollout import BAD, HOSTS, IS, OK, REVERTED, plan

BEGAN = 1795847167.0
TIMED = dict(OK, began=BEGAN + 2, ended=BEGAN + 5, phases={"stage": 500, "start": 40}, ready_ms_before=60)


class Page(html.parser.HTMLParser):
    """The texts of the cells of each row, and every tag with its attributes."""

    VOID = ("meta", "br", "link")

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


def page(account, **options):
    text = report.page(account, "ann@laptop", BEGAN, BEGAN + 6.5, **options)
    parsed = Page(text)
    assert parsed.open == []
    return text, parsed


@pytest.fixture(name="account")
def _account():
    made = rollout.prepared(plan({"web2": IS}), {"orders": {"problem": ""}})
    made = rollout.after_wave(made, {"web1": TIMED})
    made = rollout.after_soak(made, {"web1": TIMED})
    return rollout.ended(made)


def test_every_host_has_its_row(account):
    dummy, parsed = page(account)
    cells = {row[0]: row for row in parsed.rows if len(row) == 8}
    assert cells["web1"][1:5] == ["ok", "1", "1-a", "2-b"] and cells["web1"][6] == "41"
    assert cells["web2"][1] == "unchanged" and cells["web3"][1] == "not reached"


def test_the_time_line_has_each_act_once_with_its_phases(account):
    text, parsed = page(account)
    pieces = [attributes for tag, attributes in parsed.tags if tag == "i"]
    assert [piece["class"] for piece in pieces] == ["send", "stage", "start"]
    widths = [float(re.search(r"width: ([0-9.]+)%", piece["style"])[1]) for piece in pieces]
    assert sum(widths) == pytest.approx(100, abs=0.01) and widths[1] == pytest.approx(100 * 0.5 / 3, abs=0.01)
    assert pieces[1]["title"].startswith("unpack: 0.50 s")
    assert "Wave 1" in text and "Wave 2" not in text


@pytest.mark.parametrize(
    ("moves", "title"),
    [
        ([("1-a", "2-b"), ("1-c", "2-d")], "1 to 2"),
        ([("1-a", "3-b"), ("2-c", "3-d"), ("1-a", "1-a")], "1, 2 to 3"),  # one has not moved
        ([("1-a", "1-b"), ("1-a", "1-b")], "1-a to 1-b"),  # another configuration
        ([("", "1-a")], "1"),
        ([("1-a", "1-a")], "1"),
        ([("1-a", "")], "1 to nothing"),
        ([("", "")], "nothing"),
    ],
)
def test_the_title_says_from_what_to_what(moves, title):
    assert report._change([{"from": before, "to": after} for before, after in moves]) == title


def test_the_way_back_is_a_line_of_its_own(account):
    made = dict(account, going_back=["web1"])
    back = dict(TIMED, began=BEGAN + 7, ended=BEGAN + 9, current="1-a")
    text, dummy = page(rollout.ended(rollout.after_rollback(made, {"web1": back})))
    assert "Roll back" in text and "rolled back" in text


def test_start_up_times_are_side_by_side(account):
    dummy, parsed = page(account)
    assert ["web1", "60", "41"] in parsed.rows


def test_errors_are_counted_by_release(account):
    counts = {"1.0.0": {"requests": 400, "errors": 1, "slow": 0}, "": {"requests": 2, "errors": 2, "slow": 0}}
    text, parsed = page(
        account, requests={"lb1": {"releases": counts, "complete": True}}, request_seconds=905
    )
    assert ["lb1", "1.0.0", "400", "1", "0.25%"] in parsed.rows
    assert ["lb1", "not named", "2", "2", "100.00%"] in parsed.rows
    assert "last 16 minutes" in text


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"failed": True, "msg": "There is no access log"}, "were not counted: There is no access log"),
        ({"unreachable": True, "msg": "timed out"}, "were not counted: timed out"),
        ({}, "were not counted: no answer"),
        ({"releases": {}, "complete": False}, "only the newest 100 MB"),
    ],
)
def test_what_was_not_counted_is_said(account, result, words):
    assert words in page(account, requests={"web1": result}, request_seconds=60)[0]


def test_requests_are_left_out_where_there_is_no_site(account):
    assert "Requests" not in page(account)[0]


def test_what_a_host_sends_is_text(account):
    evil = '<script>alert("1")</script>'
    made = plan({"web1": dict(BAD, msg=evil)})
    text, parsed = page(rollout.ended(made))
    assert "script" not in [tag for tag, dummy in parsed.tags] and "&lt;script&gt;" in text
    assert "Refused, nothing was changed" in text


def test_a_phase_that_nobody_knows_has_a_color_of_its_own(account):
    acted = dict(TIMED, began=BEGAN + 5.5, ended=BEGAN + 6, phases={"x' onload='": 100})
    made = rollout.ended(rollout.after_soak(dict(account), {"web1": acted}))
    assert "other" in [attributes["class"] for tag, attributes in page(made)[1].tags if tag == "i"]


def test_the_page_asks_nothing_of_a_network(account):
    text, parsed = page(account)
    assert not re.search(r"https?://|//[a-z]|url\(|@import", text)
    assert not {"script", "link", "img", "iframe"} & {tag for tag, dummy in parsed.tags}


def test_a_plan_without_an_act_has_no_time_line():
    text, dummy = page(rollout.only_planned(plan()))
    assert "Time line" not in text and "%d would change" % len(HOSTS) in text


def test_a_stopped_rollout_says_why_and_what_was_not_reached():
    made = rollout.after_wave(plan(), {"web1": dict(REVERTED, began=BEGAN, ended=BEGAN + 1)})
    text, dummy = page(rollout.ended(made))
    assert "Stopped: " in text and "9 not reached" in text and "not healthy" in text


def test_what_was_sent_is_as_in_the_closing_table(account):
    account["rows"]["web1"].update(transfer="pull", bytes=0)
    cells = {row[0]: row for row in page(account)[1].rows if len(row) == 8}
    assert cells["web1"][5] == "pull" and cells["web2"][5] == "-"
