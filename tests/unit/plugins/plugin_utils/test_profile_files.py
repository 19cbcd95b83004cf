# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the hosts gave to the files on the controller, with the real `go tool pprof`."""

from __future__ import annotations

import datetime
import gzip
import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import pprof
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils.profile_files import Report

from ..module_utils.builder import profiles

WHEN = datetime.datetime(2026, 11, 28, 6, 45, 12, tzinfo=datetime.timezone.utc)
STEM = "orders-1.4.2-0a1b2c3d4e5f-cpu-20261128T064512Z"
BURN = ("main.burn", "main.main")


@pytest.fixture
def report(tmp_path):
    """A function that makes a report; ``asked`` overrides what was asked for."""
    (tmp_path / "work").mkdir()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "go.mod").write_text("module example.com/orders\n\ngo 1.21\n")
    (tmp_path / "source" / "main.go").write_text("package main\n\nfunc main() {}\n")

    def make(**asked):
        source = tmp_path / "source"
        given = {"kind": "cpu", "seconds": 10, "against": None, "go": "go", "package": "."}
        given.update({"dist": str(source / "dist"), "source": str(source)}, **asked)
        account = {
            "release": "1.4.2-0a1b2c3d4e5f",
            "artifact": "new",
            "notes": [],
            "work": str(tmp_path / "work"),
        }
        return Report(given, account, "orders")

    return make


@pytest.fixture
def taken(tmp_path):
    """A function that gives a profile as the module profile does."""

    def make(host, content):
        path = tmp_path / "work" / host
        path.write_bytes(content)
        return {"path": str(path), "release": "1.4.2-" + "0" * 12, "unit": "orders.service", "seconds": 10.1}

    return make


def filled(report, taken, count=3):
    for number in range(1, count + 1):
        host = "web%d" % number
        report.add(host, taken(host, profiles.profile({BURN: 100 * number}, labels=[("token", "hunter2")])))
    return report


def test_all_files_of_a_profile(report, taken, tmp_path):
    dist = tmp_path / "source" / "dist"
    known, files, table = filled(report(), taken).write(WHEN)
    assert sorted(path.name for path in dist.iterdir()) == [
        STEM + end for end in (".flame.html", ".json", ".pb.gz", ".top.txt")
    ]
    assert files["flame"] == str(dist / (STEM + ".flame.html"))
    assert json.loads((dist / (STEM + ".json")).read_text()) == known
    merged = pprof.read((dist / (STEM + ".pb.gz")).read_bytes())
    assert known["samples"] == merged.samples == sum(row["samples"] for row in known["hosts"]) == 600
    assert (known["cpu_seconds"], known["hosts"][2]["cpu_seconds"]) == (6.0, 3.0)
    assert [row["host"] for row in known["hosts"]] == ["web1", "web2", "web3"]
    assert (known["taken"], known["seconds"], known["against"]) == ("2026-11-28T06:45:12Z", 10, None)
    assert "main.burn" in table and "main.burn" in (dist / (STEM + ".flame.html")).read_text()


def test_what_the_program_put_into_labels_is_in_no_file(report, taken, tmp_path):
    filled(report(), taken).write(WHEN)
    for path in (tmp_path / "source" / "dist").iterdir():
        content = path.read_bytes()
        assert b"hunter2" not in (gzip.decompress(content) if path.suffix == ".gz" else content), path


def test_hosts_that_gave_nothing_are_named_and_left_out(report, taken):
    made = filled(report(), taken, 1)
    made.add("web2", {"failed": True, "msg": "answered 404"})
    made.add("web3", taken("web3", b"<html>"))
    made.add("web4", {})
    known, dummy, dummy = made.write(WHEN)
    assert [row["host"] for row in known["hosts"]] == ["web1"]
    assert made.notes[0] == "web2: answered 404" and made.notes[2] == "web4: no answer"
    assert made.notes[1].startswith("web3: it is no profile of pprof")


def test_without_any_profile_nothing_is_written(report, tmp_path):
    made = report()
    made.add("web1", {"msg": "answered 404"})
    with pytest.raises(SlipwayError, match="No host gave a profile:\nweb1: answered 404"):
        made.write(WHEN)
    assert not (tmp_path / "source" / "dist").exists()


def test_an_empty_profile_says_why(report, taken):
    made = report(kind="mutex")
    made.add(
        "web1",
        taken("web1", profiles.profile({}, types=(("contentions", "count"), ("delay", "nanoseconds")))),
    )
    made.write(WHEN)
    assert "SetMutexProfileFraction" in made.notes[-1]


def test_against_the_release_before(report, taken, tmp_path):
    dist = tmp_path / "source" / "dist"
    dist.mkdir()
    (dist / "orders-1.4.1-cpu-1.pb.gz").write_bytes(profiles.profile({BURN: 50, ("main.idle",): 50}))
    (dist / "orders-1.4.1-cpu-1.json").write_text(
        json.dumps({"app": "orders", "kind": "cpu", "artifact": "old", "taken": "2026-11-01T00:00:00Z"})
    )
    known, dummy, table = filled(report(against="previous"), taken).write(WHEN)
    assert known["against"] == "orders-1.4.1-cpu-1.pb.gz" and known["samples"] == 600
    assert "main.idle" in table and "-" in table.split("main.idle")[0].splitlines()[-1]


@pytest.mark.parametrize("content", [None, b"<html>"])
def test_against_a_file_that_cannot_be_used(report, taken, tmp_path, content):
    path = tmp_path / "before.pb.gz"
    if content:
        path.write_bytes(content)
    with pytest.raises(SlipwayError, match="slipway_against: .*before.pb.gz"):
        filled(report(against=str(path)), taken).write(WHEN)


def test_a_profile_for_the_next_build_goes_beside_the_main_package(report, taken, tmp_path):
    made = filled(report(), taken)
    files = made.write(WHEN)[1]
    made.check_enough()
    dest = tmp_path / "source" / "default.pgo"
    assert made.write_pgo(files["profile"]).startswith("new: %s: " % dest)
    assert dest.read_bytes() == (tmp_path / "source" / "dist" / (STEM + ".pb.gz")).read_bytes()
    assert made.write_pgo(files["profile"]).startswith("changed: ")


def test_two_hosts_with_little_to_do_are_not_enough_to_build_by(report, taken):
    made = filled(report(), taken, 2)
    made.write(WHEN)
    with pytest.raises(SlipwayError, match=r"has 3\.0 CPU seconds of 2 hosts: a build needs"):
        made.check_enough()


def test_without_a_place_for_the_files_the_message_names_the_variable(report, taken):
    with pytest.raises(SlipwayError, match="slipway_dist is not set"):
        filled(report(dist=""), taken).write(WHEN)
