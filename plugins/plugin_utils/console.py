# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is printed beside Ansible's own lines: the plan, the outcome, and what each host does just now."""

from __future__ import annotations

from ansible import constants
from ansible.utils.display import Display


def show(text):
    """Print a text. Not where the output is to be read by a program: the results say the same there.

    A worker's lines reach the console through the main process, whole and at once.
    """
    if "json" not in constants.DEFAULT_STDOUT_CALLBACK:
        Display().display(text)


def is_for_programs():
    """Whether a program reads the results, so that they have to say all that is printed: AWX shows both."""
    return any(word in constants.DEFAULT_STDOUT_CALLBACK for word in ("json", "awx"))
