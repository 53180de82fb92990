# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""proxy.py ADDRESS PORT LOG SECONDS: a proxy that only knows CONNECT, notes what it is asked for, ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, OSError):
        writer.close()
        return
    target = request.split()[1]
    with Path(sys.argv[3]).open("a", encoding="utf-8") as log:
        log.write(f"{target}\n")
    host, _colon, port = target.rpartition(":")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def main() -> None:
    server = await asyncio.start_server(_serve, sys.argv[1], int(sys.argv[2]))
    async with server:
        await asyncio.wait_for(asyncio.Event().wait(), float(sys.argv[4]))


with contextlib.suppress(asyncio.TimeoutError):
    asyncio.run(main())
