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
    for key, find, kind in (("User", pwd.getpwnam, "user"), ("Group", grp.getgrnam, "group")):
        for name in re.findall("^%s=(.+)$" % key, unit_text, re.MULTILINE):
            try:
                find(name)
            except KeyError:
                raise SlipwayError(
                    "There is no %s %r on this host: run the playbook slipway.golang.setup first"
                    % (kind, name)
                ) from None
