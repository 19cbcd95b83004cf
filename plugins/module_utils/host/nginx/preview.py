# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What applying a plan would change, in words and as a diff: all of check mode. Touches nothing."""

from __future__ import annotations

import os

from . import config_files, process, template


def changes(plan):
    """The paths that differ: of nginx's configuration, and of the flag files."""
    return config_files.differences(plan.files), config_files.differences(plan.flag_files)


def actions(plan):
    """What has to be done, in words; without nginx's own start or reload."""
    files, flag_files = changes(plan)
    words = ["%s %s" % ("remove" if plan.files[path] is None else "write", path) for path in files]
    words += [
        "%s maintenance" % ("end" if plan.flag_files[path] is None else "begin")
        for path in flag_files
        if path.endswith(".html")
    ]
    if plan.webroot and not os.path.isdir(plan.webroot):
        words.append("create %s" % plan.webroot)
    return words


def nginx_action(plan):
    """What nginx itself has to do to read its configuration: "start", "reload" or "" for nothing."""
    if process.is_active():
        return "reload" if changes(plan)[0] or process.has_not_loaded(plan.files) else ""
    writes = any(text is not None for path, text in plan.files.items() if path != template.COMMON)
    return "start" if writes else ""


def diff(plan):
    """The diffs of the files that differ, one after the other."""
    texts = dict(plan.files, **plan.flag_files)
    return [file_diff(path, texts[path] or "") for paths in changes(plan) for path in paths]


def file_diff(path, after):
    """The diff of one file, as Ansible shows it."""
    return {
        "before": config_files.displayable(config_files.read(path)),
        "after": config_files.displayable(after),
        "before_header": path,
        "after_header": path,
    }
