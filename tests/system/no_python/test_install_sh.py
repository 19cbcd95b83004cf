# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""install.sh on a real host: systemd, a service that becomes unhealthy on demand, and rollback."""

from __future__ import annotations

import subprocess
import time

import pytest

from .conftest import PORT

FLAGS = ("--port", PORT)
QUICK = ("--deadline", "3", "--min-ready-seconds", "1")


@pytest.fixture
def running(host, tarball):
    """The host with 1.0.0 installed and healthy."""
    done = host.install(tarball("1.0.0"), *FLAGS, "--min-ready-seconds", "0")
    assert done.code == 0, done
    return host


def environment(**variables):
    return "".join("%s=%s\n" % item for item in dict(variables, PORT=PORT).items())


def test_first_install_makes_everything_that_is_missing(host, tarball):
    done = host.install(tarball("1.0.0"), *FLAGS)
    assert done.code == 0, done
    assert "OK: orders 1.0.0-" in done.out and "200" in done.out
    assert host.serving() == "1.0.0"
    assert host.sure("systemctl is-enabled orders").strip() == "enabled"
    assert host.sure("ps -o user= -p $(systemctl show -p MainPID --value orders)").strip() == "orders"
    assert host.sure("getent passwd orders | cut -d: -f6-").strip() == "/nonexistent:/usr/sbin/nologin"
    entry = host.history()[0]
    assert (entry["act"], entry["outcome"], entry["from"], entry["to"]) == (
        "install",
        "ok",
        None,
        host.link("current"),
    )
    assert entry["ready_ms"] < 5000 and set(entry["phases"]) == {"stage", "switch", "start", "health"}


def test_again_restarts_nothing_and_changes_nothing(running, tarball):
    listing = "find /opt/orders ! -name lock -ls | sort"  # taking the lock sets its time
    before = running.pid(), running.history(), running.sure(listing)
    done = running.install(tarball("1.0.0"), *FLAGS)
    assert done.code == 0 and "already current and healthy" in done.out
    assert (running.pid(), running.history(), running.sure(listing)) == before


def test_a_new_version_and_back(running, tarball):
    old = running.link("current")
    assert running.install(tarball("2.0.0")).code == 0
    assert running.serving() == "2.0.0" and running.link("previous") == old
    done = running.run("%s /opt/orders/current/install.sh --rollback" % running.shell)
    assert done.code == 0, done
    assert running.serving() == "1.0.0" and running.link("current") == old
    assert running.outcomes() == ["ok", "ok", "ok"]
    assert [entry["act"] for entry in running.history()] == ["install", "install", "rollback"]


def test_another_environment_is_another_release_and_moves_no_file(running, tarball):
    old = running.link("current")
    done = running.run(
        "%s /opt/orders/current/install.sh --env-file /dev/null --port %s" % (running.shell, PORT)
    )
    assert done.code == 0 and "already current" in done.out, done
    running.sure("printf 'PORT=%s\\nSTART_DELAY=300ms\\n' >orders.env" % PORT)
    done = running.run("%s /opt/orders/current/install.sh --env-file orders.env" % running.shell)
    assert done.code == 0, done
    assert running.link("previous") == old and running.serving() == "1.0.0"
    assert running.history()[-1]["ready_ms"] >= 200


@pytest.mark.parametrize(
    "variables, told",
    [
        ({"EXIT_AT_ONCE": "3"}, "its process ended (exit-code, exit status 3)"),
        ({"UNHEALTHY": "1"}, "500"),
        ({"UNHEALTHY_AFTER": "800ms"}, "it was healthy, and then no longer"),
        ({"UNHEALTHY_ON_PORT": PORT}, "500"),
        ({"CRASH_AFTER": "500ms"}, "its process ended"),
        ({"START_DELAY": "60s"}, "no good answer within 3 s"),
    ],
)
def test_a_bad_release_is_put_back(running, tarball, variables, told):
    old = running.link("current")
    done = running.install(tarball("2.0.0"), *QUICK, env=environment(**variables))
    assert done.code == 2, done
    assert "REVERTED: 2.0.0-" in done.err and told in done.err
    assert "%s was put back; it is running and healthy" % old in done.err
    assert running.serving() == "1.0.0"
    assert (running.link("current"), running.link("previous")) == (old, "")
    assert running.outcomes() == ["ok", "reverted"]
    assert running.history()[1]["from"] == old
    done = running.install(tarball("3.0.0"), env=environment())
    assert done.code == 0 and running.link("previous") == old, done


