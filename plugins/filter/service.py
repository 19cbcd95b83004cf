# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks make of a single variable of a service."""

from __future__ import annotations

import os

from ..module_utils.common import canonical, environment
from ..plugin_utils.combinations import port_for
from ..plugin_utils.kinds import beginning, parsed
from ..plugin_utils.variables import setting


def service_port(port, health=None):
    """The port of a service: the given one, or 8080 if its health check needs a port, or None."""
    return port_for(setting("slipway_port", port), setting("slipway_health", rendered(health)))


def setting_of(value, name, inventory_dir=None):
    """What a variable of the playbooks means, given as text or not; its default where it has no value."""
    return setting(name, rendered(value), beginning(inventory_dir))


def rendered(value):
    """Plain containers: a lazy one of Ansible's renders what it has when it is asked by key."""
    if isinstance(value, dict):
        return {key: rendered(value[key]) for key in value}
    if isinstance(value, (list, tuple)):
        return [rendered(value[position]) for position in range(len(value))]
    return value


def from_text(value):
    """A list or a dictionary, also where it was given as text: by ``-e`` or in an INI inventory."""
    return parsed(parsed(value, list), dict)


def controller_path(path, inventory_dir=None):
    """A path on the controller, a dictionary with one as its src, or a list of them.

    A relative path begins at the inventory's directory.
    """
    path = from_text(path)
    if isinstance(path, (list, tuple)):
        return [controller_path(item, inventory_dir) for item in path]
    if isinstance(path, dict):
        entry = {key: path[key] for key in path}  # by the key: a lazy container of Ansible's renders it then
        return dict(entry, src=controller_path(entry.get("src"), inventory_dir))
    if not path:
        return ""
    return os.path.normpath(os.path.join(beginning(inventory_dir), os.path.expanduser(path)))


def environment_script(variables):
    """A shell script that writes the environment file of a service and prints its path.

    The values are neither on a command line nor readable for others, and the host needs no Python.
    """
    variables = from_text(variables)
    values = {key: variables[key] for key in variables or {}}
    text = environment.render(environment.check(values, "slipway_env"))
    end = "END-" + canonical.sha256(text)
    return (
        "umask 077\nfile=$(mktemp /var/tmp/slipway.XXXXXX) || exit 1\n"
        'cat >"$file" <<\'%s\' || exit 1\n%s%s\necho "$file"\n' % (end, text, end)
    )


class FilterModule:
    def filters(self):
        return {
            "controller_path": controller_path,
            "environment_script": environment_script,
            "service_port": service_port,
            "setting": setting_of,
        }
