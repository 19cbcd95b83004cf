# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chromium in a host of the lab: what a page looks like to somebody who has nothing but the file."""

from __future__ import annotations

import base64
from pathlib import Path

from .lab import Host

# Its own sandbox needs more than a container has. It is alone there, and without a network.
CHROMIUM = (
    "unshare --net chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
    "--hide-scrollbars --user-data-dir=/tmp/browser --virtual-time-budget=5000 --window-size=%d,%d %s file:///tmp/page.html"
)
INSTALL = (
    "command -v chromium >/dev/null || { apt-get -qq update && "
    "DEBIAN_FRONTEND=noninteractive "
    "apt-get -qqy install --no-install-recommends chromium fonts-dejavu-core; }"
)


class Browser:
    """Opens a page; ``host`` gets Chromium from Debian, unless it has it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        host.sure(INSTALL)

    def open(self, page: str) -> str:
        """The page as its scripts have made it."""
        self._host.write("/tmp/page.html", page)
        return self._host.sure(CHROMIUM % (1200, 700, "--dump-dom"))

    def picture(self, path: Path, width: int = 1200, height: int = 700) -> None:
        """Write a PNG of the page that was opened."""
        self._host.sure(CHROMIUM % (width, height, "--screenshot=/tmp/page.png"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._host.sure("base64 /tmp/page.png")))
