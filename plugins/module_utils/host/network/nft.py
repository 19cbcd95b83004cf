# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One table of nftables that belongs to a drill of an app: its rules are there as long as the table is."""

from __future__ import annotations

import os
import re
import shutil

from ...common import canonical
from ...common.errors import SlipwayError
from ..system import procfs
from ..systemd import systemctl

PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
SSH = 22


def table_of(app: str) -> str:
    """Its name. nftables takes no dash in it."""
    return "slipway_drill_" + canonical.sha256(app)[:12]


def require() -> None:
    """Refuse where rules could not be made, before anything is done."""
    if not shutil.which("nft", path=PATH):
        raise SlipwayError("it needs the command nft on the host: apt-get install nftables")


def ports_of(pid: int, unit: str) -> list:
    """The TCP ports that a service listens on; raises if there are none, or if SSH comes in by one."""
    found = procfs.listening_ports(procfs.family(pid)) if pid else set()
    if not found:
        raise SlipwayError("%s listens on no TCP port" % unit)
    shared = found & ssh_ports()
    if shared:
        raise SlipwayError("SSH comes in by port %d of %s, and no drill is in its way" % (min(shared), unit))
    return sorted(found)


def ssh_ports() -> set:
    """The ports by which SSH reaches this host: its own, and that of the connection which started this."""
    found, pid = {SSH}, os.getpid()
    while pid > 1:  # sudo passes the variable on to nobody
        connection = procfs.environment(pid).get("SSH_CONNECTION", "").split()
        if len(connection) == 4 and connection[3].isdigit():
            found.add(int(connection[3]))
        pid = procfs.parent(pid)
    return found


def install(table: str, hook: str, rules: list) -> None:
    """Make the table, at once with its rules, which are made of numbers and words of ours only."""
    lines = ["type filter hook %s priority -300; policy accept" % hook, *rules]
    text = "table inet %s {\nchain drill {\n%s\n}\n}" % (table, "\n".join(lines))
    answer = systemctl.run(["nft", text])
    if answer.returncode:
        raise SlipwayError("nft refused the rules: %s" % answer.stderr.strip()[:500])


def remove(table: str) -> None:
    """Remove the table, if it is there."""
    listed = systemctl.run(["nft", "list", "tables"])
    if listed.returncode:  # nobody knows whether it is there
        raise SlipwayError("nft list tables failed: %s" % listed.stderr.strip()[:500])
    if re.search(r"^table inet %s$" % re.escape(table), listed.stdout, re.MULTILINE):
        answer = systemctl.run(["nft", "delete", "table", "inet", table])
        if answer.returncode:
            raise SlipwayError("nft could not delete table %s: %s" % (table, answer.stderr.strip()[:500]))


def ports(numbers: list) -> str:
    """A port, or a set of them."""
    texts = [str(int(number)) for number in sorted(set(numbers))]
    return texts[0] if len(texts) == 1 else "{ %s }" % ", ".join(texts)
