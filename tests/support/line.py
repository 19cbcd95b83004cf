# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A long line: a port on this machine that leads to another one, with a delay both ways.

The kernels of small machines and of CI often cannot delay packets, so this is a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading

CHUNK = 1 << 16


class Line:
    """Within a ``with`` block, ``port`` on 127.0.0.1 leads to ``target``, which is that far away."""

    def __init__(self, target: tuple[str, int], round_trip_seconds: float) -> None:
        self.target = target
        self.delay = round_trip_seconds / 2
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
        await asyncio.sleep(self.delay)  # the first packet of the connection
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            near_writer.close()
            return
        try:
            await asyncio.gather(
                self._pump(near_reader, far_writer),
                self._pump(far_reader, near_writer),
                return_exceptions=True,
            )
        finally:
            near_writer.close()
            far_writer.close()

    async def _pump(self, reader, writer) -> None:
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
            await on_its_way.put((clock() + self.delay, data))
        await sending

    async def _send(self, on_its_way, writer) -> None:
        while True:
            due, data = await on_its_way.get()
            await asyncio.sleep(due - self._loop.time())
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
