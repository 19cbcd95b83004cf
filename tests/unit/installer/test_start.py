# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How install.sh starts a service: with Type=notify, within the deadline of the health check."""

from __future__ import annotations

import time

import pytest

# A start that systemd is busy with, until the file `ready` or `failed` is there.
SYSTEMCTL = """\
#!/bin/sh
case $1 in
    restart)
        [ "$TYPE" = notify ] || exit 0
        : >"$DIR/began"
        until [ -e "$DIR/ready" ]; do
            if [ -e "$DIR/failed" ]; then echo "Job for $2 failed." >&2; exit 1; fi
            sleep 0.1
        done
        ;;
    show)
        case $2 in
            --property=Type) echo "Type=$TYPE" ;;
            --property=ActiveState) if [ -e "$DIR/ready" ]; then echo =active; else echo =activating; fi ;;
            --property=SubState) if [ -e "$DIR/ready" ]; then echo =running; else echo "=$SUBSTATE"; fi ;;
            --property=UnitFileState) echo UnitFileState=enabled ;;
        esac
        ;;
esac
exit 0
"""
START = 'unit=orders.service scratch=$DIR deadline=1 phases=; restart; echo "$? $reason"'


@pytest.fixture
def start(call, tmp_path):
    stub = tmp_path / "bin" / "systemctl"
    stub.parent.mkdir()
    stub.write_text(SYSTEMCTL, encoding="utf-8")
    stub.chmod(0o755)

    def run(kind="notify", substate="start", hook=""):
        script = 'PATH="$DIR/bin:$PATH"; ' + hook + START
        done = call(script, DIR=str(tmp_path), TYPE=kind, SUBSTATE=substate)
        return done.stdout.decode().strip()

    return run


def test_a_service_that_never_reports_ready_is_given_up_at_the_deadline(start):
    began = time.monotonic()
    assert start() == "1 its process did not report READY=1 within 1 s, and the unit is of Type=notify"
    assert time.monotonic() - began < 60


def test_a_service_that_reports_ready_is_started(start, tmp_path):
    (tmp_path / "ready").touch()
    assert start() == "0"


def test_a_start_that_fails_says_so_with_the_words_of_systemd(start, tmp_path):
    (tmp_path / "failed").touch()
    assert start() == "1 systemctl restart failed: Job for orders.service failed."


def test_the_time_that_the_old_process_takes_to_stop_does_not_count(start):
    later = '( until [ -e "$DIR/began" ]; do sleep 0.1; done; sleep 2; : >"$DIR/ready" ) & '
    assert start(substate="stop-sigterm", hook=later) == "0"


def test_a_service_of_another_type_is_started_at_once(start):
    assert start(kind="exec") == "0"
