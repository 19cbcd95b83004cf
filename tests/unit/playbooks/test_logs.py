# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook logs: one order, hosts that are missing, output for people and for programs."""

from __future__ import annotations

import json
import re

import pytest

from ..plugins.plugin_utils.test_log_lines import NOON, A, B, line, packed

HOSTILE = "red \x1b[31m \x07\r\x9b2J"
WEB1 = {
    "changed": False,
    "releases": [A, B],
    "packed": packed(
        line("one", 1000),
        line('{"level":"error","msg":"three","n":1}', 3000, 3),
        [NOON + 1000000, "act", None, None, "", {"act": "deploy", "from": A, "to": B, "outcome": "ok"}],
        line(HOSTILE, 2000000, None, B),
    ),
}
WEB2 = {
    "changed": False,
    "releases": [A],
    "packed": packed(line("two", 2000), [NOON + 4000, "lost", None, None, "", 4312]),
    "older_left_out": True,
    "begins": NOON,
    "volatile": True,
    "release_known": False,
    "known_releases": [A],
    "clock_ahead_seconds": -63,
}
AWAY = {"unreachable": True, "msg": "Failed to connect to the host via ssh: no route"}
ANSWERS = {"logs web1": WEB1, "logs web2": WEB2, "logs web3": AWAY}
# As ansible.posix.json and its like, which are in no package of ours.
CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = "{name: results_as_json, type: stdout, short_description: x, description: x}"

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "results_as_json"

    def v2_runner_on_ok(self, result):
        print(json.dumps(result._result, default=str))
