# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first play of every playbook reads the variables that a user's own playbook passes on, too."""

from __future__ import annotations

import pytest
import yaml


@pytest.fixture
def site(tmp_path):
    """A function that writes a playbook of the user's which imports ours, and returns its path."""

    def write(**variables):
        play = {
            "name": "Deploy",
            "ansible.builtin.import_playbook": "slipway.golang.deploy",
            "vars": variables,
        }
        path = tmp_path / "site.yml"
        path.write_text(yaml.safe_dump([play]), encoding="utf-8")
        return str(path)

    return write


def test_variables_of_the_users_own_playbook_are_followed(play, site):
    run = play(site(slipway_waves=[1, 2], slipway_migrate=["up"]))
    assert run.status == 0, run.output
    assert [name for name in run.names() if name.startswith("run ")] == ["run web1"]
    assert run.output.count("PLAY [Deploy]") == 2, "two waves"


def test_variables_of_the_users_own_playbook_are_checked(play, site):
    run = play(site(slipway_wavs=[1, 2]))
    assert run.status == 2
    assert "slipway_wavs: there is no such variable" in run.output
    assert "slipway_waves" in run.output
    assert run.names() == []


def test_variables_that_a_play_before_set_are_checked(play, site, tmp_path):
    before = {
        "name": "Choose",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "Choose", "ansible.builtin.set_fact": {"slipway_waves": "[1, many]"}}],
    }
    path = tmp_path / "site.yml"
    site()
    path.write_text(
        yaml.safe_dump([before] + yaml.safe_load(path.read_text(encoding="utf-8"))), encoding="utf-8"
    )
    run = play(str(path))
    assert run.status == 2
    assert "slipway_waves" in run.output and "many" in run.output
    assert run.names() == []
