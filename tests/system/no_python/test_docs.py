# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of docs/how-to/hosts-without-python.md, run as they stand, in their order."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
import yaml
from support.lab import CHECKOUT, ansible_environment

from .conftest import FLEET, GOARCH, Host

INSTALL_SH = CHECKOUT / "installer" / "install.sh"
PAGE = (CHECKOUT / "docs" / "how-to" / "hosts-without-python.md").read_text()
OPTIONS = (CHECKOUT / "docs" / "reference" / "install-sh.md").read_text()


def blocks(language):
    return [
        text.replace("-amd64", "-" + GOARCH)
        for text in re.findall(r"^```%s\n(.*?)^```$" % language, PAGE, re.MULTILINE | re.DOTALL)
    ]


@pytest.fixture
def desk(fleet, tarball, tmp_path):
    """A directory as a user's: the tarball, an inventory, and hosts that ssh knows as web1 and web2."""
    hosts = {"web1": fleet, "web2": Host("plain2")}
    lines = [
        "Host *",
        "User root",
        "HostName 127.0.0.1",
        "IdentityFile %s" % (FLEET.state / "id_ed25519"),
        "UserKnownHostsFile %s" % (FLEET.state / "known_hosts"),
    ]
    for name, host in hosts.items():
        host.shell = "sh"
        host.forget_everything()
        lines += ["Host %s" % name, "Port %s" % host.port]
    (tmp_path / "config").write_text("\n".join(lines) + "\n")
    for tool in ("ssh", "scp"):
        (tmp_path / tool).write_text('#!/bin/sh\nexec /usr/bin/%s -F %s/config "$@"\n' % (tool, tmp_path))
        (tmp_path / tool).chmod(0o755)
    made = tarball("1.4.2")
    (tmp_path / made.path.name).symlink_to(made.path)
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "hosts").write_text("web1\nweb2\n")
    (tmp_path / "inventory" / "group_vars").mkdir()
    settings = [yaml.safe_load(text) for text in blocks("yaml")]
    (tmp_path / "inventory" / "group_vars" / "all.yml").write_text(
        yaml.safe_dump(dict(item for block in settings for item in block.items()))
    )
    return tmp_path


def test_every_example(fleet, desk):
    environment = dict(ansible_environment(), PATH="%s:%s" % (desk, os.environ["PATH"]))
    outputs = []
    for block in blocks("sh"):
        done = subprocess.run(
            ["sh", "-e"],
            input=block,
            cwd=desk,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, block + done.stdout + done.stderr
        outputs.append(done.stdout)
    assert len(outputs) == 6
    assert "healthy   yes" in outputs[1]
    assert "OK: orders 1.4.2-" in outputs[2] and "OK: orders 1.4.2-" in outputs[3]
    assert fleet.outcomes()[:3] == ["ok", "ok", "ok"]
    assert Host("plain2").serving() == "1.4.2"


def test_every_option_is_described():
    options = set(re.findall(r"^  (--[a-z-]+)", INSTALL_SH.read_text(), re.MULTILINE))
    assert len(options) > 15
    assert options == set(re.findall(r"^\| `(--[a-z-]+)", OPTIONS, re.MULTILINE))
