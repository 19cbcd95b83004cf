# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The extra files of `package`: where they go, and what is not taken."""

from __future__ import annotations

import os
import tarfile

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import tarball
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError

from .workshop import listed, pack


def with_files(built, dest, *entries):
    """Names of the extra files in a tarball made with these entries."""
    (result,) = pack(built[:1], dest, extra=list(entries))["artifacts"]
    own = ("manifest.json", "SHA256SUMS", "bin/hello", "install.sh", "provenance.json", "sbom.cdx.json")
    return [name for name in listed(result["path"]) if name not in own]


def test_a_directory_a_file_and_a_pattern_go_where_the_documentation_says(built, tmp_path, extra):
    source = str(extra)
    assert with_files(built, tmp_path, {"src": source, "exclude": [".*"]}) == [
        "extra/a.sql",
        "extra/deep/b.sql",
        "extra/deep/notes.md",
        "extra/run.sh",
    ]
    assert with_files(built, tmp_path, {"src": source + "/", "exclude": ["deep", ".hidden"]}) == [
        "a.sql",
        "run.sh",
    ]
    assert with_files(
        built, tmp_path, {"src": source, "dest": "sql", "exclude": ["*.md", "*.sh", ".hidden"]}
    ) == ["sql/a.sql", "sql/deep/b.sql"]
    assert with_files(built, tmp_path, {"src": source + "/a.sql"}) == ["a.sql"]
    assert with_files(built, tmp_path, {"src": source + "/a.sql", "dest": "x/first.sql"}) == ["x/first.sql"]
    assert with_files(built, tmp_path, {"src": source + "/a.sql", "dest": "x/"}) == ["x/a.sql"]
    assert with_files(built, tmp_path, {"src": source + "/*.sql", "dest": "x"}) == ["x/a.sql"]
    assert with_files(built, tmp_path, {"src": source + "/**/*.sql"}) == ["a.sql", "deep/b.sql"]
    assert with_files(built, tmp_path, {"src": source + "/d*"}) == ["deep/b.sql", "deep/notes.md"]


def test_modes_are_reduced_to_executable_or_not(built, tmp_path, extra):
    os.chmod(extra / "a.sql", 0o4644)
    os.chmod(extra / "run.sh", 0o6711)
    (result,) = pack(built[:1], tmp_path, extra=[{"src": str(extra)}])["artifacts"]
    with tarfile.open(result["path"]) as archive:
        modes = {member.name.rpartition("/")[2]: member.mode for member in archive}
    assert (modes["a.sql"], modes["run.sh"]) == (0o644, 0o755)


def test_a_link_within_is_followed(built, tmp_path, extra):
    (extra / "link.sql").symlink_to("deep/b.sql")
    assert "extra/link.sql" in with_files(built, tmp_path, {"src": str(extra)})


def test_links_that_leave_are_refused(built, tmp_path, extra):
    (extra / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="link that leaves"):
        with_files(built, tmp_path, {"src": str(extra)})
    assert "passwd" not in with_files(built, tmp_path, {"src": str(extra) + "/", "exclude": ["passwd"]})
    for pattern in ("/p*", "/**"):
        with pytest.raises(InvalidInput, match="link that leaves"):
            with_files(built, tmp_path, {"src": str(extra) + pattern})


def test_links_to_directories_and_dead_links_are_refused(built, tmp_path, extra):
    (extra / "loop").symlink_to(".")
    with pytest.raises(InvalidInput, match="link"):
        with_files(built, tmp_path, {"src": str(extra)})
    (extra / "loop").unlink()
    (extra / "sub").symlink_to("deep")
    with pytest.raises(InvalidInput, match="link to a directory"):
        with_files(built, tmp_path, {"src": str(extra)})
    (extra / "sub").unlink()
    (extra / "dead").symlink_to("nothing")
    with pytest.raises(InvalidInput, match="No such file"):
        with_files(built, tmp_path, {"src": str(extra)})


