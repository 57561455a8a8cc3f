"""Amazon SNS on this machine: it signs what it posts, shows its certificate, and notes who confirms a subscription."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from service.clock import machine_now

REGION = "eu-west-1"
CERTIFICATE = f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
HASHES = {"1": hashes.SHA1(), "2": hashes.SHA256()}
# What is signed, in its order, as docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html has it.
SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class Sns:
    """One for all tests of a process; `visits` are the paths that were asked for."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pages = {"/" + CERTIFICATE.rpartition("/")[2]: _certificate(self.key)}
        self.visits: list[str] = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"

    def note(self, message: str, topic: str, at: datetime, version: str = "2", **more: str) -> dict[str, str]:
        """A message, signed. `more` is signed with it where it is among what is signed."""
        note = {
            "Type": "Notification",
            "MessageId": str(uuid4()),
            "TopicArn": topic,
            "Subject": "Amazon SES Email Event Notification",
            "Message": message,
            "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            "UnsubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={topic}:1",
            **more,
        }
        return {**note, "Signature": self.signature(note, version)}

    def subscription(self, topic: str, at: datetime, **more: str) -> dict[str, str]:
        """It asks whether we want a topic."""
        token = "2336412f37fb687f5d51e6e2425e0123456789abcdef"
        url = f"https://sns.{REGION}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"
        asked = {"Type": "SubscriptionConfirmation", "Token": token, "SubscribeURL": url, **more}
        note = self.note("You have chosen to subscribe to the topic.", topic, at, **asked)
        del note["Subject"], note["UnsubscribeURL"]
        return {**note, "Signature": self.signature(note, note["SignatureVersion"])}

    def signature(self, note: Mapping[str, str], version: str) -> str:
        text = "".join(f"{name}\n{note[name]}\n" for name in SIGNED if name in note)
        return b64encode(self.key.sign(text.encode(), PKCS1v15(), HASHES.get(version, hashes.SHA256()))).decode()


@cache
def the_sns() -> Sns:
    """Started when it is first asked for; it ends with the process."""
    return Sns()


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = machine_now()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _handler(sns: Sns) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sns.visits.append(self.path)
            page = sns.pages.get(self.path) or (b"<xml/>" if "Action=" in self.path else None)
            self.send_response(200 if page else 404)
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, format: str, *args: object) -> None: ...

    return Handler
