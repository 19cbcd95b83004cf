# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook observe makes of the variables of a service's hosts: the files that observe it."""

from __future__ import annotations

from ..plugin_utils.observe.files import files
from ..plugin_utils.observe.service import Service
from ..plugin_utils.variables import setting
from .service import rendered

_NEEDED = (
    "slipway_alternate_port",
    "slipway_domain",
    "slipway_gate",
    "slipway_health",
    "slipway_metrics",
    "slipway_port",
    "slipway_proxy",
    "slipway_shares",
    "slipway_soak_seconds",
    "slipway_strategy",
    "slipway_tls",
    "slipway_unit",
    "slipway_waves",
)
# Groups that say what a host is for, and not where it belongs.
_NOT_A_PLACE = ("all", "balancers", "monitoring", "ungrouped")


def monitoring_files(app, hostvars, hosts, balancers=()):
    """The files that observe an app, for the role monitoring."""
    described = {host: _described(host, hostvars[host]) for host in hosts}
    addresses = {host: _address(host, hostvars[host]) for host in balancers}
    return files(Service(str(app), described, addresses))


def _described(host, variables):
    directory = variables.get("inventory_dir") or ""
    found = {name: setting(name, rendered(variables.get(name)), directory) for name in _NEEDED}
    places = [name for name in variables.get("group_names") or [] if name not in _NOT_A_PLACE]
    return dict(found, address=_address(host, variables), group=(places or [""])[0])


def _address(host, variables):
    return str(variables.get("slipway_address") or variables.get("ansible_host") or host)


class FilterModule:
    def filters(self):
        return {"monitoring_files": monitoring_files}
