"""A mail service in a process of its own, whose log nobody can dispute: `python -m tests.chaos.provider PORT LOG`.

The log is one JSON object a line, appended with a single write before the reply that it stands for. Moods come as JSON
lines on standard input; its end ends the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>\r\n]+>)", re.MULTILINE | re.IGNORECASE)
LEAVE = re.compile(rb"^List-Unsubscribe:\s*<([^>\r\n]+)>", re.MULTILINE | re.IGNORECASE)
BIGGEST = 1 << 22  # bytes of a mail
EHLO = "250-provider.example\r\n250-PIPELINING\r\n250 8BITMIME"

# What a mood does to the mails it falls on. Replies by RFC 5321 and RFC 3463.
AT_RCPT = {"refuse": "450 4.2.1 mailbox busy, try later", "reject": "550 5.2.1 mailbox closed"}
AT_END = {"slow_down": "421 4.3.2 too much, slow down"}
MOODS = ("fine", "delay", "cut_before", "cut_after", *AT_RCPT, *AT_END)


@dataclass(frozen=True, slots=True)
class Mood:
    """`share`: how many mails of a hundred it falls on, chosen by their recipient. `seconds`: of a delay."""

    name: str = "fine"
    share: int = 100
    seconds: float = 0.0

    def strikes(self, recipient: str) -> bool:
        return crc32(recipient.encode()) % 100 < self.share


class Provider:
    """All sessions of one run."""

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._mood = Mood()

    async def listen_for_moods(self) -> None:
        """Until standard input ends."""
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            self._mood = Mood(**json.loads(line))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the worker was killed: what was accepted, cut or refused stands in the log already
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(reply: str) -> None:
            writer.write(reply.encode() + b"\r\n")

        say("220 provider.example ESMTP")
        recipient, began = "", 0.0
        while line := await reader.readline():
            verb = line[:4].strip().upper()
            if verb == b"EHLO":
                say(EHLO)
            elif verb == b"MAIL":
                recipient, began = "", time.time()
                say("250 2.1.0 fine")
            elif verb == b"RCPT":
                address = line.partition(b"<")[2].partition(b">")[0].decode()
                refusal = AT_RCPT.get(self._mood.name) if self._mood.strikes(address) else None
                recipient = recipient if refusal else address
                if refusal:
                    self._note("refused", b"", address, began)
                say(refusal or "250 2.1.5 fine")
            elif verb == b"DATA":
                say("354 go on" if recipient else "503 5.5.1 nobody to send it to")
                if recipient and not await self._take(reader, say, recipient, began):
                    return
            elif verb == b"QUIT":
                say("221 2.0.0 bye")
                return
            else:
                say("250 2.0.0 fine")

    async def _take(self, reader, say, recipient: str, began: float) -> bool:
        """One mail's data; whether the line is kept."""
        raw = await reader.readuntil(b"\r\n.\r\n")
        mood = self._mood if self._mood.strikes(recipient) else Mood()
        if mood.name == "delay":
            await asyncio.sleep(mood.seconds)
        if mood.name == "cut_before":
            self._note("cut", raw, recipient, began)
            return False
        if mood.name in AT_END:
            self._note("refused", raw, recipient, began)
            say(AT_END[mood.name])
            return False
        self._note("accepted", raw, recipient, began)
        if mood.name == "cut_after":
            return False
        say("250 2.0.0 taken")
        return True

    def _note(self, what: str, raw: bytes, recipient: str, began: float) -> None:
        message_id, leave = MESSAGE_ID.search(raw), LEAVE.search(raw)
        entry = {
            "what": what,
            "at": time.time(),
            "began": began,
            "to": recipient,
            "id": message_id[1].decode() if message_id else "",
            "leave": leave[1].decode() if leave else "",
        }
        os.write(self._log, json.dumps(entry).encode() + b"\n")


async def run(port: int, log: Path) -> None:
    provider = Provider(log)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", port, limit=BIGGEST)
    async with server:
        await provider.listen_for_moods()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), Path(sys.argv[2])))
