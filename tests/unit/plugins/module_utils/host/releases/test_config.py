# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import config

FILES = {"app.toml": 'listen = ":{port}"\r\n', "tls/deep/ca.pem": "\u20ac {{port}} {other}\n"}


@pytest.fixture
def directory(tmp_path):
    return str(tmp_path / "config")


def content(directory, path):
    with open(os.path.join(directory, path), "rb") as handle:
        return handle.read().decode("utf-8")


def test_files_are_written_with_the_port(directory):
    config.write(directory, FILES, 8080, os.getegid())
    assert content(directory, "app.toml") == 'listen = ":8080"\r\n'
    assert content(directory, "tls/deep/ca.pem") == "\u20ac {port} {other}\n"
    assert config.intact(directory, FILES, 8080)
    assert not config.intact(directory, FILES, 8081)


@pytest.mark.parametrize("final", [None, "/opt/orders/releases/1.0.0-a/config"])
def test_a_file_may_name_another_one(directory, final):
    files = {"app.toml": 'ca = "{config}/ca.pem" # {{config}}\n', "ca.pem": ""}
    config.write(directory, files, None, os.getegid(), final=final)
    assert content(directory, "app.toml") == 'ca = "%s/ca.pem" # {config}\n' % (final or directory)
    assert config.intact(directory, files, None) is (final is None)


def test_an_instance_has_files_that_name_its_own_ones(directory):
    files = {"app.toml": "{config}/ca.pem"}
    config.replace(directory, files, None, os.getegid())
    assert content(directory, "app.toml") == directory + "/ca.pem"
    assert config.intact(directory, files, None)


def test_the_group_reads_and_only_root_writes(directory):
    groups = sorted({*os.getgroups(), os.getegid()})
    previous = os.umask(0)
    try:
        config.write(directory, FILES, None, groups[-1])
    finally:
        os.umask(previous)
    found = {}
    for top, folders, names in os.walk(directory):
        for name in [".", *folders, *names]:
            status = os.lstat(os.path.join(top, name))
            assert (status.st_uid, status.st_gid) == (os.geteuid(), groups[-1])
            found[os.path.normpath(os.path.join(os.path.relpath(top, directory), name))] = (
                status.st_mode & 0o7777
            )
    assert found == {
        ".": 0o750,
        "app.toml": 0o640,
        "tls": 0o750,
        "tls/deep": 0o750,
        "tls/deep/ca.pem": 0o640,
    }


def test_a_change_of_a_byte_is_noticed(directory):
    config.write(directory, FILES, 8080, os.getegid())
    with open(os.path.join(directory, "app.toml"), "ab") as handle:
        handle.write(b" ")
    assert not config.intact(directory, FILES, 8080)
    os.unlink(os.path.join(directory, "app.toml"))
    with pytest.raises(OSError):
        config.intact(directory, FILES, 8080)


def test_an_instance_gets_new_files_in_place_of_the_old_ones(directory):
    config.replace(directory, {"old": ""}, 1, os.getegid())
    os.mkdir(directory + ".new")  # of a run that was killed
    config.replace(directory, FILES, 2, os.getegid())
    assert sorted(os.listdir(directory)) == ["app.toml", "tls"]
    config.replace(directory, {}, 2, os.getegid())
    assert not os.path.exists(directory) and not os.path.exists(directory + ".new")
