# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the Markdown pages to where Sphinx builds the documentation site: `docs_pages.py DIRECTORY`.

The pages keep their places, so that links between them work as they do in the repository. Links to other
files go to the repository.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(\]\()([^()\s#]+)(#[^()\s]*)?(\))")
# The order of the menu. What is in none of these is in the site all the same, and reached by links.
MENU = (
    ("Start", ["README.md", "docs/README.md", "docs/getting-started.md"]),
    ("How-to guides", ["docs/how-to/*.md"]),
    ("Cookbook", ["docs/how-to/cookbook/*.md"]),
    ("Reference", ["collection/index", "docs/reference/*.md"]),
    ("Explanation", ["docs/explanation/*.md"]),
    ("Results", ["docs/results/*.md"]),
    ("Roles and examples", ["roles/*/README.md", "examples/*/README.md"]),
    (
        "Project",
        [
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "RELEASING.md",
            "SECURITY.md",
            "CODE_OF_CONDUCT.md",
            "MAINTAINERS.md",
            "lab/README.md",
            "molecule/README.md",
            "plugins/README.md",
            "scripts/README.md",
            "tests/README.md",
        ],
    ),
)


def pages() -> list[str]:
    """All pages, in the order of the menu; `collection/index` is antsibull's."""
    return [page for dummy, patterns in MENU for page in pages_of(patterns)]


def pages_of(patterns: list[str]) -> list[str]:
    found = []
    for pattern in patterns:
        if pattern == "collection/index":
            found.append(pattern)
        else:
            found += sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))
    return found


def for_the_site(page: str, text: str, known: set[str], repository: str) -> str:
    def rewritten(match):
        opening, target, anchor, closing = match.groups()
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        path = os.path.normpath(os.path.join(os.path.dirname(page), target))
        if path in known:
            return match[0]
        if path + "/README.md" in known:
            return f"{opening}{target.rstrip('/')}/README.md{anchor or ''}{closing}"
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{opening}{repository}/{kind}/main/{path}{anchor or ''}{closing}"

    # Sphinx does not draw Mermaid; the text is readable as it is.
    return LINK.sub(rewritten, text).replace("```mermaid\n", "```text\n")


def index() -> str:
    lines = ["# Slipway", "", "Build, deploy and roll back Go services on systemd hosts.", ""]
    for caption, patterns in MENU:
        lines += ["```{toctree}", ":maxdepth: 1", f":caption: {caption}", ""]
        lines += [menu_entry(page) for page in pages_of(patterns)]
        lines += ["```", ""]
    return "\n".join(lines)


def menu_entry(page: str) -> str:
    return page[: -len(".md")] if page.endswith(".md") else f"Modules and roles <{page}>"


def main(destination: Path) -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    known, pictures = (
        set(pages()),
        {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.png")},
    )
    for page in known - {"collection/index"}:
        target = destination / page
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / page).read_text(encoding="utf-8")
        target.write_text(for_the_site(page, text, known | pictures, galaxy["repository"]), encoding="utf-8")
    for picture in pictures:
        shutil.copy(ROOT / picture, destination / picture)
    (destination / "index.md").write_text(index(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
