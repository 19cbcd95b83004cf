# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A systemd unit as data: its options, and the text or the systemd-run arguments that are made of them."""

from __future__ import annotations

from .directives import parse, render, sections, transient, transient_args
from .options import HARDENING, OPTIONS, SINCE

__all__ = ["HARDENING", "OPTIONS", "SINCE", "parse", "render", "sections", "transient", "transient_args"]
