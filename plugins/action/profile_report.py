# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway.golang.profile_report: choose the hosts of a profile, and make files of what they gave.

It runs on the controller, connects to no host, and reads what the tasks of the playbook registered.
"""

from __future__ import annotations

import datetime
import json
import tempfile

from ..module_utils.common.errors import SlipwayError
from ..plugin_utils import console, profiles
from ..plugin_utils.controller_action import ControllerAction
from ..plugin_utils.profile_files import Report, find_go

STEPS = ("choose", "report", "gain")
ARGUMENTS = {
    "step": {"type": "str", "choices": list(STEPS), "required": True},
    "release": {"type": "str", "default": ""},
}
SKIPPED = "The play Check variables was not part of this run. Run the playbook from its beginning"


class ActionModule(ControllerAction):
    """One method for each step; each returns what the next one needs, as the fact slipway__profile."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(ARGUMENTS)
        self.hostvars = task_vars["hostvars"]
        self.fleet, account = self.facts_of_this_run(task_vars, "slipway__profile")
        if not self.fleet or not (account or arguments["step"] == "choose"):
            return dict(result, failed=True, msg=SKIPPED)
        self.asked = self.fleet["profile"]
        with self.failing_into(result):
            account = getattr(self, "_" + arguments["step"])(account, arguments["release"])
            result.update(
                changed=arguments["step"] == "report",
                ansible_facts=self.as_facts(slipway__profile=account),
            )
        return result

    def _choose(self, dummy, release):
        find_go(self.asked["go"])
        found = {host: self._registered(host, "slipway__asked") for host in self.fleet["hosts"]}
        name, hosts, notes = profiles.choose(found, release, int(self.asked["hosts_at_most"]))
        console.show("%s %s: asking %s" % (self.fleet["app"], name, ", ".join(hosts)))
        first = found[hosts[0]]
        work = "" if self._task.check_mode else tempfile.mkdtemp(prefix="slipway-profile-")
        kept = {key: first[key] for key in ("artifact", "version", "target")}
        return dict(kept, release=name, hosts=hosts, notes=notes, work=work)

    def _report(self, account, dummy):
        report = Report(self.asked, account, self.fleet["app"])
        for host in account["hosts"]:
            report.add(host, self._registered(host, "slipway__taken"))
        known, files, table = report.write(datetime.datetime.now(datetime.timezone.utc))
        lines = [_headline(known), "", table.rstrip(), "", *report.notes, *files.values()]
        console.show("\n%s\n" % "\n".join(lines))
        if self.asked["measure"] or self.asked["pgo"]:
            report.check_enough()
        if self.asked["pgo"]:
            console.show(report.write_pgo(files["profile"]) + "\n")
        return dict(account, files=files)

    def _gain(self, account, dummy):
        host = account["hosts"][0]
        measured = self._registered(host, "slipway__measured")
        if "turns" not in measured:
            raise SlipwayError("%s: %s" % (host, profiles.plain(str(measured.get("msg") or "no answer"))))
        words = profiles.gain_in_words(measured)
        with open(account["files"]["json"], encoding="utf-8") as handle:
            known = json.load(handle)
        names = ("gain", "interval", "plain_seconds", "optimised_seconds", "worth", "turns", "requests")
        known["measured"] = dict({name: measured[name] for name in names}, host=host)
        with open(account["files"]["json"], "w", encoding="utf-8") as handle:
            handle.write(json.dumps(known, indent=2, sort_keys=True) + "\n")
        console.show("\n%s\n" % words)
        return account

    def _registered(self, host, name):
        return self.hostvars[host].get(name) or {}


def _headline(known):
    seconds = (
        ", %d s, %.1f CPU seconds" % (known["seconds"], known["cpu_seconds"])
        if known["kind"] == "cpu"
        else ""
    )
    against = ", against %s" % known["against"] if known["against"] else ""
    return "%s %s: %s profile of %d hosts%s%s" % (
        known["app"],
        known["release"],
        known["kind"],
        len(known["hosts"]),
        seconds,
        against,
    )
