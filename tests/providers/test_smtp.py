"""What each reply of a mail server proves, over real sockets."""

from __future__ import annotations

import ssl
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from service.clock import machine_now
from service.local.port import free_port
from service.ports import Message, Refused, Sent, TryLater, Uncertain
from service.providers import smtp_dialogue
from service.providers.smtp import PER_CONNECTION, Smtp
from service.providers.smtp_session import read_url
from tests.providers.bench import SOON
from tests.providers.smtp_server import CUT, Script, serving

PLAIN = {"ehlo": "250 mail.example"}
PIPELINED = {"ehlo": "250-mail.example\r\n250 PIPELINING"}
BOTH = pytest.mark.parametrize("offers", [PLAIN, PIPELINED], ids=["one by one", "pipelined"])
RAW = b"Subject: Hello\r\n\r\n.a line with a dot\r\nlast line\r\n"


def message(number: int = 1) -> Message:
    return Message(number, f"key-{number}", "mia@glow.example", "ana@example.org", RAW)


def to(number: int, domain: str) -> Message:
    raw = b"Subject: %d\r\n\r\nHello\r\n" % number
    return Message(number, f"key-{number}", "mia@glow.example", f"ana@{domain}", raw)


def send(script: Script, *messages: Message, sessions: int = 1) -> list[object]:
    with serving(script) as url:
        provider = Smtp(url, sessions=sessions)
        try:
            return list(provider.send(messages or (message(),), time.monotonic() + SOON))
        finally:
            provider.close()


@BOTH
def test_what_was_taken_is_sent_to_the_letter(offers: dict[str, str]) -> None:
    script = Script(offers)
    assert send(script) == [Sent("2.0.0 queued as 7")]
    assert script.taken == [RAW]


@BOTH
def test_one_session_carries_a_group_and_is_renewed_after_its_share(offers: dict[str, str]) -> None:
    script = Script(offers)
    outcomes = send(script, *(message(number) for number in range(PER_CONNECTION + 1)))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert script.connections == 2


@BOTH
@pytest.mark.parametrize("verb", ["mail", "rcpt", "data", "end"])
@pytest.mark.parametrize(("code", "kind"), [(450, TryLater), (421, TryLater), (550, Refused)])
def test_a_refusal_is_for_good_with_5_and_for_later_with_4(
    verb: str, code: int, kind: type, offers: dict[str, str]
) -> None:
    (outcome,) = send(Script(offers | {verb: f"{code} said no"}))
    assert isinstance(outcome, kind)
    assert str(outcome) == f"{code} said no"


@BOTH
@pytest.mark.parametrize(
    ("verb", "kind"), [("mail", TryLater), ("rcpt", TryLater), ("data", TryLater), ("end", Uncertain)]
)
def test_a_cut_line_proves_something_only_before_the_final_dot(verb: str, kind: type, offers: dict[str, str]) -> None:
    (outcome,) = send(Script(offers | {verb: CUT}))
    assert isinstance(outcome, kind)


@BOTH
def test_one_bad_recipient_blocks_no_other(offers: dict[str, str]) -> None:
    script = Script(dict(offers))
    with serving(script) as url:
        provider = Smtp(url)
        script.replies["rcpt"] = "550 no such user"
        first = provider.send([message(1)], time.monotonic() + SOON)
        del script.replies["rcpt"]
        second = provider.send([message(2)], time.monotonic() + SOON)
        provider.close()
    assert isinstance(first[0], Refused)
    assert isinstance(second[0], Sent)
    assert script.connections == 1


UNSAYABLE = ["ana@example.org>\r\nRCPT TO:<eve@example.org", "ana ana@example.org", "añá@example.org"]


