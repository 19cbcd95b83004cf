# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interpreter is Ansible's: its own configuration and discovery run here, in a shell of this machine."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.slipway.golang.plugins.plugin_utils import interpreter

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every text was a template

    def trust_as_template(text):
        return text


class Action:
    """What the discovery needs of an action plugin; its host is a directory of programs."""

    def __init__(self, programs, delegate_to=None):
        self.path = programs
        self.commands = []
        self._templar = Templar(loader=DataLoader())
        self._task = SimpleNamespace(delegate_to=delegate_to)
        self._connection = SimpleNamespace(has_pipelining=False)
        self._discovery_warnings, self._discovery_deprecation_warnings = [], []

    def _low_level_execute_command(self, command, sudoable=True, in_data=None):
        self.commands.append(command)
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env={"PATH": str(self.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        return {"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


@pytest.fixture
def host(tmp_path):
    """A function that makes a host with these programs in its PATH."""

    def make(*programs, **options):
        for name in programs:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
        return Action(tmp_path, **options)

    return make


def variables(**more):
    return {"inventory_hostname": "web1", "ansible_facts": {}, **more}


@pytest.mark.parametrize(
    "named", ["/opt/py/bin/python3", "/usr/bin/env python3.12", "  /usr/bin/python3.9\n", "autopython"]
)
def test_the_variable_wins_and_nothing_is_asked(host, named):
    action = host("python3")
    found = interpreter.interpreter_for(action, variables(ansible_python_interpreter=named))
    assert found == (named.strip(), {}) and not action.commands


def test_the_variable_may_be_a_template(host):
    action = host("python3")
    action._templar.available_variables = {"venv": "/srv/venv"}
    named = trust_as_template("{{ venv }}/bin/python")
    found = interpreter.interpreter_for(action, variables(ansible_python_interpreter=named))
    assert found == ("/srv/venv/bin/python", {})


@pytest.mark.parametrize("mode", ["auto", "auto_silent", "", None])
def test_the_modes_of_the_variable_discover(host, tmp_path, mode):
    action = host("python3.11")
    path = str(tmp_path / "python3.11")
    given = variables() if mode is None else variables(ansible_python_interpreter=mode)
    assert interpreter.interpreter_for(action, given) == (path, {"discovered_interpreter_python": path})
    assert len(action.commands) == 1


def test_the_first_of_ansibles_own_candidates_is_taken(host, tmp_path):
    found, dummy = interpreter.interpreter_for(host("python3.9", "python3.11", "python3"), variables())
    assert found == str(tmp_path / "python3.11")


def test_a_list_of_candidates_that_the_user_configured_is_used(host, tmp_path):
    elsewhere = tmp_path / "opt"
    elsewhere.mkdir()
    (elsewhere / "python3").write_text("#!/bin/sh\n")
    (elsewhere / "python3").chmod(0o755)
    candidates = ["python2", str(elsewhere / "python3")]
    given = variables(ansible_interpreter_python_fallback=candidates)
    assert interpreter.interpreter_for(host("python3.11"), given)[0] == str(elsewhere / "python3")


def test_the_configuration_names_one(host, monkeypatch):
    monkeypatch.setenv("ANSIBLE_PYTHON_INTERPRETER", "/opt/configured/python")
    action = host("python3")
    assert interpreter.interpreter_for(action, variables()) == ("/opt/configured/python", {})
    assert interpreter.interpreter_for(action, variables(ansible_python_interpreter="/mine"))[0] == "/mine"


def test_what_an_earlier_task_discovered_is_used_again(host):
    action = host("python3")
    facts = {"discovered_interpreter_python": "/usr/bin/python3.10"}
    assert interpreter.interpreter_for(action, variables(ansible_facts=facts)) == ("/usr/bin/python3.10", {})
    assert not action.commands


def test_where_nothing_is_found_the_host_says_so_itself(host):
    assert interpreter.interpreter_for(host(), variables())[0] == "/usr/bin/python3"


def test_a_delegated_task_uses_the_variables_of_its_host(host):
    action = host(delegate_to="lb1")
    given = variables(
        ansible_python_interpreter="/web/python",
        ansible_delegated_vars={"lb1": variables(ansible_python_interpreter="/lb/python")},
    )
    assert interpreter.interpreter_for(action, given) == ("/lb/python", {})
