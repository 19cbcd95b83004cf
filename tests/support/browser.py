# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chromium in a host of the lab: what a page looks like to somebody who has nothing but the file."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from .lab import Host

PROGRAM = Path(__file__).with_name("in_chromium.py")
# poppler-utils reads what was printed.
INSTALL = (
    "command -v pdftotext >/dev/null || { apt-get -qq update && DEBIAN_FRONTEND=noninteractive "
    "apt-get -qqy install --no-install-recommends chromium fonts-dejavu-core poppler-utils; }"
)
DRAW = "rm -f /tmp/sheet-*; pdftoppm -r 50 /tmp/page.pdf /tmp/sheet; cat /tmp/sheet-* | base64"
WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="[\d.-]+" xMax="([\d.-]+)" yMax="[\d.-]+">(.*?)</word>')


@dataclasses.dataclass
class Screen:
    """Where a page is shown, when it is ready, and what is asked of it: two expressions of JavaScript."""

    width: int
    height: int = 0  # 0: as high as the page
    phone: bool = False
    ready: str = "true"
    value: str = "document.documentElement.outerHTML"


@dataclasses.dataclass
class Printed:
    """A page on paper: the width of a sheet in points, each word with its ends, and all colors."""

    width: float
    words: list[tuple[float, float, str]]
    colors: set[tuple[int, int, int]]


class Shown:
    """What a page was: for each screen ``value`` and ``picture``, a PNG; and on paper."""

    def __init__(self, host: Host, answer: dict[str, Any]) -> None:
        self.values = [seen["value"] for seen in answer["seen"]]
        self.pictures = [base64.b64decode(seen["picture"]) for seen in answer["seen"]]
        self._host = host
        self._pdf = base64.b64decode(answer.get("printed", ""))

    def keep(self, number: int, path: Path) -> None:
        """Write the picture of a screen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.pictures[number])

    def printed(self) -> Printed:
        self._host.write("/tmp/page.pdf", self._pdf)
        text = self._host.sure("pdftotext -bbox /tmp/page.pdf -")
        words = [(float(left), float(right), word) for left, right, word in WORD.findall(text)]
        width = max(float(found) for found in re.findall(r'<page width="([\d.]+)"', text))
        return Printed(width, words, self._colors())

    def _colors(self) -> set[tuple[int, int, int]]:
        """Of all sheets, drawn as portable pixmaps: a header of three lines, then the pixels."""
        left = base64.b64decode(self._host.sure(DRAW))
        found: set[tuple[int, int, int]] = set()
        while left:
            dummy, size, dummy, left = left.split(b"\n", 3)
            width, height = map(int, size.split())
            pixels, left = left[: 3 * width * height], left[3 * width * height :]
            found.update(zip(pixels[::3], pixels[1::3], pixels[2::3]))
        return found


class Browser:
    """Chromium from Debian, which ``host`` gets unless it has it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        host.sure(INSTALL)
        host.write("/usr/local/bin/in_chromium", PROGRAM.read_bytes())

    def show(self, page: str, *screens: Screen, paper: bool = False) -> Shown:
        asked = {"page": page, "paper": paper, "screens": [dataclasses.asdict(screen) for screen in screens]}
        said = self._host.sure("python3 /usr/local/bin/in_chromium", data=json.dumps(asked))
        return Shown(self._host, json.loads(said))
