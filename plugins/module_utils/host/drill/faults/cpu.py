# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other processes in the control group of the service take all the CPU time that it may have."""

from __future__ import annotations

import os

from ...systemd import load


def plan(live, options):
    count = os.cpu_count() or 1
    facts = load.facts_of(live, options["seconds"], count)
    return dict(facts, does="runs %d busy processes in the control group of %s" % (count, live.unit))


def begin(facts):
    load.start(facts)


def undo(facts):
    load.stop(facts)
