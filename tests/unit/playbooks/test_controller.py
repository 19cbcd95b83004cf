# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs on the controller runs as the user who runs Ansible."""

from __future__ import annotations

import json

BECOME = """#!/bin/sh
echo "$@" >>%s
exit 1
"""


def test_a_become_for_all_hosts_is_none_for_the_controller(play, tmp_path):
    """The summary is a file that a module writes; it went through sudo, as a variable wins over a keyword."""
    called = tmp_path / "called"
    sudo = tmp_path / "sudo"
    sudo.write_text(BECOME % called)
    sudo.chmod(0o755)
    (tmp_path / "group_vars").mkdir()
    everywhere = {"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": str(sudo)}
    (tmp_path / "group_vars" / "all.yml").write_text(json.dumps(everywhere))
    done = play("deploy", slipway_summary="summary.json")
    assert done.status == 0, done.output
    assert json.loads((tmp_path / "summary.json").read_text())["ok"]
    assert not called.exists(), called.read_text()
