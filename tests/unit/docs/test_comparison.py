# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

REPO = pathlib.Path(__file__).resolve().parents[3]
FOLDERS = {"n": "nginx_proxy", "c": "certbot", "t": "tls"}


def test_the_proofs_that_the_page_names_are_there():
    named = re.findall(
        r"`([nct])/([a-z_]+)`", (REPO / "docs" / "explanation" / "comparison.md").read_text(encoding="utf-8")
    )
    assert len(named) > 30
    for letter, chapter in named:
        scenario = REPO / "molecule" / FOLDERS[letter]
        assert (scenario / "tasks" / (chapter + ".yml")).is_file(), "%s/%s" % (letter, chapter)
        assert chapter in (scenario / "verify.yml").read_text(encoding="utf-8"), "%s/%s is never called" % (
            letter,
            chapter,
        )
