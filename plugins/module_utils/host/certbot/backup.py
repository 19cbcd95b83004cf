# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are in certbot's way are moved into a backup directory, from where they can be restored."""

from __future__ import annotations

import os
import time

DIRECTORY = "slipway-backup"


class Backup:
    """Files of certbot's directory, moved together, with their relative paths so that links stay valid."""

    def __init__(self, config_dir, name):
        self.config_dir = config_dir
        self.directory = os.path.join(
            config_dir, DIRECTORY, "%s-%s" % (name, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
        )
        self.moved = []

    def move(self, paths):
        if paths:
            # It holds private keys.
            os.makedirs(os.path.dirname(self.directory), mode=0o700, exist_ok=True)
        for path in paths:
            target = self._free(os.path.join(self.directory, os.path.relpath(path, self.config_dir)))
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            os.rename(path, target)
            self.moved.append((path, target))

    def restore(self):
        """Move everything back; what was put in its place meanwhile is moved away in turn."""
        moved, self.moved = self.moved, []
        for path, target in reversed(moved):
            if os.path.lexists(path):
                self.move([path])
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            os.rename(target, path)
        self._remove_if_empty()

    def _remove_if_empty(self):
        for folder, _folders, _files in os.walk(os.path.dirname(self.directory), topdown=False):
            if not os.listdir(folder):
                os.rmdir(folder)

    @staticmethod
    def _free(path):
        number, free = 1, path
        while os.path.lexists(free):
            number, free = number + 1, "%s.%d" % (path, number + 1)
        return free
