# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks make of a single variable of a service."""

from __future__ import annotations

import os

from ..plugin_utils.variables import port_for


def service_port(port, health=None):
    """The port of a service: the given one, or 8080 if its health check needs a port, or None."""
    return port_for(int(port) if str(port or "").strip() else None, health or {})


def controller_path(path, inventory_dir=None):
    """A path on the controller, or a list of them: a relative one begins at the inventory's directory."""
    if isinstance(path, (list, tuple)):
        return [controller_path(item, inventory_dir) for item in path]
    if not path:
        return ""
    return os.path.normpath(os.path.join(inventory_dir or os.getcwd(), os.path.expanduser(path)))


class FilterModule:
    def filters(self):
        return {"controller_path": controller_path, "service_port": service_port}
