"""A socket without a library: for what no library would send."""

import asyncio
import base64
import os
import struct

from tests.cast import Person
from tests.house import PATIENCE, House


class Raw:
    """A socket without a library: sends any bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @staticmethod
    async def to(house: House) -> "Raw":
        host, port = house.base.removeprefix("http://").split(":")
        return Raw(*await asyncio.open_connection(host, int(port)))

    async def handshake(self, person: Person, *more: str, line: str = "GET /ws HTTP/1.1", leave: str = "") -> str:
        """The first line of the answer to an upgrade with these headers too, and without one of the usual ones."""
        key = base64.b64encode(os.urandom(16)).decode()
        usual = [
            "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}", f"Authorization: Bearer {person.token}",
        ]  # fmt: skip
        lines = [line, *(h for h in usual if not leave or not h.startswith(leave)), *more, "", ""]
        self.writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(PATIENCE):
            return (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode()

    def frame(self, opcode: int, data: bytes, *, fin: bool = True, masked: bool = True, reserved: int = 0) -> None:
        first = (0x80 if fin else 0) | reserved << 4 | opcode
        size = len(data)
        length = (
            bytes([size])
            if size < 126
            else struct.pack("!BH", 126, size)
            if size < 2**16
            else struct.pack("!BQ", 127, size)
        )
        head = bytes([first, length[0] | (0x80 if masked else 0)]) + length[1:]
        self.writer.write(head + (b"\0\0\0\0" if masked else b"") + data)

    async def code(self, within: float = PATIENCE) -> int:
        """The code in the server's close frame."""
        async with asyncio.timeout(within):
            while True:
                first, size = await self.reader.readexactly(2)
                if size == 126:
                    [size] = struct.unpack("!H", await self.reader.readexactly(2))
                elif size == 127:
                    [size] = struct.unpack("!Q", await self.reader.readexactly(8))
                data = await self.reader.readexactly(size)
                if first & 15 == 8:
                    return int(struct.unpack("!H", data[:2])[0])
