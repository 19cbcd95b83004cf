# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the tests of a deploy fail on a broken deploy? Break a copy of the code in one place after the other.

mutants.py [--all] [WORD…]: the rows of ``mutants.json`` whose description has one of the words, or all rows.
Prints how many tests of the row's file fail, three at most without --all. The exit status is 1 where a row
survives, or does not fit the code any more.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = "tests/unit/plugins/module_utils/host/deploy"
FAILED = re.compile(r"^(?:FAILED|ERROR) ", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="run all tests, not only until three have failed")
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    rows = json.loads((ROOT / TESTS / "mutants.json").read_text(encoding="utf-8"))
    chosen = [row for row in rows if not arguments.words or any(w in row["breaks"] for w in arguments.words)]
    with tempfile.TemporaryDirectory(prefix="slipway-mutants-") as scratch:
        copy = copied(pathlib.Path(scratch))
        if failures(copy, sorted({row["tests"] for row in chosen}), arguments.all):
            sys.exit("The tests fail without any change: repair that first")
        survived = [row for row in chosen if not is_noticed(copy, row, arguments.all)]
    print("%d of %d noticed" % (len(chosen) - len(survived), len(chosen)))
    sys.exit(bool(survived))


def copied(scratch):
    """The collection where Python finds it by its name."""
    copy = scratch / "ansible_collections" / "slipway" / "golang"
    for part in ("plugins", "tests/unit"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def is_noticed(copy, row, everything):
    path = copy / "plugins" / "module_utils" / "host" / row["file"]
    text = path.read_text(encoding="utf-8")
    if text.count(row["old"]) != 1:
        print("DOES NOT APPLY  %s" % row["breaks"], flush=True)
        return False
    path.write_text(text.replace(row["old"], row["new"]), encoding="utf-8")
    try:
        count = failures(copy, [row["tests"]], everything)
    finally:
        path.write_text(text, encoding="utf-8")
    more = "" if everything or count < 3 else " or more"
    print(
        "%s  %s" % ("noticed by %d tests%s" % (count, more) if count else "SURVIVES", row["breaks"]),
        flush=True,
    )
    return count > 0


def failures(copy, tests, everything):
    """How many tests fail on the copy."""
    argv = [sys.executable, "-m", "pytest", "--quiet", "--tb=no", "-rfE", "-p", "no:cacheprovider"]
    argv += ["-c", os.devnull, "--rootdir", str(copy)] + ([] if everything else ["--maxfail=3"])
    argv += [str(copy / TESTS / name) for name in tests]
    variables = dict(os.environ, PYTHONPATH=str(copy.parents[2]), PYTHONDONTWRITEBYTECODE="1")
    answer = subprocess.run(argv, env=variables, cwd=copy, capture_output=True, text=True, check=False)
    if answer.returncode not in (0, 1, 2):
        sys.exit(answer.stdout + answer.stderr)
    return len(FAILED.findall(answer.stdout))


if __name__ == "__main__":
    main()
