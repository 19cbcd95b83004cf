# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the zoo: what makes each of them odd, and the variables with which Ansible reaches it.

``ansible_python_interpreter`` is set nowhere, and the fleet's inventory is not used: both would hide much.
"""

from __future__ import annotations

import json
import shlex

from support import lab

PASSWORD = "zoo-Pa55 word"
GROUPS = ("old=1:debian11", "sudo=1", "far=1:debian13", "inner=1", "six=1", "past=1:acme")
HOSTS = ("old1", "sudo1", "far1", "inner1", "six1")
ROUND_TRIP = 0.15
CONFIG = "greeting = Schöne Grüße an {{ inventory_hostname }}\n"
SERVICE = {
    "slipway_app": "zoo",
    "slipway_source": str(lab.CHECKOUT / "tests/apps/services"),
    "slipway_build": {"package": "./cmd/port_flag", "go": lab.find_go()},
    "slipway_stamp": {"slipway.example/services/internal/serve.Version": "{version}"},
    "slipway_port": 8080,
    "slipway_unit": {"exec_args": ["-addr", ":{port}"]},
    # Neither is ASCII, whatever the host's locale says.
    "slipway_env": {"GREETING": "Grüße aus Köln"},
    "slipway_config": [{"src": "zoo.conf.j2", "dest": "zoo.conf"}],
    "slipway_health": {"path": "/healthz", "deadline": 20, "min_ready_seconds": 0.5},
}


def hosts(fleet):
    """Each host, past ssh: the ways that the oddities close are not needed."""
    return {name: lab.Host(fleet, name, past_ssh=True) for name in HOSTS}


def make_odd(zoo):
    """Make each host what it is. A second time changes nothing."""
    # The locale of the controller, which ssh sends along, is not accepted: that of the host counts.
    zoo["old1"].sure(
        "mount -o remount,noexec,nosuid,nodev /tmp; mount --bind -o noexec /var/tmp /var/tmp; "
        "sed -i 's/^AcceptEnv/#&/' /etc/ssh/sshd_config; systemctl reload ssh"
    )
    zoo["sudo1"].sure(
        "id deployer 2>/dev/null || useradd --create-home --shell /bin/bash deployer; "
        "echo %s | chpasswd; install -d -o deployer -m 700 ~deployer/.ssh; "
        "install -o deployer -m 600 /root/.ssh/authorized_keys ~deployer/.ssh/; "
        "printf 'Defaults requiretty\\ndeployer ALL=(ALL:ALL) ALL\\n' >/etc/sudoers.d/deployer; "
        "echo PermitRootLogin no >/etc/ssh/sshd_config.d/zoo.conf; systemctl reload ssh"
        % shlex.quote("deployer:" + PASSWORD)
    )
    # Debian's own /root/.bashrc proposes this line, in a comment.
    zoo["far1"].sure("sed -i '1i umask 077' /root/.bashrc 2>/dev/null || echo umask 077 >/root/.bashrc")
    zoo["inner1"].sure(
        "cd /usr/bin; if [ -e python3 ]; then mv $(realpath python3) /usr/local/bin/; rm python3; fi; "
        "echo AllowUsers root@%s >/etc/ssh/sshd_config.d/zoo.conf; systemctl reload ssh"
        % zoo["far1"].variables["lab_address"]
    )
    zoo["six1"].sure(
        "cd /usr/bin; mkdir -p /opt/python/bin; "
        "if [ -e python3 ]; then mv $(realpath python3) /opt/python/bin/python3; rm python3; fi; "
        "ip -4 address flush dev eth0"
    )


def let_the_lab_in(zoo):
    """Undo what keeps the lab from a host that stays up after the tests."""
    zoo["six1"].run("ip address add %s/16 dev eth0" % zoo["six1"].variables["lab_address"])


def inventory(directory, zoo, line):
    """The inventory of a user who has these hosts."""
    known = zoo["old1"].variables
    config = directory / "ssh_config"
    config.write_text(
        SSH_CONFIG % (zoo["far1"].port, known["ansible_ssh_private_key_file"], lab_known_hosts(zoo))
    )
    shared = {name: known[name] for name in ("ansible_ssh_private_key_file", "ansible_ssh_common_args")}
    described = {
        "old1": {"ansible_host": "127.0.0.1", "ansible_port": int(zoo["old1"].port), "ansible_user": "root"},
        "sudo1": {
            "ansible_host": "127.0.0.1",
            "ansible_port": int(zoo["sudo1"].port),
            "ansible_user": "deployer",
            "ansible_become_password": PASSWORD,
        },
        "far1": {"ansible_host": "127.0.0.1", "ansible_port": line.port, "ansible_user": "root"},
        "inner1": {
            "ansible_host": zoo["inner1"].variables["lab_address"],
            "ansible_user": "root",
            "ansible_ssh_common_args": "-F %s -o ProxyJump=jump" % shlex.quote(str(config)),
        },
        "six1": {
            "ansible_host": zoo["six1"].variables["lab_address6"],
            "ansible_user": "root",
            "ansible_interpreter_python_fallback": ["python3.7", "/opt/python/bin/python3"],
        },
    }
    # In `all`, as many write it: these two reach the controller's own tasks as well.
    everywhere = {"ansible_become": True, "ansible_become_user": "root"}
    (directory / "zoo.conf.j2").write_text(CONFIG, encoding="utf-8")
    path = directory / "inventory.json"
    path.write_text(
        json.dumps(
            {
                "all": {
                    "vars": everywhere,
                    "children": {"web": {"hosts": described, "vars": {**SERVICE, **shared}}},
                }
            }
        )
    )
    return path


SSH_CONFIG = """Host jump
  HostName 127.0.0.1
  Port %s
  User root

Host *
  IdentityFile %s
  IdentitiesOnly yes
  UserKnownHostsFile %s
  StrictHostKeyChecking yes
"""


def lab_known_hosts(zoo):
    return '"%s"' % (zoo["old1"].fleet.state / "known_hosts")
