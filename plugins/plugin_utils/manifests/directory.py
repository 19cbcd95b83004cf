# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory of the manifests on the controller: what changes in it, and the change."""

from __future__ import annotations

import os
import tempfile

from ...module_utils.common.errors import SlipwayError
from .files import NAMES

# Also of a version that went on in other words.
_MARK = "# Written by slipway.golang.manifests"


class Change:
    """What differs between the wanted files and those that are there. Files of other names are the user's."""

    def __init__(self, dest: str, wanted: dict[str, str]):
        self.dest = dest
        self.before = _read(dest)
        self.after = wanted
        self.written = [name for name in wanted if self.before.get(name) != wanted[name]]
        self.removed = [name for name in self.before if name not in wanted]

    def __bool__(self):
        return bool(self.written or self.removed)

    def diff(self) -> list[dict]:
        """For Ansible: one entry for each file that changes."""
        return [self._diff(name) for name in sorted([*self.written, *self.removed])]

    def _diff(self, name):
        path = os.path.join(self.dest, name)
        texts = {"before": self.before.get(name, ""), "after": self.after.get(name, "")}
        return {"before_header": path, "after_header": path, **texts}

    def apply(self) -> None:
        try:
            os.makedirs(self.dest, exist_ok=True)
            for name in self.written:
                _write(self.dest, name, self.after[name])
            for name in self.removed:
                os.unlink(os.path.join(self.dest, name))
        except OSError as error:
            raise SlipwayError("%s: it cannot be written: %s" % (self.dest, error.strerror)) from error


def _read(dest):
    found = {}
    for name in NAMES:
        path = os.path.join(dest, name)
        try:
            with open(path, encoding="utf-8") as handle:
                found[name] = handle.read()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeError) as error:
            raise SlipwayError("%s: it cannot be read: %s" % (path, error)) from error
        if not found[name].startswith(_MARK):
            raise SlipwayError(
                "%s: it was not written by slipway.golang.manifests, and has the name of one of its files: "
                "name another dest, or rename that file" % path
            )
    return found


def _write(dest, name, text):
    """Whole or not at all: a program may read the directory at any time."""
    handle, temporary = tempfile.mkstemp(dir=dest, prefix="." + name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, os.path.join(dest, name))
    except BaseException:
        os.unlink(temporary)
        raise
