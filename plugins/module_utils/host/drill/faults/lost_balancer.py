# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A balancer is lost: nothing that comes in for the ports of its nginx is answered. SSH works on."""

from __future__ import annotations

from ....common import names
from ...network import nft
from ...systemd import systemctl

UNIT = "nginx.service"


def plan(live, options):
    nft.require()
    ports = nft.ports_of(systemctl.show(UNIT)["MainPID"], UNIT)
    return {
        "table": nft.table_of(names.check_app(options["name"])),
        "ports": ports,
        "does": "drops what comes in for port %s of nginx" % " and ".join(map(str, ports)),
    }


def begin(facts):
    ports = nft.ports(facts["ports"])
    nft.install(facts["table"], "input", ["%s dport %s drop" % (kind, ports) for kind in ("tcp", "udp")])


def undo(facts):
    nft.remove(facts["table"])
