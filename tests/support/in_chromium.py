# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a host of the lab, for browser.py: show one page in Chromium, on each screen that is asked for.

It speaks Chromium's DevTools protocol, on two pipes: nothing else gives a page the screen of a phone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

PAGE = "/tmp/page.html"
# Its own sandbox needs more than a container has. It is alone there, and without a network.
CHROMIUM = (
    "exec unshare --net chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
    "--hide-scrollbars --user-data-dir=/tmp/browser --remote-debugging-pipe about:blank "
    "3<&0 4>&1 </dev/null >/dev/null 2>/tmp/browser.log"
)
SECONDS = 120


class Chromium:
    """A browser with one page."""

    def __init__(self):
        self._process = subprocess.Popen(
            ["sh", "-c", CHROMIUM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._number, self._read, self._session = 0, b"", {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    def call(self, method, **params):
        """The result of a method of the protocol."""
        self._number += 1
        message = dict(self._session, id=self._number, method=method, params=params)
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        while (answer := self._message()).get("id") != self._number:
            pass  # an event
        if "error" in answer:
            sys.exit("%s: %s" % (method, answer["error"]))
        return answer["result"]

    def _message(self):
        while b"\0" not in self._read:
            piece = self._process.stdout.read1(1 << 20)
            if not piece:
                sys.exit("Chromium has ended: see /tmp/browser.log")
            self._read += piece
        message, dummy, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def value(self, expression):
        """The value of a JavaScript expression; None if it has none."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def screen(self, width, height, phone):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height or 800,
            deviceScaleFactor=1,
            mobile=phone,
        )

    def open(self, ready):
        """Load the page, and wait until this expression is true."""
        self.call("Page.navigate", url="file://" + PAGE)
        end = time.monotonic() + SECONDS
        while not self.value("document.readyState == 'complete' && !!(%s)" % ready):
            if time.monotonic() > end:
                sys.exit("The page did not become ready: %s" % ready)
            time.sleep(0.05)

    def show(self, width, height, phone, ready, value):
        """The page on one screen; without a height, the whole page."""
        self.screen(width, height, phone)
        self.open(ready)
        found = self.value(value)
        if not height:
            self.screen(width, self.value("document.documentElement.scrollHeight"), phone)
        return {"value": found, "picture": self.call("Page.captureScreenshot")["data"]}

    def printed(self):
        """The page as a PDF; without backgrounds, as browsers print."""
        self.call("Emulation.clearDeviceMetricsOverride")
        return self.call("Page.printToPDF")["data"]

    def end(self):
        self._session = {}  # not of the page, but of the browser
        self.call("Browser.close")
        self._process.wait()


def main():
    asked = json.load(sys.stdin)
    with open(PAGE, "w", encoding="utf-8") as handle:
        handle.write(asked["page"])
    chromium = Chromium()
    answer = {"seen": [chromium.show(**screen) for screen in asked["screens"]]}
    if asked["paper"]:
        answer["printed"] = chromium.printed()
    chromium.end()
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
