# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What install.sh lays out, and that slipway.golang.release would have laid out the very same."""

from __future__ import annotations

import fcntl
import json
import os
import stat

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical, environment
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import Manifest
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.history import History
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import (
    Layout,
    release_record,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.prune import superfluous

from .trees import unit_text


def test_the_release_is_the_one_that_python_would_have_made(host, tarball):
    top = tarball()
    host.install(top, "--port", "8080")
    rendered = environment.render({"PORT": "8080"})
    manifest = Manifest.parse((top / "manifest.json").read_bytes())
    record = release_record(
        "orders",
        "1.4.2",
        manifest.digest,
        rendered,
        {"orders.service": unit_text()},
        "restart",
        template=environment.render({"PORT": "{port}"}),
        port=8080,
    )
    assert host.link("current") == record["id"]
    assert (host.current / "release.json").read_bytes() == canonical.to_json(record)
    assert host.environment == rendered
    layout = Layout("orders", str(host.base))
    assert layout.current() == record["id"] and layout.previous() is None
    assert layout.release(record["id"]).units() == {"orders.service": unit_text()}


def test_modes_owners_and_places(host, tarball):
    top = tarball()
    (top / "bin" / "orders").chmod(0o4777)  # as an unpacker's umask, or its owner, may have left it
    if os.geteuid() == 0:  # nobody else can give a file away
        os.chown(top / "bin" / "orders", 65534, 65534)
    host.install(top)
    modes = {
        "": 0o755,
        "assets": 0o755,
        "assets/page.html": 0o644,
        "bin/orders": 0o755,
        "environment": 0o600,
        "manifest.json": 0o644,
        "SHA256SUMS": 0o644,
        "install.sh": 0o755,
        "units": 0o755,
        "units/orders.service": 0o644,
        "release.json": 0o644,
    }
    for path, mode in modes.items():
        status = (host.current / path).stat()
        assert (path, oct(status.st_mode & 0o7777)) == (path, oct(mode))
        assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
    assert os.readlink(host.base / "current").startswith("releases/")
    assert (host.base / "incoming").stat().st_mode & 0o777 == 0o700
    assert not os.listdir(host.base / "incoming")
    assert (host.root / "etc/systemd/system/orders.service").read_text() == unit_text()


def test_again_is_no_change(host, tarball):
    top = tarball()
    host.install(top, "--port", "8080")
    before = host.history()
    assert "already current" in host.install(top, "--port", "8080")
    assert host.history() == before


def test_a_new_version_keeps_the_environment_and_remembers_the_old_release(host, tarball):
    host.install(tarball("1.4.1"), "--port", "8080")
    old = host.link("current")
    host.install(tarball("1.4.2"))
    assert host.link("previous") == old
    assert host.environment == 'PORT="8080"\n'
    host.run(tarball("1.4.2"), "--rollback")
    assert host.link("current") == old
    assert [entry["act"] for entry in host.history()] == ["install", "install", "rollback"]
    assert host.history()[-1]["from"].startswith("1.4.2-")


def test_a_release_can_install_itself_again_with_another_port(host, tarball):
    host.install(tarball(), "--port", "8080")
    host.install(host.base / "current", "--port", "9090")
    assert host.environment == 'PORT="9090"\n'
    assert host.link("current") != host.link("previous")


def test_dry_run_touches_nothing(host, tarball):
    assert "Would install 1.4.2-" in host.install(tarball(), "--dry-run", "--port", "8080")
    assert host.untouched()


def test_python_reads_the_history_and_a_line_that_was_cut_off_does_no_harm(host, tarball):
    host.install(tarball("1.4.1"))
    with open(host.base / "history.jsonl", "a", encoding="utf-8") as history:
        history.write('{"act": "depl')
    done = host.run(tarball("1.4.2"), environment={"SUDO_USER": 'a"nn\\\n{\xe9'})
    assert done.returncode == 0
    lines = (host.base / "history.jsonl").read_text().splitlines()
    assert len(lines) == 3
    entry = json.loads(lines[2])
    assert sorted(entry) == [
        "act",
        "actor",
        "at",
        "deploy_id",
        "from",
        "message",
        "outcome",
        "phases",
        "ready_ms",
        "to",
    ]
    assert (entry["act"], entry["outcome"]) == ("install", "ok")
    assert entry["actor"].startswith('a"nn\\?{??@')
    assert entry["phases"]["stage"] >= 0


def test_a_damaged_release_is_made_anew(host, tarball):
    top = tarball()
    host.install(top)
    (host.current / "bin" / "orders").write_text("damaged")
    host.install(top)
    assert (host.current / "bin" / "orders").read_text() != "damaged"


def test_an_install_removes_what_python_would_remove(host, tarball):
    for number in range(1, 6):
        host.install(tarball("1.0.%d" % number))
    releases = sorted(os.listdir(host.base / "releases"))
    with open(host.base / "history.jsonl", "w", encoding="utf-8") as history:
        for release, outcome in zip(
            releases, ("reverted", "down", "ok", "ok")
        ):  # the last one was only staged
            history.write('{"act": "deploy", "outcome": "%s", "to": "%s"}\n' % (outcome, release))
    host.install(tarball("1.0.6"), "--keep", "2")
    everything = releases + [host.link("current")]
    outcomes = History(str(host.base / "history.jsonl")).outcomes()
    gone = superfluous(everything, {host.link("current"), host.link("previous")}, outcomes, 2)
    assert gone and sorted(os.listdir(host.base / "releases")) == sorted(set(everything) - set(gone))


def test_the_lock_is_the_one_that_python_takes(host, tarball):
    host.install(tarball("1.4.1"))
    with open(host.base / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write('{"actor": "bob@desk"}')
        lock.flush()
        done = host.run(tarball("1.4.2"))
        assert done.returncode == 1 and "bob@desk" in done.stderr
        assert host.link("current").startswith("1.4.1-")
        assert host.run(tarball("1.4.2"), "--no-lock").returncode == 0
    assert host.run(tarball("1.4.2")).returncode == 0


def test_an_inherited_variable_of_the_tests_does_not_stop_an_install(host, tarball):
    assert host.run(tarball(), environment={"SLIPWAY_SOURCED": "1"}).returncode == 0
    assert host.link("current").startswith("1.4.2-")


def test_names_that_are_hard_on_a_shell(host, tarball):
    hard = {
        "-": (b"1", "0644"),
        "-rf": (b"2", "0644"),
        " a  b ": (b"3", "0644"),
        "a/$(id)`x`'\"*?[": (b"4", "0755"),
        "caf\xe9/\U0001f600": (b"5", "0644"),
        "manifest": (b"6", "0644"),
    }
    host.install(tarball(**hard))
    for path, (content, mode) in hard.items():
        assert (host.current / path).read_bytes() == content
        assert (host.current / path).stat().st_mode & 0o777 == int(mode, 8)


def test_a_unit_of_ones_own(host, tarball, tmp_path):
    own = tmp_path / "own.service"
    own.write_text(unit_text(description="My own"))
    top = tarball()
    host.install(top, "--unit", str(own))
    assert (host.root / "etc/systemd/system/orders.service").read_text() == own.read_text()
    host.install(tarball("1.4.3", **{"systemd/orders.service": None}))
    assert (host.root / "etc/systemd/system/orders.service").read_text() == own.read_text()


@pytest.mark.parametrize("version", ["0", "1.0.0-rc.1+build~7", "2026.11.20_a", "v" + "9" * 63])
def test_versions(host, tarball, version):
    host.install(tarball(version))
    assert host.link("current").startswith(version + "-")


def test_status_names_what_is_there(host, tarball):
    host.install(tarball("1.4.1"))
    host.install(tarball("1.4.2"))
    told = host.install(host.base / "current", "--status")
    assert host.link("current") in told and host.link("previous") in told


def test_only_root_can_read_lock_and_history_also_when_the_history_was_halved(host, tarball):
    """Who can read the lock can hold it. The history has the headers of health checks."""
    host.install(tarball("1.4.1"))
    history = host.base / "history.jsonl"
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in (history, host.base / "lock")} == {0o600}
    history.write_text('{"act": "stage", "to": "x"}\n' * 50_000)
    host.install(tarball("1.4.2"))
    assert history.stat().st_size < 1 << 20
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