"""
LINES = """\
── 2026-11-28, times in UTC ──
12:00:00.001 web1 1.0.0 info  one
12:00:00.002 web2 1.0.0 info  two
12:00:00.003 web1 1.0.0 error three n=1
── 12:00:00.004 web2: journald dropped 4,312 lines here (LogRateLimitBurst=) ──
── 12:00:01 web1 deploy 1.0.0 → 1.1.0 ok ──
12:00:02.000 web1 1.1.0 -     red \\x1b[31m \\x07\\r\\x9b2J
── web3 is missing here: unreachable: Failed to connect to the host via ssh: no route ──
"""


def test_the_lines_of_all_hosts_come_in_one_order(play):
    run = play("logs", ANSWERS)
    assert run.status == 0 and LINES in run.output, run.output
    assert "\x1b" not in run.output.replace(LINES, "") and "\x9b" not in run.output
    assert run.output.count("web3 is missing") == 1
    assert sorted(run.names()) == ["logs web1", "logs web2", "logs web3"]


def test_what_is_to_be_known_about_a_host_is_said_first(play):
    output = play("logs", ANSWERS).output
    notes = re.findall("^── (web2.*) ──$", output[: output.index("times in UTC")], re.MULTILINE)
    assert [note.split(":")[0] for note in notes] == [
        "web2",
        "web2",
        "web2 never had this release. It had " + A,
        "web2",
    ]
    assert "begins at 2026-11-28 12:00:00 UTC" in notes[0] and "in memory only" in notes[0]
    assert "slipway_lines" in notes[1] and "63 s behind" in notes[3]


def test_options_are_given_to_every_host(play):
    run = play(
        "logs",
        ANSWERS,
        slipway_since="2h",
        slipway_until="12:00",
        slipway_level="warn",
        slipway_grep="[0-9]",
        slipway_release="current",
        slipway_lines="7",
    )
    for call in run.calls:
        given = dict(call["args"], lines=int(call["args"]["lines"]), follow=int(call["args"]["follow"]))
        assert given == {
            "name": "orders",
            "since": "2h",
            "until": "12:00",
            "level": "warn",
            "grep": "(?:[0-9])",
            "release": "current",
            "lines": 7,
            "follow": 0,
            "packed": True,
        }


def test_without_options_it_is_the_last_ten_minutes(play):
    (call,) = play("logs", ANSWERS, options=["--limit", "web1"]).calls
    assert call["args"]["since"] == "10m"
    assert not {"until", "level", "grep", "release"} & set(call["args"])


def test_following_begins_for_all_hosts_at_one_time(play):
    run = play("logs", ANSWERS, slipway_follow="3")
    assert run.status == 0, run.output
    (until,) = {call["args"]["until"] for call in run.calls}
    assert re.fullmatch(r"@[0-9.]+", until) and {int(call["args"]["follow"]) for call in run.calls} == {3}


@pytest.mark.parametrize("value", [True, "yes"])
def test_json_is_one_object_a_line(play, value):
    run = play("logs", ANSWERS, slipway_json=value)
    rows = [json.loads(text) for text in run.output.splitlines() if text.startswith('{"')]
    assert [row["kind"] for row in rows] == 4 * ["note"] + ["line"] * 3 + ["lost", "act", "line", "note"]
    assert rows[6]["message"] == "three" and rows[6]["fields"] == {"n": 1} and rows[9]["message"] == HOSTILE


def test_a_callback_for_programs_has_the_lines_in_the_result(play, tmp_path):
    (tmp_path / "results_as_json.py").write_text(CALLBACK, encoding="utf-8")
    settings = {"ANSIBLE_CALLBACK_PLUGINS": str(tmp_path), "ANSIBLE_STDOUT_CALLBACK": "results_as_json"}
    run = play("logs", ANSWERS, settings=settings)
    results = [json.loads(text) for text in run.output.splitlines() if text.startswith('{"')]
    (found,) = [result for result in results if "missing" in result]
    assert (found["count"], found["lost"]) == (4, {"web2": 4312}) and list(found["missing"]) == ["web3"]
    assert [row["host"] for row in found["lines"]] == ["web1", "web2", "web1", "web2", "web1", "web1"]
    assert "times in UTC" not in run.output


def test_no_lines(play):
    run = play("logs", {"logs": {"changed": False, "packed": packed(), "releases": []}})
    assert run.status == 0 and "── no lines: slipway_since says how far to look back" in run.output


def test_where_every_host_is_away_nothing_is_said_about_lines(play):
    output = play("logs", {"logs web%d" % number: AWAY for number in (1, 2, 3)}).output
    assert output.count("is missing here: unreachable: ") == 3 and "no lines" not in output


def test_a_host_that_fails_is_missing_and_fails_the_run(play):
    failed = {"failed": True, "msg": "There is no Python 3 on this host"}
    run = play("logs", dict(ANSWERS, **{"logs web2": failed}))
    assert run.status != 0 and "── web2 is missing here: There is no Python 3 on this host ──" in run.output
    assert "web1 1.0.0 info  one" in run.output


def test_a_hostile_host_fails_the_run_and_names_itself(play):
    run = play("logs", dict(ANSWERS, **{"logs web2": {"changed": False, "packed": "!"}}))
    assert run.status != 0 and "What web2 sent cannot be unpacked" in run.output


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"slipway_since": "yesterday"}, "slipway_since: 'yesterday' is not usable: use how long ago"),
        ({"slipway_level": "warm"}, "slipway_level: 'warm' is not usable: use one of debug"),
        ({"slipway_grep": "["}, "slipway_grep: '[' is not usable: use a regular expression"),
        ({"slipway_until": "1h", "slipway_since": "10m"}, "slipway_until: 1h is not after slipway_since"),
        ({"slipway_until": "5m", "slipway_follow": 5}, "slipway_until: 5m is an end, and slipway_follow"),
        ({"slipway_sinc": "5m"}, "did you mean slipway_since?"),
    ],
)
def test_a_wrong_variable_is_refused_before_any_host_is_asked(play, variables, message):
    run = play("logs", ANSWERS, **variables)
    assert run.status != 0 and run.calls == [] and message in run.output, run.output
