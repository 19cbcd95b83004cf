# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook profile: which hosts are asked, what is refused, and which files come of it."""

from __future__ import annotations

import pytest

from ..plugins.module_utils.builder import profiles

NEW = {
    "release": "2.0.0-123456789012",
    "version": "2.0.0",
    "artifact": "ab" * 32,
    "target": "linux/amd64/v1",
    "unit": "orders.service",
    "changed": False,
}
OLD = dict(NEW, release="1.0.0-0a1b2c3d4e5f", version="1.0.0", artifact="cd" * 32)


@pytest.fixture
def profile(play, tmp_path):
    """A function that runs the playbook; all hosts serve one release and give a profile each."""
    (tmp_path / "dist").mkdir()

    def run(answers=None, **options):
        given = {}
        for number in (1, 2, 3):
            path = tmp_path / ("web%d" % number)
            path.write_bytes(profiles.profile({("main.burn", "main.main"): 100}))
            given["profile web%d" % number] = dict(NEW, path=str(path), seconds=1.0)
        given.update(answers or {})
        options.setdefault("slipway_dist", str(tmp_path / "dist"))
        return play("profile", given, **options)

    return run


def files(tmp_path):
    return sorted(path.name.partition("Z")[2] for path in (tmp_path / "dist").iterdir())


def test_all_hosts_are_asked_twice_first_what_they_serve_then_for_a_profile(profile, tmp_path):
    run = profile()
    assert run.status == 0, run.output
    assert [call["check"] for call in run.calls] == [True] * 3 + [False] * 3
    given = run.calls[-1]["args"]
    assert dict(given, seconds=int(given["seconds"]), dest="") == {
        "name": "orders",
        "socket": "pprof.sock",
        "kind": "cpu",
        "seconds": 30,
        "dest": "",
    }
    assert len({call["args"]["dest"] for call in run.calls[3:]}) == 3
    assert "cpu profile of 3 hosts, 30 s, 3.0 CPU seconds" in run.output and "main.burn" in run.output
    assert files(tmp_path) == [".flame.html", ".json", ".pb.gz", ".top.txt"]


def test_values_given_as_text_mean_the_same(profile):
    run = profile(
        slipway_seconds="5", slipway_hosts_at_most="2", slipway_pprof="{port: 6060}", slipway_kind="heap"
    )
    assert run.status == 0, run.output
    assert [call["host"] for call in run.calls[3:]] == ["web1", "web2"]
    given = run.calls[-1]["args"]
    assert (int(given["port"]), int(given["seconds"]), given["kind"]) == (6060, 5, "heap")
    assert "socket" not in given and "1 more hosts serve it" in run.output


def test_hosts_of_two_releases_are_refused_before_any_is_asked(profile, tmp_path):
    run = profile({"profile web2": OLD})
    assert run.status != 0 and [call["check"] for call in run.calls] == [True] * 3
    assert "1.0.0-0a1b2c3d4e5f on web2" in run.output and files(tmp_path) == []
    run = profile({"profile web2": OLD}, slipway_release="2.0.0")
    assert run.status == 0, run.output
    assert [call["host"] for call in run.calls[3:]] == ["web1", "web3"]


def test_hosts_that_cannot_be_asked_are_named_and_left_out(profile):
    run = profile(
        {
            "profile web1": {"unreachable": True, "msg": "Connection timed out"},
            "profile web3": {"failed": True, "msg": "orders.service does not run"},
        }
    )
    assert run.status == 0, run.output
    assert "cpu profile of 1 hosts" in run.output and "web1: unreachable" in run.output
    assert "web3: orders.service does not run" in run.output


def test_without_any_host_the_run_fails(profile):
    run = profile({"profile web%d" % number: {"failed": True, "msg": "no socket"} for number in (1, 2, 3)})
    assert run.status != 0 and "web2: no socket" in run.output


def test_check_mode_names_the_hosts_and_asks_none(profile, tmp_path):
    run = profile(check=True)
    assert run.status == 0, run.output
    assert "asking web1, web2, web3" in run.output and all(call["check"] for call in run.calls)
    assert files(tmp_path) == []


@pytest.mark.parametrize("name", ["slipway_pgo", "slipway_measure"])
def test_without_the_source_nothing_can_be_built_by_the_profile(profile, name):
    run = profile(**{name: True})
    assert run.status != 0 and run.calls == []
    assert name + ": it needs the source of the service" in run.output


def source(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "go.mod").write_text("module example.com/orders\n\ngo 1.21\n")
    (tmp_path / "src" / "main.go").write_text(
        'package main\n\nvar version = "dev"\n\nfunc main() { println(version) }\n'
    )
    return {"slipway_artifacts": [], "slipway_source": str(tmp_path / "src"), "slipway_dist": None}


def test_a_profile_for_the_next_build(profile, tmp_path):
    run = profile(slipway_pgo=True, **source(tmp_path))
    assert run.status == 0, run.output
    assert "new: %s: the next build is optimised by it" % (tmp_path / "src" / "default.pgo") in run.output
    assert (tmp_path / "src" / "default.pgo").exists()


def test_a_profile_that_has_seen_too_little_is_not_built_by(profile, tmp_path):
    run = profile(slipway_pgo=True, slipway_hosts_at_most=2, **source(tmp_path))
    assert run.status != 0 and "a build needs those of 3 hosts, or 60 CPU seconds" in run.output
    assert not (tmp_path / "src" / "default.pgo").exists()


def test_kinds_that_no_build_uses_are_refused(profile, tmp_path):
    run = profile(slipway_pgo=True, slipway_kind="heap", **source(tmp_path))
    assert run.status != 0 and "slipway_pgo: it is for slipway_kind: cpu" in run.output


def test_the_files_of_a_run_are_removed_also_when_it_fails(profile, tmp_path):
    (tmp_path / "tmp").mkdir()
    for answers in ({}, {"profile web%d" % number: dict(NEW, msg="no") for number in (1, 2, 3)}):
        run = profile(answers, settings={"TMPDIR": str(tmp_path / "tmp")})
        assert (run.status == 0) is (answers == {})
        assert [path.name for path in (tmp_path / "tmp").iterdir() if path.name.startswith("slipway")] == []
