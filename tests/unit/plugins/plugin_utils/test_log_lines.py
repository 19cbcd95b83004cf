# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import zlib

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import log_lines

A, A2, B = "1.0.0-" + 12 * "a", "1.0.0-" + 12 * "f", "1.1.0-" + 12 * "b"
NOON = 1795867200000000


def packed(*rows):
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    return base64.b64encode(zlib.compress(text.encode("utf-8"))).decode("ascii")


def line(text="x", at=0, level=6, release=A):
    return [NOON + at, "line", level, release, text, None]


def shown(*rows, releases=(A, B), hosts=("web1", "web10")):
    text = log_lines.Text(hosts)
    text.know(releases)
    return [out for row in log_lines.rows("web1", packed(*rows)) for out in text.lines(row)][1:]


def test_rows_of_hosts_are_merged_by_time():
    web1 = log_lines.rows("web1", packed(line("1", 1), line("4", 4), line("5", 5)))
    web2 = log_lines.rows("web2", packed(line("2", 2), line("3", 3), line("6", 6)))
    assert [(row.text, row.host) for row in log_lines.merged([web1, web2])] == [
        ("1", "web1"),
        ("2", "web2"),
        ("3", "web2"),
        ("4", "web1"),
        ("5", "web1"),
        ("6", "web2"),
    ]


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_every_row_is_unpacked_once(count):
    rows = [line(str(number) * 50, number) for number in range(count)]
    found = log_lines.rows("web1", packed(*rows))
    assert [row.text for row in found] == [row[4] for row in rows]


@pytest.mark.parametrize("text", ["!", "AAAA", base64.b64encode(b"x").decode(), packed(line())[:-30], 3])
def test_what_cannot_be_unpacked_is_an_error_with_the_host(text):
    with pytest.raises(SlipwayError, match="web1"):
        list(log_lines.rows("web1", text))


def test_a_host_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr(log_lines, "MOST_BYTES", 100000)
    bomb = base64.b64encode(zlib.compress(b"\n" * 10000000)).decode("ascii")
    with pytest.raises(SlipwayError, match="more than 0 MB"):
        list(log_lines.rows("web1", bomb))


@pytest.mark.parametrize(
    "row",
    [
        "no json\n",
        "[1, 2]\n",
        {"at": 1},
        ["noon", "line", 6, A, "x", None],
        [NOON, "shell", 6, A, "x", None],
        [NOON, "lost", None, None, "", "many"],
        [NOON, "act", None, None, "", ["deploy"]],
        "[" * 100000 + "\n",
    ],
)
def test_a_row_that_is_none_is_left_out(row):
    found = log_lines.rows("web1", packed(row, line("right")))
    assert [row.text for row in found] == ["right"]


def test_parts_of_a_row_that_are_nonsense_are_left_out():
    (row,) = log_lines.rows("web1", packed([NOON, "line", 99, "../../etc", 7, None]))
    assert (row.level, row.release, row.text) == (None, None, "7")


def test_a_line_of_text_is_shown_as_it_is():
    assert shown(line("2026/11/28 hello  world", 7123456, None)) == [
        "12:00:07.123 web1  1.0.0 -     2026/11/28 hello  world"
    ]


def test_a_json_line_is_shown_as_its_message_and_its_fields():
    text = json.dumps(
        {
            "time": "2026-11-28T12:00:00Z",
            "level": "WARN",
            "msg": "slow request",
            "path": "/orders?id=1",
            "ms": 1200,
            "user": "Ann B",
            "ok": True,
            "err": None,
            "tags": ["a", "b"],
            "at": {"line": 3},
            "quoted": 'say "hi"',
            "empty": "",
            "release": "1.0.0",
        }
    )
    assert shown(line(text, level=4)) == [
        '12:00:00.000 web1  1.0.0 warn  slow request path="/orders?id=1" ms=1200 user="Ann B" ok=true '
        'err=null tags=["a","b"] at={"line":3} quoted="say \\"hi\\"" empty=""'
    ]


def test_fields_that_only_seem_to_be_shown_already_are_shown():
    text = json.dumps({"message": 3, "msg": "x", "level": 30, "release": "Thriller"})
    assert shown(line(text)) == ["12:00:00.000 web1  1.0.0 info  x message=3 level=30 release=Thriller"]


def test_releases_of_one_version_are_told_apart():
    out = shown(line(release=A), line(release=A2), line(release=B), line(release=None), releases=(A, A2, B))
    assert [row.split()[2] for row in out] == [A, A2, "1.1.0", "-"]


