# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a profile is worth for hello, most of whose time is the kernel's.

    $ python3 tests/system/profiles/hello.py

It is no test: what is near to nothing cannot be told from nothing on a machine that does other things too.
"""

from __future__ import annotations

import concurrent.futures
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from support import lab
from system.profiles.conftest import FLEET, HOSTS, Controller

ASK = (
    "rm -f /run/enough; python3 -c 'import os, sys, urllib.request\n"
    'while not os.path.exists("/run/enough"):\n'
    " urllib.request.urlopen(sys.argv[1]).read()' %s"
)


def main() -> None:
    with FLEET, tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor() as pool:
        hosts = [lab.Host(FLEET, name, past_ssh=True) for name in HOSTS]
        controller = Controller(Path(directory))
        hello = {
            "slipway_app": "hello",
            "slipway_source": str(shutil.copytree(lab.CHECKOUT / "examples" / "hello", directory + "/hello")),
            "slipway_build": {"go": lab.find_go()},
            "slipway_stamp": {"main.version": "{version}"},
            "slipway_version": "1.0.0",
            "slipway_strategy": "restart",
            "slipway_port": 8090,
        }
        for host in hosts:
            host.sure("id hello 2>/dev/null || useradd --system --user-group hello")
        controller.sure("deploy", **hello)
        asking = [pool.submit(host.sure, ASK % "http://127.0.0.1:8090/healthz") for host in hosts]
        running = pool.submit(controller.sure, "profile", slipway_seconds=5, slipway_measure=True, **hello)
        controller.wait_for_profile(running)
        for host in hosts:
            host.sure("touch /run/enough")
        print(running.result().said)
        for asked in asking:
            asked.result()


if __name__ == "__main__":
    lab.script(main)
