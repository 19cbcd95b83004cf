# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The git commit of the source, its time, a version, and whether a compiled file differs from it."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Iterable, Iterator

from ..common.errors import SlipwayError
from . import processes
from .files import directory_with

_TRACKED = ("ls-files", "--full-name", "--", "go.mod")
_LOG = ("log", "-1", "--format=%H %ct", "--")
_STATUS = ("status", "--porcelain", "-z", "--untracked-files=normal", "--")
_NOT_BORN = re.compile(r"does not have any commits yet|bad default revision")
_MAJOR = re.compile(r"(?:/(?=v[2-9]|v[1-9][0-9])|^gopkg\.in/.+\.)(v[0-9]+)$")
_WILDCARD = re.compile(r"([][*?\\])")


class Revision:
    """The commit of the source; empty outside of git. ``root``: the top of the work tree."""

    def __init__(
        self,
        commit: str = "",
        time: int = 0,
        described: str = "",
        root: str = "",
        source: str = "",
        modified: Iterable[str] = (),
    ) -> None:
        self.commit = commit
        self.time = time
        self._described = described
        self._root = root
        self._source = source
        self._modified = list(modified)

    def dirty(self, files: Iterable[str]) -> bool:
        """Does one of these files differ from the commit? Files outside of the repository are not its own."""
        if not self.commit:
            return False
        paths = {os.path.relpath(path, self._root) for path in _both_names(files)}
        paths = {path for path in paths if path.partition("/")[0] != ".."}
        below = os.path.relpath(self._source, self._root) + "/"
        modified = self._modified
        if below != "./" and not all(path.startswith(below) for path in paths):
            modified = modified + _status(self._source, ":/")  # a module beside the source
        # what git names is a file, a directory or a submodule
        changed = {path.rstrip("/") for path in modified}
        return any(part in changed for path in paths for part in _with_parents(path))

    def version(self, dirty: bool) -> str:
        """A version from the newest tag, without a leading 'v' or directory; "" outside of git."""
        version = re.sub(r"^v(?=\d)", "", self._described.rpartition("/")[2])
        return version + "-dirty" if version and dirty else version


def read(source: str, module: str) -> Revision:
    """The ``Revision`` of a source, which is the module of this path.

    A work tree that does not track its go.mod is not its own.
    """
    root = directory_with(".git", source)  # the top of the work tree
    if not root:
        return Revision()
    questions = (_TRACKED, _LOG, _describe(source, root, module), (*_STATUS, "."))
    with ThreadPoolExecutor(len(questions)) as pool:
        answers = list(pool.map(lambda question: _ask(source, question), questions))
    tracked, log, described, status = answers
    if tracked.code:
        raise SlipwayError(_unreadable(source, tracked), **tracked.facts)
    if not tracked.stdout.strip() or _NOT_BORN.search(log.stderr):
        return Revision()
    for answer in (log, described, status):
        if answer.code:
            raise SlipwayError(_unreadable(source, answer), **answer.facts)
    commit, time = log.stdout.split()
    return Revision(commit, int(time), described.stdout.strip(), root, source, _paths(status.stdout))


def _describe(source: str, root: str, module: str) -> tuple[str, ...]:
    """Ask for the newest tag of this module alone.

    As for Go: tags begin with the module's directory, without its last part where that is the major version
    of the module's path (``api/v2`` has ``api/v2.0.0``); a path with a major version has no other tags.
    """
    directory = os.path.relpath(source, root)
    major = _MAJOR.search(module)
    if major and os.path.basename(source) == major[1]:
        directory = os.path.dirname(directory)
    prefix = "" if directory in ("", ".") else _WILDCARD.sub(r"\\\1", directory) + "/"
    question = ["describe", "--tags", "--always", "--abbrev=12", "--exclude=%s*/*" % prefix]
    if major:
        question += ["--match=%s%s.*" % (prefix, major[1])]
    else:
        question += ["--match=%s*" % prefix]
        question += ["--exclude=%s%s.*" % (prefix, taken) for taken in _major_directories(source)]
    return tuple(question)


def _major_directories(source: str) -> list[str]:
    """Names as ``v2`` of modules below this one: the tags of these major versions are theirs."""
    return [
        name
        for name in sorted(os.listdir(source))
        if re.fullmatch(r"v[2-9]|v[1-9][0-9]+", name) and os.path.isfile(os.path.join(source, name, "go.mod"))
    ]


def _both_names(files: Iterable[str]) -> set[str]:
    """Files by the names that git knows: directories without links, a link as itself and as its file."""
    pairs = [os.path.split(path) for path in files]
    real = {directory: os.path.realpath(directory) for directory, _name in pairs}
    named = {os.path.join(real[directory], name) for directory, name in pairs}
    return named | {os.path.realpath(path) for path in named if os.path.islink(path)}


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = os.path.dirname(path)


def _environment() -> dict[str, str]:
    environment = dict(os.environ, LC_ALL="C", GIT_OPTIONAL_LOCKS="0")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):  # a git hook sets them
        environment.pop(name, None)
    return environment


def _status(source: str, where: str) -> list[str]:
    answer = _ask(source, (*_STATUS, where))
    if answer.code:
        raise SlipwayError(_unreadable(source, answer), **answer.facts)
    return _paths(answer.stdout)


def _ask(source: str, question: tuple[str, ...]) -> processes.Completed:
    try:
        return processes.run(["git"] + list(question), source, _environment())
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
