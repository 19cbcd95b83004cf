# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flag files, which nginx looks for at every request: they change what it does without a reload."""

from __future__ import annotations

from ...common.limits import SHARES

DIRECTORY = "/etc/nginx/slipway"
COLORS = ("blue", "green")


def green(name):
    """While this file exists, nginx sends requests to the green instance (strategy blue_green)."""
    return _of(name, "green")


def _of(name, color):
    return "%s/%s.%s" % (DIRECTORY, name, color)


def part(name, color, percent):
    """While it exists, the instance of that color gets its part of requests from the share before it to this.

    The color and the percentage may be nginx's variables.
    """
    return "%s.%s" % (_of(name, color), percent)


def parts(name):
    """All of these files that there may be."""
    return [part(name, color, percent) for color in COLORS for percent in SHARES]


def maintenance_page(name):
    """While this page exists, nginx answers every request with it."""
    return "%s/%s.maintenance.html" % (DIRECTORY, name)
