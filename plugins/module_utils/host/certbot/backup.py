# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in the way makes room and is kept: moved into a directory of its own, from where it can come back."""

from __future__ import annotations

import os
import time

DIRECTORY = "slipway-aside"


class Backup:
    """Things of certbot's directory, moved aside together, each at its own relative path so that links among them hold."""

    def __init__(self, config_dir, name):
        self.config_dir = config_dir
        self.home = os.path.join(
            config_dir, DIRECTORY, "%s-%s" % (name, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
        )
        self.moved = []

    def move(self, paths):
        if paths:
            os.makedirs(os.path.dirname(self.home), mode=0o700, exist_ok=True)  # there are private keys in it
        for path in paths:
            target = self._free(os.path.join(self.home, os.path.relpath(path, self.config_dir)))
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            os.rename(path, target)
            self.moved.append((path, target))

    def put_back(self):
        """Have everything where it was; what came to its place meanwhile makes room in turn."""
        moved, self.moved = self.moved, []
        for path, target in reversed(moved):
            if os.path.lexists(path):
                self.move([path])
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            os.rename(target, path)
        self._forget_if_empty()

    def _forget_if_empty(self):
        for folder, _folders, _files in os.walk(os.path.dirname(self.home), topdown=False):
            if not os.listdir(folder):
                os.rmdir(folder)

    @staticmethod
    def _free(path):
        number, free = 1, path
        while os.path.lexists(free):
            number, free = number + 1, "%s.%d" % (path, number + 1)
        return free
