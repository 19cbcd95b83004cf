# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.observe.line_release import Acts, Releases
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd.journal import Entry

A, B, C = (
    "%s-%s" % (version, 12 * digit) for version, digit in (("1.0.0", "a"), ("1.1.0", "b"), ("1.2.0", "c"))
)
NOON = 1795867200
# 12:00:00, 12:10:00 and 12:20:00; each deploy took ten seconds.
HISTORY = [
    {
        "act": "deploy",
        "at": "2026-11-28T12:00:00Z",
        "from": None,
        "to": A,
        "outcome": "ok",
        "phases": {"start": 10000},
    },
    {"act": "stage", "at": "2026-11-28T12:05:00Z", "from": A, "to": C, "outcome": "ok"},
    {
        "act": "deploy",
        "at": "2026-11-28T12:10:00Z",
        "from": A,
        "to": B,
        "outcome": "ok",
        "phases": {"start": 10000},
    },
    {"act": "run", "at": "2026-11-28T12:11:00Z", "release": B, "outcome": "ok"},
    {
        "act": "deploy",
        "at": "2026-11-28T12:20:00Z",
        "from": B,
        "to": C,
        "outcome": "reverted",
        "phases": {"start": 9000},
    },
]


def entry(invocation, exe="/usr/lib/systemd/systemd", at=NOON, pid="7"):
    fields = {"__REALTIME_TIMESTAMP": str(int(at * 1e6)), "__CURSOR": "", "_PID": pid}
    return Entry(dict(fields, _SYSTEMD_INVOCATION_ID=invocation, _EXE=exe))


@pytest.fixture
def layout(tmp_path):
    for release in (A, B, "no-release"):
        (tmp_path / "releases" / release).mkdir(parents=True)
    return Layout("orders", str(tmp_path))


@pytest.fixture
def releases(layout):
    return Releases(layout, Acts(HISTORY))


def program(layout, release, name="orders"):
    return os.path.join(layout.releases_dir, release, "bin", name)


def test_the_program_of_a_process_is_that_of_all_lines_of_its_invocation(layout, releases):
    releases.learn(entry("x"))
    assert releases.is_open(entry("x"))
    releases.learn(entry("x", program(layout, B)))
    assert not releases.is_open(entry("x"))
    # Its first lines, which journald saw as systemd's own, and those of a child.
    for exe in ("/usr/lib/systemd/systemd", "", program(layout, B), "/usr/bin/git"):
        assert releases.of(entry("x", exe)) == B


def test_the_last_lines_of_a_process_may_have_the_invocation_of_the_next_one(layout, releases):
    """Seen for real: journald asked for it when systemd had started the next one already."""
    old, new = entry("x", program(layout, A), NOON, "7"), entry("x", program(layout, B), NOON + 9, "8")
    for order in ((old, new), (new, old)):
        found = Releases(layout, Acts([]))
        for each in order:
            found.learn(each)
        assert (found.of(old), found.of(new)) == (A, B)
        # The first line of the new process, one of a child, and what systemd says.
        for other in (entry("x", pid="8"), entry("x", "/usr/bin/git", pid="9"), entry("x", pid="1")):
            assert found.of(other) == B
        assert found.of(entry("x", "", pid="7")) == A


def test_a_pruned_release_is_told_by_its_path(layout, releases):
    releases.learn(entry("x", program(layout, C) + " (deleted)"))
    assert releases.of(entry("x", "")) == C and C in releases.known


def test_the_directory_may_be_a_link(layout, tmp_path):
    link = tmp_path.parent / (tmp_path.name + "-link")
    link.symlink_to(tmp_path)
    releases = Releases(Layout("orders", str(link)), Acts([]))
    releases.learn(entry("x", program(layout, B)))
    assert releases.of(entry("x", "")) == B


@pytest.mark.parametrize(
    "exe", ["/opt/orders-old/bin/orders", "/usr/local/bin/orders", "releases/%s/bin/x" % B]
)
def test_a_program_that_is_no_release_has_none(releases, exe):
    releases.learn(entry("x", exe))
    assert releases.of(entry("x", exe, NOON + 700)) is None and not releases.is_open(entry("x", exe))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-60, None),
        (-5, A),  # it was being started
        (0, A),
        (300, A),
        (595, B),
        (600, B),
        (900, B),
        (1195, C),  # it failed
        (1200, C),
        (1300, B),
    ],
)
def test_a_process_that_journald_never_looked_at_has_its_release_from_the_history(
    releases, seconds, expected
):
    for exe in ("", "/usr/lib/systemd/systemd-executor"):
        assert releases.of(entry("x", exe, NOON + seconds)) == expected


def test_a_process_that_runs_now_is_looked_at(layout, releases):
    releases.learn_live("x", program(layout, B))
    releases.learn_live("y", "/usr/sbin/nginx")
    assert releases.of(entry("x", "")) == B and releases.of(entry("y", "")) == A


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (A, A),
        ("1.0.0", A),
        ("v1.0.0", A),
        (B, B),
        ("1.1.0", B),
        # What is no release of this host is something else of the service.
        ("9.9.9", B),
        ("Thriller", B),
        ("x" * 1000, B),
        (3, B),
        (["1.0.0"], B),
        (None, B),
        ("", B),
        ("v", B),
    ],
)
def test_what_a_line_says_wins_if_it_is_a_release(layout, releases, said, expected):
    releases.learn(entry("x", program(layout, B)))
    assert releases.of(entry("x", ""), said) == expected


def test_of_two_releases_of_one_version_the_own_one_is_meant(layout, releases):
    again = "1.1.0-" + 12 * "0"
    releases.known.add(again)
    releases.learn(entry("x", program(layout, again)))
    assert releases.of(entry("x", ""), "1.1.0") == again


def test_acts_between_two_times():
    acts = Acts(
        [*HISTORY, {"act": "deploy"}, {"at": "2026-11-28T12:30:00Z"}, {"act": "deploy", "at": "today"}]
    )
    assert [act["act"] for act in acts.between(NOON, None)] == ["deploy", "deploy", "run", "deploy"]
    assert [act["to"] for act in acts.between(NOON + 0.9, NOON + 600)] == [A, B]
    assert acts.between(NOON + 1201, None) == []


def test_a_history_of_nonsense_is_none():
    acts = Acts([{"act": "deploy", "at": "2026-11-28T12:00:00Z", "phases": ["x"], "to": [1]}])
    assert acts.live_at(NOON + 60) is None
