# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults at one step of a deploy: the engine is killed before it, or the disk is full."""

from __future__ import annotations

import contextlib
import errno
import os
import re

# What a killed program no longer does. The first four count as steps.
_STEPS = ("rename", "symlink", "unlink", "link")
_OTHERS = ("mkdir", "rmdir", "fchmod", "chmod", "fsync", "ftruncate", "pwrite")


class Killed(BaseException):
    """Stands for SIGKILL: whatever wants to clean up after it gets it again."""


class Faults:
    """Watches what an engine changes: names below the host's directory, and systemd."""

    def __init__(self, monkeypatch, host):
        self._host = host
        self._steps = None  # those that were taken, while the engine is watched
        self._kill = lambda step: False
        self._full = None
        host.systemd.before = self._step
        for name in _STEPS + _OTHERS:
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))

    @contextlib.contextmanager
    def steps(self):
        """Collect the steps that are taken meanwhile."""
        self._steps = steps = []
        try:
            yield steps
        finally:
            self._steps = None

    @contextlib.contextmanager
    def killed(self, before=None, after=None, occurrence=1):
        """The engine dies before, or after, the step of that name comes (for the n-th time)."""
        with self.steps() as steps:
            self._kill = (
                (lambda step: step == before and steps.count(before) == occurrence - 1)
                if before
                else (lambda step: after in steps)
            )
            try:
                yield
            except Killed:
                return
            finally:
                self._kill = lambda step: False
        raise AssertionError("there was no step %r" % (before or after))

    @contextlib.contextmanager
    def full_disk(self, step):
        """That step fails once, for want of space."""
        self._full = step
        with self.steps():
            yield
        assert self._full is None, "there was no step %r" % step

    def _watched(self, name, function):
        def call(*args, **kwargs):
            if self._steps is not None:
                self._step(self._name(name, args) if name in _STEPS else None)
            return function(*args, **kwargs)

        return call

    def _step(self, step):
        """Called before each step; None for a change that counts as none."""
        if self._steps is None:
            return
        if self._kill(step):
            # Whoever catches this and does something else is dead all the same.
            self._kill = lambda dummy: True
            raise Killed
        if step:
            self._steps.append(step)
        if step and step == self._full:
            self._full = None
            raise OSError(errno.ENOSPC, "No space left on device", step)

    def _name(self, kind, args):
        """The step in words: the call, and the name that it creates or removes."""
        path = str(args[0] if kind == "unlink" else args[1])
        for directory in (self._host.root, str(self._host.unit_dir), str(self._host.base)):
            if path.startswith(directory + "/"):
                name = os.path.relpath(path, directory)
                return None if name.startswith("incoming/") else "%s %s" % (kind, _plain(name))
        return None


def _plain(name):
    """Without the digest in a release's id."""
    return re.sub("-[0-9a-f]{12}", "", name)
