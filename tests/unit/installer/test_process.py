# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How install.sh checks the process of a service: real processes, and a stand-in for `systemctl show`."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from .trees import INSTALL_SH, SOURCE

RELEASE = "1.4.2-0a1b2c3d4e5f"
# Each question for MainPID takes one line of the file `pids`; the last line stays.
# How the process ended is known when its id is gone.
SYSTEMCTL = """\
#!/bin/sh
read -r pid <"$PIDS"
case $2 in
    --property=MainPID)
        echo "MainPID=$pid"
        [ "$(wc -l <"$PIDS")" = 1 ] || sed -i 1d "$PIDS"
        ;;
    --property=Result)
        if [ "$pid" = "$CHECKED" ]; then echo Result=success; else echo Result=exit-code; fi
        ;;
    --property=ExecMainStatus)
        if [ "$pid" = "$CHECKED" ]; then echo ExecMainStatus=0; else echo ExecMainStatus=3; fi
        ;;
esac
"""


class Service:
    """Releases below a directory, and processes that were started from them."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = []
        (directory / "bin").mkdir()
        (directory / "bin" / "systemctl").write_text(SYSTEMCTL)
        (directory / "bin" / "systemctl").chmod(0o755)

    def start(self, release=RELEASE):
        binary = self.directory / "releases" / release / "bin" / "orders"
        binary.parent.mkdir(parents=True)
        shutil.copy(shutil.which("cat"), binary)
        process = subprocess.Popen(
            ["cat"], executable=binary, stdin=subprocess.PIPE
        )  # it ends with its input
        self.processes.append(process)
        return process

    def is_steady(self, process, *pids):
        """Check a process, while systemd answers with these main processes; returns code and reason."""
        (self.directory / "pids").write_text("".join("%d\n" % pid for pid in pids))
        script = 'base=$1 app=orders unit=x pid=$CHECKED reason=; is_steady "$2"; echo "$? $reason"'
        variables = {
            "PATH": "%s:%s" % (self.directory / "bin", os.environ["PATH"]),
            "PIDS": str(self.directory / "pids"),
            "CHECKED": str(process.pid),
        }
        argv = ["sh", "-c", SOURCE + script, "sh", INSTALL_SH, self.directory, RELEASE]
        done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=True, timeout=60)
        assert done.stderr == ""
        return done.stdout.strip()

    def end(self, process):
        """End a process by ending its input. The kernel keeps its id until it is waited for."""
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


@pytest.fixture
def service(tmp_path):
    made = Service(tmp_path)
    yield made
    for process in made.processes:
        process.stdin.close()
        process.wait()


def test_a_process_of_the_release_is_steady(service):
    process = service.start()
    assert service.is_steady(process, process.pid) == "0"


def test_a_process_of_another_release_is_named(service):
    process = service.start("1.4.1-0a1b2c3d4e5f")
    assert service.is_steady(process, process.pid) == "1 the running process %d is not of %s" % (
        process.pid,
        RELEASE,
    )


def test_a_process_has_ended_and_systemd_knows_it(service):
    process = service.start()
    service.end(process)
    assert service.is_steady(process, 0) == "1 its process ended (exit-code, exit status 3)"


@pytest.mark.parametrize("answers", [1, 2, 3])
def test_a_process_has_ended_and_systemd_notices_it_later(service, answers):
    process = service.start()
    service.end(process)
    pids = [process.pid] * answers + [0]
    assert service.is_steady(process, *pids) == "1 its process ended (exit-code, exit status 3)"


def test_systemd_has_started_another_process(service):
    process, next_one = service.start(), service.start("1.4.1-0a1b2c3d4e5f")
    service.end(process)
    assert (
        service.is_steady(process, process.pid, next_one.pid)
        == "1 its process ended (exit-code, exit status 3)"
    )
