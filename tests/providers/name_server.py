"""A DNS server for tests: real packets over UDP, the records it is told, and a count of what it was asked."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.resolver import Resolver


@dataclass
class Zone:
    """`servers`: by domain, `10 mx.example.` each; `records`: others, by name and type. Another name does not exist.

    `silence`: seconds before a reply.
    """

    servers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    records: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silence: float = 0.0


class Answer(socketserver.BaseRequestHandler):
    zone: Zone

    def handle(self) -> None:
        data, socket = self.request
        query = dns.message.from_wire(data)
        name = query.question[0].name
        domain = name.to_text(omit_final_dot=True)
        self.zone.asked.append(domain)
        time.sleep(self.zone.silence)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        found = self.zone.servers.get(domain, ()) if kind == "MX" else self.zone.records.get((domain, kind), ())
        if domain not in self.zone.servers and domain not in {known for known, _ in self.zone.records}:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif found:
            reply.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *found))
        with suppress(OSError):  # the test is over, and nobody waits for it
            socket.sendto(reply.to_wire(), self.client_address)


@contextmanager
def naming(zone: Zone) -> Iterator[Resolver]:
    """A resolver that asks nobody but a server with this zone, for as long as the `with` lasts."""
    handler = type("Named", (Answer,), {"zone": zone})
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        resolver.timeout = 60.0  # nobody is asked twice, however busy the machine is
        yield resolver
        server.shutdown()
