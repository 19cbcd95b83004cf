# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules release and manifests that the variables of a service describe.

The playbooks could give each of them as a template. But Ansible compiles all templates of a task anew in the
process that it forks for each host: twenty of them took more of the controller's time than all of the rest.
"""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean

from .combinations import port_for
from .kinds import beginning
from .variables import one, setting

OPTIONS = {
    "adopt": "slipway_adopt",
    "allowed_signers": "slipway_allowed_signers",
    "alternate_port": "slipway_alternate_port",
    "artifact": "slipway_artifacts",
    "config": "slipway_config",
    "confirm_within": "slipway_confirm_within_seconds",
    "delta": "slipway_delta",
    "environment": "slipway_env",
    "health": "slipway_health",
    "keep": "slipway_keep",
    "port": "slipway_port",
    "port_variable": "slipway_port_variable",
    "pull_ca_file": "slipway_pull_ca_file",
    "pull_from": "slipway_pull_from",
    "report_health": "slipway_unhealthy_first",
    "smoke": "slipway_smoke",
    "strategy": "slipway_strategy",
    "textfile": "slipway_metrics",
    "unit": "slipway_unit",
}


# What the manifests of a service are made of.
OF_MANIFESTS = {
    "name": "slipway_app",
    "config": "slipway_config",
    "domain": "slipway_domain",
    "environment": "slipway_env",
    "health": "slipway_health",
    "keep": "slipway_keep",
    "kubernetes": "slipway_kubernetes",
    "metrics": "slipway_metrics",
    "migrate": "slipway_migrate",
    "port": "slipway_port",
    "port_variable": "slipway_port_variable",
    "strategy": "slipway_strategy",
    "tls": "slipway_tls",
    "unit": "slipway_unit",
    "version": "slipway_version",
}

# A release that a host has already has its own.
OF_ARTIFACTS = ("artifact", "config")


def address(host, given, port=None):
    """Where nginx on another host reaches the service of a host, as ``address:port``."""
    found = given.get("slipway_address") or given.get("ansible_host") or host
    port = port or port_for(setting("slipway_port", given.get("slipway_port")), {})
    return ("[%s]:%s" if ":" in found else "%s:%s") % (found, port)


def completed(arguments, given, template):
    """The arguments of a task, and where it has ``from_variables`` the options that it does not give.

    ``given``: all variables of the host, as Ansible has them; ``template``: renders one value.
    """
    if not boolean(arguments.get("from_variables", False), strict=False):
        return arguments
    return {**_of_host(given, template, from_artifacts=not arguments.get("release")), **arguments}


def _of_host(given, template, from_artifacts):
    directory = beginning(given.get("inventory_dir"))
    found = {
        option: one(variable, given, template, directory)
        for option, variable in OPTIONS.items()
        if from_artifacts or option not in OF_ARTIFACTS
    }
    found["port"] = port_for(found["port"], found["health"])
    found["textfile"] = found["textfile"].get("textfile")
    return {option: value for option, value in found.items() if value is not None}


def of_manifests(arguments, given, template):
    """The variables of a service, by their names: those that a task gives, and with ``from_variables`` the
    host's for all the others.
    """
    directory = beginning(given.get("inventory_dir"))
    from_host = boolean(arguments.get("from_variables", False), strict=False)
    found = {}
    for option, variable in OF_MANIFESTS.items():
        if arguments.get(option) is not None:
            found[variable] = setting(variable, arguments[option], directory)
        else:
            found[variable] = one(variable, given if from_host else {}, template, directory)
    return found
