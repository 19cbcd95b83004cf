# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody reaches the service: what comes in for its ports is dropped, so that callers wait. SSH works on."""

from __future__ import annotations

from ...network import nft


def plan(live, options):
    nft.require()
    ports = nft.ports_of(live.pid, live.unit)
    return {
        "table": nft.table_of(live.layout.app),
        "ports": ports,
        "does": "drops what comes in for port %s" % " and ".join(map(str, ports)),
    }


def begin(facts):
    nft.install(facts["table"], "input", ["tcp dport %s drop" % nft.ports(facts["ports"])])


def undo(facts):
    nft.remove(facts["table"])
