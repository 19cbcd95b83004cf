# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of the metrics, from histories that no deploy writes. Deploys: ../deploy/test_metrics.py"""

from __future__ import annotations

import json
import os
import re

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import metrics
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout

# What Prometheus' parser accepts as a line.
LINE = re.compile(
    r'[a-z_]+\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\} [0-9.e+-]+'
)
RELEASE = "1.4.2-0a1b2c3d4e5f"


@pytest.fixture
def layout(tmp_path):
    """An app with one live release."""
    layout = Layout("orders", str(tmp_path / "orders"))
    os.makedirs(layout.path_of(RELEASE))
    record = {"id": RELEASE, "version": "1.4.2", "artifact": "a" * 64, "digest": "d" * 64}
    record.update(strategy="restart", app="orders")
    with open(os.path.join(layout.path_of(RELEASE), "release.json"), "w", encoding="utf-8") as handle:
        json.dump(record, handle)
    os.symlink("releases/" + RELEASE, os.path.join(layout.root, "current"))
    return layout


def history(layout, *entries):
    with open(layout.history, "w", encoding="utf-8") as handle:
        handle.writelines(
            (entry if isinstance(entry, str) else json.dumps(entry)) + "\n" for entry in entries
        )


def lines(layout):
    text = metrics.render(layout)
    assert text == "" or text.endswith("\n")
    found = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in found), found
    return found


ENTRY = {"act": "deploy", "to": RELEASE, "outcome": "ok", "at": "2026-11-20T22:31:07Z", "ready_ms": 63}


def test_a_damaged_release_is_still_the_live_one(layout):
    (info,) = lines(layout)
    assert info.startswith(
        'slipway_release_info{app="orders",release="%s",version="1.4.2",commit=""' % RELEASE
    )


def test_the_times_are_those_of_the_history(layout):
    history(layout, dict(ENTRY, phases={"stage": 112, "health": 2063}))
    assert lines(layout)[1:] == [
        'slipway_release_ready_seconds{app="orders",release="%s"} 0.063' % RELEASE,
        'slipway_release_phase_seconds{app="orders",release="%s",phase="health"} 2.063' % RELEASE,
        'slipway_release_phase_seconds{app="orders",release="%s",phase="stage"} 0.112' % RELEASE,
        'slipway_release_live_since_seconds{app="orders",release="%s"} 1795213867' % RELEASE,
        'slipway_acts_total{app="orders",act="deploy",outcome="ok"} 1',
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "{",
        "[]",
        dict(ENTRY, to=7),
        dict(ENTRY, to=None),
        dict(ENTRY, ready_ms="63"),
        dict(ENTRY, ready_ms=True),
        dict(ENTRY, phases=[1], at="yesterday"),
        dict(ENTRY, phases={"stage": None}, at=None),
        dict(ENTRY, act=None),
        dict(ENTRY, outcome={"a": 1}),
        {},
    ],
    ids=str,
)
def test_a_damaged_history_breaks_nothing(layout, entry):
    history(layout, entry, ENTRY)
    assert 'slipway_release_ready_seconds{app="orders",release="%s"} 0.063' % RELEASE in lines(layout)


@pytest.mark.parametrize("word", ['"', "\\", "\n", '\\"', 'x"} 1\nup{a="', "\u00e9\u2028", "\ud800"])
def test_a_label_cannot_leave_its_quotes(layout, word):
    history(layout, dict(ENTRY, act=word))
    metrics.write(layout, layout.root)
    with open(metrics.path_of("orders", layout.root), encoding="utf-8") as handle:
        written = [line for line in handle.read().split("\n") if line and not line.startswith("#")]
    assert len(written) == 2 and all(LINE.fullmatch(line) for line in written), written


def test_what_was_only_staged_is_not_live_and_a_bad_release_has_no_start_up_time(layout):
    history(
        layout,
        dict(ENTRY, act="stage"),
        dict(ENTRY, act="run"),
        dict(ENTRY, to="1.5.0-bbbbbbbbbbbb", outcome="reverted", ready_ms=9),
    )
    assert [line for line in lines(layout) if "seconds" in line] == []
    assert len([line for line in lines(layout) if line.startswith("slipway_acts_total")]) == 3


def test_all_apps_have_the_same_help(layout):
    """node_exporter refuses one name with two of them."""
    history(layout, ENTRY)
    found = [line for line in metrics.render(layout).splitlines() if line.startswith("# HELP")]
    assert not any("orders" in line for line in found)
    assert len(found) == len(set(found)) == 4