def test_pipes_and_devices_are_refused(built, tmp_path, extra):
    os.mkfifo(extra / "pipe")
    with pytest.raises(InvalidInput, match="not a regular file"):
        with_files(built, tmp_path, {"src": str(extra)})
    with pytest.raises(InvalidInput, match="not a regular file"):
        with_files(built, tmp_path, {"src": "/dev/null"})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"src": "none"}, "no such file"),
        ({"src": "none*"}, "there is no file in it"),
        ({"src": "deep", "exclude": ["*"]}, "that is not excluded"),
        ({"src": "a.sql", "dest": "../x"}, "files dest"),
        ({"src": "a.sql", "dest": "/etc/x"}, "files dest"),
        ({"src": "a.sql", "dest": "x//y"}, "files dest"),
        ({"src": "a.sql", "dest": "x\\y"}, "files dest"),
        ({"src": "a.sql", "dest": "x\ny"}, "files dest"),
        ({"src": "a.sql", "dest": "manifest.json"}, "choose another dest"),
        ({"src": "a.sql", "dest": "SHA256SUMS"}, "choose another dest"),
        ({"src": "a.sql", "dest": "install.sh"}, "choose another dest"),
        ({"src": "a.sql", "dest": "bin/hello"}, "choose another dest"),
        ({"src": "a.sql", "dest": "systemd/other.service"}, "choose another dest"),
    ],
)
def test_entries_that_cannot_be_packed(built, tmp_path, extra, entry, words):
    with pytest.raises(InvalidInput) as caught:
        with_files(built, tmp_path, dict(entry, src=str(extra / entry["src"])))
    assert words in str(caught.value)


def test_two_files_for_one_place_are_refused(built, tmp_path, extra):
    source = str(extra)
    with pytest.raises(InvalidInput, match="would become it"):
        with_files(
            built, tmp_path, {"src": source + "/a.sql", "dest": "x"}, {"src": source + "/run.sh", "dest": "x"}
        )
    with pytest.raises(InvalidInput, match="nothing can be below it"):
        with_files(
            built,
            tmp_path,
            {"src": source + "/a.sql", "dest": "x"},
            {"src": source + "/run.sh", "dest": "x/y"},
        )
    same = {"src": source + "/a.sql"}
    assert with_files(built, tmp_path, same, same) == ["a.sql"]


def test_names_that_would_break_a_host_are_refused(built, tmp_path, extra):
    (extra / "new\nline").write_text("x", encoding="utf-8")
    with pytest.raises(InvalidInput, match="control characters"):
        with_files(built, tmp_path, {"src": str(extra)})
    (extra / "new\nline").unlink()
    with open(os.fsencode(str(extra)) + b"/\xff\xfe", "wb"):
        pass
    with pytest.raises(InvalidInput, match="in UTF-8"):
        with_files(built, tmp_path, {"src": str(extra)})


def test_long_and_foreign_names_survive(built, tmp_path, extra):
    name = "ü" * 60 + "/" + "x" * 200
    assert with_files(built, tmp_path, {"src": str(extra / "a.sql"), "dest": name}) == [name]


def test_an_unreadable_file_is_named(built, tmp_path, extra, monkeypatch):
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).endswith("b.sql")
    )  # root can read everything
    with pytest.raises(InvalidInput, match=r"deep/b\.sql.*permission denied"):
        with_files(built, tmp_path, {"src": str(extra)})


def test_a_file_that_changes_while_it_is_packed_stops_it(built, tmp_path, extra, monkeypatch):
    original = tarball.stream

    def meddle(*arguments):
        (extra / "a.sql").write_text("changed", encoding="utf-8")
        return original(*arguments)

    monkeypatch.setattr(tarball, "stream", meddle)
    with pytest.raises(SlipwayError, match="changed while it was packaged"):
        pack(built[:1], tmp_path / "dist", extra=[{"src": str(extra)}])
    assert os.listdir(tmp_path / "dist") == []
