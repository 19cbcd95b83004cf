# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services to observe, described as the playbook observe does it."""

from __future__ import annotations

from ansible_collections.slipway.golang.plugins.filter import observe

FULL = {
    "slipway_domain": "orders.example.com",
    "slipway_unit": {"memory_max": "512M"},
    "slipway_metrics": {"socket": "pprof.sock"},
    "slipway_health": {"path": "/healthz"},
}


def hostvars(*names, **given):
    """Host to its variables; hosts are in the group web."""
    found = {}
    for number, name in enumerate(names or ("web1", "web2"), 11):
        own = {"ansible_host": "10.0.0.%d" % number, "group_names": ["monitoring", "web"]}
        found[name] = dict(own, inventory_dir="/inventory", **given)
    return found


def files(app="orders", balancers=(), hosts=(), **given):
    every = {**hostvars(*hosts, **given), **hostvars(*balancers or ("lb1",))}
    members = [name for name in every if name not in (balancers or ("lb1",))]
    return observe.monitoring_files(app, every, members, balancers)


def targets(job, **given):
    return [entry for entry in files(**given)["targets"] if entry["labels"]["job"] == job]


def alerts(**given):
    (group,) = files(**given)["rules"]["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}
