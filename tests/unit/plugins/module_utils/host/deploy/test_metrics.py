# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every act brings the file for node_exporter up to date, and none fails because of it."""

from __future__ import annotations

import os
import pathlib
import re
import stat
import sys

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import metrics
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.history import History

from .managed_host import APP, GIVE_UP, refusal

FILE = "slipway_orders.prom"


@pytest.fixture
def exporter(host):
    """The directory of an exporter on that host."""
    path = host.base / "exporter"
    path.mkdir()
    return path


def samples(path):
    """Name and labels to value."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            found[series] = float(value)
    return found


def live(path):
    """The version that the file calls live; None if there is none."""
    found = re.findall(r'^slipway_release_info{.*version="([^"]*)"', path.read_text(encoding="utf-8"), re.M)
    assert len(found) < 2
    return found[0] if found else None


def acts(path):
    names = re.compile(r'slipway_acts_total{app="orders",act="(\w+)",outcome="(\w+)"}')
    return {
        names.fullmatch(key).groups(): int(value) for key, value in samples(path).items() if names.match(key)
    }


def test_a_deploy_writes_what_the_history_has(host, exporter):
    result = host.deploy("1.0.0")
    (entry,) = History(host.layout.history).entries()
    found, own = samples(exporter / FILE), '{app="orders",release="%s"}' % result["release"]
    assert found["slipway_release_ready_seconds" + own] == entry["ready_ms"] / 1000
    assert result["ready_ms"] == entry["ready_ms"]
    phases = {key: value for key, value in found.items() if key.startswith("slipway_release_phase_seconds")}
    assert sorted(phases.values()) == sorted(ms / 1000 for ms in entry["phases"].values())
    assert found["slipway_release_live_since_seconds" + own] > 1e9
    assert acts(exporter / FILE) == {("deploy", "ok"): 1}
    release = host.layout.release(result["release"])
    assert ('slipway_release_info{app="orders",release="%s",version="1.0.0",commit="' % release.id) in (
        exporter / FILE
    ).read_text(encoding="utf-8")
    assert release.artifact in (exporter / FILE).read_text(encoding="utf-8")
    assert stat.S_IMODE(os.stat(exporter / FILE).st_mode) == 0o644
    assert os.listdir(exporter) == [FILE]


def test_every_act_counts_and_the_live_release_is_the_one_that_serves(served, exporter):
    served.deploy("2.0.0")
    assert live(exporter / FILE) == "2.0.0"
    served.behave("3.0.0", "unhealthy")
    assert served.deploy("3.0.0", health=GIVE_UP, smoke=False)["outcome"] == "reverted"
    assert live(exporter / FILE) == "2.0.0"
    served.behave("4.0.0", "crashes")
    assert served.deploy("4.0.0", health=GIVE_UP)["outcome"] == "rejected"
    assert served.deploy(release="previous")["outcome"] == "ok"
    assert live(exporter / FILE) == "1.0.0"
    assert acts(exporter / FILE) == {
        ("deploy", "ok"): 2,
        ("deploy", "reverted"): 1,
        ("deploy", "rejected"): 1,
        ("rollback", "ok"): 1,
    }


def test_releases_before_the_live_one_keep_their_start_up_times(host, exporter):
    for number in range(1, 9):
        host.deploy("%d.0.0" % number, keep=2)
    ready = [key for key in samples(exporter / FILE) if key.startswith("slipway_release_ready_seconds")]
    versions = [re.search(r'release="(\d)', key)[1] for key in ready]
    assert versions == ["8", "7", "6", "5", "4", "3"]


def test_an_unconfirmed_release_is_live_since_its_deploy(served, exporter, monkeypatch):
    for name in ("bootstrap", "packed"):  # what the bootstrap keeps for the engine
        monkeypatch.setattr(sys.modules["__main__"], name, b"", raising=False)
    result = served.deploy("2.0.0", confirm_within=60)
    assert result["outcome"] == "ok" and result["unconfirmed"]
    assert acts(exporter / FILE)[("deploy", "unconfirmed")] == 1
    since = [value for key, value in samples(exporter / FILE).items() if "live_since" in key]
    assert served.confirm(result["current"]) == {"changed": True, "outcome": "ok", "warnings": []}
    assert acts(exporter / FILE)[("deploy", "ok")] == 2
    assert [value for key, value in samples(exporter / FILE).items() if "live_since" in key] == since


def test_nothing_is_live_after_a_first_deploy_that_failed(host, exporter):
    host.behave("1.0.0", "unhealthy")
    assert host.deploy("1.0.0", health=GIVE_UP, smoke=False)["outcome"] == "down"
    assert live(exporter / FILE) is None
    assert acts(exporter / FILE) == {("deploy", "down"): 1}


def test_a_lost_file_is_back_with_the_next_act_and_a_second_writing_changes_nothing(served, exporter):
    served.deploy("2.0.0")
    before = (exporter / FILE).read_text(encoding="utf-8")
    (exporter / FILE).unlink()
    asked = {"name": APP, "root": served.root, "actor": "a", "deploy_id": "1", "lock_wait": 0}
    preview = metrics.metrics(dict(asked, check=True), None)
    assert preview["changed"] and preview["diff"] == {
        "before": "",
        "after": before,
        "before_header": str(exporter / FILE),
        "after_header": str(exporter / FILE),
    }
    assert not (exporter / FILE).exists()
    assert metrics.metrics(dict(asked, check=False), None)["changed"]
    assert (exporter / FILE).read_text(encoding="utf-8") == before
    inode = os.stat(exporter / FILE).st_ino
    assert not metrics.metrics(dict(asked, check=False), None)["changed"]
    assert os.stat(exporter / FILE).st_ino == inode


def test_a_host_without_an_exporter_gets_no_file_and_no_warning(host):
    assert host.deploy("1.0.0")["warnings"] == []
    assert not (host.base / "exporter").exists()
    asked = {"name": APP, "root": host.root, "actor": "a", "deploy_id": "1", "lock_wait": 0, "check": False}
    assert metrics.metrics(asked, None)["path"] is None


def test_a_host_without_the_app_is_left_alone(host, exporter):
    asked = {"name": APP, "root": host.root, "actor": "a", "deploy_id": "1", "lock_wait": 0, "check": False}
    assert metrics.metrics(asked, None) == {"changed": False, "outcome": "ok", "path": None}
    assert os.listdir(exporter) == [] and not os.path.exists(host.root)


def test_another_directory_is_used_if_it_is_named(host, exporter):
    other = host.base / "elsewhere"
    other.mkdir()
    host.deploy("1.0.0", textfile=str(other))
    assert (os.listdir(other), os.listdir(exporter)) == ([FILE], [])


def test_a_directory_that_was_named_and_is_not_there_is_a_warning(host):
    result = host.deploy("1.0.0", textfile=str(host.base / "nowhere"))
    assert result["outcome"] == "ok"
    (warning,) = result["warnings"]
    assert warning.startswith("The metrics of orders could not be written: there is no directory ")
    assert "slipway_metrics.textfile" in warning


def test_a_failed_deploy_has_the_warning_too(served):
    served.behave("2.0.0", "unhealthy")
    result = served.deploy("2.0.0", health=GIVE_UP, smoke=False, textfile=str(served.base / "nowhere"))
    assert result["outcome"] == "reverted"
    assert "could not be written" in result["warnings"][0]


def test_a_path_that_is_not_absolute_is_refused(host):
    assert "textfile (slipway_metrics.textfile)" in refusal(host.deploy("1.0.0", textfile="exporter"))


def test_root_writes_nowhere_that_a_link_leads_to(host, exporter):
    """The directory may belong to the exporter's user, who is not root."""
    link = host.base / "link"
    link.symlink_to(exporter)
    result = host.deploy("1.0.0", textfile=str(link))
    assert (result["outcome"], os.listdir(exporter)) == ("ok", [])
    assert "is a symbolic link" in result["warnings"][0]


