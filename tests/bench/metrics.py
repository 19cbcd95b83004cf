# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python3 tests/bench/metrics.py [RUNS]: what the file for node_exporter costs a deploy, in milliseconds.

It is written to the disk of this machine, from a history of 1, 100 and 1,000 acts, with the live release's
manifest. Printed are medians.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "plugins"))

from module_utils.host.releases import metrics  # noqa: E402
from module_utils.host.releases.layout import Layout  # noqa: E402


def app_with(acts, directory):
    """An app whose history has that many deploys."""
    layout = Layout("orders", directory + "/orders")
    name = "1.0.%d-0a1b2c3d4e5f" % acts
    os.makedirs(layout.path_of(name))
    record = {"id": name, "version": name[:-13], "artifact": hashlib.sha256(b"").hexdigest(), "digest": ""}
    record.update(strategy="restart", app="orders")
    pathlib.Path(layout.path_of(name), "release.json").write_text(json.dumps(record), encoding="utf-8")
    os.symlink("releases/" + name, layout.root + "/current")
    phases = {"stage": 112, "preflight": 3, "smoke": 230, "switch": 4, "start": 41, "health": 2063}
    entry = {
        "act": "deploy",
        "actor": "ann@laptop",
        "at": "2026-11-20T22:31:07Z",
        "deploy_id": "",
        "from": name,
    }
    entry.update(outcome="ok", message="", phases=phases, ready_ms=63, health={"path": "/healthz"})
    with open(layout.history, "w", encoding="utf-8") as handle:
        for number in range(1, acts + 1):
            handle.write(json.dumps(dict(entry, to="1.0.%d-0a1b2c3d4e5f" % number)) + "\n")
    return layout


def milliseconds(layout, directory, runs):
    """On the clock, and of the processor."""
    taken = []
    for _run in range(runs):
        path = metrics.path_of("orders", directory)
        if os.path.exists(path):
            os.unlink(path)
        start = time.perf_counter(), time.process_time()
        metrics.write(layout, directory)
        end = time.perf_counter(), time.process_time()
        taken.append([(after - before) * 1000 for before, after in zip(start, end)])
    return [statistics.median(each) for each in zip(*taken)]


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    print("acts in the history   ms a deploy   of them CPU   kB written", flush=True)
    for acts in (1, 100, 1000):
        with tempfile.TemporaryDirectory(dir=os.getcwd()) as directory:
            taken = milliseconds(app_with(acts, directory), directory, runs)
            size = os.path.getsize(metrics.path_of("orders", directory)) / 1000
        print("%19d   %11.2f   %11.2f   %10.2f" % (acts, *taken, size))


if __name__ == "__main__":
    main()
