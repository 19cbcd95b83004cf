# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of an app's releases, for Prometheus: one file in the textfile directory of node_exporter.

All of it is drawn from the history and the live release, so that a lost or stale file is whole again with the
next act. Of the history only times, outcomes and ids are used: other fields may hold a secret.
"""

from __future__ import annotations

import collections
import datetime
import os

from ...common.errors import SlipwayError
from ..system import lock
from ..system.files import has_text, read_text, replace
from .history import ACTIVATIONS, History
from .layout import Layout
from .running import manifest_of

# Where the packages of Debian and Ubuntu look.
DIRECTORY = "/var/lib/prometheus/node-exporter"
MODE = 0o644  # node_exporter is not root
# How many releases before the live one keep their start-up time: an alert compares it with theirs.
EARLIER = 5
_GOOD = ("ok", "unconfirmed")
# node_exporter wants the same help for one name in the files of all apps.
_HELP = {
    "slipway_release_info": ("gauge", "The live release of an app."),
    "slipway_release_ready_seconds": ("gauge", "Start-up time of the live release and of those before it."),
    "slipway_release_phase_seconds": ("gauge", "Time that each phase of the live release's deploy took."),
    "slipway_release_live_since_seconds": ("gauge", "Unix time at which the live release became live."),
    "slipway_acts_total": ("counter", "Deploys, rollbacks and other acts in the history, by outcome."),
}


def publish(layout: Layout, directory: str | None) -> list[str]:
    """Bring the file up to date; what went wrong, as warnings: no metric may fail a deploy."""
    try:
        write(layout, directory)
    except Exception as error:  # pylint: disable=broad-except
        reason = error if isinstance(error, (OSError, SlipwayError)) else repr(error)
        return [
            "The metrics of %s could not be written: %s. The deploy is not affected" % (layout.app, reason)
        ]
    return []


def metrics(options: dict, stream) -> dict:
    """The step ``metrics``, which is slipway.golang.release_metrics."""
    layout, directory = Layout(options["name"], options.get("root")), options.get("textfile")
    path = path_of(layout.app, directory)
    if not os.path.isdir(layout.releases_dir) or not is_wanted(directory):
        return {"changed": False, "outcome": "ok", "path": None}
    note = {"actor": options["actor"], "deploy_id": options["deploy_id"], "to": "metrics"}
    with lock.held(layout.lock, note, options["lock_wait"]):
        before, after = _content(path), render(layout)
        if before != after and not options["check"]:
            write(layout, directory)
    diff = {"before": before, "after": after, "before_header": path, "after_header": path}
    return {"changed": before != after, "outcome": "ok", "path": path, "diff": diff}


def _content(path):
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError):
        return ""


def path_of(app: str, directory: str | None) -> str:
    return os.path.join(directory or DIRECTORY, "slipway_%s.prom" % app)


def is_wanted(directory: str | None) -> bool:
    """Whether there is an exporter to write for; raises where one was named and cannot be served."""
    if os.path.islink(directory or DIRECTORY):
        # Its owner may be another user, who would choose where root writes.
        raise SlipwayError("%s is a symbolic link: name the directory itself" % (directory or DIRECTORY))
    if directory and not os.path.isdir(directory):
        raise SlipwayError("there is no directory %s on this host (slipway_metrics.textfile)" % directory)
    return os.path.isdir(directory or DIRECTORY)


def write(layout: Layout, directory: str | None) -> None:
    """Write the file, if there is an exporter and it differs."""
    if not is_wanted(directory):
        return
    path, text = path_of(layout.app, directory), render(layout)
    if not has_text(path, text):
        replace(path, text.encode("utf-8", "replace"), MODE)


def render(layout: Layout) -> str:
    """The file, in Prometheus' text format."""
    history = History(layout.history).entries()
    current = layout.current()
    live = layout.release(current) if current else None
    started = _started(history)
    samples = {
        "slipway_release_info": [(_info(live), 1)] if live else [],
        "slipway_release_ready_seconds": _ready(live, started),
        "slipway_release_phase_seconds": _phases(live, started),
        "slipway_release_live_since_seconds": _since(live, started),
        "slipway_acts_total": _acts(history),
    }
    return "".join(_family(name, layout.app, found) for name, found in samples.items() if found)


def _started(history):
    """Release id to the newest entry that made it live, the newest one last."""
    found = {}
    for entry in history:
        release_id, good = entry.get("to"), entry.get("outcome") in _GOOD
        # What only confirms a release repeats the entry of its deploy at a later time.
        if not good or entry.get("act") not in ACTIVATIONS or entry.get("message") == "confirmed":
            continue
        if isinstance(release_id, str):
            found.pop(release_id, None)
            found[release_id] = entry
    return found


def _info(live):
    labels = [("release", live.id), ("version", live.version)]
    return labels + [("commit", _commit(live)), ("artifact", live.artifact)]


def _commit(release):
    try:
        return manifest_of(release).commit or ""
    except SlipwayError:  # damaged: its other labels are still known
        return ""


def _ready(live, started):
    """Of the live release first, then of those before it, the newest first."""
    known = [
        (name, entry["ready_ms"]) for name, entry in started.items() if _is_number(entry.get("ready_ms"))
    ]
    live_id = live.id if live else None
    earlier = [item for item in reversed(known) if item[0] != live_id][:EARLIER]
    chosen = [item for item in known if item[0] == live_id] + earlier
    return [([("release", name)], milliseconds / 1000) for name, milliseconds in chosen]


def _phases(live, started):
    phases = started.get(live.id, {}).get("phases") if live else None
    return [
        ([("release", live.id), ("phase", name)], milliseconds / 1000)
        for name, milliseconds in sorted((phases if isinstance(phases, dict) else {}).items())
        if _is_number(milliseconds)
    ]


def _since(live, started):
    try:
        at = datetime.datetime.fromisoformat(started[live.id]["at"].rstrip("Z"))
        return [([("release", live.id)], int(at.replace(tzinfo=datetime.timezone.utc).timestamp()))]
    except (AttributeError, KeyError, TypeError, ValueError):  # nothing is live, or its entry is gone
        return []


def _acts(history):
    pairs = ((entry.get("act"), entry.get("outcome")) for entry in history)
    counts = collections.Counter(pair for pair in pairs if all(isinstance(word, str) for word in pair))
    return [([("act", act), ("outcome", outcome)], count) for (act, outcome), count in sorted(counts.items())]


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _family(name, app, samples):
    kind, words = _HELP[name]
    lines = ["# HELP %s %s" % (name, words), "# TYPE %s %s" % (name, kind)]
    return (
        "\n".join(lines + [_line(name, [("app", app), *labels], value) for labels, value in samples]) + "\n"
    )


def _line(name, labels, value):
    return "%s{%s} %r" % (name, ",".join('%s="%s"' % (key, _escaped(text)) for key, text in labels), value)


def _escaped(text):
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
