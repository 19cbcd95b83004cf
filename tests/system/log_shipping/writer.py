# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a host, as a service: so many lines a second, each with a key that no other line has."""

import json
import socket
import sys
import time

NAME, RATE = sys.argv[1], float(sys.argv[2])
BEGUN = time.time()
RUN = "%s-%s-%d" % (NAME, socket.gethostname(), BEGUN)
# Every so many lines one that is no JSON.
PLAIN = 50

number = 0
while True:
    key = "%s-%d" % (RUN, number)
    line = {
        "time": time.time(),
        "level": "INFO",
        "msg": 'it "works"\t\u00fc',
        "key": key,
        "deep": {"a": [1, 2.5]},
    }
    print("plain: " + key if number % PLAIN == 0 else json.dumps(line, ensure_ascii=False), flush=True)
    number += 1
    time.sleep(max(0.0, BEGUN + number / RATE - time.time()))