@BOTH
@pytest.mark.timeout(30)
@pytest.mark.parametrize("recipient", UNSAYABLE, ids=["a command", "a blank", "no ascii"])
def test_a_mail_whose_address_cannot_be_said_is_refused_and_nobody_waits_for_an_answer(
    recipient: str, offers: dict[str, str]
) -> None:
    script = Script(offers)
    with serving(script) as url:
        provider = Smtp(url)
        alone = provider.send([replace(message(1), recipient=recipient)], time.monotonic() + SOON)
        after = provider.send([message(2)], time.monotonic() + SOON)
        provider.close()
    assert isinstance(alone[0], Refused)
    assert (str(alone[0]), alone[0].code) == ("its address can't be said in SMTP", "address")
    assert after == [Sent("2.0.0 queued as 7")]
    assert script.taken == [RAW]
    assert script.connections == 1


@BOTH
@pytest.mark.timeout(30)
@pytest.mark.parametrize("sessions", [1, 3])
@pytest.mark.parametrize("unsayable", [[0], [2], [4], [0, 1], [1, 3], [3, 4], [0, 2, 4]])
def test_among_good_ones_it_is_refused_by_itself(offers: dict[str, str], sessions: int, unsayable: list[int]) -> None:
    script = Script(offers)
    group = [to(number, "a b.example" if number in unsayable else "example.org") for number in range(5)]
    outcomes = send(script, *group, sessions=sessions)
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Refused)] == unsayable
    good = [number for number in range(5) if number not in unsayable]
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Sent)] == good
    assert sorted(script.taken) == [group[number].raw for number in good]


@pytest.mark.timeout(30)
def test_a_sender_that_cannot_be_said_is_refused_too_however_many_there_are() -> None:
    script = Script(PIPELINED)
    group = [replace(message(number), sender="<>") for number in range(2 * PER_CONNECTION)]
    outcomes = send(script, *group, message(2 * PER_CONNECTION))
    assert [type(outcome) for outcome in outcomes] == [Refused] * len(group) + [Sent]
    assert script.taken == [RAW]


def test_a_server_that_is_away_is_proof_that_nothing_was_taken() -> None:
    with serving(Script()) as url:
        pass
    (outcome,) = Smtp(url).send([message()], time.monotonic() + SOON)
    assert isinstance(outcome, TryLater)
    assert outcome.code == "connect"


def test_a_mail_whose_turn_comes_too_late_has_not_left() -> None:
    script = Script()
    with serving(script) as url:
        (outcome,) = Smtp(url).send([message()], time.monotonic() - 1)
    assert isinstance(outcome, TryLater)
    assert script.connections == 0


def test_a_greeting_that_refuses_is_for_later() -> None:
    (outcome,) = send(Script(greeting="554 not today"))
    assert isinstance(outcome, TryLater)


def test_an_address_that_is_no_smtp_url_says_how_one_looks() -> None:
    with pytest.raises(ValueError, match=r"smtp://user:password@mail\.example\.org:587"):
        read_url("http://mail.example.org")
    server = read_url("smtps://a%40b:p%2Fw@mail.example.org")
    assert (server.user, server.password, server.port, server.implicit_tls) == ("a@b", "p/w", 465, True)


@pytest.mark.parametrize("sessions", [1, 3])
@BOTH
def test_a_group_is_shared_by_the_sessions_and_each_mail_gets_its_own_answer(
    offers: dict[str, str], sessions: int
) -> None:
    script = Script(offers, refuse_domain="away.example", refusal="550 nobody is there")
    group = [to(number, "away.example" if number % 4 == 0 else "example.org") for number in range(25)]
    outcomes = send(script, *group, sessions=sessions)
    refused = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Refused)]
    assert refused == list(range(0, 25, 4))
    assert all(isinstance(outcome, Sent) for number, outcome in enumerate(outcomes) if number % 4)
    taken = [raw for raw in script.taken if raw]  # this server goes on after a refused recipient, and gets just a dot
    assert sorted(taken) == sorted(message.raw for number, message in enumerate(group) if number % 4)
    assert script.connections == sessions


