"""A mail server that takes everything and keeps nothing, for machines without Postfix's: `… own_sink HOST PORT`."""

from __future__ import annotations

import asyncio
import sys


class Taker(asyncio.Protocol):
    """Just enough of RFC 5321 for a client that asks for nothing else."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""
        self._in_data = False
        self._say(b"220 sink ESMTP")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while True:
            before, end, after = self._rest.partition(b"\r\n.\r\n" if self._in_data else b"\r\n")
            if not end:
                return
            self._rest = after
            self._answer(before)

    def _answer(self, line: bytes) -> None:
        verb = line[:4].upper()
        if self._in_data:
            self._in_data = False
            Taker.taken += 1
            self._say(b"250 2.0.0 taken")
        elif verb == b"DATA":
            self._in_data = True
            self._say(b"354 go on")
        elif verb == b"QUIT":
            self._say(b"221 2.0.0 bye")
            self._transport.close()
        else:
            self._say(b"250 2.0.0 fine")

    def _say(self, words: bytes) -> None:
        self._transport.write(words + b"\r\n")


async def take(host: str, port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Taker, host, port)
    async with server:
        while True:
            await asyncio.sleep(0.1)
            print(f"mesg={Taker.taken}", flush=True)


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1], int(sys.argv[2])))
