# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strategy socket: the port is open from the first deploy on, whatever happens to the processes."""

from __future__ import annotations

import socket

import pytest

from .managed_host import UNIT, refusal

SOCKET = "orders.socket"


@pytest.fixture
def listening(host):
    """A host that serves 1.0.0 on a port of systemd's."""
    assert deploy(host, "1.0.0")["outcome"] == "ok"
    return host


def deploy(host, version=None, **options):
    return host.deploy(version, strategy="socket", **options)


def is_open(host):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", host.port)) == 0


def test_socket_and_service_run_and_start_at_boot(listening):
    assert listening.says() == "1.0.0 says nothing"
    assert {SOCKET, UNIT} <= listening.systemd.enabled
    assert listening.info()["running"]["version"] == "1.0.0"
    assert not deploy(listening, "1.0.0")["changed"]


def test_the_plan_says_what_starts(host):
    def actions(version):
        return host.plan(version, strategy="socket", check=True)["actions"]

    assert actions("1.0.0") == ["start " + SOCKET, "start " + UNIT]
    deploy(host, "1.0.0")
    assert actions("1.0.0") == [] and actions("2.0.0") == ["restart " + UNIT]


def test_the_port_never_closes(listening):
    opened = []
    listening.systemd.before = lambda call: opened.append(is_open(listening))
    assert deploy(listening, "2.0.0")["outcome"] == "ok"
    listening.behave("3.0.0", "crashes %d" % listening.port)
    assert deploy(listening, "3.0.0")["outcome"] == "reverted"
    assert len(opened) > 8 and all(opened)
    assert "stop " + SOCKET not in listening.systemd.calls
    assert listening.systemd.calls.count("restart " + SOCKET) == 1


def test_a_service_of_the_strategy_restart_hands_its_port_over(served):
    assert deploy(served, "2.0.0")["outcome"] == "ok"
    assert served.says() == "2.0.0 says nothing"
    calls = [call for call in served.systemd.calls if "smoke" not in call]
    assert calls[-5:] == [
        "stop " + UNIT,
        "restart " + SOCKET,
        "enable " + SOCKET,
        "reset-failed " + UNIT,
        "restart " + UNIT,
    ]


def test_if_that_fails_the_service_listens_itself_again(served):
    served.behave("2.0.0", "crashes %d" % served.port)
    assert deploy(served, "2.0.0")["outcome"] == "reverted"
    assert served.says() == "1.0.0 says nothing"
    assert served.systemd.running() == [UNIT]
    assert SOCKET not in served.systemd.enabled
    assert not (served.unit_dir / SOCKET).exists()
    assert not served.deploy("1.0.0")["changed"]


def test_another_port_is_opened_anew(listening):
    old = listening.port
    listening.port = listening.other_port
    assert deploy(listening, "2.0.0")["outcome"] == "ok"
    assert listening.says() == "2.0.0 says nothing"
    assert listening.says(old) is None


def test_if_the_new_port_fails_the_old_one_is_opened_again(listening):
    old, listening.port = listening.port, listening.other_port
    listening.behave("2.0.0", "crashes %d" % listening.port)
    assert deploy(listening, "2.0.0")["outcome"] == "reverted"
    assert listening.says(old) == "1.0.0 says nothing"
    assert listening.says(listening.port) is None


def test_a_port_that_another_program_has(host):
    with socket.socket() as other:
        other.bind(("127.0.0.1", host.port))
        other.listen()
        assert "Port %d is already taken" % host.port in refusal(deploy(host, "1.0.0"))
    assert host.links() == (None, None)


def test_without_a_port_there_is_nothing_to_listen_on(host):
    assert "needs the port" in refusal(deploy(host, "1.0.0", port=None))


def test_a_change_to_the_strategy_restart_is_refused(listening):
    message = refusal(listening.deploy("2.0.0", strategy="restart"))
    assert "is live with the strategy socket, and restart cannot take over" in message
    assert "still serves, untouched" in message
    assert listening.says() == "1.0.0 says nothing"
