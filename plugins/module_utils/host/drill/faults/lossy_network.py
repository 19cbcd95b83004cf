# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bad line: of what comes in for the ports of the service, some is lost, and has to be sent again."""

from __future__ import annotations

from ...network import nft

# A lost packet costs its sender 0.2 s, and the first one of a connection 1 s.
PERCENT = 25


def plan(live, options):
    nft.require()
    ports = nft.ports_of(live.pid, live.unit)
    words = "drops %d percent of what comes in for port %s"
    return {
        "table": nft.table_of(live.layout.app),
        "ports": ports,
        "does": words % (PERCENT, " and ".join(map(str, ports))),
    }


def begin(facts):
    rule = "tcp dport %s numgen random mod 100 < %d drop"
    nft.install(facts["table"], "input", [rule % (nft.ports(facts["ports"]), PERCENT)])


def undo(facts):
    nft.remove(facts["table"])