def test_no_release_to_go_back_to_is_the_loudest_message(host, tarball):
    done = host.install(tarball("1.0.0"), *QUICK, env=environment(UNHEALTHY="1"))
    assert done.code == 3, done
    assert (
        "DOWN: 1.0.0-" in done.err
        and "There is no good release to go back to: orders is stopped." in done.err
    )
    assert host.run("systemctl is-active orders").code != 0
    assert host.link("current") == ""
    assert host.outcomes() == ["down"]
    assert host.install(tarball("1.0.0"), *FLAGS).code == 0


def test_both_unhealthy(running, tarball):
    running.sure("mkdir -p /etc/systemd/system/orders.service.d")
    running.sure(
        "printf '[Service]\\nExecStartPre=/bin/false\\n' >/etc/systemd/system/orders.service.d/broken.conf; "
        "systemctl daemon-reload"
    )
    try:
        done = running.install(tarball("2.0.0"), *QUICK)
        assert done.code == 3, done
        assert "NOTHING HEALTHY IS RUNNING" in done.err
        assert running.outcomes() == ["ok", "down"]
    finally:
        running.sure("rm -r /etc/systemd/system/orders.service.d; systemctl daemon-reload")
    done = running.install(tarball("2.0.0"))
    assert done.code == 0, done


def test_a_unit_that_systemd_does_not_accept_is_refused_before_anything_stops(running, tarball):
    before = running.pid()
    running.sure(
        "sed 's/^Type=.*/Type=exec\\nExecStart=not-absolute/' /etc/systemd/system/orders.service >orders.unit"
    )
    done = running.install(tarball("2.0.0"), "--unit", "orders.unit")
    assert done.code == 1 and "systemd does not accept the unit" in done.err, done
    assert "is running (pid %s)" % before in done.err
    assert running.pid() == before and running.outcomes() == ["ok", "rejected"]
    assert running.sure("ls /opt/orders/releases").split() == [running.link("current")]


def test_a_port_in_use_is_refused_before_anything_stops(running, tarball):
    before = running.pid()
    done = running.install(tarball("2.0.0"), "--port", "22")
    assert done.code == 1 and "port 22 is already used" in done.err, done
    assert running.pid() == before


def test_a_terminated_install_puts_the_old_release_back(running, tarball):
    process = start_slow_install(running, tarball("2.0.0"))
    running.sure("pkill -TERM -o -f '/install.sh --deadline 60'")
    code = process.wait(timeout=60)
    assert code == 2, process.stderr.read()
    assert "interrupted before its health was checked" in process.stderr.read()
    assert running.serving() == "1.0.0" and running.outcomes() == ["ok", "reverted"]


def test_a_lost_connection_does_not_stop_it(running, tarball):
    process = start_slow_install(running, tarball("2.0.0"), delay="3s")
    process.kill()
    running.wait_until('grep -q \'"to": "2.0.0-\' /opt/orders/history.jsonl')
    assert running.outcomes() == ["ok", "ok"] and running.serving() == "2.0.0"


def test_after_a_kill_the_next_one_finishes_what_was_begun(running, tarball):
    process = start_slow_install(running, tarball("2.0.0"), delay="3s")
    kill_hard(running, process)
    running.wait_until("curl -sSf http://127.0.0.1:%s/healthz" % PORT)
    done = running.install(tarball("2.0.0"))
    assert done.code == 0 and "already current and healthy" in done.out, done
    assert running.outcomes() == ["ok", "ok"] and "never finished" in running.history()[1]["message"]


