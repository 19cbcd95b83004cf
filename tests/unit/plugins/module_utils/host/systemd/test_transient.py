# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import systemctl, transient


@pytest.fixture
def systemd_run(tmp_path, monkeypatch):
    """A systemd-run that only runs the command, for RuntimeMaxSec at most."""
    program = tmp_path / "systemd-run"
    program.write_text(
        "#!/bin/sh\n"
        'printf "%%s\\n" "$@" >%s/argv\n'
        'while [ "$1" != -- ]; do\n'
        "  case $1 in --property=RuntimeMaxSec=*) limit=${1##*=} ;; esac\n  shift\ndone\nshift\n"
        'exec timeout "$limit" "$@"\n' % tmp_path,
        encoding="ascii",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:/usr/bin:/bin" % tmp_path)
    return lambda: (tmp_path / "argv").read_text(encoding="utf-8").splitlines()


def run(script, seconds=60, keep=65536):
    start = transient.argv("x.service", "a test", ["User=orders"], ["/bin/sh", "-c", script])
    return transient.run("x.service", start, seconds, 1, keep)


def test_the_command_line_has_the_settings_before_the_command():
    assert transient.argv("x.service", "A b", ["Nice=5"], ["/bin/x", "y"], ("--service-type=exec",)) == [
        "systemd-run",
        "--quiet",
        "--collect",
        "--unit=x.service",
        "--description=A b",
        "--service-type=exec",
        "--property=Nice=5",
        "--",
        "/bin/x",
        "y",
    ]


def test_output_and_exit_status_are_passed_on(systemd_run):
    ended = run("echo out; echo err >&2; exit 3")
    assert (ended.code, ended.stdout, ended.stderr) == (3, "out\n", "err\n")
    assert not ended.timed_out and not ended.cut


def test_systemd_ends_the_command_also_where_nobody_waits_for_it(systemd_run):
    run("true", seconds=7)
    argv = systemd_run()
    assert {"--wait", "--pipe", "--collect", "--quiet"} <= set(argv)
    own = argv[: argv.index("--")]
    assert "--property=RuntimeMaxSec=7" in own and "--property=TimeoutStopSec=1" in own
    assert own.index("--property=RuntimeMaxSec=7") > own.index("--wait")


def test_a_command_that_takes_too_long_has_timed_out(systemd_run):
    ended = run("echo begun; exec sleep 60", seconds=0.2)
    assert ended.timed_out and ended.stdout == "begun\n"


def test_only_the_end_of_a_long_output_is_kept(systemd_run):
    ended = run("yes line | head -n 100000; echo last; echo short >&2", keep=1000)
    assert ended.cut and len(ended.stdout) == 1000 and ended.stdout.endswith("line\nlast\n")
    assert ended.stderr == "short\n"


def test_output_that_is_no_text_is_readable(systemd_run):
    assert run(r"printf 'a\377b'").stdout == "a\ufffdb"


def test_a_command_that_systemd_does_not_end_is_stopped_from_here(systemd_run, tmp_path, monkeypatch):
    stopped = []
    program = tmp_path / "systemd-run"
    program.write_text("#!/bin/sh\necho begun\nexec sleep 600\n", encoding="ascii")
    monkeypatch.setattr(transient, "GRACE_SECONDS", -0.9)
    monkeypatch.setattr(systemctl, "stop", stopped.append)
    ended = run("true", seconds=0.1)
    assert stopped == ["x.service"] and ended.timed_out and ended.code != 0


def test_without_systemd_the_message_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlipwayError, match="There is no command systemd-run on this host"):
        run("true")


def test_a_transient_unit_is_there_as_long_as_systemd_has_its_text(tmp_path, monkeypatch):
    monkeypatch.setattr(transient, "DIRECTORY", str(tmp_path))
    assert not transient.is_there("x.service")
    (tmp_path / "x.service").write_text("[Unit]\n", encoding="ascii")
    assert transient.is_there("x.service")
