# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a connection takes a parcel on standard input, which Ansible calls pipelining."""

from __future__ import annotations

import contextlib
import re

_TERMINAL = re.compile(r"(^|\s)-[46AaCKkqvXxYy]*t|(?i:\bRequestTTY[=\s]+(yes|force)\b)")


def is_possible(connection, task_vars):
    """What the option ``pipelining`` says, where somebody set it; otherwise what the connection can.

    Ansible's default is off, for the sake of modules on hosts with requiretty. A parcel that such a host
    refuses is sent again as a file, so here the default can be on.
    """
    become = connection.become
    if not connection.has_pipelining or _requests_terminal(connection):
        return False
    if become and not getattr(become, "pipelining", become.name != "su"):
        return False  # su needs a terminal
    is_on, is_given = _option(connection, task_vars)
    if is_on or is_given:
        return is_on
    # The connection local gives a command that needs a password a terminal for its standard input.
    return connection.transport == "ssh" or not _needs_password(become)


def _needs_password(become):
    try:
        return bool(become and become.get_option("become_pass"))
    except KeyError:  # a way to root that knows no password
        return False


def _requests_terminal(connection):
    """Whether the user's arguments of ssh ask for a terminal. Ansible itself sees it from version 2.19 on."""
    arguments = []
    for name in ("ssh_args", "ssh_common_args", "ssh_extra_args"):
        with contextlib.suppress(AttributeError, KeyError):  # a connection of another kind
            arguments.append(connection.get_option(name) or "")
    return bool(_TERMINAL.search(" ".join(arguments)))


def _option(connection, task_vars):
    """The value of the option ``pipelining``, and whether somebody set it."""
    try:
        value = bool(connection.get_option("pipelining"))
    except (AttributeError, KeyError):  # a connection without this option
        return False, False
    try:
        origin = connection.get_option_and_origin("pipelining", hostvars=task_vars)[1]
    except KeyError:  # ansible-core 2.18 and older reads the variable again, and this one is a template
        origin = "variable"
    return value, origin != "default"
