# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service gets no answer to a question for a name. All others on the host do."""

from __future__ import annotations

from ....common.errors import SlipwayError
from ...network import nft
from ...system import procfs


def plan(live, options):
    nft.require()
    user = procfs.user_of(live.pid)
    if not user:
        raise SlipwayError(
            "%s runs as root, or has just ended: all other processes of root would lose their DNS too"
            % live.unit
        )
    return {
        "table": nft.table_of(live.layout.app),
        "user": user,
        "does": "drops what user %d sends to port 53" % user,
    }


def begin(facts):
    drop = "meta skuid %d %s dport 53 drop"
    nft.install(facts["table"], "output", [drop % (facts["user"], kind) for kind in ("udp", "tcp")])


def undo(facts):
    nft.remove(facts["table"])
