# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration files of a service, rendered for one host as the module template does it."""

from __future__ import annotations

import os

import ansible.template
from ansible.errors import AnsibleError

from ..module_utils.common import names
from ..module_utils.common.errors import InvalidInput

# Before ansible-core 2.19 a template whose text is JSON gave the data that it describes, not the text.
AS_TEXT = {} if hasattr(ansible.template, "trust_as_template") else {"convert_data": False}


def render(action, entries, task_vars):
    """Where each file is to be, and its text for this host. ``action``: the action plugin that asks."""
    files = {}
    for entry in entries:
        dest = names.check_member(entry["dest"], "config.dest")
        if dest in files:
            raise InvalidInput("config.dest", dest, "two files cannot have one name")
        files[dest] = _rendered(action, entry["src"], task_vars)
    return files


def _rendered(action, src, task_vars):
    path = action._loader.path_dwim(os.path.expanduser(src))
    try:
        with open(path, encoding="utf-8") as handle:
            handle.read()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput("config.src", src, "it cannot be read: %s" % reason) from error
    template = action._shared_loader_obj.lookup_loader.get(
        "ansible.builtin.template", loader=action._loader, templar=action._templar
    )
    try:
        (text,) = template.run([path], variables=task_vars, **AS_TEXT)
    except AnsibleError as error:
        reason = " ".join(str(error).split())
        raise InvalidInput("config.src", src, "it cannot be rendered: %s" % reason) from error
    if isinstance(text, (list, dict)):
        raise InvalidInput("config.src", src, "it gives data, not a text: end it with `| to_json`")
    return str(text)
