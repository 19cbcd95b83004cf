# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples that users copy: they build, their tests pass, and only routes and metrics differ."""

from __future__ import annotations

import subprocess

import pytest
from support.lab import CHECKOUT, find_go

EXAMPLES = CHECKOUT / "examples"
# What differs from one to the other; every other file is the same in both.
OWN = {"README.md", "go.mod", "go.sum", "routes.go", "metrics.go", "metrics_test.go"}
MODULES = {
    "gin-api": EXAMPLES / "gin-api",
    "hello": EXAMPLES / "hello",
    "unhealthy": CHECKOUT / "tests" / "apps" / "unhealthy",
}


def go(*arguments, directory):
    return subprocess.run(
        [find_go(), *arguments], cwd=directory, capture_output=True, text=True, timeout=900, check=False
    )


@pytest.fixture(params=sorted(MODULES))
def module(request):
    directory = MODULES[request.param]
    done = go("mod", "download", directory=directory)
    assert done.returncode == 0, done.stderr
    return directory


def test_they_are_one_service_but_for_routes_and_metrics():
    def shared(name):
        listed = subprocess.run(
            ["git", "ls-files"], cwd=EXAMPLES / name, capture_output=True, text=True, check=True
        ).stdout.split()
        return {path: (EXAMPLES / name / path).read_bytes() for path in listed if path not in OWN}

    assert shared("gin-api") == shared("hello")
    assert {"main.go", "config.go", "serve.go", "assets/index.html"} <= set(shared("hello"))


def test_go_vet(module):
    done = go("vet", "./...", directory=module)
    assert done.returncode == 0, done.stderr


def test_go_test(module):
    done = go("test", "./...", directory=module)
    assert done.returncode == 0, done.stdout + done.stderr


def test_modules_are_tidy(module):
    done = go("mod", "tidy", "-diff", directory=module)
    assert done.returncode == 0, done.stdout + done.stderr
