"""An SMTP server for tests that does what it is told to: real sockets, scripted replies, a log of what it took."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CUT = "cut the line"


@dataclass
class Script:
    """Replies by verb; `end` answers the data's final dot. `CUT` closes the socket instead of answering."""

    replies: dict[str, str] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    connections: int = 0
    greeting: str = "220 ready"
    refuse_domain: str = ""  # whose mailboxes are answered with `refusal`
    refusal: str = ""
    silent_after: str = ""  # the verb that gets no answer any more
    may_answer: Callable[[], object] = lambda: None  # what is waited for before a mail's end is answered

    def reply(self, verb: str, line: bytes = b"") -> str:
        if verb == "rcpt" and self.refuse_domain and self.refuse_domain.encode() in line:
            return self.refusal
        return self.replies.get(verb, {"data": "354 go on", "end": "250 2.0.0 queued as 7"}.get(verb, "250 fine"))


class Session(socketserver.StreamRequestHandler):
    script: Script
    disable_nagle_algorithm = True  # or every second reply is kept back for 40 ms

    def handle(self) -> None:
        self.script.connections += 1
        self.say(self.script.greeting)
        while line := self.rfile.readline():
            verb = line[:4].decode("latin-1").strip().lower()
            if verb == "quit":
                self.say("221 bye")
                return
            if verb == self.script.silent_after:
                self.rfile.read()
                return
            if not self.say(self.script.reply(verb, line)):
                return
            if verb == "data" and self.script.reply("data").startswith("354") and not self.take():
                return

    def take(self) -> bool:
        lines: list[bytes] = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        if self.script.silent_after == "end":
            self.rfile.read()
            return False
        self.script.may_answer()
        reply = self.script.reply("end")
        if reply.startswith("250") or reply == CUT:
            self.script.taken.append(b"".join(lines))
        return self.say(reply)

    def say(self, reply: str) -> bool:
        if reply == CUT:
            return False
        self.wfile.write(reply.encode() + b"\r\n")
        return "421" not in reply


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """The URL of a server that follows the script for as long as the `with` lasts."""
    handler: Callable[..., Session] = type("Scripted", (Session,), {"script": script})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
