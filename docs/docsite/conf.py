# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of Sphinx for the documentation site. `make docs-site` builds it."""

from __future__ import annotations

project = "Slipway"
copyright = "Slipway contributors"  # pylint: disable=redefined-builtin
title = "Slipway documentation"
html_title = title
html_short_title = "Slipway"

extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
# The site is built without network. Names of other collections stay plain text.
intersphinx_mapping = {}
default_role = "any"
highlight_language = "text"

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

suppress_warnings = [
    "myst.header",
    "misc.highlighting_failure",
    "ref.any",
    "ref.ref",
    "ref.envvar",
    "toc.not_included",
]

html_theme = "alabaster"
html_theme_options = {
    "description": "Go services on systemd hosts",
    "fixed_sidebar": True,
    "page_width": "1100px",
    "sidebar_width": "240px",
}
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_modindex = False
html_use_index = False
