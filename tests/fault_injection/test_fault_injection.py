# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The short part of `make test-faults`, and that the suite itself notices what it is for."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import order
import pytest
import verdict

HERE = Path(__file__).resolve().parent
OLD, NEW = "1.0.0-0a1b2c3d4e5f", "2.0.0-0a1b2c3d4e5f"
STEPS = [
    "mkdir\t/opt/orders/incoming/x",
    "create\t/opt/orders/incoming/x/binary",
    "write\t/opt/orders/incoming/x/binary",
    "fsync\t/opt/orders/incoming/x/binary",
    "fsync\t/opt/orders/incoming/x",
    "rename\t/opt/orders/incoming/x\t/opt/orders/releases/x",
    "fsync\t/opt/orders/releases",
    "symlink\t/opt/orders/current.new",
    "rename\t/opt/orders/current.new\t/opt/orders/current",
    "fsync\t/opt/orders",
    "run\tsystemctl restart orders.service",
]


def test_a_quick_round_of_faults_loses_nothing():
    argv = [sys.executable, str(HERE / "run.py"), "--quick", "--fleet", "faultsquick"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr + done.stdout


def test_writes_in_order_are_accepted():
    assert order.violations(STEPS) == []


@pytest.mark.parametrize("missing", [line for line in STEPS if line.startswith("fsync")])
def test_every_missing_fsync_is_noticed(missing):
    assert order.violations([line for line in STEPS if line != missing])


def test_an_fsync_that_is_not_needed_is_listed():
    assert order.unnoticed(["fsync\t/opt/orders"]) == ["fsync\t/opt/orders"]


@pytest.mark.parametrize("outcome", ["ok", "failed"])
def test_a_command_has_to_leave_the_old_release(outcome):
    one = tried()
    one["result"] = {"outcome": outcome, "rc": 0, "release": NEW}
    assert verdict.judge(one, OLD, NEW, NEW)[0] == verdict.UNKNOWN
    report = {"running": OLD, "healthy": True, "current": OLD}
    one["after"] = dict(one["after"], serves=OLD, current=OLD, report=report)
    assert verdict.judge(one, OLD, NEW, NEW) == (verdict.KEPT, "")


def test_a_plan_has_to_leave_the_old_release():
    one = tried()
    one["result"] = {"outcome": "ok", "needs_artifact": True, "release": NEW}
    assert verdict.judge(one, OLD, NEW, NEW)[0] == verdict.UNKNOWN


def tried():
    """A kill after which the new release serves, and a next run with nothing to do."""
    seen = {
        "serves": NEW,
        "healthy": True,
        "current": NEW,
        "previous": OLD,
        "releases": {OLD: None, NEW: None},
        "history": ["one", "two"],
        "report": {"running": NEW, "healthy": True, "current": NEW},
        "rubbish": [],
    }
    before = dict(seen, serves=OLD, journal=["one"])
    return copy.deepcopy(
        {
            "before": before,
            "result": None,
            "after": seen,
            "again": {"outcome": "ok", "release": NEW},
            "final": seen,
        }
    )


def test_a_good_outcome_is_named():
    assert verdict.judge(tried(), OLD, NEW, NEW) == (verdict.TOOK, "")


@pytest.mark.parametrize(
    "moment, key, value, expected",
    [
        ("after", "history", [], verdict.LOST),
        ("final", "history", ["two"], verdict.LOST),
        ("after", "releases", {NEW: None}, verdict.LOST),
        ("final", "releases", {OLD: "bin/orders", NEW: None}, verdict.LOST),
        ("after", "serves", None, verdict.UNKNOWN),
        ("after", "serves", "3.0.0-0a1b2c3d4e5f", verdict.UNKNOWN),
        ("after", "report", {"running": OLD}, verdict.UNKNOWN),
        ("after", "releases", {OLD: None, NEW: None, "0.9.0-0a1b2c3d4e5f": "half"}, verdict.UNKNOWN),
        ("final", "serves", OLD, verdict.UNKNOWN),
        ("final", "healthy", False, verdict.UNKNOWN),
        ("final", "rubbish", ["/opt/orders/incoming/x"], verdict.UNKNOWN),
    ],
)
def test_what_must_never_be_is_noticed(moment, key, value, expected):
    one = tried()
    one[moment][key] = value
    outcome, problem = verdict.judge(one, OLD, NEW, NEW)
    assert outcome == expected and problem


@pytest.mark.parametrize("said", ["rejected", "reverted", "down", "unknown"])
def test_a_result_that_does_not_fit_what_serves_is_noticed(said):
    assert verdict.judge(dict(tried(), result={"outcome": said}), OLD, NEW, NEW)[0] == verdict.UNKNOWN


# Runs with the tracer in front of it, as the engine does.
ACTS = """
import os, shutil, subprocess, sys
os.mkdir("x")
os.makedirs("x", exist_ok=True)
with open("x/a", "w") as handle:
    handle.write("text")
    handle.flush()
    os.fsync(handle.fileno())
os.rename("x/a", "x/b")
os.symlink("b", "x/link")
open("x/b").close()
open("/dev/null", "w").close()
subprocess.run(["true"], stdout=subprocess.PIPE)
shutil.rmtree("x")
sys.stdout.write("the result")
"""
TRACED = [
    "mkdir\tx",
    "create\tx/a",
    "write\tx/a",
    "fsync\tx/a",
    "rename\tx/a\tx/b",
    "symlink\tx/link",
    "run\ttrue",
    "wait\ttrue",
    "remove\tx/b",
    "remove\tx/link",
    "rmdir\tx",
    "run\ttell the result",
]


@pytest.fixture
def traced(tmp_path):
    """A function that runs ACTS under a plan; returns the process, and the steps that were written down."""
    there = tmp_path / "there"

    def run(**plan):
        there.mkdir()
        plan["log"] = str(tmp_path / "log")
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", (HERE / "tracer.py").read_text() + ACTS],
            cwd=there,
            env={"PATH": os.environ["PATH"], "SLIPWAY_FAULT": json.dumps(plan)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        steps = (tmp_path / "log").read_text().replace(str(there) + "/", "").splitlines()
        return done, steps

    return run


def test_every_step_is_counted_once(traced):
    done, steps = traced()
    assert (done.returncode, done.stdout) == (0, "the result"), done.stderr
    first, end = TRACED.index("remove\tx/b"), TRACED.index("rmdir\tx")  # in the order of the directory
    assert steps[:first] + sorted(steps[first:end]) + steps[end:] == TRACED


def test_a_kill_ends_the_process_at_its_step_and_leaves_half_a_write(traced, tmp_path):
    done, steps = traced(kill=3)
    assert (done.returncode, done.stdout) == (-9, "")
    assert steps == TRACED[:3]
    assert (tmp_path / "there" / "x" / "a").read_text() == "te"


@pytest.mark.parametrize("more", [{}, {"on": True}])
def test_a_disk_error_fails_the_step_and_counts_only_what_needs_the_disk(traced, tmp_path, more):
    done, steps = traced(errno=28, at=5, **more)
    assert "No space left on device" in done.stderr
    assert steps == [line for line in TRACED[:5] if not line.startswith(("run", "wait"))]
    assert (tmp_path / "there" / "x" / "a").exists()
