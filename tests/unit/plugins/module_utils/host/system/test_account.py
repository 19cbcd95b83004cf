# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that is not root's says whose it is, and what to change."""

from __future__ import annotations

import pwd

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout
from ansible_collections.slipway.golang.plugins.module_utils.host.system import account

NEED = "A release needs root on the host"


@pytest.fixture
def nobody(monkeypatch):
    """Another account than root runs this."""
    entry = pwd.getpwnam("nobody")
    monkeypatch.setattr(account.os, "geteuid", lambda: entry.pw_uid)
    for name in ("SUDO_USER", "DOAS_USER"):
        monkeypatch.delenv(name, raising=False)
    return "nobody (uid %d)" % entry.pw_uid


def test_without_become_it_says_to_set_it(nobody):
    assert account.not_root(NEED) == (
        NEED + ", and this is %s: set become: true (the variable ansible_become), with ansible_become_user: "
        "root if that is set" % nobody
    )


@pytest.mark.parametrize("variable", ["SUDO_USER", "DOAS_USER"])
def test_with_become_of_another_user_it_says_who_that_was(nobody, monkeypatch, variable):
    monkeypatch.setenv(variable, "deploy")
    assert account.not_root(NEED) == (
        NEED
        + ", and Ansible became %s there: set ansible_become_user to root for this host, or remove it"
        % nobody
    )


def test_an_account_that_no_file_lists(nobody, monkeypatch):
    monkeypatch.setattr(account.os, "geteuid", lambda: 4123456)
    assert "an account without a name (uid 4123456)" in account.not_root(NEED)


def test_the_directory_of_root_is_not_to_be_given_to_root(nobody, tmp_path):
    """It was, by the message, where the process was not root's."""
    root = tmp_path / "orders"
    root.mkdir()
    if root.stat().st_uid == 0:
        with pytest.raises(SlipwayError, match="belongs to root, and this is nobody"):
            Layout("orders", str(root)).create()
