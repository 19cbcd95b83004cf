# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What install.sh refuses, and that it leaves nothing behind."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical

from .trees import TARGET


def refused(host, top, message, *flags, **environment):
    done = host.run(top, *flags, environment=environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert message in done.stderr
    assert "REJECTED" in done.stderr and "Next: " in done.stderr
    assert host.link("current") is None


def spoil_binary(top):
    (top / "bin" / "orders").write_bytes(b"#!/bin/sh\necho evil!\n")


def spoil_binary_and_sums(top):
    old = canonical.sha256_file(top / "bin" / "orders")
    spoil_binary(top)
    sums = top / "SHA256SUMS"
    sums.write_text(sums.read_text().replace(old, canonical.sha256_file(top / "bin" / "orders")))


def spoil_manifest(top):
    manifest = top / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"mode": "0755"', '"mode": "0644"', 1))


@pytest.mark.parametrize(
    "spoil, told",
    [
        (spoil_binary, "differ from the manifest: bin/orders"),
        (spoil_binary_and_sums, "SHA256SUMS differs from the manifest"),
        (spoil_manifest, "SHA256SUMS differs from the manifest"),
        (lambda top: (top / "assets/page.html").unlink(), "differ from the manifest: assets/page.html"),
        (lambda top: (top / "SHA256SUMS").unlink(), "SHA256SUMS differs from the manifest"),
        (lambda top: (top / "more").write_text("x"), "not in the manifest: more"),
        (lambda top: (top / "release.json").write_text("x"), "not in the manifest: release.json"),
        (lambda top: (top / "a\nb").write_text("x"), "not in the manifest"),
        (lambda top: (top / "link").symlink_to("/etc/passwd"), "links or devices"),
        (lambda top: os.mkfifo(top / "fifo"), "links or devices"),
        (lambda top: (top / "manifest.json").unlink(), "there is no manifest.json"),
        (lambda top: (top / "manifest.json").write_text("{}\n"), "names no app"),
    ],
)
def test_a_spoilt_tarball(host, tarball, spoil, told):
    top = tarball()
    spoil(top)
    refused(host, top, told)
    assert host.untouched()


@pytest.mark.parametrize(
    "path",
    [
        "../evil",
        "/etc/evil",
        "a/../../evil",
        "a//b",
        "./a",
        "a/.",
        "environment",
        "release.json",
        "units/x.service",
        "manifest.json",
        "SHA256SUMS",
        "a\\b",
        "a\tb",
    ],
)
def test_a_manifest_with_paths_that_have_no_place_in_a_release(host, tarball, path):
    top = tarball()
    text = (top / "manifest.json").read_text()
    (top / "manifest.json").write_text(
        text.replace('"assets/page.html"', canonical.to_json(path).decode().strip())
    )
    refused(host, top, "no usable list of files")
    assert host.untouched()


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", "../x"),
        ("name", "Orders"),
        ("name", "o" * 32),
        ("version", "1..2"),
        ("version", "-1"),
        ("version", "1/2"),
        ("version", "1 2"),
        ("version", "$(id)"),
        ("version", "1" * 65),
    ],
)
def test_a_manifest_with_a_hostile_name_or_version(host, tarball, field, value):
    top = tarball()
    text = (top / "manifest.json").read_text()
    old = {"name": '"name": "orders"', "version": '"version": "1.4.2"'}[field]
    (top / "manifest.json").write_text(text.replace(old, '"%s": "%s"' % (field, value)))
    refused(host, top, "names no " + {"name": "app", "version": "version"}[field])


@pytest.mark.parametrize(
    "machine, target, told",
    [
        (
            "aarch64",
            dict(TARGET, goarch="amd64"),
            "this host is linux/arm64 (aarch64), the tarball is for linux/amd64",
        ),
        ("x86_64", dict(TARGET, goarch="arm64"), "Use the tarball for linux/amd64"),
        ("x86_64", dict(TARGET, goarch="386"), "for linux/386"),
        ("armv6l", dict(TARGET, goarch="arm", variant="7,softfloat"), "GOARM=7,softfloat"),
        ("x86_64", dict(TARGET, goos="freebsd", goarch="amd64"), "for freebsd/amd64"),
    ],
)
def test_the_wrong_machine(host, tarball, tmp_path, machine, target, told):
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "uname").write_text("#!/bin/sh\necho %s\n" % machine)
    (fake / "uname").chmod(0o755)
    refused(host, tarball(target=target), told, PATH="%s:%s" % (fake, host.path))
    assert host.untouched()


@pytest.mark.parametrize(
    "machine, target",
    [
        ("riscv64", dict(TARGET, goarch="riscv64")),
        ("armv7l", dict(TARGET, goarch="arm", variant="6,hardfloat")),
        ("aarch64", dict(TARGET, goarch="arm64", variant="v8.0")),
        ("i686", dict(TARGET, goarch="386")),
    ],
)
def test_the_right_machine(host, tarball, tmp_path, machine, target):
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "uname").write_text('#!/bin/sh\n[ "$1" = -n ] && echo host || echo %s\n' % machine)
    (fake / "uname").chmod(0o755)
    done = host.run(tarball(target=target), environment={"PATH": "%s:%s" % (fake, host.path)})
    assert done.returncode == 0, done.stderr


