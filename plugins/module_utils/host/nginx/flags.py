# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flag files, which nginx looks for at every request: they change what it does without a reload."""

from __future__ import annotations

DIRECTORY = "/etc/nginx/slipway"


def green(name):
    """While this file exists, nginx sends requests to the green instance (strategy blue_green)."""
    return "%s/%s.green" % (DIRECTORY, name)


def maintenance_page(name):
    """While this page exists, nginx answers every request with it."""
    return "%s/%s.maintenance.html" % (DIRECTORY, name)
