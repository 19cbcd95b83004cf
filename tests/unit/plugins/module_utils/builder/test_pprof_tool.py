# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real `go tool pprof`."""

from __future__ import annotations

import gzip
import os
import re

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import pprof, pprof_tool
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

from . import profiles

STACKS = {("main.burn", "main.main"): 70, ("main.idle", "main.main"): 30}
# What a browser would load from elsewhere, or lead to.
OUTSIDE = re.compile(
    r"""(?:src|href|action)\s*=\s*["']?(?:[a-z]+:)?//|url\((?!["']data:)|@import|<link|<script src"""
)


@pytest.fixture
def tool(tmp_path):
    return pprof_tool.Pprof("go", str(tmp_path))


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return write


def test_the_samples_of_the_whole_are_those_of_the_parts(tool, write, tmp_path):
    parts = [profiles.profile({stack: count * n for stack, count in STACKS.items()}) for n in (1, 2, 3)]
    tool.merge([write("%d.pb.gz" % n, part) for n, part in enumerate(parts)], str(tmp_path / "all.pb.gz"))
    merged = pprof.read((tmp_path / "all.pb.gz").read_bytes())
    known = [pprof.read(part) for part in parts]
    assert merged.samples == sum(part.samples for part in known) == 600
    assert merged.totals["cpu/nanoseconds"] == sum(part.totals["cpu/nanoseconds"] for part in known)
    assert merged.functions["main.burn"] == 420 * profiles.TICK
    assert merged.time == profiles.TIME


def test_labels_and_comments_of_the_program_are_left_out(tool, write, tmp_path):
    given = profiles.profile(STACKS, labels=[("token", "hunter2")], comment="also hunter2")
    tool.merge([write("1.pb.gz", pprof.stripped(given))], str(tmp_path / "all.pb.gz"))
    merged = (tmp_path / "all.pb.gz").read_bytes()
    assert b"hunter2" in gzip.decompress(given) and b"hunter2" not in gzip.decompress(merged)
    assert b"token" not in gzip.decompress(merged)
    assert pprof.read(merged).samples == 100


def test_the_page_has_the_flame_graph_and_needs_nothing_but_itself(tool, write):
    page = tool.flame_graph(write("1.pb.gz", profiles.profile(STACKS)))
    assert "main.burn" in page and "main.idle" in page
    assert OUTSIDE.search(page) is None
    assert "default-src 'none'" in page and page.count("<head>") == 1


def test_no_process_is_left(tool, write, tmp_path):
    tool.flame_graph(write("1.pb.gz", profiles.profile(STACKS)))
    here = str(tmp_path)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            assert os.readlink("/proc/%s/cwd" % pid) != here
        except OSError:
            continue


def test_the_table_has_the_dearest_first(tool, write):
    table = tool.top(write("1.pb.gz", profiles.profile(STACKS)))
    assert table.index("main.burn") < table.index("main.idle")
    assert "700ms" in table


def test_a_difference_says_what_became_dearer(tool, write):
    """Also where one was taken for longer: shares are compared."""
    old = write("old.pb.gz", profiles.profile({("main.burn",): 500, ("main.idle",): 500}))
    new = write("new.pb.gz", profiles.profile({("main.burn",): 70, ("main.idle",): 30}))
    table = tool.top(new, base=old)
    assert re.search(r"^ +2s 20\.00% .* main\.burn$", table, re.MULTILINE), table
    assert re.search(r"^ +-2s 20\.00% .* main\.idle$", table, re.MULTILINE), table
    assert "main.burn" in tool.flame_graph(new, base=old)


def test_a_file_that_is_no_profile_is_an_error(tool, write, tmp_path):
    bad = write("bad.pb.gz", b"<html>")
    with pytest.raises(SlipwayError, match="go tool pprof failed"):
        tool.merge([bad], str(tmp_path / "all.pb.gz"))
    with pytest.raises(SlipwayError, match="did not serve"):
        tool.flame_graph(bad)


def test_without_go_the_message_says_what_to_do(tmp_path):
    with pytest.raises(SlipwayError, match=r"no-such-go.*go_toolchain.*slipway_build\. Nothing was asked"):
        pprof_tool.Pprof("no-such-go", str(tmp_path))


def test_the_directory_of_the_main_package(tool, shop):
    assert tool.package_directory(str(shop.source), ".") == str(shop.source)
    shop.write("cmd/a/main.go", "package main\n\nfunc main() {}\n")
    assert tool.package_directory(str(shop.source), "example.com/hello/cmd/a") == str(shop.source / "cmd/a")
    with pytest.raises(SlipwayError, match="no package ./nowhere"):
        tool.package_directory(str(shop.source), "./nowhere")
