# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import (
    Layout,
    release_record,
)

RECORD = release_record(
    "orders", "1.4.2", "a" * 64, 'PORT="8080"\n', {"orders.service": "[Unit]\n"}, "restart"
)


@pytest.fixture
def layout(tmp_path):
    made = Layout("orders", str(tmp_path / "orders"))
    made.create()
    return made


def put(layout, record):
    path = layout.path_of(record["id"])
    os.makedirs(path)
    with open(os.path.join(path, "release.json"), "w", encoding="utf-8") as handle:
        json.dump(record, handle)


def test_the_id_is_made_of_the_version_and_of_everything_that_is_switched_together():
    lines = "slipway-release-1\nartifact %s\nenvironment %s\nunit orders.service %s\n" % (
        "a" * 64,
        hashlib.sha256(b'PORT="8080"\n').hexdigest(),
        hashlib.sha256(b"[Unit]\n").hexdigest(),
    )
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert RECORD["digest"] == digest and RECORD["id"] == "1.4.2-" + digest[:12]


@pytest.mark.parametrize(
    "name",
    ["..", "../orders", "or ders", "-orders", "Orders", "orders/x", "", "o" * 32, 'or"ders', "orders\n"],
)
def test_an_app_whose_name_would_be_a_strange_path_is_refused(name):
    with pytest.raises(SlipwayError, match="name"):
        Layout(name)


@pytest.mark.parametrize("root", ["opt/orders", "/opt/../etc", "/opt//orders", "/opt/or\nders"])
def test_a_root_that_is_no_plain_absolute_path_is_refused(root):
    with pytest.raises(SlipwayError, match="root"):
        Layout("orders", root)


def test_links_change_by_rename_and_can_be_taken_away(layout):
    assert layout.current() is None
    put(layout, RECORD)
    layout.point("current", RECORD["id"])
    layout.point("current", RECORD["id"])
    assert layout.current() == RECORD["id"] and sorted(layout.releases()) == [RECORD["id"]]
    layout.point("current", None)
    assert layout.current() is None


def test_a_leftover_of_an_interrupted_switch_does_no_harm(layout):
    os.symlink("nowhere", os.path.join(layout.root, "current.new"))
    layout.point("current", RECORD["id"])
    assert layout.current() == RECORD["id"]


@pytest.mark.parametrize(
    "spoil", [{"app": "other"}, {"id": "1.0.0-000000000000"}, {"version": None, "id": None}]
)
def test_a_directory_whose_record_is_not_its_own_is_no_release(layout, spoil):
    put(layout, RECORD)
    with open(os.path.join(layout.path_of(RECORD["id"]), "release.json"), "w", encoding="utf-8") as handle:
        json.dump(dict(RECORD, **spoil), handle)
    assert layout.releases() == {}


@pytest.mark.parametrize("name", ["1.4.2", ".hidden", "1.4.2-xyz", "lost+found"])
def test_a_directory_of_another_name_is_no_release(layout, name):
    os.makedirs(os.path.join(layout.releases_dir, name))
    assert layout.releases() == {}


def test_what_an_interrupted_run_left_is_swept(layout):
    os.makedirs(os.path.join(layout.incoming, "1.0.0-000000000000", "bin"))
    os.symlink("/etc", os.path.join(layout.incoming, "link"))
    layout.sweep()
    assert os.listdir(layout.incoming) == [] and os.path.isdir("/etc")


def test_a_link_in_the_place_of_a_directory_is_refused(tmp_path):
    (tmp_path / "orders").mkdir()
    os.symlink("/tmp", tmp_path / "orders" / "releases")
    with pytest.raises(SlipwayError, match="is not a directory"):
        Layout("orders", str(tmp_path / "orders")).create()


def test_incoming_is_closed_to_others_whatever_the_umask(layout):
    assert os.stat(layout.incoming).st_mode & 0o777 == 0o700
    assert os.stat(layout.releases_dir).st_mode & 0o777 == 0o755


def test_a_damaged_release_is_replaced(layout, tmp_path):
    put(layout, dict(RECORD, version="damaged"))
    work = tmp_path / "work"
    work.mkdir()
    (work / "release.json").write_text(json.dumps(RECORD), encoding="utf-8")
    layout.adopt(str(work), RECORD["id"])
    assert layout.release(RECORD["id"]).version == "1.4.2"


@pytest.fixture(name="switched")
def _switched(layout):
    """A layout in which a new release is current, and the good one previous."""
    put(layout, RECORD)
    layout.point("previous", RECORD["id"])
    layout.point("current", "2.0.0-0123456789ab")
    return layout


def full_disk(*dummy):
    raise OSError(28, "No space left on device")


def test_a_rollback_of_the_links_works_on_a_full_disk(switched, monkeypatch):
    monkeypatch.setattr(os, "symlink", full_disk)
    switched.point_back(RECORD["id"], None)
    switched.point("current", RECORD["id"])
    assert switched.current() == RECORD["id"] and switched.previous() is None


def test_a_failed_rollback_of_the_links_leaves_previous_with_the_good_release(switched, monkeypatch):
    monkeypatch.setattr(os, "rename", full_disk)
    with pytest.raises(OSError):
        switched.point_back(RECORD["id"], None)
    assert switched.previous() == RECORD["id"]


def test_a_release_that_is_being_removed_is_no_release_any_more(layout, monkeypatch):
    put(layout, RECORD)

    def killed(*dummy, **ignored):
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        layout.discard(RECORD["id"])
    assert layout.releases() == {} and os.listdir(layout.releases_dir) == []
