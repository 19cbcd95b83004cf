# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What applying a plan would change, on a host whose nginx runs."""

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import (
    config_files,
    plan,
    preview,
    process,
    template,
)


@pytest.fixture
def wanted(tmp_path, monkeypatch):
    (tmp_path / "old.conf").write_text("old\n", encoding="utf-8")
    monkeypatch.setattr(process, "is_active", lambda: True)
    monkeypatch.setattr(process, "workers", set)
    files = {str(tmp_path / "new.conf"): "new\n", str(tmp_path / "old.conf"): None}
    page = {str(tmp_path / "orders.maintenance.html"): "<p>", str(tmp_path / "orders.green"): None}
    return plan.Plan(files, page, str(tmp_path / "acme"))


def test_it_lists_the_actions_and_the_reload(wanted, tmp_path):
    assert preview.actions(wanted) == [
        "write %s/new.conf" % tmp_path,
        "remove %s/old.conf" % tmp_path,
        "begin maintenance",
        "create %s/acme" % tmp_path,
    ]
    assert preview.nginx_action(wanted) == "reload"


def test_it_has_a_diff_of_every_file_that_differs(wanted, tmp_path):
    diffs = {item["after_header"]: (item["before"], item["after"]) for item in preview.diff(wanted)}
    assert diffs == {
        "%s/new.conf" % tmp_path: ("", "new\n"),
        "%s/old.conf" % tmp_path: ("old\n", ""),
        "%s/orders.maintenance.html" % tmp_path: ("", "<p>"),
    }


def test_nothing_that_is_as_planned_is_done_again(wanted, monkeypatch):
    monkeypatch.setattr(config_files, "OWNER", os.geteuid())
    config_files.install(dict(wanted.files, **wanted.flag_files))
    config_files.make_directory(wanted.webroot)
    assert preview.nginx_action(wanted) == ""
    assert preview.actions(wanted) == []


def test_an_nginx_that_does_not_run_is_started_for_a_file_only(wanted, monkeypatch):
    monkeypatch.setattr(process, "is_active", lambda: False)
    assert preview.nginx_action(wanted) == "start"
    assert preview.nginx_action(plan.Plan({template.COMMON: "x"}, {})) == ""
