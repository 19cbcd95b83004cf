# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One table of nftables that belongs to a drill of an app: its rules are there as long as the table is."""

from __future__ import annotations

import re
import shutil

from ...common import canonical
from ...common.errors import SlipwayError
from ..systemd import systemctl

PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def table_of(app: str) -> str:
    """Its name. nftables takes no dash in it."""
    return "slipway_drill_" + canonical.sha256(app)[:12]


def require() -> None:
    """Refuse where rules could not be made, before anything is done."""
    if not shutil.which("nft", path=PATH):
        raise SlipwayError("it needs the command nft on the host: apt-get install nftables")


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
    if re.search(r"^table inet %s$" % re.escape(table), listed.stdout, re.MULTILINE):
        answer = systemctl.run(["nft", "delete", "table", "inet", table])
        if answer.returncode:
            raise SlipwayError("nft could not delete table %s: %s" % (table, answer.stderr.strip()[:500]))


def ports(numbers: list) -> str:
    """A set of ports."""
    return "{ %s }" % ", ".join(str(int(number)) for number in sorted(set(numbers)))
