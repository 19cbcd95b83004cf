# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One command deploys one service to hosts that are all unlike each other."""

from __future__ import annotations

import itertools
import json
import re
import socket
import time

import pytest
from support import lab

from . import oddities
from .conftest import changes

ALL_AT_ONCE = {"slipway_waves": ["100%"]}


class TestTheHostsAreOdd:
    """Else the deploys below would prove nothing."""

    @pytest.mark.parametrize(("name", "version"), [("old1", "11"), ("sudo1", "12"), ("far1", "13")])
    def test_three_versions_of_debian(self, zoo, name, version):
        assert 'VERSION_ID="%s"' % version in zoo[name].sure("cat /etc/os-release")

    def test_logins_and_services_of_old1_have_another_locale(self, zoo):
        login = lab.Host(zoo["old1"].fleet, "old1")
        assert login.sure("locale charmap", alone=True).strip() == "ISO-8859-1"
        assert "LANG=de_DE.ISO-8859-1" in zoo["old1"].sure("systemctl show-environment")

    @pytest.mark.parametrize("directory", ["/tmp", "/var/tmp"])
    def test_nothing_runs_from_the_temporary_directories_of_old1(self, zoo, directory):
        done = zoo["old1"].run(
            f"cp /bin/true {directory}/zoo; {directory}/zoo; code=$?; rm {directory}/zoo; exit $code"
        )
        assert done.code == 126, done

    def test_sudo_of_sudo1_asks_for_a_password_and_wants_a_terminal(self, zoo):
        as_deployer = "runuser -u deployer -- setsid -w "
        done = zoo["sudo1"].run(as_deployer + "sudo -S true", data=oddities.PASSWORD + "\n")
        assert done.code == 1 and "you must have a tty" in done.err, done
        done = zoo["sudo1"].run(as_deployer + "script -qec 'sudo -n true' /dev/null")
        assert done.code == 1 and "a password is required" in done.out + done.err, done

    def test_root_cannot_log_in_to_sudo1(self, zoo):
        assert lab.Host(zoo["sudo1"].fleet, "sudo1").run("true", alone=True).code == 255

    def test_far1_is_far_away(self, line):
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", line.port)) as connection:
            assert connection.recv(4) == b"SSH-"
        assert time.monotonic() - began >= oddities.ROUND_TRIP

    def test_files_of_root_on_far1_are_for_root_alone(self, zoo):
        assert lab.Host(zoo["far1"].fleet, "far1").sure("umask", alone=True).strip() == "0077"

    def test_inner1_lets_only_the_jump_host_in(self, zoo):
        assert lab.Host(zoo["inner1"].fleet, "inner1").run("true", alone=True).code == 255

    @pytest.mark.parametrize("name", ["inner1", "six1"])
    def test_there_is_no_python3_in_the_path(self, zoo, name):
        assert zoo[name].run("command -v python3").code == 127

    def test_six1_has_no_ipv4_address(self, zoo):
        assert zoo["six1"].sure("ip -4 -brief address show dev eth0").strip() == ""

    def test_no_host_has_a_named_interpreter(self, controller):
        argv = ["ansible-inventory", "-i", controller.inventory, "--list"]
        assert "ansible_python_interpreter" not in lab.call(argv, environment=controller.environment)


@pytest.fixture(scope="module")
def deployed(controller):
    """The first version is on all hosts; gives what the deploy printed."""
    controller.sure("setup")
    return controller.sure("deploy", slipway_version="1.0.0", **ALL_AT_ONCE)


@pytest.fixture(scope="module")
def updated(controller, deployed):
    """The second version, which each host keeps only if it is reached again over a new connection."""
    return controller.sure(
        "deploy", slipway_version="2.0.0", slipway_confirm_within_seconds=60, **ALL_AT_ONCE
    )


def served(zoo):
    """Host to the version that it serves."""
    ask = "curl -sS -m 5 http://127.0.0.1:8080/healthz"
    return {name: json.loads(host.sure(ask))["release"] for name, host in zoo.items()}


def table(output):
    """The lines of the closing table."""
    lines = output.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("HOST  "))
    return list(itertools.takewhile(lambda line: "  " in line, lines[begin:]))


def outcomes(output):
    """Host to what is in the column of the outcome."""
    rows = [re.split("  +", line) for line in table(output)]
    column = rows[0].index("OUTCOME")
    return {row[0]: row[column] for row in rows[1:]}


def planned(output):
    """Host to its mark in the plan."""
    return {host: mark for mark, host in re.findall(r"^([~=!]) +(\w+) ", output, re.MULTILINE)}


def everywhere(value):
    return dict.fromkeys(oddities.HOSTS, value)


def test_one_command_deploys_to_all_of_them(zoo, deployed):
    print(*table(deployed), sep="\n")  # shown by `pytest -rP`, for docs/results/odd-hosts.md
    assert planned(deployed) == everywhere("~") and outcomes(deployed) == everywhere("ok")
    assert changes(deployed)["far1"] == 1


def test_a_second_time_nothing_changes(controller, deployed):
    again = controller.sure("deploy", slipway_version="1.0.0", **ALL_AT_ONCE)
    assert planned(again) == everywhere("=") and "Nothing to do" in again
    assert changes(again) == everywhere(0)


def test_environment_and_configuration_are_the_same_in_every_locale(zoo, deployed):
    for name, host in zoo.items():
        process = host.sure("cat /proc/$(systemctl show --property=MainPID --value zoo)/environ")
        assert "GREETING=Grüße aus Köln\0" in process
        assert host.sure("cat /opt/zoo/current/config/zoo.conf") == "greeting = Schöne Grüße an %s\n" % name


def test_modes_are_the_same_under_every_umask(zoo, deployed):
    look = (
        "cd /opt/zoo/; stat -c '%a %n' . releases history.jsonl lock /etc/systemd/system/zoo.service; "
        "find current/ -printf '%m %P\\n' | sort"
    )
    modes = {name: host.sure(look) for name, host in zoo.items()}
    assert set(modes.values()) == {modes["six1"]}, modes


def test_each_host_is_reached_again_over_a_new_connection(zoo, updated):
    assert outcomes(updated) == everywhere("ok")
    assert served(zoo) == everywhere("2.0.0")


def test_status_and_rollback(zoo, controller, updated):
    status = controller.sure("status")
    assert [status.count(word) for word in ("2.0.0-", "healthy")] == [len(oddities.HOSTS)] * 2, status
    rolled_back = controller.sure("rollback", **ALL_AT_ONCE)
    assert outcomes(rolled_back) == everywhere("ok")
    assert served(zoo) == everywhere("1.0.0")


def test_another_user_than_root_is_named_with_the_variable_to_change(controller, deployed):
    done = controller.play("deploy", "--limit", "far1:six1", ansible_become_user="nobody", **ALL_AT_ONCE)
    assert done.code == 2, done
    said = "Ansible became nobody (uid 65534) there: set ansible_become_user to root"
    assert said in done.out + done.err, done
