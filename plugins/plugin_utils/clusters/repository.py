# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A git repository of manifests: a clone of one branch for as long as it is needed, and commits to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

from ...module_utils.common.errors import SlipwayError

SECONDS = 300
# The repository may be written by many: its links lead nowhere, and it runs nothing here.
_SAFE = ("-c", "core.symlinks=false", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")
# In a hook of git, these name the repository of that hook.
_OF_ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
_FIELD, _RECORD = "\x1f", "\x1e"


class GitFailed(SlipwayError):
    """git did not do it."""


class Rejected(GitFailed):
    """Somebody else has pushed meanwhile."""


class Repository:
    """A clone. Use it in a ``with`` block."""

    def __init__(self, url: str, branch: str):
        self.url, self.branch = url, branch
        self.directory = ""

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="slipway-gitops-")
        try:
            self._git("clone", "--quiet", "--single-branch", "--branch", self.branch, "--", self.url, ".")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, below: str) -> str:
        return os.path.join(self.directory, below)

    def log(self, path: str, trailer: str) -> list[tuple[str, str]]:
        """Commits to a path that have a trailer, the newest first: their ids, and its value."""
        form = "%%H%s%%(trailers:key=%s,valueonly,separator=%%x2C)%s" % (_FIELD, trailer, _RECORD)
        text = self._git("log", "--format=" + form, "--", path)
        found = (record.strip().partition(_FIELD) for record in text.split(_RECORD) if record.strip())
        return [(commit, value.strip()) for commit, dummy, value in found if value.strip()]

    def files(self, commit: str, path: str, names: tuple) -> dict[str, str]:
        """Those of these files that a commit has, as texts."""
        listed = self._git("ls-tree", "-z", "--name-only", commit, "--", path + "/").split("\0")
        there = {os.path.basename(item) for item in listed if item}
        return {name: self._git("show", "%s:%s/%s" % (commit, path, name)) for name in names if name in there}

    def commit(self, path: str, names: list[str], message: str, actor: str) -> None:
        self._git("add", "--all", "--", *(os.path.join(path, name) for name in names))
        self._git("commit", "--quiet", "--no-verify", "--file=-", data=message, environment=_author(actor))

    def push(self) -> None:
        """Raises Rejected if the branch has moved on."""
        self._git("push", "--quiet", "--no-verify", "origin", "HEAD:refs/heads/" + self.branch)

    def renew(self) -> None:
        """Forget what was not pushed, and take what the others have pushed."""
        self._git("fetch", "--quiet", "origin", "refs/heads/" + self.branch)
        self._git("reset", "--quiet", "--hard", "FETCH_HEAD")

    def _git(self, *arguments, data="", environment=None):
        try:
            done = subprocess.run(
                ["git", *_SAFE, *arguments],
                cwd=self.directory,
                input=data.encode("utf-8"),
                env={**_environment(), **(environment or {})},
                capture_output=True,
                check=False,
                timeout=SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitFailed("git %s: %s" % (arguments[0], error)) from error
        if done.returncode:
            raise _error(arguments[0], done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")


def _error(command, text):
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    raced = any(
        "[rejected]" in line or "cannot lock ref" in line or "[remote rejected]" in line for line in lines
    )
    if command == "push" and raced:
        return Rejected("; ".join(lines))
    return GitFailed("git %s failed: %s" % (command, "; ".join(lines[:4]) or "it gave no reason"))


def _environment():
    """It asks nobody for a password: a run of Ansible has no terminal for it."""
    own = {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER}
    own.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    return {**own, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}


def _author(actor):
    """Who runs this, where git does not know it better."""
    found = {}
    for role in ("AUTHOR", "COMMITTER"):
        for name, option, value in (("NAME", "user.name", actor), ("EMAIL", "user.email", actor)):
            key = "GIT_%s_%s" % (role, name)
            if key not in os.environ and not _configured(option):
                found[key] = value
    return found


def _configured(option):
    done = subprocess.run(["git", "config", "--get", option], capture_output=True, check=False)
    return bool(done.stdout.strip())
