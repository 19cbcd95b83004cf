# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of one profile on the controller: merged, as a page, as a table, and what is known of it."""

from __future__ import annotations

import json
import os

from ..module_utils.builder import pprof
from ..module_utils.builder.pprof_tool import Pprof, find_go
from ..module_utils.builder.profile import DEFAULT
from ..module_utils.common.errors import SlipwayError
from . import profiles

__all__ = ["Report", "find_go"]

NOTHING = {
    "cpu": "the service did nothing meanwhile",
    "mutex": "the service has to call runtime.SetMutexProfileFraction",
    "block": "the service has to call runtime.SetBlockProfileRate",
}


class Report:
    """What came of the hosts. ``asked``: fleet.profile; ``account``: what was chosen, and the release."""

    def __init__(self, asked, account, app):
        self.asked, self.account, self.app = asked, account, app
        self.notes = list(account["notes"])
        self.tool = Pprof(asked["go"], account["work"])
        self.hosts = []
        self.merged = None
        self._stripped = []

    def add(self, host, result):
        """The profile of one host, if it gave one that can be read."""
        path = result.get("path")  # the action plugin's own, not the host's
        if not path:
            self.notes.append("%s: %s" % (host, profiles.plain(str(result.get("msg") or "no answer"))))
            return
        try:
            with open(path, "rb") as handle:
                content = handle.read()
            known, stripped = pprof.read(content), pprof.stripped(content)
        except SlipwayError as error:
            self.notes.append("%s: %s" % (host, error))
            return
        with open(path, "wb") as handle:
            handle.write(stripped)
        self._stripped.append(path)
        row = {"host": host, "release": result["release"], "unit": result["unit"], "samples": known.samples}
        if self.asked["kind"] == "cpu":
            row["cpu_seconds"] = round(known.cpu_seconds, 3)
        self.hosts.append(dict(row, seconds=result.get("seconds")))

    def write(self, when):
        """Merge and write everything; returns the JSON and the paths."""
        if not self._stripped:
            raise SlipwayError("No host gave a profile:\n%s" % "\n".join(self.notes))
        stem = os.path.join(self._directory(), self._stem(when))
        against, merged = self._against(), stem + ".pb.gz"
        self.tool.merge(self._stripped, merged)
        with open(merged, "rb") as handle:
            self.merged = pprof.read(handle.read())
        if not self.merged.samples:
            self.notes.append(
                "The profile is empty: %s" % NOTHING.get(self.asked["kind"], "there was nothing to see")
            )
        table = profiles.plain(self.tool.top(merged, against))
        files = {
            "profile": merged,
            "flame": stem + ".flame.html",
            "top": stem + ".top.txt",
            "json": stem + ".json",
        }
        self._write(files["flame"], self.tool.flame_graph(merged, against))
        self._write(files["top"], table)
        known = dict(self._known(when), against=os.path.basename(against) or None)
        self._write(files["json"], json.dumps(known, indent=2, sort_keys=True) + "\n")
        return known, files, table

    def _directory(self):
        directory = self.asked["dist"]
        if not directory:
            raise SlipwayError(
                "slipway_dist is not set, and neither is slipway_source: name a directory for the files"
            )
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as error:
            raise SlipwayError(
                "slipway_dist: %s cannot be created: %s" % (directory, error.strerror)
            ) from None
        return directory

    def _stem(self, when):
        return profiles.stem(self.app, self.account["release"], self.asked["kind"], when)

    def _against(self):
        against = self.asked["against"]
        if not against:
            return ""
        if against == "previous":
            return profiles.previous(
                self.asked["dist"], self.app, self.asked["kind"], self.account["artifact"]
            )
        try:
            with open(against, "rb") as handle:
                pprof.read(handle.read())
        except OSError as error:
            raise SlipwayError("slipway_against: %s cannot be read: %s" % (against, error.strerror)) from None
        except SlipwayError as error:
            raise SlipwayError("slipway_against: %s: %s" % (against, error)) from None
        return against

    def _known(self, when):
        known = {
            "app": self.app,
            "release": self.account["release"],
            "artifact": self.account["artifact"],
            "kind": self.asked["kind"],
            "taken": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "hosts": self.hosts,
            "samples": self.merged.samples,
        }
        if self.asked["kind"] == "cpu":
            known["cpu_seconds"] = round(self.merged.cpu_seconds, 3)
            known["seconds"] = self.asked["seconds"]
        return known

    def check_enough(self):
        """Refuse to build by a profile that has seen too little."""
        problem = profiles.not_enough(len(self.hosts), self.merged.cpu_seconds)
        if problem:
            raise SlipwayError(problem)

    def write_pgo(self, path):
        """Put the merged profile where the next build takes it; returns in words what is new."""
        directory = self.tool.package_directory(self.asked["source"], self.asked["package"])
        dest = os.path.join(directory, DEFAULT)
        before = os.path.exists(dest)
        with open(path, "rb") as handle:
            content = handle.read()
        self._write(dest, content)
        return "%s %s: the next build is optimised by it. Commit it with the source" % (
            "changed:" if before else "new:",
            dest,
        )

    @staticmethod
    def _write(path, content):
        try:
            with open(path, "wb") as handle:
                handle.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        except OSError as error:
            raise SlipwayError("%s cannot be written: %s" % (path, error.strerror)) from None
