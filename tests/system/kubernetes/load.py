# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to a service while it is rolled out."""

from __future__ import annotations

import http.client
import threading


class Load:
    """Requests over fresh connections, until the end of the block: how many, and which failed."""

    def __init__(self, address, port):
        self._at = address, port
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.count, self.lost = 0, []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._end.set()
        self._thread.join()

    def _ask(self):
        while not self._end.wait(0.01):
            self.count += 1
            connection = http.client.HTTPConnection(*self._at, timeout=5)
            try:
                connection.request("GET", "/healthz")
                if connection.getresponse().status != 200:
                    self.lost.append("status")
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
            finally:
                connection.close()
