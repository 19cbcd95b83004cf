# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that this process runs as."""

from __future__ import annotations

import os
import pwd


def not_root(need: str) -> str:
    """The message for a process that is not root's: whose it is, and what to change.

    sudo and doas say who called them: then Ansible did become somebody, and it was the wrong one.
    """
    uid = os.geteuid()
    name = name_of(uid, "an account without a name")
    caller = os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER")
    if caller:
        return (
            "%s, and Ansible became %s (uid %d) there: set "
            "ansible_become_user to root for this host, or remove it" % (need, name, uid)
        )
    return (
        "%s, and this is %s (uid %d): set become: true (the "
        "variable ansible_become), with ansible_become_user: root if that is set" % (need, name, uid)
    )


def name_of(uid: int, without: str) -> str:
    """The name of an account; ``without``: what to say of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return without
