# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile tarballs on the way without Python: through the real tar, the playbook's script and install.sh."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from .conftest import AS_ROOT

ROOT = Path(__file__).resolve().parents[3]


def packed(top, *more):
    """A tree as the script that the playbook sends; ``more``: TarInfo and content of further members."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(top, arcname=top.name, filter=owned_by_root)
        for info, content in more:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return (ROOT / "installer/self_extract.sh").read_bytes() + archive.getvalue()


def owned_by_root(info):
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def member(name, content=b"", **fields):
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def sent(host, tmp_path, script):
    (tmp_path / "orders.run").write_bytes(script)
    argv = [*AS_ROOT, host.shell, str(tmp_path / "orders.run"), "--root", str(host.root)]
    return subprocess.run(
        argv, env={**os.environ, "PATH": host.path}, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_good_tarball_arrives(host, tarball, tmp_path):
    done = sent(host, tmp_path, packed(tarball()))
    assert done.returncode == 0, done.stderr
    assert host.link("current").startswith("1.4.2-")


@pytest.mark.parametrize(
    "hostile",
    [
        member("orders-1.4.2/unlisted", b"evil"),
        member("orders-1.4.2/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("orders-1.4.2/assets/page.html", b"evil"),
        member("orders-1.4.2/assets/page.html", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("orders-1.4.2/fifo", type=tarfile.FIFOTYPE),
        member("orders-1.4.2/device", type=tarfile.CHRTYPE),  # 0:0, which everybody may make
        member("orders-1.4.2/assets", type=tarfile.SYMTYPE, linkname="/etc"),
        member("orders-1.4.2/new\nline", b"evil"),
        member("orders-1.4.2/\x1b[2J", b"evil"),
        member("orders-1.4.2/ASSETS/page.html", b"<p>hello"),
        member("orders-1.4.2/manifest.json", b"{}\n"),
    ],
    ids=lambda hostile: repr(hostile[0].name) + str(hostile[0].type),
)
def test_a_hostile_tarball_leaves_nothing_behind(host, tarball, tmp_path, hostile):
    done = sent(host, tmp_path, packed(tarball(), hostile))
    assert done.returncode != 0, done.stdout
    assert host.untouched()


@pytest.mark.parametrize(
    "name",
    ["../" * 8 + "slipway-evil", "orders-1.4.2/../../slipway-evil", "/slipway-evil", "/var/tmp/slipway-evil"],
)
def test_a_name_that_leads_out_leads_nowhere(host, tarball, tmp_path, name):
    """GNU tar refuses it, busybox makes it a name inside of the temporary directory, and that is removed."""
    sent(host, tmp_path, packed(tarball(), member(name, b"evil")))
    assert not any(Path(place, "slipway-evil").exists() for place in ("/", "/var", "/var/tmp", "/tmp"))
    assert host.untouched() or not list(host.base.rglob("slipway-evil"))


def test_a_tarball_that_was_cut_off_leaves_nothing_behind(host, tarball, tmp_path):
    whole = packed(tarball())
    for length in (len(whole) - 100, len(whole) - 1000):
        assert sent(host, tmp_path, whole[:length]).returncode != 0
        assert host.untouched()


def test_a_setuid_file_loses_that_and_its_owner_on_the_way(host, tarball, tmp_path):
    top = tarball()
    if os.geteuid() == 0:  # nobody else can give a file away
        os.chown(top / "bin/orders", 65534, 65534)
    os.chmod(top / "bin/orders", 0o6755)
    host.install(top)
    staged = os.stat(host.current / "bin/orders")
    assert (stat.S_IMODE(staged.st_mode), staged.st_uid, staged.st_gid) == (
        0o755,
        os.geteuid(),
        os.getegid(),
    )


def test_a_hard_link_is_copied_and_not_taken_over(host, tarball, tmp_path):
    top = tarball()
    os.link(top / "assets/page.html", tmp_path / "elsewhere")
    host.install(top)
    assert os.stat(host.current / "assets/page.html").st_nlink == 1


def test_a_file_whose_lines_are_names_of_listed_files_is_not_taken_along(host, tarball):
    """It looks known to a tool that reads names line by line; only what the manifest lists is copied."""
    top = tarball()
    (top / "bin/orders\nbin").mkdir()
    (top / "bin/orders\nbin/orders").write_text("evil")
    done = host.run(top)
    assert done.returncode or sorted(os.listdir(host.current / "bin")) == ["orders"]


def test_the_name_of_a_member_is_no_option_of_tar_on_the_controller(tmp_path):
    """tar takes options behind its operands, and --checkpoint-action runs commands."""
    tasks = yaml.safe_load((ROOT / "playbooks/scp.yml").read_text(encoding="utf-8"))[-1]["tasks"]
    argv = next(task for task in tasks if task["name"].startswith("Read manifests"))[
        "ansible.builtin.command"
    ]["argv"]
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("--checkpoint-action=exec=touch evil")
        info.size = 300_000  # it looks at its checkpoints every hundred kilobytes
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    subprocess.run(
        [str(tmp_path / "evil.tar.gz") if word == "{{ item }}" else word for word in argv],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert not (tmp_path / "evil").exists()
