# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The git commit of the source, its time, a version, and whether a compiled file differs from it."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Iterable

from ..common.errors import SlipwayError
from . import processes

_QUESTIONS = (
    ("ls-files", "--full-name", "--", "go.mod"),
    ("log", "-1", "--format=%H %ct", "--"),
    ("describe", "--tags", "--always", "--abbrev=12"),
    ("status", "--porcelain", "-z", "--untracked-files=normal", "--", "."),
)
_NOT_BORN = re.compile(r"does not have any commits yet|bad default revision")


class Revision:
    """The commit of the source; empty outside of git."""

    def __init__(
        self,
        commit: str = "",
        time: int = 0,
        described: str = "",
        prefix: str = "",
        modified: Iterable[str] = (),
    ) -> None:
        self.commit = commit
        self.time = time
        self._described = described
        self._prefix = prefix
        self._modified = list(modified)

    def dirty(self, labels: Iterable[str]) -> bool:
        """Does one of these files, named relative to the source, differ from the commit?"""
        paths = [self._prefix + label for label in labels]
        return any(
            path == changed or changed.endswith("/") and path.startswith(changed)
            for changed in self._modified
            for path in paths
        )

    def version(self, dirty: bool) -> str:
        """A version from the newest tag, without a leading 'v' or directory; "" outside of git."""
        version = re.sub(r"^v(?=\d)", "", self._described.rpartition("/")[2])
        return version + "-dirty" if version and dirty else version


def read(source: str) -> Revision:
    """The ``Revision`` of a source. A work tree that does not track its go.mod is not its own."""
    if not _has_git(source):
        return Revision()
    environment = dict(os.environ, LC_ALL="C", GIT_OPTIONAL_LOCKS="0")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):  # a git hook sets them
        environment.pop(name, None)
    with ThreadPoolExecutor(len(_QUESTIONS)) as pool:
        answers = list(pool.map(lambda question: _ask(source, question, environment), _QUESTIONS))
    tracked, log, described, status = answers
    if tracked.code:
        raise SlipwayError(_unreadable(source, tracked), **tracked.facts)
    if not tracked.stdout.strip() or _NOT_BORN.search(log.stderr):
        return Revision()
    for answer in (log, described, status):
        if answer.code:
            raise SlipwayError(_unreadable(source, answer), **answer.facts)
    commit, time = log.stdout.split()
    return Revision(
        commit,
        int(time),
        described.stdout.strip(),
        tracked.stdout.strip()[: -len("go.mod")],
        _paths(status.stdout),
    )


def _has_git(directory: str) -> bool:
    while True:
        if os.path.exists(os.path.join(directory, ".git")):
            return True
        parent = os.path.dirname(directory)
        if parent == directory:
            return False
        directory = parent


def _ask(source: str, question: tuple[str, ...], environment: dict[str, str]) -> processes.Completed:
    try:
        return processes.run(["git"] + list(question), source, environment)
    except SlipwayError as error:
        raise SlipwayError(
            "%s is in a git work tree, and its commit cannot be read: %s. Install git, or build from an "
            "exported tree" % (source, error)
        ) from error


def _unreadable(source: str, answer: processes.Completed) -> str:
    return (
        "git cannot read the commit of %s:\n%s\nLet the user who builds own the tree, or allow it with "
        "'git config --global --add safe.directory %s'." % (source, answer.output, source)
    )


def _paths(status: str) -> list[str]:
    """Paths from `git status -z`, where a rename has its old path as an entry of its own."""
    entries, paths = iter(status.split("\0")), []
    for entry in entries:
        if not entry:
            continue
        paths.append(entry[3:])
        if entry[0] in "RC":
            paths.append(next(entries, ""))
    return paths
