# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of the service come late: their packets wait, and those of all others on the host do not."""

from __future__ import annotations

from ....common.errors import SlipwayError
from ...network import nft, tc
from ...system import procfs

DELAY_MS = 200
KILOBITS = 64


def plan(live, options):
    nft.require()
    tc.require()
    ports = sorted(procfs.listening_ports(procfs.family(live.pid)))
    if not ports:
        raise SlipwayError("%s listens on no TCP port: there is nothing to slow down" % live.unit)
    return {
        "table": nft.table_of(live.layout.app),
        "number": tc.number_of(live.layout.app),
        "ports": ports,
        "does": "delays what goes out from port %s" % " and ".join(map(str, ports)),
    }


def begin(facts):
    done = tc.slow(facts["number"], DELAY_MS, KILOBITS)
    rule = "tcp sport %s meta priority set %s" % (nft.ports(facts["ports"]), tc.class_of(facts["number"]))
    nft.install(facts["table"], "postrouting", [rule])
    return done


def undo(facts):
    nft.remove(facts["table"])
    tc.restore(facts["number"])
