"""The CONNECT proxy, through which programs reach the emulator under Azure's host names, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable

from emulator.journal import Journal

_HEAD_TIMEOUT = 30.0
_CHUNK = 65536
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def reset(transport: asyncio.BaseTransport) -> None:
    """Cut the connection with a reset."""
    found: socket.socket | None = transport.get_extra_info("socket")
    if found is not None:
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


class Proxy:
    """Connects `CONNECT host:443` to the loopback port that `port_of` names for the host; refuses others with 403.

    Where `cuts` says so the connection is reset as soon as the client has begun its TLS handshake.
    """

    def __init__(self, port_of: Callable[[str], int | None], cuts: Callable[[str], bool], journal: Journal) -> None:
        self._port_of, self._cuts, self._journal = port_of, cuts, journal
        self._connections: set[asyncio.Task[None]] = set()

    def accept(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """Serve one client connection from now on."""
        task = asyncio.create_task(self._serve(client, answers))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def close(self) -> None:
        """Cut every connection."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_TIMEOUT):
                head = await client.readuntil(b"\r\n\r\n")
            method, target, *_ = [*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "", ""]
            host = _host_of(method, target)
            port = self._port_of(host) if method == "CONNECT" and target.endswith(":443") else None
            if port is not None:
                await (_cut(client, answers) if self._cuts(host) else self._connect(client, answers, port))
            else:
                self._journal.refuse(host or "(none)")
                await _refuse(answers, host)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            answers.close()

    async def _connect(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter, port: int) -> None:
        server, requests = await asyncio.open_connection("127.0.0.1", port)
        try:
            answers.write(_ESTABLISHED)
            up = asyncio.create_task(_pipe(client, requests))
            down = asyncio.create_task(_pipe(server, answers))
            try:
                await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
                if down.done() and down.exception():
                    reset(answers.transport)
                elif up.done() and up.exception():
                    reset(requests.transport)
            finally:
                for task in (up, down):
                    task.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
        finally:
            requests.close()


async def _cut(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
    answers.write(_ESTABLISHED)
    await client.read(_CHUNK)
    reset(answers.transport)


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while part := await source.read(_CHUNK):
        sink.write(part)
        await sink.drain()


async def _refuse(answers: asyncio.StreamWriter, host: str) -> None:
    # Credential chains read "unreachable" as: no managed identity here, try the next one.
    text = f"{host or 'This host'} is unreachable: the emulator serves only Azure's hosts.\n".encode()
    head = f"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
    answers.write(f"{head}Connection: close\r\n\r\n".encode() + text)
    await answers.drain()


def _host_of(method: str, target: str) -> str:
    place = target if method == "CONNECT" else target.partition("://")[2].partition("/")[0]
    return place.rpartition("@")[2].partition(":")[0].lower()
