# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are in the way are kept, and come back."""

from __future__ import annotations

import os

from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.backup import Backup


def test_restoring_keeps_what_is_in_its_place(tmp_path):
    live = tmp_path / "live"
    live.mkdir()
    (live / "old").touch()
    backup = Backup(str(tmp_path), "x")
    backup.move([str(live)])
    assert (os.stat(tmp_path / "slipway-backup").st_mode & 0o777) == 0o700
    live.mkdir()
    (live / "new").touch()
    backup.restore()
    assert os.listdir(live) == ["old"]
    assert [path.name for path in (tmp_path / "slipway-backup").rglob("new")] == ["new"]
