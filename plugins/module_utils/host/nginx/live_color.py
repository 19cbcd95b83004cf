# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of two instances a site sends requests to: green if a flag file exists, else blue.

nginx looks for the file at every request, so that a switch is one rename and no reload. A reload would close
connections that clients keep open, and a POST in flight on one of them would be lost.
"""

from __future__ import annotations

import os

from ...common.errors import SlipwayError
from ..system.files import sync_directory
from . import config_files, flags, upstream

COLORS = ("blue", "green")
_GREEN_TEXT = (
    "Slipway, strategy blue_green: nginx sends requests to the green instance while this file exists.\n"
)


def live(name):
    """The color that nginx sends requests to."""
    return "green" if os.path.exists(flags.green(name)) else "blue"


def send_to(name, color):
    """Send requests to this color, from the next one on."""
    path = flags.green(name)
    if color == live(name):
        return
    if color == "blue":
        os.unlink(path)
        sync_directory(os.path.dirname(path))
    else:
        config_files.install({path: _GREEN_TEXT})


def require(name, ports):
    """Refuse if nginx is not configured for these ports ({color: port})."""
    required = ["127.0.0.1:%d" % ports[color] for color in COLORS]
    text = config_files.read(upstream.path_of(name)) or ""
    configured = list(upstream.addresses(text)) if upstream.is_blue_green(text) else []
    if configured != required:
        raise SlipwayError(
            "nginx on this host does not know the two instances of %s, %s: run the playbook "
            "slipway.golang.setup with slipway_strategy: blue_green first" % (name, " and ".join(required))
        )
