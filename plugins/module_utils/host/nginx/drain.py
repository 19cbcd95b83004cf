# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drain servers of a site and undrain them, without losing a request."""

from __future__ import annotations

import time

from ...common.errors import InvalidInput
from . import config_files, preview, process, upstream
from .apply import install


class DrainPlan:
    """The upstream file that is to be there. ``changed`` is false if nginx serves with it already."""

    def __init__(self, name, before, after):
        path = upstream.path_of(name)
        self.name = name
        self.files = {path: after}
        self.servers = upstream.addresses(after)
        self.diff = preview.file_diff(path, after)
        self.changed = before != after or (process.is_active() and process.has_not_loaded([path]))


def decide(name, requested):
    """The plan for a site whose servers ({address: whether to drain it}) are to change."""
    text = config_files.read(upstream.path_of(name))
    if text is None:
        raise InvalidInput(
            "name", name, "nginx on this host has no such site; create it with slipway.golang.nginx_site"
        )
    if upstream.is_blue_green(text):
        raise InvalidInput(
            "name", name, "its site has blue_green; which of the two servers gets requests, a deploy decides"
        )
    return DrainPlan(name, text, upstream.with_drained(text, name, requested))


def apply(plan):
    """Install the upstream file. An nginx that is not running stays so."""
    install(plan.name, plan.files)


def wait(address, timeout):
    """Wait until a server has no connection left, at most ``timeout`` seconds; returns how many are left."""
    deadline = time.monotonic() + timeout
    while True:
        left = process.connections(address)
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(0.1)
