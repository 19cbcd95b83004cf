# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A long line: a port on this machine that leads to another one, with a delay both ways.

The kernels of small machines and of CI often cannot delay packets, so this is a process. Lines may share an
uplink: then what they carry to their targets goes through it piece by piece, first come, first served.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

CHUNK = 1 << 14  # small, as the pieces of all lines take turns on their uplink
SEGMENT, HEADERS = 1448, 66  # bytes of a full packet on Ethernet, and what TCP, IP and Ethernet add to it
SLACK = 0.004  # seconds that may be made up for, as no timer wakes up on time


class Uplink:
    """So many bits per second, for all lines together."""

    def __init__(self, bits_per_second: float) -> None:
        self._seconds_per_byte = 8 / bits_per_second
        self._free_at = 0.0
        self._lock = threading.Lock()

    def reserve(self, size: int) -> float:
        """Take a turn for so many bytes; the seconds until they are sent, below zero if that is over."""
        on_the_wire = size + HEADERS * (size // SEGMENT + 1)
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - SLACK) + on_the_wire * self._seconds_per_byte
            return self._free_at - now


class Line:
    """Within a ``with`` block, ``port`` on 127.0.0.1 leads to ``target``, which is that far away."""

    def __init__(
        self, target: tuple[str, int], round_trip_seconds: float, uplink: Uplink | None = None
    ) -> None:
        self.target = target
        self.delay = round_trip_seconds / 2
        self.uplink = uplink
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Line:
        self._thread.start()
        listening = asyncio.start_server(self._accept, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _hang_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, near_reader, near_writer) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # at the end; asyncio would report it as an error
            await self._lead(near_reader, near_writer)

    async def _lead(self, near_reader, near_writer) -> None:
        await asyncio.sleep(2 * self.delay)  # TCP's handshake, before which nothing can be sent
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            near_writer.close()
            return
        try:
            await asyncio.gather(
                self._pump(near_reader, far_writer, self.uplink),
                self._pump(far_reader, near_writer),
                return_exceptions=True,
            )
        finally:
            near_writer.close()
            far_writer.close()

    async def _pump(self, reader, writer, uplink: Uplink | None = None) -> None:
        """What comes is passed on later; it is read meanwhile, so that much of it can be on its way."""
        on_its_way: asyncio.Queue = asyncio.Queue(maxsize=256)
        sending = asyncio.ensure_future(self._send(on_its_way, writer))
        clock = self._loop.time
        data = b"more"
        while data:
            try:
                data = await reader.read(CHUNK)
            except ConnectionError:
                data = b""
            if uplink and data:
                await asyncio.sleep(uplink.reserve(len(data)))
            await on_its_way.put((clock() + self.delay, data))
        await sending

    async def _send(self, on_its_way, writer) -> None:
        while True:
            due, data = await on_its_way.get()
            await asyncio.sleep(due - self._loop.time())
            with contextlib.suppress(OSError):  # nobody is there any more; then the rest goes nowhere
                if data:
                    writer.write(data)
                    await writer.drain()
                else:
                    writer.write_eof()
            if not data:
                return
