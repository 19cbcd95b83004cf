# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The flame graph as somebody sees it who was sent the file: Chromium, without a network."""

from __future__ import annotations

import re

from support import lab
from support.browser import Screen

# docs/how-to/profile.png is a copy of it: scripts/pictures.sh.
PICTURE = lab.CHECKOUT / ".work" / "pictures" / "profile.png"
BOX = re.compile(
    r'<div class="boxbg[^"]*" style="([^"]*)"[^>]*>(?:<div class="boxtext"[^>]*>([^<]*)</div>)?', re.DOTALL
)
DRAWN = "document.querySelector('.boxbg')"


def boxes(page):
    """What is drawn: (top, width, text) of every box."""
    for style, text in BOX.findall(page):
        sizes = dict(re.findall(r"(\w+): ([0-9.]+)px", style))
        yield float(sizes["top"]), float(sizes["width"]), text


def test_the_busy_function_is_the_widest_frame(profiled, orders, browser):
    page = orders.file("-cpu-*.flame.html").read_text()
    shown = browser.show(page, Screen(1200, 400, ready=DRAWN))
    shown.keep(0, PICTURE)
    drawn = sorted(boxes(shown.values[0]), key=lambda box: -box[1])
    assert drawn[0][2] == "root" and drawn[0][0] == 0
    assert drawn[1][2] == "main.burn" and drawn[1][1] > drawn[0][1] / 2, drawn[:5]
    picture = PICTURE.read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 10_000
