# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of two rollouts as somebody sees it who was sent the file: on a desk, on a phone, on paper."""

from __future__ import annotations

import re

import pytest
from support import lab
from support.browser import Screen

from .conftest import FIRST, HOSTS, LIVE, STOPPED

PICTURES = lab.CHECKOUT / ".work" / "pictures"
# docs/how-to/report.png is a copy of report-wide.png: scripts/pictures.sh.
NAMES = {"done.html": "report", "stopped.html": "report-stopped"}
# What a reader would notice.
LOOK = """(() => {
  const all = [...document.body.querySelectorAll("*")], root = document.documentElement;
  const shown = all.filter(element => element.getClientRects().length && element.textContent.trim());
  return {
    screen: innerWidth,
    page: root.scrollWidth,
    beyond: shown.filter(element => element.getBoundingClientRect().right > innerWidth + 1)
      .map(element => element.textContent),
    cut: shown.filter(element => element.scrollWidth > element.clientWidth + 1)
      .filter(element => getComputedStyle(element).overflowX != "visible")
      .map(element => element.textContent),
    small: Math.min(...shown.map(element => parseFloat(getComputedStyle(element).fontSize))),
    rows: [...document.querySelectorAll("tr")].map(row => [...row.cells].map(cell => cell.textContent)),
    bars: [...document.querySelectorAll(".bar i")].map(bar => bar.getBoundingClientRect().width),
    keys: [...document.querySelectorAll(".key")].map(key => getComputedStyle(key).backgroundColor),
  };
})()"""
SCREENS = {
    "wide": Screen(1200, value=LOOK),
    "narrow": Screen(820, value=LOOK),
    "phone": Screen(390, phone=True, value=LOOK),
}


@pytest.fixture(scope="module", params=NAMES)
def report(request, orders, browser):
    """A report, what it looks like on each screen, and on paper."""
    page = orders.report(request.param).read_text()
    shown = browser.show(page, *SCREENS.values(), paper=True)
    for number, screen in enumerate(SCREENS):
        shown.keep(number, PICTURES / ("%s-%s.png" % (NAMES[request.param], screen)))
    return request.param, dict(zip(SCREENS, shown.values)), shown.printed()


@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_is_beyond_the_screen_cut_off_or_too_small(report, screen):
    look = report[1][screen]
    assert look["screen"] == look["page"] == SCREENS[screen].width, look
    assert look["beyond"] == look["cut"] == [] and look["small"] >= 12, look
    assert len(look["bars"]) > 6 and all(width > 0 for width in look["bars"])


def test_each_host_has_its_row_and_its_outcome(report):
    name, looks, dummy = report
    rows = {row[0]: row for row in looks["wide"]["rows"] if len(row) == 8 and row[0] != "Host"}
    assert sorted(rows) == sorted(HOSTS)
    versions = {host: (row[3].partition("-")[0], row[4].partition("-")[0]) for host, row in rows.items()}
    if name == "done.html":
        assert {row[1] for row in rows.values()} == {"ok"}
        before = {"web1": STOPPED, "web2": STOPPED, "odd1": FIRST}
        assert versions == {host: (before[host], LIVE) for host in HOSTS}
    else:
        outcomes = {host: row[1] for host, row in rows.items()}
        assert outcomes == {"web1": "ok", "web2": "ok", "odd1": "rejected"}
        assert versions["odd1"] == (FIRST, FIRST)


def test_requests_and_errors_are_those_of_each_release(report):
    name, looks, dummy = report
    rows = [row for row in looks["phone"]["rows"] if len(row) == 5 and row[0] == "odd1"]
    counted = {row[1]: (int(row[2]), int(row[3])) for row in rows}
    assert counted[FIRST][1] == 2
    if name == "done.html":
        assert counted[FIRST][0] > 2 and counted[LIVE][0] > 0 == counted[LIVE][1]


def test_on_paper_are_all_words_and_the_colors_of_the_time_line(report):
    dummy, looks, printed = report
    assert all(0 <= left < right <= printed.width for left, right, dummy in printed.words)
    words = [word for dummy, dummy, word in printed.words]
    for row in looks["wide"]["rows"]:
        for cell in row:
            assert all(word in words for word in cell.split() if word.isalnum()), cell
    for color in looks["wide"]["keys"]:
        assert tuple(map(int, re.findall(r"\d+", color))) in printed.colors, color