def test_a_link_in_place_of_the_file_is_replaced_and_not_followed(host, exporter):
    victim = host.base / "victim"
    victim.write_text("mine", encoding="ascii")
    (exporter / FILE).symlink_to(victim)
    assert host.deploy("1.0.0")["warnings"] == []
    assert victim.read_text(encoding="ascii") == "mine"
    assert live(exporter / FILE) == "1.0.0"


def test_an_unexpected_error_is_a_warning(served, exporter, monkeypatch):
    def broken(layout):
        raise KeyError("x")

    monkeypatch.setattr(metrics, "render", broken)
    result = served.deploy("2.0.0")
    assert (result["outcome"], result["current"]) == ("ok", result["release"])
    assert result["warnings"] == [
        "The metrics of orders could not be written: KeyError('x'). The deploy is not affected"
    ]


def test_no_secret_is_in_it(host, exporter):
    secret = "correct-horse-battery"
    environment = {"PASSWORD": secret}
    health = dict(health_of(host), headers={"Authorization": secret})
    assert host.deploy("1.0.0", environment=environment, health=health)["outcome"] == "ok"
    assert secret in pathlib.Path(host.layout.history).read_text(encoding="utf-8")
    assert secret not in (exporter / FILE).read_text(encoding="utf-8")


def health_of(host):
    return host.request()["health"]


@pytest.mark.parametrize("textfile", [None, "elsewhere"])
def test_a_removal_removes_it(host, exporter, textfile):
    directory = exporter
    if textfile:
        directory = host.base / textfile
        directory.mkdir()
    options = {"textfile": str(directory)} if textfile else {}
    host.deploy("1.0.0", **options)
    assert os.listdir(directory) == [FILE]
    (directory / "slipway_other.prom").write_text("", encoding="ascii")
    result = host.deploy(state="absent", **options)
    assert "removed %s" % (directory / FILE) in result["actions"]
    assert os.listdir(directory) == ["slipway_other.prom"]
    assert not host.deploy(state="absent", **options)["changed"]
