# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One-off commands and migrations: the release's own binary, in its sandbox, recorded, and once if asked."""

from __future__ import annotations

import json
import os
import sys

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import command
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.history import History
from ansible_collections.slipway.golang.plugins.module_utils.host.system import lock
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import accounts

from .managed_host import APP, answer, version_of

SYSTEMD_RUN = """#!/bin/sh
# A systemd-run that only runs the command, for RuntimeMaxSec at most, and logs how it was called.
set -a
printf '%s\\n' "$@" >>{log}
while [ "$1" != -- ]; do
  case $1 in
    --property=RuntimeMaxSec=*) limit=${{1##*=}} ;;
    --property=EnvironmentFile=/etc/*) ;;
    --property=EnvironmentFile=*) . "${{1##*File=}}" ;;
  esac
  shift
done
shift
exec timeout "$limit" "$@"
"""


@pytest.fixture
def served(served, tmp_path, monkeypatch):
    """A host that serves 1.0.0, with a systemd-run."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "systemd-run"
    program.write_text(SYSTEMD_RUN.format(log=tmp_path / "argv"), encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return served


def run(host, script="", **options):
    """The binary of these tests is the loader of dynamic programs: it runs Python."""
    defaults = {
        "name": APP,
        "root": host.root,
        "args": [sys.executable, "-I", "-S", "-c", script],
        "timeout": 60,
        "actor": "ann@laptop",
        "deploy_id": "42",
    }
    return answer(command.run, dict(defaults, **options))


def argv(host):
    """The command line that systemd-run was last called with."""
    words = (host.base / "argv").read_text(encoding="utf-8").splitlines()
    start = len(words) - words[::-1].index("--quiet") - 1
    return words[start:]


def calls(host):
    path = host.base / "argv"
    return path.read_text(encoding="utf-8").splitlines().count("--quiet") if path.exists() else 0


def last(host):
    return History(host.layout.history).entries()[-1]


def test_a_command_has_the_binary_user_and_sandbox_of_the_live_release(served):
    result = run(served, "print('applied 3')")
    assert (result["outcome"], result["rc"], result["stdout"]) == ("ok", 0, "applied 3\n")
    release = served.layout.release(served.layout.current())
    words = argv(served)
    own = words[: words.index("--")]
    assert words[words.index("--") + 1] == release.binary
    assert "--property=User=nobody" in own and "--property=ProtectSystem=strict" in own
    assert "--property=StateDirectory=orders" in own
    assert [word for word in own if "EnvironmentFile" in word] == [
        "--property=EnvironmentFile=" + release.environment_file
    ]
    unit = next(word for word in own if word.startswith("--unit=orders-run-"))[len("--unit=") :]
    assert "--property=RuntimeDirectory=" + unit[: -len(".service")] in own
    assert {"--wait", "--pipe", "--collect", "--property=RuntimeMaxSec=60"} <= set(own)
    assert not any(word.startswith("--property=Exec") for word in own)


def test_the_live_service_is_not_touched(served):
    before, pid = list(served.systemd.calls), served.systemd.pid("orders.service")
    run(served)
    assert served.systemd.calls == before and served.systemd.pid("orders.service") == pid


def test_a_dollar_sign_reaches_the_command_as_it_is(served):
    run(served, "x", args=["$HOME", "${X}", "100%"])
    assert argv(served)[-3:] == ["$$HOME", "$${X}", "100%"]


def test_the_exit_status_is_passed_on_and_the_output_is_in_the_message(served):
    result = run(served, "import sys; print('out'); sys.exit('no such table')")
    assert (result["failed"], result["outcome"], result["rc"], result["changed"]) == (True, "failed", 1, True)
    assert "ended with exit status 1 (release 1.0.0-" in result["msg"]
    assert "out" in result["hint"] and "no such table" in result["hint"]
    assert result["stderr"] == "no such table\n"


def test_a_command_that_does_not_end_is_ended(served):
    result = run(served, "import time; time.sleep(600)", timeout=1)
    assert result["rc"] == 124 and "did not end within 1 s, and was stopped" in result["msg"]


@pytest.mark.parametrize(
    "line, code, words",
    [
        ("Main process exited, code=killed, status=9/KILL", 137, "the signal SIGKILL"),
        ("Main process exited, code=dumped, status=6/ABRT", 134, "the signal SIGABRT"),
        ("Main process exited, code=exited, status=1/FAILURE", 1, "exit status 1"),
    ],
)
def test_a_signal_is_named(served, monkeypatch, line, code, words):
    monkeypatch.setattr(command.systemctl, "journal_tail", lambda unit, since: [line])
    result = run(served, "raise SystemExit(1)")
    assert result["rc"] == code and words in result["msg"]


def test_a_process_that_systemd_could_not_set_up_shows_the_journal(served, monkeypatch):
    lines = ["Failed to set up mount namespacing: /srv/x: No such file or directory"]
    monkeypatch.setattr(command.systemctl, "journal_tail", lambda unit, since: lines)
    assert run(served, "raise SystemExit(226)")["evidence"] == {"journal": lines}


@pytest.mark.parametrize("script, outcome", [("", "ok"), ("raise SystemExit(3)", "failed")])
def test_the_history_has_the_arguments_and_the_status_and_not_the_output(served, script, outcome):
    run(served, "print('secret output')\n" + script)
    entry = last(served)
    assert (entry["act"], entry["outcome"], entry["actor"]) == ("run", outcome, "ann@laptop")
    assert entry["release"] == served.layout.current() and entry["rc"] == (3 if script else 0)
    assert entry["args"][0] == sys.executable and "to" not in entry
    del entry["args"]
    assert "secret output" not in json.dumps(entry)


def test_a_command_changes_nothing_of_what_the_history_says_about_releases(served):
    before = History(served.layout.history).outcomes()
    run(served, "raise SystemExit(3)")
    assert History(served.layout.history).outcomes() == before
    assert not served.plan("1.0.0")["changed"]


def test_a_full_disk_is_a_warning_as_the_command_was_run(served, monkeypatch):
    def full(self, entry):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(History, "append", full)
    result = run(served)
    assert result["outcome"] == "ok" and "No space left on device" in result["warnings"][0]


# --- which release --------------------------------------------------------------------------------


def test_another_release_by_version_id_or_previous(served):
    served.deploy("2.0.0")
    old = served.layout.previous()
    for name in ("1.0.0", old, "previous"):
        assert run(served, release=name)["release"] == old
    assert version_of(run(served, release="current")["release"]) == "2.0.0"


def test_a_release_that_is_not_here_is_refused(served):
    result = run(served, release="9.9.9")
    assert result["outcome"] == "rejected" and "'9.9.9' of orders is not on this host" in result["msg"]
    assert "The host has: 1.0.0-" in result["msg"] and calls(served) == 0


def test_without_a_live_release_it_says_what_is_here(served):
    served.layout.point("current", None)
    result = run(served)
    assert "orders has no live release on this host. Nothing was run" in result["msg"]
    assert "1.0.0-" in result["msg"]


def test_a_host_without_the_app_is_refused(host):
    assert "there is none" in run(host)["msg"]


def test_a_damaged_binary_is_not_run(served):
    served.damage()
    result = run(served)
    assert "are not those that were released. Nothing was run" in result["msg"] and calls(served) == 0


def test_a_release_whose_binary_is_gone_is_refused(served):
    os.unlink(served.layout.release(served.layout.current()).binary)
    assert "Nothing was run" in run(served)["msg"]


@pytest.mark.parametrize("name", ["environment", "units/orders.service"])
def test_a_release_whose_files_were_changed_is_refused(served, name):
    with open(os.path.join(served.layout.path_of(served.layout.current()), name), "a") as handle:
        handle.write("X=1\n")
    assert "Nothing was run" in run(served)["msg"] and calls(served) == 0


def test_an_account_that_is_gone_is_named(served, monkeypatch):
    def gone(name):
        raise KeyError(name)

    monkeypatch.setattr(accounts, "_KINDS", (("User", gone, "user"),))
    assert "There is no user 'nobody' on this host" in run(served)["msg"]


@pytest.mark.parametrize(
    "options, words", [({"timeout": 0}, "use 1 second or more"), ({"args": ["a\0b"]}, "NUL character")]
)
def test_what_cannot_be_run_is_refused(served, options, words):
    assert words in run(served, **options)["msg"] and calls(served) == 0


def test_the_environment_of_an_instance_is_that_of_the_release(served):
    """With blue_green the unit is a template, whose files are named by color."""
    text = (
        "[Service]\nUser=nobody\nEnvironmentFile=%s/%%i/environment\nEnvironmentFile=%s/%%i.port\n"
        "EnvironmentFile=-%s/%%i.environment\nEnvironmentFile=/etc/orders.env\nRuntimeDirectoryPreserve=yes\nStandardOutput=null\n"
    ) % (served.root, served.root, served.root)
    path = served.layout.path_of(served.layout.current())
    os.unlink(os.path.join(path, "units", "orders.service"))
    record = served.layout.release(served.layout.current()).record
    record["units"] = {"orders@.service": canonical.sha256(text)}
    for name, content in (("units/orders@.service", text), ("release.json", json.dumps(record))):
        with open(os.path.join(path, name), "w", encoding="utf-8") as handle:
            handle.write(content)
    run(served)
    release = served.layout.release(served.layout.current())
    words = [word for word in argv(served) if word.startswith("--property=")]
    assert [word for word in words if "File=" in word] == [
        "--property=EnvironmentFile=/etc/orders.env",
        "--property=EnvironmentFile=" + release.environment_file,
    ]
    assert not any("Preserve" in word or "StandardOutput" in word for word in words)


# --- placeholders ---------------------------------------------------------------------------------


@pytest.fixture
def configured(served, tmp_path, monkeypatch):
    """A host that serves 1.0.0, and has 2.0.0 staged with a configuration of its own."""
    monkeypatch.setattr(command, "RUN_DIRECTORY", str(tmp_path))
    options = {
        "environment": {"CONFIG": "{config}/app.toml", "ADDRESS": ":{port}", "GREETING": "hi"},
        "config": {"app.toml": "level = 2"},
    }
    staged = served.deploy("2.0.0", state="staged", **options)
    assert staged["outcome"] == "ok", staged
    return served, served.layout.release(staged["release"])


def test_the_environment_names_the_configuration_of_the_release_and_not_the_live_one(configured):
    host, release = configured
    script = "import os; print(os.environ['CONFIG'], os.environ['ADDRESS'], os.environ['GREETING'])"
    result = run(host, script, release=release.id)
    assert result["stdout"] == "%s/app.toml :%d hi\n" % (release.config_dir, host.port)
    assert not list(host.base.glob("*.environment"))


def test_placeholders_of_the_arguments_are_filled_in(configured):
    host, release = configured
    run(host, release=release.id, args=["-config", "{config}/app.toml", ":{port}", "{{port}}"])
    assert argv(host)[-4:] == ["-config", release.config_dir + "/app.toml", ":%d" % host.port, "{port}"]
    assert last(host)["args"][1] == "{config}/app.toml"


# --- once, and check mode -------------------------------------------------------------------------


def test_a_migration_runs_once_for_a_release_and_its_arguments(served):
    first, again = run(served, "print(1)", once=True), run(served, "print(1)", once=True)
    assert first["changed"] and not again["changed"] and calls(served) == 1
    assert "has succeeded with 1.0.0-" in again["msg"] and "was not run again" in again["msg"]
    assert last(served)["act"] == "migrate"
    assert run(served, "print(2)", once=True)["changed"]


def test_a_migration_that_failed_runs_again(served):
    assert run(served, "raise SystemExit(1)", once=True)["failed"]
    assert run(served, "raise SystemExit(1)", once=True)["failed"] and calls(served) == 2


def test_another_release_is_migrated_to_anew(served):
    run(served, once=True)
    served.deploy("2.0.0")
    assert run(served, once=True)["changed"] and calls(served) == 2


def test_a_one_off_command_is_no_migration(served):
    run(served)
    assert run(served, once=True)["changed"]


def test_the_plan_names_the_migrations_of_its_release(served):
    run(served, "print(1)", once=True)
    run(served, "raise SystemExit(1)", once=True)
    (arguments,) = served.plan("1.0.0")["migrations"]
    assert arguments[-1] == "print(1)"
    assert served.plan("2.0.0")["migrations"] == []


def test_a_migration_waits_for_nobody_and_is_refused_while_a_deploy_runs(served):
    with lock.held(served.layout.lock, {"actor": "bob", "to": "2.0.0"}):
        result = run(served, once=True)
        assert "bob" in result["msg"] and calls(served) == 0
        assert run(served)["outcome"] == "ok"


def test_a_full_disk_refuses_a_migration_before_it_runs(served, monkeypatch):
    def full(descriptor, note):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lock, "_write_note", full)
    result = run(served, once=True)
    assert result["outcome"] == "rejected" and "No space left on device. Nothing was run" in result["msg"]
    assert calls(served) == 0


def test_check_mode_says_what_would_run_and_runs_nothing(served):
    before = History(served.layout.history).entries()
    result = run(served, check=True, args=["migrate", "a b"])
    assert result["changed"]
    assert result["msg"] == "Would run orders migrate 'a b' with %s, as user nobody" % served.layout.current()
    assert calls(served) == 0 and History(served.layout.history).entries() == before


def test_check_mode_knows_that_a_migration_is_done(served):
    run(served, once=True)
    assert not run(served, once=True, check=True)["changed"]
    assert run(served, "print(2)", once=True, check=True)["changed"]
    assert calls(served) == 1
