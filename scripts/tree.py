# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the checkout to .work/tree/ansible_collections/slipway/golang: all files that git tracks or would add.

ansible-test and ansible-lint need a collection at this path, and accept no symbolic link.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TREE = ROOT / ".work" / "tree" / "ansible_collections" / "slipway" / "golang"
OURS = (".git/", ".ansible/", "tests/output/")  # what the tools write into the copy


def main() -> None:
    TREE.mkdir(parents=True, exist_ok=True)
    with (ROOT / ".work" / "tree.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = files_of_checkout()
        for path in files_of_copy() - wanted:
            (TREE / path).unlink()
        for path in wanted:
            copy(ROOT / path, TREE / path)
        remove_empty_directories()
        # A separate repository: in this one git ignores everything in .work, and so would the tools.
        subprocess.run(["git", "init", "--quiet", str(TREE)], check=True)
    print(TREE)


def files_of_checkout() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout.decode()
    return {path for path in listed.split("\0") if path and os.path.lexists(ROOT / path)}


def files_of_copy() -> set[str]:
    found = (path.relative_to(TREE) for path in TREE.rglob("*") if path.is_symlink() or not path.is_dir())
    return {str(path) for path in found if not str(path).startswith(OURS)}


def copy(source: Path, target: Path) -> None:
    """Copy a file that differs in size or time, with its time, so that caches stay valid."""
    if target.exists() and not target.is_symlink():
        old, new = target.stat(), source.lstat()
        if (old.st_size, old.st_mtime_ns, old.st_mode) == (new.st_size, new.st_mtime_ns, new.st_mode):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    shutil.copy2(source, target, follow_symlinks=False)


def remove_empty_directories() -> None:
    for path in sorted(TREE.rglob("*"), reverse=True):
        if (
            not str(path.relative_to(TREE)).startswith(OURS)
            and path.is_dir()
            and not path.is_symlink()
            and not any(path.iterdir())
        ):
            path.rmdir()


if __name__ == "__main__":
    main()
