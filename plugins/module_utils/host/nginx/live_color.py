# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of two instances a site sends to: green where a file exists, blue where it does not.

nginx looks for the file at every request, so that a switch is one rename and no reload. A reload would close connections that clients
keep open, and a POST that is on its way on one of them would be lost.
"""

from __future__ import annotations

import os

from ...common.errors import SlipwayError
from ..system.files import sync_directory
from . import config_files, flags, upstream

COLORS = ("blue", "green")


def live(name):
    """The color that nginx sends to."""
    return "green" if os.path.exists(flags.green(name)) else "blue"


def send_to(name, color):
    """From the next request on."""
    path = flags.green(name)
    if color == live(name):
        return
    if color == "blue":
        os.unlink(path)
        sync_directory(os.path.dirname(path))
    else:
        config_files.install(
            {
                path: "The strategy blue_green of Slipway: nginx sends to the green instance while this file is here.\n"
            }
        )


def require(name, ports):
    """Refuse where nginx was not told of these ports ({color: port})."""
    wanted = ["127.0.0.1:%d" % ports[color] for color in COLORS]
    text = config_files.read(upstream.path_of(name))
    known = list(upstream.addresses(text or "")) if text and upstream.is_switched(text) else []
    if known != wanted:
        raise SlipwayError(
            "nginx on this host does not know the two instances of %s, %s: run the playbook slipway.golang.setup with slipway_strategy: blue_green first"
            % (name, " and ".join(wanted))
        )
