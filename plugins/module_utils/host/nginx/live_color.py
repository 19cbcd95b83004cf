# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of two instances a site sends requests to: green if a flag file exists, else blue.

nginx looks for the file at every request, so that a switch is one rename and no reload. A reload would close
connections that clients keep open, and a POST in flight on one of them would be lost.

The other instance may have a share of the requests. nginx sorts each request into a part: the first 1%, what
lies between that and 5%, and so on. It sends the request to the other instance if there is a file for that
part. So a share needs no reload either, and it ends with its files.
"""

from __future__ import annotations

import os

from ...common.errors import SlipwayError
from ...common.limits import SHARES
from ..system.files import sync_directory
from . import config_files, flags, template, upstream

COLORS = flags.COLORS
_GREEN_TEXT = (
    "Slipway, strategy blue_green: nginx sends requests to the green instance while this file exists.\n"
)
_SHARE_TEXT = (
    "Slipway, strategy blue_green: nginx sends a share of the requests to this instance while this exists.\n"
)


def live(name):
    """The color that nginx sends requests to."""
    return "green" if os.path.exists(flags.green(name)) else "blue"


def other(name):
    """The color that is not live."""
    return "blue" if live(name) == "green" else "green"


def send_to(name, color):
    """Send all requests to this color, from the next one on."""
    path = flags.green(name)
    if color != live(name):
        if color == "blue":
            os.unlink(path)
            sync_directory(os.path.dirname(path))
        else:
            config_files.install({path: _GREEN_TEXT})
    # Last: until the switch, clients stay where they are.
    end_share(name)


def share(name):
    """The percentage of requests that the instance gets that is not live."""
    given = (percent for percent in SHARES if os.path.exists(flags.part(name, other(name), percent)))
    return max(given, default=0)


def give_share(name, percent):
    """Send so many percent of the requests, one of SHARES, to the instance that is not live."""
    paths = {part: flags.part(name, other(name), part) for part in SHARES}
    config_files.install({paths[part]: _SHARE_TEXT if part <= percent else None for part in SHARES})


def end_share(name):
    """Send no request any more to the instance that is not live."""
    config_files.install({path: None for path in reversed(flags.parts(name)) if os.path.lexists(path)})


def require_shares(name):
    """Refuse if nginx is configured from before there were shares."""
    if template.share_test(name) not in (config_files.read(template.path_of(name)) or ""):
        raise SlipwayError(
            "nginx on this host cannot give %s a share of the requests: run the playbook "
            "slipway.golang.setup first" % name
        )


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
