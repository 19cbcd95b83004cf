# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks compute from the results of all hosts: tables to print, and the servers of nginx.

ansible-core before 2.19 renders some values as text, so numbers, truths and lists are converted at every use.
"""

from __future__ import annotations

import ast

from ansible.module_utils.parsing.convert_bool import boolean

from ..plugin_utils.service_options import address
from ..plugin_utils.tables import table

UNREACHABLE = {"unreachable": True}


def status_table(hosts, hostvars):
    heading = ("HOST", "RUNNING", "PREVIOUS", "STATE", "RESTARTS", "LOG LOST", "HEALTH")
    results = [(host, hostvars[host].get("slipway__status") or UNREACHABLE) for host in _list(hosts)]
    return table([heading] + [_status_cells(host, result) for host, result in results])


def _status_cells(host, result):
    if "unit" not in result:
        return host, _problem(result)
    health = "healthy" if _flag(result, "healthy") else result["health_problem"]
    share, unit = result.get("share"), result["unit"]
    health += "; %s%% of requests go to %s" % (share["percent"], share["release"]) if share else ""
    running = _running(result.get("running"))
    previous, lost = result.get("previous") or "-", result.get("log_lost")
    lost = "-" if lost in (None, "") else lost
    return host, running, previous, unit["ActiveState"], unit["NRestarts"], lost, health


def _running(running):
    if not running:
        return "-"
    return (running.get("release") or "unknown") + ("" if _flag(running, "intact") else " (ALTERED)")


def certificate_table(hosts, hostvars):
    heading = ("HOST", "DAYS LEFT", "EXPIRES", "DOMAINS")
    results = [(host, hostvars[host].get("slipway__certificate") or UNREACHABLE) for host in _list(hosts)]
    return table([heading] + [_certificate_cells(*each) for each in results if not _flag(each[1], "skipped")])


def _certificate_cells(host, result):
    if not result.get("certificates"):
        return host, _problem(result)
    found = result["certificates"][0]
    if found.get("not_after") is None:
        return host, "%s: %s" % (found["path"], found.get("problem") or "not found")
    days = int(found["days_left"])
    return host, "EXPIRED" if days < 0 else days, found["not_after"], " ".join(_list(found["domains"]))


def _problem(result):
    return "unreachable" if _flag(result, "unreachable") else result.get("msg") or "no answer"


def upstream_servers(hosts, hostvars, port=None):
    """The servers of an nginx upstream: each host at the address and port that its variables give."""
    return [{"address": address(host, hostvars[host], port)} for host in _list(hosts)]


def _flag(result, name):
    return _true(result.get(name))


def _true(value):
    return boolean(value, strict=False)


def _list(value):
    if isinstance(value, str):
        value = ast.literal_eval(value) if value.strip() else []
    return list(value or [])


class FilterModule:
    def filters(self):
        return {
            "certificate_table": certificate_table,
            "status_table": status_table,
            "upstream_servers": upstream_servers,
        }
