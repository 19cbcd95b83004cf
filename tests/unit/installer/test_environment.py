# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment file: install.sh writes the bytes that Python writes, and refuses what is ambiguous."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import environment

CONTRACT = Path(__file__).resolve().parents[2] / "contract" / "environment.json"


def install_with(host, tarball, text, *flags):
    file = host.root / "env"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return host.run(tarball(), "--env-file", str(file), *flags)


def test_an_install_with_all_variables_of_the_contract(host, tarball):
    cases = json.loads(CONTRACT.read_text(encoding="utf-8"))["render"]
    variables = {key: value for case in cases for key, value in case["variables"].items()}
    assert install_with(host, tarball, environment.render(variables)).returncode == 0
    assert host.environment == environment.render(variables)
    host.install(host.base / "current", "--port", "8080")
    assert host.environment == environment.render(dict(variables, PORT="8080"))
    host.install(host.base / "current", "--port=9090")
    assert host.environment == environment.render(dict(variables, PORT="9090"))
    host.install(host.base / "current", "--port-variable", "LISTEN_PORT", "--port", "1")
    assert host.environment == environment.render(dict(variables, PORT="9090", LISTEN_PORT="1"))


def test_random_values(host, tarball):
    dice = random.Random(8)
    alphabet = "ab \\\"'`$=#%\n\t\xe9\u20ac\U0001f600"
    for dummy in range(12):
        variables = {
            "K%d" % number: "".join(dice.choices(alphabet, k=dice.randrange(12))) for number in range(20)
        }
        done = install_with(host, tarball, environment.render(variables))
        assert (done.returncode, host.environment) == (0, environment.render(variables)), done.stderr


def test_comments_blank_lines_and_a_missing_last_newline(host, tarball):
    assert install_with(host, tarball, "# a\n\n  # b\nB=2\nA=1").returncode == 0
    assert host.environment == 'A="1"\nB="2"\n'


@pytest.mark.parametrize(
    "text, told",
    [
        ("SECRET", "line 1: is not KEY=value"),
        ("A=1\nexport SECRET=hunter2", "line 2: is not KEY=value"),
        ("1A=hunter2", "is not KEY=value"),
        ("A-B=hunter2", "is not KEY=value"),
        ("=hunter2", "is not KEY=value"),
        ("A = hunter2", "is not KEY=value"),
        ("A= hunter2", "line 1, A: begins with a blank"),
        ("A=hunter2 ", "ends with a blank"),
        ("A='hunter2'", "single quote"),
        ('A="hunter2', "A: has no closing quote"),
        ('A="hunter2" # why', "after its closing quote"),
        ('A="hunter2\\n"', "backslash before something else"),
        ("A=hunter2\nA=hunter2", "line 2, A: is set twice"),
        (b"A=hunter2\r\n", "Windows line endings"),
        (b"A=hunter2\0\n", "not UTF-8 text"),
        (b"A=hunter2\x1b[0m\n", "not UTF-8 text"),
        (b"A=hunter2\x7f\n", "not UTF-8 text"),
        (b"A=\xff\n", "not UTF-8 text"),
        (b"A=\xc3\n", "not UTF-8 text"),
        (b"A=\xc0\x80\n", "not UTF-8 text"),
        (b"A=\xe0\x80\x80\n", "not UTF-8 text"),
        (b"A=\xed\xa0\x80\n", "not UTF-8 text"),
        (b"A=\xf4\x90\x80\x80\n", "not UTF-8 text"),
        (b"A=\xe2\x82", "not UTF-8 text"),
    ],
)
def test_what_is_refused_without_showing_a_value(host, tarball, text, told):
    done = install_with(host, tarball, text)
    assert (done.returncode, told in done.stderr) == (1, True), done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert host.link("current") is None


def test_two_ports_are_one_too_many(host, tarball):
    assert "give one of them" in install_with(host, tarball, "PORT=1\n", "--port", "2").stderr
    assert install_with(host, tarball, "PORT=2\n", "--port", "2").returncode == 0
