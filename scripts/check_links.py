# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find dead links: in all Markdown files of the checkout, or in the HTML files of the named directories.

Links to other hosts are not followed. A relative link must lead to a file, and its anchor to a heading
or an id in that file.
"""

from __future__ import annotations

import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2`*~* *$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LINK = re.compile(r"\]\(\s*<?([^()\s>]+(?:\([^()\s]*\)[^()\s>]*)*)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]^]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
OTHER_OUTPUT = ("tests/output",)


def markdown_files(root: Path = ROOT) -> list[Path]:
    """All of the checkout but what tools made. Hidden directories are the tools' own, except .github."""
    found = []
    for directory, names, files in os.walk(root):
        here = Path(directory)
        names[:] = [
            name
            for name in names
            if (not name.startswith(".") or name == ".github")
            and (here / name).relative_to(root).as_posix() not in OTHER_OUTPUT
        ]
        found += [here / name for name in files if name.endswith(".md")]
    return sorted(found)


def links_of_markdown(text: str) -> list[str]:
    prose = INLINE_CODE.sub("", COMMENT.sub("", FENCE.sub("", text)))
    return LINK.findall(prose) + REFERENCE.findall(prose)


def anchors_of_markdown(text: str) -> set[str]:
    """The ids that GitHub gives to headings, and those that the file sets itself."""
    found: set[str] = set()
    for heading in HEADING.findall(COMMENT.sub("", FENCE.sub("", text))):
        slug = slug_of(heading)
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def slug_of(heading: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


class Page(HTMLParser):
    """The links and the ids of an HTML file."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("id", "name") and value and tag != "meta":
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


class Checker:
    """Reads each file once."""

    def __init__(self):
        self._read: dict[Path, tuple[list[str], set[str]]] = {}

    def dead_links(self, path: Path) -> list[str]:
        return [
            f"{path}: {link}: {problem}"
            for link in self._parts(path)[0]
            for problem in [self._problem(path, link)]
            if problem
        ]

    def _parts(self, path: Path) -> tuple[list[str], set[str]]:
        if path not in self._read:
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".md":
                self._read[path] = links_of_markdown(text), anchors_of_markdown(text)
            else:
                page = Page(text)
                self._read[path] = page.links, page.anchors
        return self._read[path]

    def _problem(self, path: Path, link: str) -> str:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return ""
        if parts.path.startswith("/"):
            return "an absolute path does not work from a file"
        target = path if not parts.path else Path(os.path.normpath(path.parent / unquote(parts.path)))
        if not target.exists():
            return "no such file"
        if path.suffix == ".html" and target.is_dir():
            return "a directory does not open as a page"
        anchor = unquote(parts.fragment)
        if anchor and target.suffix in (".md", ".html") and anchor not in self._parts(target)[1]:
            return "no such heading or id"
        return ""


def dead_links(paths: list[Path]) -> list[str]:
    checker = Checker()
    return [problem for path in paths for problem in checker.dead_links(path)]


def main(arguments: list[str]) -> int:
    paths = (
        sorted(path for argument in arguments for path in Path(argument).resolve().rglob("*.html"))
        if arguments
        else markdown_files()
    )
    problems = dead_links(paths)
    print("\n".join(problems + [f"{len(paths)} files, {len(problems)} dead links"]))
    return 1 if problems or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
