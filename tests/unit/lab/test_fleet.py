# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import socket
import tarfile
import threading

import acme
import fleet
import inventory
import pytest
import shell

WEB = inventory.Host("web1", "web")
ACME = inventory.Host("acme1", "acme", "acme")


@pytest.fixture
def demo(tmp_path, monkeypatch):
    monkeypatch.setattr(fleet, "STATE", tmp_path)
    made = fleet.Fleet("demo")
    made.state.mkdir()
    for name in ("id_ed25519.pub", "host_ed25519", "host_ed25519.pub"):
        (made.state / name).write_text(f"{name} of demo\n")
    return made


def entry(running=True, ports=None):
    bound = {
        f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(at)}] for port, at in (ports or {}).items()
    }
    return {
        "Name": "/demo-web1",
        "State": {
            "Running": running,
            "Status": "running" if running else "exited",
            "ExitCode": 255,
            "Error": "",
        },
        "NetworkSettings": {"Ports": bound, "Networks": {"slipway-lab-demo": {"IPAddress": "172.18.0.2"}}},
    }


def test_the_recipe_tells_when_a_host_must_be_made_anew(demo):
    before = fleet.recipe(demo, WEB)
    assert fleet.recipe(demo, WEB) == before
    assert fleet.recipe(demo, inventory.Host("web1", "web", "plain")) != before
    (demo.state / "id_ed25519.pub").write_text("another key\n")
    assert fleet.recipe(demo, WEB) != before


def test_where_a_host_is(demo):
    assert fleet.address(demo, entry(ports={22: 32001, 80: 32002})) == inventory.Address(
        "172.18.0.2", {22: 32001, 80: 32002}
    )


def test_a_host_that_died_is_named(demo):
    with pytest.raises(shell.LabError, match=r"demo-web1 is exited \(exit code 255\)"):
        fleet.address(demo, entry(running=False))


@pytest.mark.parametrize(("host", "ports"), [(WEB, 4), (ACME, 6)], ids=["web", "acme"])
def test_all_ports_are_on_loopback(demo, host, ports):
    published = [word for word in fleet.create_command(demo, host) if word.startswith("--publish")]
    assert len(published) == ports
    assert all(word.startswith("--publish=127.0.0.1::") for word in published)


def members(state, host):
    with tarfile.open(fileobj=io.BytesIO(fleet.keys_archive(state, host))) as archive:
        return {member.name: (member.mode, member.uid) for member in archive}


def test_the_keys_come_with_the_modes_that_sshd_wants(demo):
    assert members(demo, WEB) == {
        "root/.ssh/authorized_keys": (0o600, 0),
        "etc/ssh/ssh_host_ed25519_key": (0o600, 0),
        "etc/ssh/ssh_host_ed25519_key.pub": (0o644, 0),
    }


def test_only_the_acme_server_gets_its_certificate(demo):
    acme.have_certificate(demo.state, ACME)
    assert members(demo, ACME).items() - members(demo, WEB).items() == {
        ("etc/pebble/api.crt", (0o644, 0)),
        ("etc/pebble/api.key", (0o600, 0)),
    }


@pytest.mark.parametrize(("words", "expected"), [(b"SSH-2.0-OpenSSH\r\n", True), (b"", False)])
def test_only_sshd_itself_counts_as_an_answer(words, expected):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _address = server.accept()
            with connection:
                connection.sendall(words)

        threading.Thread(target=answer, daemon=True).start()
        assert fleet.greets(server.getsockname()[1]) is expected


def test_waiting_ends_with_what_was_waited_for():
    with pytest.raises(shell.LabError, match="waiting for a miracle"):
        shell.wait_for("a miracle", lambda: None, 0.05)