def test_units_that_do_not_serve_the_current_release(host, tarball, tmp_path):
    other = tmp_path / "other.service"
    other.write_text("[Service]\nExecStart=/usr/bin/orders\n")
    refused(host, tarball(), "does not run /opt/orders/current/bin/orders", "--unit", str(other))
    refused(host, tarball("1.4.3", **{"systemd/orders.service": None}), "there is no unit")


def test_a_unit_that_is_not_from_slipway(host, tarball):
    theirs = host.root / "etc/systemd/system/orders.service"
    theirs.write_text("[Service]\nExecStart=/usr/bin/orders\n")
    refused(host, tarball(), "it is not Slipway's")
    assert theirs.read_text() == "[Service]\nExecStart=/usr/bin/orders\n"


@pytest.mark.parametrize("target", ["releases/20240101120000", "/srv/checkout"])
def test_the_tree_of_another_tool(host, tarball, target):
    """ansistrano's or Capistrano's; or somebody's own."""
    base = host.root / "opt/orders"
    (base / "releases/20240101120000").mkdir(parents=True)
    (base / "current").symlink_to(target)
    done = host.run(tarball())
    assert done.returncode == 1 and "REJECTED" in done.stderr
    assert "current is a link to %s, which is no release of Slipway's" % target in done.stderr
    assert os.readlink(base / "current") == target


def test_another_strategy_is_left_alone(host, tarball):
    host.install(tarball("1.4.1"))
    record = host.current / "release.json"
    record.write_text(record.read_text().replace('"restart"', '"blue_green"'))
    done = host.run(tarball("1.4.2"))
    assert done.returncode == 1 and "another strategy" in done.stderr
    assert host.link("current").startswith("1.4.1-")


def test_no_previous_release_to_go_back_to(host, tarball):
    refused(host, tarball(), "there is no previous release", "--rollback")


def test_a_damaged_previous_release_is_not_gone_back_to(host, tarball):
    host.install(tarball("1.4.1"))
    (host.current / "bin" / "orders").write_text("damaged")
    host.install(tarball("1.4.2"))
    done = host.run(tarball("1.4.2"), "--rollback")
    assert done.returncode == 1 and "damaged" in done.stderr
    assert host.link("current").startswith("1.4.2-")


def test_root_is_needed(host, tarball):
    script = (tarball() / "install.sh").read_text()
    user = os.geteuid() or 65534
    done = subprocess.run(
        ["sh", "-s"], input=script, user=user, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "this needs root" in done.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ["--prot", "1"],
        ["--port"],
        ["--port", "x"],
        ["--port", "0"],
        ["--port", "65536"],
        ["--port", "-1"],
        ["now"],
        ["--env-file", "/nowhere"],
        ["--health-path", "healthz"],
        ["--health-path", "/$(id)"],
        ["--deadline", "1s"],
        ["--port-variable", "A B"],
        ["--port-variable", "1A"],
        ["--health-host", "a b"],
        ["--keep", ""],
    ],
)
def test_a_wrong_command_line(host, tarball, flags):
    done = host.run(tarball(), *flags)
    assert done.returncode == 64
    assert "Nothing was done" in done.stderr
    assert host.untouched()


def test_help(host, tarball):
    assert "--allowed-signers FILE" in host.run(tarball(), "--help").stdout


class TestSignature:
    @pytest.fixture
    def keys(self, tmp_path):
        for name in ("ann", "eve"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name)],
                check=True,
            )
        (tmp_path / "allowed").write_text("ann@example.com " + (tmp_path / "ann.pub").read_text())
        return tmp_path

    @staticmethod
    def sign(top, key):
        subprocess.run(
            ["ssh-keygen", "-q", "-Y", "sign", "-n", "slipway", "-f", str(key), str(top / "manifest.json")],
            check=True,
            capture_output=True,
        )

    def test_a_trusted_one(self, host, tarball, keys):
        top = tarball()
        self.sign(top, keys / "ann")
        host.install(top, "--allowed-signers", str(keys / "allowed"))
        assert (host.current / "manifest.json.sig").is_file()
        host.install(top, "--allowed-signers", str(keys / "allowed"), "--signer", "ann@example.com")

    def test_none(self, host, tarball, keys):
        refused(host, tarball(), "not signed", "--allowed-signers", str(keys / "allowed"))

    def test_an_unknown_key(self, host, tarball, keys):
        top = tarball()
        self.sign(top, keys / "eve")
        refused(host, top, "signed by a key that", "--allowed-signers", str(keys / "allowed"))

    def test_another_signer_than_asked_for(self, host, tarball, keys):
        top = tarball()
        self.sign(top, keys / "ann")
        refused(host, top, "not one of bob", "--allowed-signers", str(keys / "allowed"), "--signer", "bob")

    def test_a_trusted_signature_over_another_manifest(self, host, tarball, keys, tmp_path):
        good, other = tarball("1.4.1"), tarball("1.4.2")
        self.sign(good, keys / "ann")
        (good / "manifest.json.sig").rename(other / "manifest.json.sig")
        refused(host, other, "not one of ann@example.com", "--allowed-signers", str(keys / "allowed"))
