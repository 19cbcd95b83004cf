# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts that a unit names."""

from __future__ import annotations

import grp
import pwd
import re

from ...common.errors import SlipwayError


def check_accounts(unit_text: str) -> None:
    """Refuse a unit whose user or group does not exist: systemd would only say 217/USER."""
    for key, find, kind in _KINDS:
        for name in _named(key, unit_text):
            _found(find, kind, name)
    for name in re.findall(_PROXY_USER, unit_text, re.MULTILINE):
        _found(pwd.getpwnam, "user", name)


def service_gid(unit_texts: list) -> int:
    """The number of the group that a service runs as, from its unit files."""
    text = "\n".join(unit_texts)
    if re.search(r"^DynamicUser=(yes|true|1|on)\s*$", text, re.MULTILINE | re.IGNORECASE):
        raise SlipwayError(
            "The unit sets DynamicUser, and the user of such a service exists only while it runs: no file "
            "can be made for it. Remove DynamicUser, or give the service its files as unit.credentials"
        )
    groups, users = _named("Group", text), _named("User", text)
    if groups:
        return _found(grp.getgrnam, "group", groups[-1]).gr_gid
    return _found(pwd.getpwnam, "user", users[-1]).pw_gid if users else 0


# As common/unit writes it for the option proxy_user: systemd-tmpfiles would fail at every start.
_PROXY_USER = r"^ExecStartPre=\+/bin/sh -c 'echo \"a\+ \S+ - - - - user:([^:\s]+):x,"
_KINDS = (("User", pwd.getpwnam, "user"), ("Group", grp.getgrnam, "group"))


def _named(key, text):
    return re.findall("^%s=(.+)$" % key, text, re.MULTILINE)


def _found(find, kind, name):
    try:
        return find(name)
    except KeyError:
        raise SlipwayError(
            "There is no %s %r on this host: run the playbook slipway.golang.setup first" % (kind, name)
        ) from None