def test_no_more_hand_overs_at_once_than_the_pace_allows() -> None:
    script = Script(PIPELINED)
    with serving(script) as url:
        provider = Smtp(url, sessions=5)
        outcomes = provider.send([message(number) for number in range(10)], time.monotonic() + SOON, at_once=1)
        provider.close()
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert script.connections == 1


def test_other_work_is_done_while_the_server_takes_its_time() -> None:
    done, said = [0], Event()
    script = Script(PIPELINED, may_answer=lambda: said.wait(SOON))

    def work() -> bool:
        done[0] += 1
        if done[0] == 3:
            said.set()  # only now the server answers
        return done[0] < 3

    with serving(script) as url:
        provider = Smtp(url, sessions=2)
        outcomes = provider.send([message(1), message(2)], time.monotonic() + SOON, meanwhile=work)
        provider.close()
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert done[0] >= 3, "it may be asked again, and has nothing to do then"


def test_a_line_that_is_cut_again_and_again_costs_each_mail_its_own_try_and_no_more() -> None:
    script = Script(PIPELINED | {"end": CUT})
    outcomes = send(script, *(message(number) for number in range(6)), sessions=2)
    assert all(isinstance(outcome, Uncertain) for outcome in outcomes)
    assert len(script.taken) == 6


def test_a_kept_session_that_the_server_closed_meanwhile_costs_no_mail_its_turn() -> None:
    script = Script(PIPELINED)
    with serving(script) as url:
        provider = Smtp(url)
        script.replies["end"] = "250 taken\r\n421 I have had enough"
        assert isinstance(provider.send([message(1)], time.monotonic() + SOON)[0], Sent)
        del script.replies["end"]
        time.sleep(0.1)
        assert isinstance(provider.send([message(2)], time.monotonic() + SOON)[0], Sent)
        provider.close()
    assert script.connections == 2


@pytest.mark.parametrize(
    ("after", "patience", "outcome"), [("rcpt", "COMMAND", TryLater), ("end", "END_OF_DATA", Uncertain)]
)
@BOTH
def test_a_server_that_falls_silent_has_not_taken_the_mail_and_after_its_end_nobody_knows(
    offers: dict[str, str], after: str, patience: str, outcome: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_dialogue, patience, 0.3)
    assert [type(each) for each in send(Script(offers, silent_after=after))] == [outcome]


@BOTH
def test_a_mail_larger_than_the_line_takes_at_once_arrives_whole(offers: dict[str, str]) -> None:
    script = Script(offers)
    large = Message(1, "key", "mia@glow.example", "ana@example.org", (b"x" * 76 + b"\r\n") * 200_000)
    assert send(script, large) == [Sent("2.0.0 queued as 7")]
    assert script.taken == [large.raw]


def test_a_session_is_secured_and_signed_in_to_before_a_mail_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secure.load_cert_chain(certificate, key)
    box = Box()
    controller = Controller(
        box,
        "127.0.0.1",
        free_port("127.0.0.1", 0),
        ready_timeout=60,
        tls_context=secure,
        authenticator=may_enter,
        auth_required=True,
    )
    controller.start()
    try:
        for password, kind in (("right", Sent), ("wrong", TryLater)):
            provider = Smtp(f"smtp://mia:{password}@localhost:{controller.port}", sessions=2)
            outcomes = provider.send([message(number) for number in range(4)], time.monotonic() + SOON)
            provider.close()
            assert all(isinstance(outcome, kind) for outcome in outcomes)
            assert kind is Sent or all("535" in outcome.reason for outcome in outcomes)
    finally:
        controller.stop()
    assert box.secured == [True] * 4


class Box:
    """What aiosmtpd hands its mails to; notes which of them came over TLS."""

    def __init__(self) -> None:
        self.secured: list[bool] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.secured.append(session.ssl is not None and session.authenticated)
        return "250 taken"


def may_enter(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)  # the server says so itself


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = machine_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    made = folder / "certificate.pem", folder / "key.pem"
    made[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    made[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made
