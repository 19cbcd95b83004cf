# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx has on a host, read from its files."""

from __future__ import annotations

from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import state, template


def test_every_listen_is_seen_anywhere_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(template, "DIRECTORY", str(tmp_path))
    path = tmp_path / "nginx.conf"
    path.write_text(
        "http { server { listen 8080; listen 80 default_server; } # listen 81 default_server;\n}\n"
    )
    assert list(state.listens(state.included())) == [(str(path), 8080, False), (str(path), 80, True)]
