# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking servers out of a site's balance and bringing them back, without a request lost."""

from __future__ import annotations

import time

from ...common.errors import InvalidInput
from . import apply, config_files, process, upstream


class Plan:
    """The upstream's file as it is, and as it shall be."""

    def __init__(self, name, before, after):
        self.name = name
        self.before = before
        self.after = after
        self.changed = before != after or (
            process.is_active() and process.is_behind([upstream.path_of(name)])
        )

    def act(self):
        apply.put_in_place(self.name, {upstream.path_of(self.name): self.after})

    def servers(self):
        return upstream.addresses(self.after)

    def diff(self):
        path = upstream.path_of(self.name)
        return {
            "before": config_files.shown(self.before),
            "after": config_files.shown(self.after),
            "before_header": path,
            "after_header": path,
        }


def plan(name, wanted):
    """What a site's upstream comes to with these servers ({address: whether it is drained}) changed."""
    text = config_files.read(upstream.path_of(name))
    if text is None:
        raise InvalidInput(
            "name", name, "nginx on this host has no such site; slipway.golang.nginx_site makes it"
        )
    if upstream.is_switched(text):
        raise InvalidInput(
            "name", name, "its site has blue_green, so that its releases say which of the two serves"
        )
    return Plan(name, text, upstream.with_down(text, name, wanted))


def wait(address, timeout):
    """Wait until no connection to a server is left, or for ``timeout`` seconds; returns how many are."""
    deadline = time.monotonic() + timeout
    while True:
        left = process.connections(address)
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(0.1)
