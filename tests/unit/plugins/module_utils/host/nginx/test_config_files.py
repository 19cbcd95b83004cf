# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are written completely, in any encoding, and can be put back."""

from __future__ import annotations

import os

from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import config_files


def test_a_directory_can_be_entered_even_if_root_has_a_strict_umask(tmp_path):
    before = os.umask(0o077)
    try:
        config_files.make_directory(str(tmp_path / "acme"))
    finally:
        os.umask(before)
    assert (tmp_path / "acme").stat().st_mode & 0o777 == 0o755


def test_a_file_in_any_encoding_can_be_restored_and_shown(tmp_path):
    path = tmp_path / "site.conf"
    path.write_bytes(b"# caf\xe9\n")
    before = config_files.install({str(path): "new\n"})
    assert path.read_text() == "new\n"
    config_files.install(before)
    assert path.read_bytes() == b"# caf\xe9\n"
    assert config_files.displayable(config_files.read(str(path))) == "# caf\ufffd\n"