def test_the_day_is_said_where_it_changes():
    text = log_lines.Text(["web1"])
    rows = [line(), line(at=1), line(at=86400 * 1000000)]
    out = [shown for row in log_lines.rows("web1", packed(*rows)) for shown in text.lines(row)]
    assert [out[0], out[3]] == ["── 2026-11-28, times in UTC ──", "── 2026-11-29, times in UTC ──"]
    assert len(out) == 5


def test_acts():
    def act(**extra):
        (out,) = shown([NOON, "act", None, None, "", extra])
        return out

    ok = act(act="deploy", **{"from": A, "to": B}, outcome="ok", ready_ms=63)
    assert ok == "── 12:00:00 web1 deploy 1.0.0 → 1.1.0 ok, ready in 63 ms ──"
    assert act(act="install", to=A, outcome="ok") == "── 12:00:00 web1 install 1.0.0 ok ──"
    failed = act(
        act="deploy", **{"from": A, "to": B}, outcome="reverted", ready_ms=5, message="it ended\x1b[2J"
    )
    assert failed == "── 12:00:00 web1 deploy 1.0.0 → 1.1.0 reverted: it ended\\x1b[2J ──"
    assert act(act="migrate", release=B, outcome="ok") == "── 12:00:00 web1 migrate with 1.1.0 ok ──"
    assert act(act="deploy", **{"from": A, "to": A}, outcome="reverted").endswith("deploy 1.0.0 reverted ──")


def test_a_loss():
    (out,) = shown([NOON, "lost", None, None, "Suppressed", 4312])
    assert out == "── 12:00:00.000 web1: journald dropped 4,312 lines here (LogRateLimitBurst=) ──"


def test_what_systemd_says():
    (out,) = shown([NOON, "unit", 5, A, "Main process exited", "systemd"])
    assert out == "12:00:00.000 web1  1.0.0 notice systemd: Main process exited"


# Clears the screen, sets the title, goes back in a line, begins another one, a color in 8 bits, and letters
# that turn the order of others.
HOSTILE = "a\x1b[2J\x1b]0;title\x07\rb\x08\nc\x9b31m\x85\u202e\u2028\x00d\ud800"


@pytest.mark.parametrize(
    "row",
    [
        line(HOSTILE),
        line(json.dumps({"msg": HOSTILE})),
        line(json.dumps({HOSTILE: 1})),
        line(json.dumps({"a": HOSTILE})),
        line(json.dumps({"a": [{HOSTILE: HOSTILE}]})),
        line(json.dumps({"msg": "x", "release": HOSTILE})),
        [NOON, "unit", 6, A, HOSTILE, HOSTILE],
        [NOON, "act", None, None, "", {"act": HOSTILE, "outcome": HOSTILE, "message": HOSTILE}],
        [NOON, "act", None, None, "", {"from": HOSTILE, "to": HOSTILE, "release": HOSTILE}],
    ],
)
def test_no_line_controls_the_terminal(row):
    (out,) = shown(row, releases=[HOSTILE])
    assert out.isprintable() and "2J" in out and not out.encode("utf-8").count(b"\x1b")
    (found,) = log_lines.rows("web1", packed(row))
    assert json.dumps(log_lines.value(found)).isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tab\tstop", "tab    stop"),
        ("no\xa0break", "no break"),
        ("Grüße 日本 🙂", "Grüße 日本 🙂"),
        ("a\nb", "a\\nb"),
    ],
)
def test_what_is_printed_of_a_text(text, expected):
    assert log_lines.printable(text) == expected


def test_values_for_programs():
    rows = [
        line(json.dumps({"msg": "hi", "level": "info", "n": 1, "time": "x"}), 123456),
        line("plain", level=None, release=None),
        [NOON, "unit", 6, A, "Started", "systemd"],
        [NOON, "lost", None, None, "", 5],
        [NOON, "act", None, None, "", {"act": "deploy", "to": A, "outcome": "ok", "ready_ms": 6}],
    ]
    values = [log_lines.value(row) for row in log_lines.rows("web1", packed(*rows))]
    head = {"time": "2026-11-28T12:00:00.000000Z", "host": "web1"}
    assert values == [
        dict(
            head,
            time="2026-11-28T12:00:00.123456Z",
            kind="line",
            release=A,
            level="info",
            message="hi",
            fields={"n": 1},
        ),
        dict(head, kind="line", release=None, level=None, message="plain", fields={}),
        dict(head, kind="unit", release=A, level="info", message="Started", fields={}, by="systemd"),
        dict(head, kind="lost", lost=5),
        dict(head, kind="act", act="deploy", to=A, outcome="ok", ready_ms=6),
    ]
