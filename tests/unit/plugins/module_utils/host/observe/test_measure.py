# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two binaries in turns beside the live one, on the host of the deploy's tests with its real processes."""

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.request import Request
from ansible_collections.slipway.golang.plugins.module_utils.host.observe import measure
from ansible_collections.slipway.golang.plugins.module_utils.host.system import lock, procfs

from ..deploy import conftest as deploying
from ..deploy.managed_host import GIVE_UP, UNIT, answer
from ..deploy.test_command import SYSTEMD_RUN

host, served = deploying.host, deploying.served  # fixtures

GIVEN = {"load": {"path": None, "command": None}, "rounds": 2, "cpu_seconds": 0.02, "smoke": True}


@pytest.fixture
def run(served, monkeypatch):
    monkeypatch.setattr(measure, "WARM_SECONDS", 0.01)
    live = served.layout.release(served.layout.current()).binary

    def run(**options):
        given = dict(dict(GIVEN, artifacts=[], plain=live, optimised=live), **options)
        return answer(measure.measure, served.request(**given))

    return run


def test_both_binaries_have_their_turns_beside_the_live_release(served, run):
    pid, begun = served.systemd.pid(UNIT), len(served.systemd.calls)
    result = run()
    assert result["outcome"] == "ok", result
    assert len(result["turns"]) == 2 and all(used > 0 for turn in result["turns"] for used in turn)
    assert result["requests"] > 0 and result["changed"] is False
    assert served.systemd.calls[begun:].count("run orders-smoke.service") == 5  # the first one counts
    assert served.systemd.pid(UNIT) == pid and served.systemd.running() == [UNIT]
    assert os.listdir(served.layout.incoming) == []


def test_a_path_that_the_service_does_not_answer_is_named(served):
    served.behave("1.0.0", "unhealthy")
    measurement = measure._Measurement.__new__(measure._Measurement)
    measurement._path = "/orders"
    with pytest.raises(SlipwayError, match="GET /orders answered 500: name a path in slipway_load"):
        measurement._send(served.port, 1)
    served.systemd.run(["systemctl", "stop", UNIT])
    with pytest.raises(SlipwayError, match="GET /orders was not answered"):
        measurement._send(served.port, 1)


def test_a_binary_that_does_not_become_healthy_is_no_turn(served, run):
    served.behave("1.0.0", "crashes")
    result = run(health=GIVE_UP)
    assert result["failed"] and served.systemd.running() == [UNIT]


def test_the_users_own_load_runs_as_the_service_does(served, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "systemd-run"
    program.write_text(SYSTEMD_RUN.format(log=tmp_path / "argv"), encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    request = Request(served.request(artifacts=[]))
    options = dict(
        GIVEN, plain="/a", optimised="/b", load={"command": ["sh", "-c", "echo port {port}; exit 3", "$5"]}
    )
    release = served.layout.release(served.layout.current())
    measurement = measure._Measurement(request, None, release, options, "/")
    with pytest.raises(SlipwayError, match=r"exit status 3: sh -c .*\nport 4711$"):
        measurement._run(4711)
    words = (tmp_path / "argv").read_text().splitlines()
    assert "--unit=orders-load.service" in words and "--property=ProtectSystem=strict" in words
    assert words[-1] == "$$5"  # for systemd, which expands variables
    assert "--property=User=nobody" in words and "--property=RuntimeDirectory=orders-load" in words


def test_nothing_is_deployed_meanwhile(served, run):
    with lock.held(served.layout.lock, {"actor": "ann", "to": "2.0.0"}):
        assert "Another deploy holds" in run()["msg"]


def test_without_a_live_release_or_a_second_port_there_is_nothing_to_measure(host):
    request = host.request(**dict(GIVEN, plain="/a", optimised="/b"))
    assert "has no live release" in answer(measure.measure, request)["msg"]


def test_what_cannot_be_smoke_tested_cannot_be_measured(run):
    assert "cannot run beside its live release: switched off" in run(smoke=False)["msg"]


def test_cpu_time_is_that_of_the_process():
    before = procfs.cpu_seconds(os.getpid())
    while procfs.cpu_seconds(os.getpid()) < before + 0.05:
        sum(range(10000))
    assert 0.05 <= procfs.cpu_seconds(os.getpid()) - before < 5
