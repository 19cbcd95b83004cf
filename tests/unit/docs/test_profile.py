# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about profiles: its Go code serves profiles, and its variables are ones that Slipway takes."""

from __future__ import annotations

import http.client
import os
import pathlib
import re
import shlex
import socket
import subprocess

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.builder.toolchain import find
from ansible_collections.slipway.golang.plugins.module_utils.common.pprof import KINDS
from ansible_collections.slipway.golang.plugins.plugin_utils import profiles, variables

PAGE = (pathlib.Path(__file__).resolve().parents[3] / "docs" / "how-to" / "profile.md").read_text(
    encoding="utf-8"
)
MAIN = """package main

import (
    "log/slog"
    "net"
    "net/http"
    "net/http/pprof"
    "os"
    "path/filepath"
    "syscall"
)

func main() {
    startAdmin(slog.Default())
    println("ready")
    select {}
}

"""


@pytest.fixture
def service(tmp_path):
    (tmp_path / "go.mod").write_text("module example.com/orders\n\ngo 1.21\n")
    (block,) = re.findall(r"```go\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "main.go").write_text(MAIN + block)
    subprocess.run([find("go"), "build", "-o", "orders", "."], cwd=tmp_path, check=True)
    environment = dict(os.environ, RUNTIME_DIRECTORY=str(tmp_path))
    with subprocess.Popen(
        [tmp_path / "orders"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline() == "ready\n"
        yield tmp_path / "pprof.sock"
        process.kill()


def test_the_code_of_the_page_serves_profiles_to_its_user_alone(service):
    assert service.stat().st_mode & 0o777 == 0o600
    for path, status in (("heap", 200), ("profile?seconds=1", 200), ("cmdline", 404)):
        client = http.client.HTTPConnection("localhost")
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.connect(str(service))
        client.request("GET", "/debug/pprof/" + path)
        assert client.getresponse().status == status
        client.close()


def problems(given):
    return variables.read(dict({"slipway_app": "orders"}, **given), lambda value: value, "/deploy")[1]


def test_every_example_has_variables_that_are_accepted():
    found = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    for line in re.findall(r"^\$ (ansible-playbook .*)$", PAGE, re.MULTILINE):
        words = shlex.split(line)
        for flag, word in zip(words, words[1:]):
            if flag == "-e":
                name, equals, value = word.partition("=")
                found.append({name: value} if equals else yaml.safe_load(word))
    assert len(found) > 8
    assert [problems(given) for given in found] == [[]] * len(found)


def test_the_page_has_all_kinds():
    assert re.findall(r"^\| `(\w+)` \| ", PAGE.split("## Other kinds")[1], re.MULTILINE) == list(KINDS)


def test_the_result_looks_as_it_is_printed():
    shown = re.search(r"^CPU seconds for.*$", PAGE, re.MULTILINE)[0]
    numbers = [float(number) for number in re.findall(r"[0-9]+\.[0-9]+", shown)]
    plain, optimised, gain, low, high = numbers
    measured = {
        "requests": 1000,
        "plain_seconds": plain,
        "optimised_seconds": optimised,
        "turns": [0] * 9,
        "gain": gain / 100,
        "interval": [low / 100, high / 100],
        "worth": True,
    }
    assert profiles.gain_in_words(measured) == shown