def test_after_a_kill_the_way_back_leads_to_the_release_that_was_good(running, tarball):
    good = running.link("current")
    process = start_slow_install(running, tarball("2.0.0"))
    kill_hard(running, process)
    done = running.install(tarball("3.0.0"), *QUICK, env=environment(UNHEALTHY="1"))
    assert done.code == 2 and "%s was put back" % good in done.err, done
    assert running.serving() == "1.0.0"


def test_two_at_once_do_not_meet(running, tarball):
    process = start_slow_install(running, tarball("2.0.0"), delay="3s")
    done = running.install(tarball("3.0.0"))
    assert (
        done.code == 1
        and "holds the lock" in done.err
        and "root@plain1" in done.err
        and "deploying 2.0.0" in done.err
    ), done
    assert process.wait(timeout=60) == 0


def test_status(running, tarball):
    done = running.run("/opt/orders/current/install.sh --status")
    assert done.code == 0 and "healthy   yes" in done.out, done
    running.sure("systemctl stop orders")
    done = running.run("/opt/orders/current/install.sh --status")
    assert done.code == 3 and "orders is not running (inactive)" in done.out, done
    assert running.install(tarball("1.0.0")).code == 0
    assert running.serving() == "1.0.0"


def test_a_wrong_binary_is_refused(running, tarball):
    script = running.unpack(tarball("2.0.0"))
    running.sure(
        'sed -i \'s/"goarch": "[a-z0-9]*"/"goarch": "s390x"/\' %s/manifest.json' % script.rsplit("/", 1)[0]
    )
    running.sure(
        "cd %s && "
        'sed -i "s/^.*  manifest.json$/$(sha256sum <manifest.json | cut -c1-64)  manifest.json/" SHA256SUMS'
        % script.rsplit("/", 1)[0]
    )
    done = running.run("sh %s" % script)
    assert done.code == 1 and "the tarball is for linux/s390x" in done.err, done
    assert running.serving() == "1.0.0"


class TestWithoutCurl:
    """Hosts whose only HTTP client is busybox's, or that have none."""

    @pytest.fixture
    def hidden(self, host):
        host.sure("mv /usr/bin/curl /usr/bin/curl.hidden")
        yield
        host.sure("mv /usr/bin/curl.hidden /usr/bin/curl")

    def test_busybox_wget_checks_health(self, host, tarball, hidden):
        done = host.install(tarball("1.0.0"), *FLAGS)
        assert done.code == 0 and "200" in done.out, done
        done = host.install(tarball("2.0.0"), *QUICK, env=environment(UNHEALTHY="1"))
        assert done.code == 2 and "500" in done.err, done

    @pytest.mark.parametrize("host", ["dash"], indirect=True)  # busybox's own sh brings a client with it
    def test_without_any_client_only_the_process_is_checked(self, host, tarball, hidden):
        host.sure("mv /usr/bin/busybox /usr/bin/busybox.hidden")
        try:
            done = host.install(tarball("1.0.0"), *FLAGS)
            assert done.code == 0 and "neither curl nor wget" in done.out, done
            done = host.install(tarball("2.0.0"), *QUICK, env=environment(CRASH_AFTER="2s"))
            assert done.code == 2 and "its process ended" in done.err, done
        finally:
            host.sure("mv /usr/bin/busybox.hidden /usr/bin/busybox")


def start_slow_install(host, tarball, delay="30s"):
    """Begin an install of a release that takes its time to start; returns when the switch is made."""
    command = host.install_command(tarball, "--deadline", "60", env=environment(START_DELAY=delay))
    argv = host.ssh_argv(command, alone=True)  # to be killed
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    host.wait_until(
        "readlink /opt/orders/current | grep -q %s && systemctl is-active -q orders"
        % tarball.top.split("-", 1)[1]
    )
    time.sleep(0.3)
    return process


def kill_hard(host, process):
    host.sure("pkill -KILL -f '/install.sh --deadline 60'")
    process.wait(timeout=30)
