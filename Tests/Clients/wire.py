"""HTTP/1.1 over asyncio's streams: as little of it as measuring needs, and able to misbehave as no client library is.

The standard library alone, so that the time that a client itself takes stays small beside the server's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import urlsplit


# What this task has sent and read, in short, for telling of surprises. No list: nobody wants to know.
exchanged: ContextVar[list[str] | None] = ContextVar("exchanged", default=None)


def note(what: str) -> None:
    if (lines := exchanged.get()) is not None:
        lines.append(what)


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Address:
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or 80)


@dataclass(frozen=True)
class Head:
    status: int
    headers: dict[str, str]  # names in lower case

    @property
    def keeps_alive(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


class Connection:
    """One connection; requests on it go one after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: Address) -> None:
        self.reader = reader
        self.writer = writer
        self.address = address

    @classmethod
    async def open(cls, address: Address, read_limit: int = 1 << 16) -> Connection:
        reader, writer = await asyncio.open_connection(address.host, address.port, limit=read_limit)
        return cls(reader, writer, address)

    async def send(self, method: str, path: str, body: bytes = b"", keep_alive: bool = True) -> None:
        note(f"> {method} {path[:200]} {body[:2000]!r}")
        self.writer.write(self.head(method, path, len(body), keep_alive) + body)
        await self.writer.drain()

    async def send_json(self, path: str, body: object, keep_alive: bool = True) -> None:
        await self.send("POST", path, json.dumps(body).encode(), keep_alive)

    def head(self, method: str, path: str, length: int, keep_alive: bool = True) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address.host}:{self.address.port}"]
        if length:
            lines += ["Content-Type: application/json", f"Content-Length: {length}"]
        if not keep_alive:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def read_head(self) -> Head:
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        note(f"< {text!r}")
        first, *rest = text.split("\r\n")[:-2]
        pairs = (line.partition(":") for line in rest)
        return Head(int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs})

    async def pieces(self, head: Head) -> AsyncIterator[bytes]:
        """The body as it comes. A chunked body that ends without its last chunk is an IncompleteReadError."""
        if head.headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readuntil(b"\r\n")
            return
        left = int(head.headers.get("content-length", 0))
        while left:
            piece = await self.reader.read(min(left, 1 << 16))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            yield piece

    async def body(self, head: Head) -> bytes:
        whole = b"".join([piece async for piece in self.pieces(head)])
        note(f"< {whole[:1000]!r}")
        return whole

    async def events(self, head: Head) -> AsyncIterator[str]:
        """The data of server-sent events, `[DONE]` included."""
        waiting = b""
        async for piece in self.pieces(head):
            waiting += piece
            *whole, waiting = waiting.split(b"\n\n")
            for event in whole:
                for line in event.split(b"\n"):
                    if line.startswith(b"data:"):
                        yield line[5:].strip().decode()

    async def close(self) -> None:
        """In good manners."""
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def abort(self) -> None:
        """At once, whatever is under way."""
        self.writer.transport.abort()
