# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import json
import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.observe import requests

NOW = time.time()


def line(ago, status=200, release="1.4.2", request_time="0.010", upstream="127.0.0.1:8080"):
    moment = datetime.datetime.fromtimestamp(NOW - ago, datetime.timezone.utc)
    entry = {"time": moment.isoformat(timespec="seconds"), "status": str(status), "release": release}
    return json.dumps(dict(entry, request_time=request_time, upstream=upstream))


@pytest.fixture(name="log")
def _log(tmp_path, monkeypatch):
    monkeypatch.setattr(requests, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(requests.time, "time", lambda: NOW)
    path = tmp_path / "orders.access.log"

    def write(lines, name="orders.access.log", end="\n"):
        (tmp_path / name).write_text("".join(each + "\n" for each in lines[:-1]) + lines[-1] + end)

    write.path = path
    return write


def counted(seconds=60, **options):
    return requests.requests(dict(options, name="orders", seconds=seconds), None)


def test_requests_are_counted_by_release_and_outcome(log):
    log([line(9), line(8, 503), line(7, release="1.4.1"), line(6, 404), line(5, 502, release="")])
    assert counted()["releases"] == {
        "1.4.2": {"requests": 3, "errors": 1, "slow": 0},
        "1.4.1": {"requests": 1, "errors": 0, "slow": 0},
        "": {"requests": 1, "errors": 1, "slow": 0},
    }


def test_a_slow_answer_is_counted_unless_it_is_an_error(log):
    log([line(5, request_time="0.9"), line(4, 500, request_time="2.0"), line(3, request_time="-")])
    assert counted(slow_after=0.8)["releases"]["1.4.2"] == {"requests": 3, "errors": 1, "slow": 1}


def test_older_requests_are_left_out_and_the_log_is_not_read_from_its_beginning(log, monkeypatch):
    monkeypatch.setattr(requests, "_STEP", 4096)
    log([line(5000 - number) for number in range(4990)])
    reads = []
    real = requests._parsed
    monkeypatch.setattr(requests, "_parsed", lambda text: reads.append(1) or real(text))
    assert counted(seconds=30)["releases"]["1.4.2"]["requests"] in (19, 20)  # the log has whole seconds
    assert len(reads) < 200


def test_a_log_that_was_rotated_meanwhile_goes_on_in_the_file_beside_it(log):
    log([line(3), line(2)])
    log([line(500), line(20), line(10)], name="orders.access.log.1")
    assert counted()["releases"]["1.4.2"]["requests"] == 4


@pytest.mark.parametrize("damaged", ["", "no JSON", "[]", '{"time": 3}', '{"time": "yesterday"}', "{" * 9000])
def test_a_line_that_is_none_of_this_log_is_passed_over(log, damaged):
    log([line(5), damaged, line(4)], end="")
    assert counted()["releases"]["1.4.2"]["requests"] == 2


def test_what_a_service_calls_itself_has_to_be_a_release(log):
    log([line(5, release="<script>"), line(4, release="1.4.2-0a1b2c3d4e5f"), line(3, release=None)])
    assert sorted(counted()["releases"]) == ["", "1.4.2-0a1b2c3d4e5f"]


def test_too_much_to_read_is_said(log, monkeypatch):
    monkeypatch.setattr(requests, "_STEP", 1000)
    monkeypatch.setattr(requests, "MAX_BYTES", 3000)
    log([line(10) for dummy in range(100)])
    found = counted()
    assert not found["complete"] and 10 < found["releases"]["1.4.2"]["requests"] < 40


def test_a_log_of_another_format_is_no_log_without_requests(log):
    log.path.write_text('10.0.0.1 - - [28/Nov/2026:14:00:00 +0000] "GET / HTTP/1.1" 200\n' * 3)
    with pytest.raises(SlipwayError, match="No line of .* is one that"):
        counted()


def test_an_empty_log_has_no_requests(log):
    log.path.write_text("")
    none = {"releases": {}, "servers": [], "baseline": []}
    assert counted() == dict(none, changed=False, complete=True)


def test_a_websocket_is_in_the_log_once_it_has_ended_and_is_not_slow(log):
    log([line(5, 101, request_time="900"), line(4, 200, request_time="900")])
    assert counted(slow_after=0.8)["releases"]["1.4.2"] == {"requests": 2, "errors": 0, "slow": 1}


@pytest.mark.parametrize(
    ("upstream", "server"),
    [
        ("127.0.0.1:8081", "127.0.0.1:8081"),
        ("10.0.0.1:80, 10.0.0.2:80", "10.0.0.2:80"),  # the second was tried after the first
        ("10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80", "10.0.0.3:80"),
        ("[2001:db8::1]:8080", "[2001:db8::1]:8080"),
        ("unix:/run/orders/http.sock", "unix:/run/orders/http.sock"),
        ("slipway_orders", ""),  # no server was left to ask
        ("-", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_who_answered_is_counted_too(log, upstream, server):
    log([line(5, upstream=upstream), line(4, 502, upstream=upstream)])
    (found,) = counted()["servers"]
    assert found == {"release": "1.4.2", "server": server, "requests": 2, "errors": 1, "slow": 0}


def test_the_baseline_is_the_last_requests_from_before(log):
    log([line(900), line(800, 500), line(700, 500), line(100, 503), line(80), line(5)])
    assert counted(baseline=2, baseline_after=600)["baseline"] == [
        {"release": "1.4.2", "server": "127.0.0.1:8080", "requests": 2, "errors": 2, "slow": 0}
    ]
    assert counted(baseline=9)["baseline"][0]["requests"] == 5  # what was counted already is not in it
    assert counted()["baseline"] == []


def test_the_baseline_goes_on_in_the_log_that_was_rotated(log):
    log([line(70), line(3)])
    log([line(500), line(200)], name="orders.access.log.1")
    found = counted(baseline=9)
    assert found["baseline"][0]["requests"] == 3 and found["releases"]["1.4.2"]["requests"] == 1


def test_a_baseline_that_is_too_far_away_does_not_make_the_counts_incomplete(log, monkeypatch):
    monkeypatch.setattr(requests, "_STEP", 1000)
    monkeypatch.setattr(requests, "MAX_BYTES", 5000)
    log([line(500 - number) for number in range(400)] + [line(3)])
    found = counted(baseline=1000)
    assert found["complete"] and 5 < found["baseline"][0]["requests"] < 60


def test_a_host_without_the_log_says_what_it_lacks(log):
    with pytest.raises(SlipwayError, match="There is no access log .*nginx_proxy"):
        counted()
