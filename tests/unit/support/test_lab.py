# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The harness of the suites that use hosts; without hosts."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "support" / "lab.py"


@pytest.fixture(scope="module")
def lab():
    """tests/support/lab.py. By its path, as ansible-test has no tests/ to import from."""
    spec = importlib.util.spec_from_file_location("slipway_support_lab", PATH)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def host(lab, monkeypatch):
    monkeypatch.setenv("SLIPWAY_FLEET_SUFFIX", "-b")
    host = lab.Host(lab.Fleet("mine", "web=1"), "web1")
    host.fleet._variables = {
        "web1": {
            "ansible_port": 2201,
            "ansible_ssh_private_key_file": "/keys/id",
            "ansible_ssh_common_args": "-o 'UserKnownHostsFile=\"/a b/known\"' -o IdentitiesOnly=yes",
        }
    }
    return host


def test_a_command_gives_its_code_and_both_outputs(lab):
    done = lab.run(["sh", "-c", "cat; echo no >&2; exit 3"], data="text")
    assert (done.code, done.out, done.err) == (3, "text", "no\n")


def test_a_command_reads_nothing_unless_it_is_given_something(lab, tmp_path):
    assert lab.call(["cat"]) == ""
    (tmp_path / "file").write_bytes(b"\xffbytes")
    with (tmp_path / "file").open("rb") as handle:
        assert lab.call(["cat"], stdin=handle) == "\ufffdbytes"


def test_the_error_names_the_command_its_code_and_the_end_of_its_output(lab):
    with pytest.raises(lab.CommandFailed) as caught:
        lab.call(["sh", "-c", "seq 9999; echo the reason >&2; exit 4"])
    text = str(caught.value)
    assert text.startswith("sh -c seq 9999; ") and "failed (exit code 4)" in text
    assert text.endswith("9999\nthe reason\n") and len(text) < 4000


def test_a_command_that_does_not_end_is_an_error(lab):
    with pytest.raises(lab.CommandFailed, match=r"^sleep 60 did not end within 0\.1 s$"):
        lab.call(["sleep", "60"], timeout=0.1)


def test_a_script_reports_a_failed_command_without_a_traceback(lab):
    with pytest.raises(SystemExit) as caught:
        lab.script(lambda: lab.call(["false"]))
    assert caught.value.code == "false failed (exit code 1):\n"
    with pytest.raises(SystemExit) as caught:
        lab.script(lambda: 2)
    assert caught.value.code == 2


def test_variables_of_a_playbook_are_json_or_a_file(lab):
    argv = lab.playbook_argv("a.yml", "--diff", inventory=Path("/i"), variables={"x": [1]})
    assert argv[:2] == ["ansible-playbook", "a.yml"] and argv[-1] == "--diff"
    assert json.loads(argv[argv.index("--extra-vars") + 1]) == {"x": [1]}
    argv = lab.playbook_argv("a.yml", inventory="i", variables=Path("/given.json"))
    assert argv[argv.index("--extra-vars") + 1] == "@/given.json"


def test_go_is_found_or_the_error_says_what_to_do(lab, monkeypatch, tmp_path):
    (tmp_path / "go").write_text("#!/bin/sh\n")
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lab.find_go() == str(tmp_path / "go")
    monkeypatch.setattr(lab.shutil, "which", lambda name: str(tmp_path / "nothing"))
    with pytest.raises(lab.CommandFailed, match="go is not installed"):
        lab.find_go()


def test_the_suffix_gives_the_fleet_another_name(host):
    assert host.fleet.name == "mine-b" and host.fleet.inventory.parts[-2:] == ("mine-b", "inventory.yml")
    assert host.container == "mine-b-web1"


def test_ssh_is_called_with_the_options_of_the_inventory(host):
    argv = host.ssh_argv("true")
    assert argv[0] == "ssh" and argv[-4:] == ["-p", "2201", "root@127.0.0.1", "true"]
    assert 'UserKnownHostsFile="/a b/known"' in argv and argv[argv.index("-i") + 1] == "/keys/id"
    assert "ControlMaster=auto" in argv and "ControlMaster=no" not in argv


def test_the_path_of_a_shared_connection_is_short_wherever_the_checkout_is(host):
    (path,) = [word for word in host.ssh_argv("true") if word.startswith("ControlPath=")]
    assert len(path) < 70  # 108 bytes is the limit of a socket, and ssh adds 17 while it makes one
    assert Path(host.fleet.connections).stat().st_mode & 0o777 == 0o700


def test_a_connection_of_its_own_shares_nothing(host):
    argv = host.ssh_argv("true", alone=True)
    assert "ControlPath=none" in argv and "ControlMaster=auto" not in argv


def test_past_ssh_a_command_runs_in_the_container(lab, host):
    past = lab.Host(host.fleet, "web1", past_ssh=True)
    assert past._argv("echo a", alone=False)[1:] == [
        str(lab.CHECKOUT / "lab" / "lab.py"),
        "exec",
        "mine-b",
        "web1",
        "sh",
        "-c",
        "echo a",
    ]


def test_the_error_of_a_host_names_the_host(lab, host, monkeypatch):
    monkeypatch.setattr(host, "_argv", lambda command, alone: ["sh", "-c", command])
    assert host.sure("echo fine") == "fine\n"
    with pytest.raises(lab.CommandFailed, match="^web1: echo bad; exit 5 failed .exit code 5.:\nbad"):
        host.sure("echo bad; exit 5")


@pytest.mark.parametrize("keep, expected", [("", ["up", "down"]), ("1", ["up"])])
def test_a_with_block_removes_the_hosts_unless_they_are_kept(lab, host, monkeypatch, keep, expected):
    monkeypatch.setenv("SLIPWAY_KEEP_FLEET", keep)
    called = []
    monkeypatch.setattr(lab, "call", lambda argv: called.append(argv[2]))
    with host.fleet:
        pass
    assert called == expected
