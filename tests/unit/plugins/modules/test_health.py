# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module itself, against the servers of conftest.py."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.slipway.golang.plugins.module_utils.common import health
from ansible_collections.slipway.golang.plugins.modules import health as module


@pytest.fixture
def run(capsys):
    def run(**arguments):
        with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert bool(ended.value.code) == bool(result.get("failed"))
        return result

    return run


@pytest.mark.parametrize("check_mode", [False, True])
def test_it_asks_and_never_changes(run, port, check_mode):
    options = {"port": port, "path": "/healthz", "min_ready_seconds": 0, "timeout": 30, "release": "1.4.2"}
    result = run(_ansible_check_mode=check_mode, **options)
    assert not result["changed"] and not result.get("failed")
    assert (result["status"], result["release"], result["count"], result["reason"]) == (200, "1.4.2", 1, "")
    assert 0 <= result["ready_ms"] < 30_000 and result["attempts"][0]["ok"]


def test_what_it_returns_is_documented(run, port):
    documented = set(yaml.safe_load(module.RETURN)) | {"changed", "failed", "msg", "invocation", "exception"}
    for path in ("/healthz", "/status/503"):
        assert set(run(port=port, path=path, min_ready_seconds=0, deadline=0.1)) <= documented


def test_a_failure_says_what_was_asked_for_how_long_and_what_to_do_next(run, port):
    result = run(port=port, path="/status/503", deadline=0.1, timeout=30)
    assert result["failed"] and result["ready_ms"] is None and result["status"] == 503
    assert re.match(r"Not healthy after %d probes in [0-9.]+ s " % result["count"], result["msg"])
    assert (
        "(deadline 0.1 s, min_ready_seconds 2 s, timeout 30 s, failure_threshold 3): "
        "GET http://127.0.0.1:%d/status/503 answered 503" % port in result["msg"]
    )
    assert result["msg"].endswith("Next, on this machine: curl -iv http://127.0.0.1:%d/status/503" % port)


def test_a_service_that_was_ready_is_not_told_as_one_that_never_was(run, tmp_path):
    once = ["sh", "-c", "mkdir %s/once" % tmp_path]
    result = run(command=once, min_ready_seconds=0.05, timeout=30)
    assert result["failed"] and result["ready_ms"] is not None
    assert (
        result["msg"].startswith("Ready, but not healthy after 4 probes") and "File exists" in result["msg"]
    )


def test_bad_options_are_refused_before_anything_is_asked(run):
    result = run(port=80, body="ok")
    assert result["failed"] and result["msg"].startswith("health.body: 'ok' is not usable")


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({"port": 80}, "ss -ltnp 'sport = :80'"),
        ({"socket": "/run/a b"}, "ls -l '/run/a b'; ss -lxp"),
        ({"socket": "/run/a", "path": "/h"}, "curl -iv --unix-socket /run/a http://localhost/h"),
        ({"host": "::1", "port": 80, "path": "/h?a&b"}, "curl -iv 'http://[::1]:80/h?a&b'"),
        (
            {"port": 443, "path": "/", "scheme": "https", "validate_certs": False, "method": "HEAD"},
            "curl -iv -I -k https://127.0.0.1:443/",
        ),
        ({"port": 80, "path": "/", "method": "POST"}, "curl -iv -X POST http://127.0.0.1:80/"),
        ({"command": ["sh", "-c", "exit 1"]}, "sh -c 'exit 1'"),
    ],
)
def test_the_next_command_can_be_typed(options, command):
    assert module._next(health.parse(options)) == command


def test_the_examples_are_good():
    for task in yaml.safe_load(module.EXAMPLES):
        options = dict(task["slipway.golang.health"])
        options.pop("release", None)
        assert health.parse(options)
