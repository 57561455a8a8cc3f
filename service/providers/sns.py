"""Notifications of Amazon SNS: signed with a certificate of Amazon's, for a topic that anybody may own.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html (what is signed, versions 1 and 2) and
sns-message-and-json-formats.html. A valid signature only says that SNS sent it: the topic must be one of ours as well.
"""

from __future__ import annotations

import re
import threading
import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from service.ports import NotAuthentic, NotNow, NotUnderstood, Received
from service.providers.payload import moment
from service.providers.proof import is_among
from service.providers.service import read_json
from service.providers.visit import AT_ONCE, visit

OLDEST = timedelta(hours=3)  # SNS repeats for an hour at most
AHEAD = timedelta(minutes=15)  # by which clocks may differ
KEPT = 16  # certificates
AGAIN = 30.0  # seconds until a certificate that couldn't be fetched is asked for again

_ARN = re.compile(r"arn:aws(-[a-z]+)*:sns:(?P<region>[a-z0-9-]{3,30}):\d{12}:[\w-]{1,256}(\.fifo)?", re.ASCII)
_HOST = re.compile(r"sns\.(?P<region>[a-z0-9-]{3,30})\.amazonaws\.com(\.cn)?")
_CERTIFICATE = re.compile(r"/[A-Za-z0-9_-]{1,120}\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}


class Certificates:
    """The public keys of SNS by the address of their certificate. Each is fetched once; one at a time in a process."""

    def __init__(self) -> None:
        self._keys: dict[str, RSAPublicKey] = {}
        self._failed: dict[str, float] = {}  # and when
        self._turn = threading.Lock()

    def key(self, url: str) -> RSAPublicKey:
        """Raises NotNow where it can't be fetched at the moment, NotAuthentic where it is no certificate of RSA."""
        if url in self._keys:
            return self._keys[url]
        if not self._turn.acquire(timeout=AT_ONCE.deadline):
            raise NotNow("certificates of SNS are being fetched")
        try:
            if url in self._keys:
                return self._keys[url]
            if time.monotonic() - self._failed.get(url, -AGAIN) < AGAIN:
                raise NotNow("the certificate of SNS could not be fetched just now")
            found = self._fetched(url)
            while len(self._keys) >= KEPT:
                self._keys.pop(next(iter(self._keys)))
            self._keys[url] = found
            return found
        finally:
            self._turn.release()

    def _fetched(self, url: str) -> RSAPublicKey:
        try:
            key = load_pem_x509_certificate(visit(url)).public_key()
        except NotNow:
            while len(self._failed) >= KEPT:
                self._failed.pop(next(iter(self._failed)))
            self._failed[url] = time.monotonic()
            raise
        except ValueError:
            raise NotAuthentic("what it names as its certificate is none") from None
        if not isinstance(key, RSAPublicKey):
            raise NotAuthentic("its certificate is not for RSA")
        return key


def verify(received: Received, topics: Sequence[str], certificates: Certificates, home: str = "") -> None:
    """Raises NotAuthentic unless SNS signed it for one of the topics; NotNow where that can't be found out.

    The topic is looked at first: for nobody else's is a certificate fetched. `home`: where SNS is reached instead.
    """
    note = envelope(received)
    if not is_among(note["TopicArn"].encode(), [topic.encode() for topic in topics]):
        raise NotAuthentic("its topic is none of those in SES_TOPICS")
    said_at = moment(note["Timestamp"])
    if said_at is None or not -AHEAD <= received.at - said_at <= OLDEST:
        raise NotAuthentic("it was signed too long ago, or ahead of our clock")
    algorithm = _HASHES.get(note.get("SignatureVersion", ""))
    if algorithm is None:
        raise NotAuthentic("its SignatureVersion is neither 1 nor 2")
    try:
        signature = b64decode(note.get("Signature", ""), validate=True)
        key = certificates.key(_certificate_of(note, home))
        key.verify(signature, canonical(note), PKCS1v15(), algorithm())
    except (NotBase64, ValueError, InvalidSignature):
        raise NotAuthentic("its signature is not that of its text") from None


def envelope(received: Received) -> Mapping[str, str]:
    """The fields of a message, texts all of them. Raises NotUnderstood, or NotAuthentic where SNS left them out."""
    if received.headers.get("x-amz-sns-rawdelivery", "").lower() == "true":
        raise NotAuthentic("raw message delivery is on for its subscription, so that it isn't signed: switch it off")
    note: Any = read_json(received.body)
    if not isinstance(note, Mapping) or note.get("Type") not in _SIGNED:
        raise NotUnderstood("no message of SNS")
    asked = [name for name in _SIGNED[note["Type"]] if name != "Subject"]
    texts = {name: value for name, value in note.items() if isinstance(value, str)}
    if not all(texts.get(name) for name in asked):
        raise NotUnderstood(f"a message of SNS has {', '.join(asked)}")
    return texts


def canonical(note: Mapping[str, str]) -> bytes:
    """What is signed: the names and values of its kind in the order of their names, a line each."""
    fields = (name for name in _SIGNED[note["Type"]] if name in note)
    return "".join(f"{name}\n{note[name]}\n" for name in fields).encode()


def confirmation(note: Mapping[str, str], home: str = "") -> str | None:
    """The address that confirms a subscription, put together anew from its parts; None where none is asked for.

    Raises NotUnderstood where it leads elsewhere than to SNS in the region of the topic.
    """
    if note["Type"] != "SubscriptionConfirmation":
        return None
    host = _host_of(note["SubscribeURL"], note["TopicArn"])
    asked = parse_qs(urlsplit(note["SubscribeURL"]).query) if host else {}
    right = {"Action": ["ConfirmSubscription"], "TopicArn": [note["TopicArn"]], "Token": [note["Token"]]}
    if host is None or asked != right:
        raise NotUnderstood("its SubscribeURL leads elsewhere")
    return f"{home or f'https://{host}'}/?{urlencode(right, doseq=True)}"


def region_of(topic: str) -> str:
    """The region of a topic's ARN; empty where it is none."""
    found = _ARN.fullmatch(topic)
    return found["region"] if found else ""


def _certificate_of(note: Mapping[str, str], home: str) -> str:
    url = note.get("SigningCertURL", "")
    host = _host_of(url, note["TopicArn"])
    path = urlsplit(url).path if host else ""
    if host is None or not _CERTIFICATE.fullmatch(path):
        raise NotAuthentic("its certificate is not at SNS")
    return f"{home or f'https://{host}'}{path}"


def _host_of(url: str, topic: str) -> str | None:
    """The host of an https address of SNS in the topic's region, without port or user; None for any other."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    found = _HOST.fullmatch(parts.netloc)
    right = parts.scheme == "https" and found is not None and found["region"] == region_of(topic)
    return parts.netloc if right else None
