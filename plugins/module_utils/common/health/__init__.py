# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Health checks: what a probe asks, what its answer must be, and how long to wait for it.

The options mean what the options of Kubernetes' probes mean. ``parse`` makes a Check of the user's options,
``probe_once`` probes once, ``problem_now`` until failures in a row are certain, and ``wait_until_ready``
until the service is ready and stays ready.
"""

from __future__ import annotations

from .attempt import Attempt, readable
from .options import OPTIONS, Check, given, parse
from .wait import Verdict, probe_once, problem_now, wait_until_ready

__all__ = [
    "OPTIONS",
    "Attempt",
    "Check",
    "Verdict",
    "given",
    "parse",
    "probe_once",
    "problem_now",
    "readable",
    "wait_until_ready",
]
