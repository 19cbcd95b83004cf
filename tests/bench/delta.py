# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The size of a patch and its cost on both sides, beside the full tarball on a line of 100 Mbit/s.

    .work/venv/bin/python tests/bench/delta.py

Takes examples/gin-api and three changes of it: a stamped version alone, one line of code, and one more
package of the standard library. What the host does is measured on this machine: unpack the tarball, or
apply the patch, both with all checks and on disk. If bsdiff4 is installed, its patches are measured too.
"""

from __future__ import annotations

import io
import pathlib
import shutil
import sys
import tempfile
import time

from hosts import REPO, lab, local_module

sys.path.insert(0, str(REPO / ".work" / "collections"))

from ansible_collections.slipway.golang.plugins.module_utils.host.artifact import unpack
from ansible_collections.slipway.golang.plugins.module_utils.host.artifact.delta import Base
from ansible_collections.slipway.golang.plugins.plugin_utils import artifact, delta

BITS_PER_SECOND = 100e6


def main():
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        scratch = pathlib.Path(scratch)
        source = scratch / "source"
        shutil.copytree(REPO / "examples" / "gin-api", source, ignore=shutil.ignore_patterns("dist"))
        base = tarball(scratch, source, "1.0.0")
        print("| %s |\n|%s" % (" | ".join(COLUMNS), "---|" * len(COLUMNS)))
        for change, edit in EDITS.items():
            edit(source)
            print(
                row(
                    change,
                    scratch,
                    base,
                    tarball(scratch, source, "1.0.%d" % (1 + list(EDITS).index(change))),
                )
            )


def nothing(source):
    """The stamp differs anyway."""


def one_line(source):
    (source / "edit.go").write_text(
        'package main\n\nfunc init() { edited = "one line" }\n\nvar edited string\n', encoding="utf-8"
    )


def a_library(source):
    text = (
        'package main\n\nimport "encoding/xml"\n\n'
        'func init() { _ = xml.Unmarshal([]byte("<a/>"), &edited) }\n\nvar edited string\n'
    )
    (source / "edit.go").write_text(text, encoding="utf-8")


COLUMNS = (
    "change",
    "tarball, kB",
    "patch, kB",
    "patch ÷ tarball",
    "made in CPU s, once",
    "whole: wire + host, s",
    "patch: wire + host, s",
    "bsdiff4, kB",
    "bsdiff4 made in CPU s",
)
EDITS = {
    "a new version, nothing else": nothing,
    "one line of code": one_line,
    "another package of the standard library": a_library,
}


def tarball(scratch, source, version):
    dest = str(scratch / "dist")
    built = local_module(
        "build",
        source=str(source),
        name="gin-api",
        dest=dest,
        version=version,
        stamp={"main.version": "{version}"},
    )
    return local_module("package", artifacts=built["artifacts"], dest=dest)["artifacts"][0]["path"]


def row(change, scratch, base, path):
    whole = pathlib.Path(path).read_bytes()
    patch, made = timed(lambda: delta.make(delta.base_of(base), delta._inflated(path)), time.process_time)
    digest = artifact.read_manifest(path).digest
    files = artifact.read_manifest(base).files
    old = unpacked(
        scratch / "old",
        lambda place: unpack.unpack(
            io.BytesIO(pathlib.Path(base).read_bytes()), artifact.read_manifest(base).digest, place
        ),
    )[0]
    dummy, by_whole = unpacked(
        scratch / "whole", lambda place: unpack.unpack(io.BytesIO(whole), digest, place)
    )
    dummy, by_patch = unpacked(
        scratch / "patch",
        lambda place: unpack.unpack(io.BytesIO(patch), digest, place, Base(old, files)),
    )
    cells = [
        change,
        kilobytes(whole),
        kilobytes(patch),
        "%.1f%%" % (100 * len(patch) / len(whole)),
        "%.2f" % made,
    ]
    cells += [
        "%.2f + %.2f" % (len(data) * 8 / BITS_PER_SECOND, host)
        for data, host in ((whole, by_whole), (patch, by_patch))
    ]
    return "| %s |" % " | ".join(cells + by_bsdiff(base, path))


def by_bsdiff(base, path):
    try:
        import bsdiff4
    except ImportError:
        return ["absent", "absent"]
    patch, made = timed(lambda: bsdiff4.diff(delta.base_of(base), delta._inflated(path)), time.process_time)
    return [kilobytes(patch), "%.2f" % made]


def unpacked(place, work):
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return str(place), timed(lambda: work(str(place)))[1]


def timed(work, clock=time.perf_counter):
    start = clock()
    return work(), clock() - start


def kilobytes(data):
    return "%d" % (len(data) / 1000)


if __name__ == "__main__":
    lab.script(main)
