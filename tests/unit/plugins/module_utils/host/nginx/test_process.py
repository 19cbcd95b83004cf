# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the nginx that runs has loaded what is on disk."""

from __future__ import annotations

import os

from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import process


def test_a_removed_file_is_newer_than_workers_that_have_not_loaded_its_removal(tmp_path):
    gone = tmp_path / "gone.conf"
    os.utime(tmp_path, (1, 1))
    assert process._changed(str(gone)) > 1  # when the directory's content or itself changed
    assert process._changed(str(tmp_path / "never" / "there")) == 0.0
