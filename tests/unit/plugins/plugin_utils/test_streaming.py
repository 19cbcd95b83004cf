# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a parcel is streamed: decided with Ansible's own connection and become plugins."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader
from ansible_collections.slipway.golang.plugins.module_utils.common import wire
from ansible_collections.slipway.golang.plugins.plugin_utils import engine_action, streaming


def connection(name, variables, become=None):
    made = connection_loader.get(name, PlayContext())
    made.set_options(var_options=variables)
    if become:
        plugin = become_loader.get(become)
        plugin.set_options(var_options=variables)
        made.set_become_plugin(plugin)
    return made


@pytest.mark.parametrize(
    ("name", "variables", "become", "expected"),
    [
        # Nobody said anything about pipelining.
        ("ssh", {}, None, True),
        ("ssh", {}, "sudo", True),
        ("ssh", {"ansible_become_password": "x"}, "sudo", True),
        ("local", {}, "sudo", True),
        # local gives a command that needs a password a terminal: what is streamed would not arrive.
        ("local", {"ansible_become_password": "x"}, "sudo", False),
        ("local", {"ansible_become_password": "x", "ansible_pipelining": True}, "sudo", True),
        # Somebody did.
        ("ssh", {"ansible_pipelining": False}, None, False),
        ("ssh", {"ansible_ssh_pipelining": False}, "sudo", False),
        ("ssh", {"ansible_pipelining": True}, "sudo", True),
        # su needs a terminal, whatever the option says.
        ("ssh", {}, "su", False),
        ("ssh", {"ansible_pipelining": True}, "su", False),
    ],
)
def test_the_option_decides_where_it_is_set_and_the_ability_elsewhere(name, variables, become, expected):
    assert streaming.is_possible(connection(name, variables, become), variables) is expected


@pytest.mark.parametrize("value", ["True", "False"])
def test_the_option_may_come_from_the_configuration(monkeypatch, value):
    monkeypatch.setenv("ANSIBLE_PIPELINING", value)
    assert streaming.is_possible(connection("ssh", {}, "sudo"), {}) is (value == "True")


@pytest.mark.parametrize("name", ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"])
@pytest.mark.parametrize(
    ("arguments", "asks"),
    [
        ("-tt", True),
        ("-C -vt -o ControlMaster=auto", True),
        ("-o RequestTTY=force", True),
        ("-o 'RequestTTY yes'", True),
        ("-T -o RequestTTY=no", False),
        ("-o User=deployer -J jump-tt -i ~/.ssh/id-t", False),
    ],
)
def test_a_terminal_that_the_user_asks_ssh_for_is_no_place_for_a_parcel(name, arguments, asks):
    variables = {name: arguments, "ansible_pipelining": True}
    assert streaming.is_possible(connection("ssh", variables), variables) is not asks


def test_an_option_that_is_a_template_counts_as_given():
    """ansible-core 2.18 and older reads the variable again to say where the value is from."""
    made = connection("ssh", {"ansible_pipelining": False})
    assert not streaming.is_possible(made, {"ansible_pipelining": "{{ fast }}"})


def test_a_connection_that_takes_no_standard_input_gets_a_file():
    plain = SimpleNamespace(has_pipelining=False, become=None)
    assert not streaming.is_possible(plain, {})


def test_a_connection_without_the_option_is_used_as_it_can():
    made = connection("local", {})
    made.get_option = {}.__getitem__
    assert streaming.is_possible(made, {})


class Action(engine_action.EngineAction):
    """An action whose host answers as it is told to; ``sent`` is how the parcels came."""

    def __init__(self, *answers, become="sudo"):
        self.answers = list(answers)
        self.sent = []
        self._connection = connection("ssh", {}, become)
        self._task = SimpleNamespace(delegate_to=None, delegate_facts=None)

    def run(self, tmp=None, task_vars=None):
        raise NotImplementedError

    def _low_level_execute_command(self, command, in_data=None):
        self.sent.append("stream" if in_data else "file")
        return {"rc": 1, "stderr": "", "stdout": self.answers.pop(0)}

    def _make_tmp_path(self):
        return "/home/deployer/.ansible/tmp/x"

    def _transfer_data(self, remote_path, data):
        assert remote_path.endswith("/parcel") and data.endswith(b"}")

    def _fixup_perms2(self, remote_paths):
        pass

    def _remove_tmp_path(self, path):
        self.sent.append("removed")


VARIABLES = {
    "ansible_python_interpreter": "/usr/bin/python3",
    "ansible_facts": {},
    "inventory_hostname": "web1",
    "groups": {},
}
GOOD = "SLIPWAY-BEGUN\r\n" + wire.answer({"changed": False})
REFUSED = "sudo: Entschuldigung, Sie müssen ein TTY haben, um sudo ausführen zu können.\n"


def execute(action):
    action._templar = SimpleNamespace(template=lambda text: text)
    return action.execute({"step": "plan"}, None, VARIABLES)


def test_what_a_sudo_with_requiretty_refuses_is_sent_as_a_file_and_so_is_all_that_follows():
    action = Action(REFUSED, GOOD, GOOD)
    assert execute(action) == execute(action) == {"changed": False}
    assert action.sent == ["stream", "file", "removed", "file", "removed"]
    assert action.executions == 2


def test_what_has_begun_is_never_sent_again():
    action = Action("SLIPWAY-BEGUN\nKilled\n")
    with pytest.raises(Exception, match="did not run on this host .exit status 1.*Killed"):
        execute(action)
    assert action.sent == ["stream"]


def test_where_nobody_is_to_become_root_the_answer_is_final():
    action = Action("", become=None)
    with pytest.raises(Exception, match="did not run on this host"):
        execute(action)
    assert action.sent == ["stream"]
