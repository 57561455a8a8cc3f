"""What every provider has to keep, against a local server that speaks its dialect: SMTP, or that of its API."""

from __future__ import annotations

import time

import pytest

from service.ports import Refused, Sent, TryLater, Uncertain
from service.providers import SERVICES, open_provider, open_service
from service.providers.http import HttpProvider
from service.providers.line import Patience
from service.settings import read_settings
from tests.providers.bench import CALM, SOON, Bench, MailServer, dialect_of, settings_for
from tests.providers.dialects import REFUSED, Reply
from tests.providers.http_server import Fault, serving
from tests.providers.mails import FIELDS, UNSUBSCRIBE, message, messages


def test_a_mail_arrives_as_it_was_written(any_bench: Bench | MailServer) -> None:
    mail = message(7)
    [outcome] = any_bench.send([mail])
    assert isinstance(outcome, Sent)
    assert outcome.provider_id or not any_bench.names_mails
    [taken] = any_bench.taken
    assert (taken.delivery, taken.message) == ("7", mail.key), "what will be told of it names it"
    assert taken.recipient == "ana7@example.org"
    assert taken.sender == ("Glow, für Dich", "mia@glow.example")
    assert taken.reply_to == "desk@glow.example"
    assert taken.subject == "Grüße №7 · \N{SPARKLES}"
    assert "From Glow: alles gut? — „ja“" in taken.text
    assert '<p title="a">Grüße &amp; mehr</p>' in taken.html


def test_it_can_be_left_by_one_click_and_nothing_is_counted_but_by_us(bench: Bench) -> None:
    bench.send([message(7)])
    [taken] = bench.dialect.taken
    assert taken.headers["list-unsubscribe"] == f"<{UNSUBSCRIBE}>"
    kept = {name: value for name, value in FIELDS.items() if name.lower() not in bench.dialect.takes_no}
    assert {name: taken.headers.get(name.lower()) for name in kept} == kept
    assert not taken.tracks


def test_marketing_and_mail_about_a_booking_take_their_own_streams(bench: Bench) -> None:
    bench.send([message(1), message(2, marketing=False)])
    streams = {taken.delivery: taken.stream for taken in bench.dialect.taken}
    assert (streams["1"], streams["2"]) == bench.dialect.streams
    [booked] = [taken for taken in bench.dialect.taken if taken.delivery == "2"]
    assert "list-unsubscribe" not in booked.headers


def test_a_file_goes_with_it(any_bench: Bench | MailServer) -> None:
    [outcome, other] = any_bench.send([message(1, attachment=b"BEGIN:VCALENDAR\r\n"), message(2)])
    assert isinstance(outcome, Sent)
    assert isinstance(other, Sent)
    files = {taken.delivery: taken.attachments for taken in any_bench.taken}
    [(name, kind, content)] = files["1"]
    assert (name, kind.partition(";")[0], content.strip()) == ("date.ics", "text/calendar", b"BEGIN:VCALENDAR")
    assert files["2"] == ()


def test_a_group_leaves_in_few_requests_over_kept_connections_each_to_one_person(bench: Bench) -> None:
    outcomes = bench.send(messages(12), at_once=3)
    outcomes += bench.send(messages(12, first=13), at_once=3)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert sorted(int(taken.delivery) for taken in bench.dialect.taken) == list(range(1, 25))
    assert len({taken.recipient for taken in bench.dialect.taken}) == 24
    assert len(bench.api.requests) == 2 * -(-12 // bench.batch)
    assert bench.api.connections <= 3 if bench.batch < 12 else bench.api.connections <= 2


def test_one_that_is_refused_spoils_nothing_for_the_others(any_bench: Bench | MailServer) -> None:
    mails = [message(1), message(2, recipient=REFUSED), message(3)]
    [first, refused, third] = any_bench.send(mails)
    assert isinstance(first, Sent)
    assert isinstance(third, Sent)
    assert isinstance(refused, Refused)
    assert refused.reason
    assert any_bench.name == "smtp" or REFUSED not in refused.reason
    assert sorted(taken.delivery for taken in any_bench.taken) == ["1", "3"]
    assert first.provider_id != third.provider_id or not any_bench.names_mails


def test_whoever_asks_for_a_pause_gets_it(any_bench: Bench | MailServer) -> None:
    any_bench.slow_down()
    [outcome] = any_bench.send([message(1)])
    assert isinstance(outcome, TryLater)
    assert any_bench.taken == []


def test_a_pause_is_as_long_as_it_is_asked_for_and_for_all_mail(bench: Bench) -> None:
    bench.slow_down()
    [outcome] = bench.send([message(1)])
    assert isinstance(outcome, TryLater)
    assert outcome.in_all
    if bench.dialect.pause is None:
        assert outcome.after is None
    else:  # where it says until when, some of it has passed
        assert outcome.after is not None
        assert bench.dialect.pause - 5 < outcome.after <= bench.dialect.pause + 1
    assert len(bench.api.requests) == 1


def test_nobody_of_a_group_runs_into_a_pause_that_another_was_asked_for(bench: Bench) -> None:
    bench.slow_down()
    outcomes = bench.send(messages(5), at_once=1)
    assert [outcome.in_all for outcome in outcomes if isinstance(outcome, TryLater)] == [True] * 5
    assert len(bench.api.requests) == 1


def test_a_key_that_is_not_known_holds_all_mail_and_is_told_to_nobody(bench: Bench) -> None:
    wrong = dict.fromkeys(bench.dialect.keys, "another-key-than-it-knows")
    service = open_service(settings_for(bench.dialect, bench.api.url, **wrong))
    assert service is not None
    provider = HttpProvider(service, CALM)
    outcomes = provider.send(messages(2), time.monotonic() + SOON)
    provider.close()
    for outcome in outcomes:
        assert isinstance(outcome, TryLater)
        assert outcome.in_all
        assert bench.dialect.name in outcome.reason
        assert "another-key" not in outcome.reason
    assert "another-key" not in repr(service)
    assert bench.dialect.taken == []


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.HALF, Fault.GARBLED, Fault.TRICKLE, Fault.ENDLESS, Reply(500)])
def test_what_may_have_been_taken_is_never_sent_again_but_by_its_key(bench: Bench, fault: Fault | Reply) -> None:
    bench.api.faults.append(fault)
    if fault in (Fault.TRICKLE, Fault.ENDLESS):
        bench.hurry()
    began = time.monotonic()
    [outcome] = bench.send([message(1)])
    assert time.monotonic() - began < 15, "a trickle would take more than twenty"
    if bench.honours_keys:
        assert isinstance(outcome, Sent)
        assert len(bench.api.requests) == 2
        assert bench.api.requests[0].body == bench.api.requests[1].body
    else:
        # Where the head of an answer says all, nobody reads the rest.
        proven = Sent if fault is Fault.GARBLED and not bench.dialect.speaks_json else Uncertain
        assert isinstance(outcome, proven)
        assert len(bench.api.requests) == 1
    assert len(bench.taken) == (0 if isinstance(fault, Reply) and not bench.honours_keys else 1)


@pytest.mark.parametrize(
    "told",
    [None, 7, "x", [], {}, [1], [[]], [{}], [{"ErrorCode": "x"}], [{"ErrorCode": 0}], {"data": 7}, {"data": [1]},
     {"data": [], "errors": [{"index": []}]}, {"Messages": 7}, {"Messages": [7]}, {"Messages": [{"Status": 7}]},
     {"id": []}, {"messageId": {}}, {"messageIds": [1, 2, 3]}, {"results": 7}, {"results": {"id": []}}],
)  # fmt: skip
def test_an_answer_of_another_shape_proves_nothing(bench: Bench, told: object) -> None:
    bench.api.faults.extend([Reply(200, told)] * 3)
    outcomes = bench.send(messages(2))
    assert {type(outcome) for outcome in outcomes} == {Uncertain if bench.dialect.speaks_json else Sent}
    assert len(outcomes) == 2


def test_what_was_taken_without_a_word_is_uncertain_and_was_taken_once(any_bench: Bench | MailServer) -> None:
    any_bench.lose()
    [outcome] = any_bench.send([message(1)])
    assert isinstance(outcome, Uncertain)
    assert len(any_bench.taken) == 1


def test_a_request_is_made_three_times_at_most(bench: Bench) -> None:
    bench.lose()
    bench.send([message(1)])
    assert len(bench.api.requests) == (3 if bench.honours_keys else 1)


@pytest.mark.parametrize("then", [Reply(429, headers={"Retry-After": "7"}), Reply(401)])
def test_what_is_said_of_a_repetition_proves_nothing_of_the_first_try(bench: Bench, then: Reply) -> None:
    bench.api.faults.extend([Fault.CUT, then])
    [outcome] = bench.send([message(1)])
    assert isinstance(outcome, Uncertain)


def test_no_redirect_is_followed(bench: Bench) -> None:
    with serving(dialect_of(bench.dialect.name)) as elsewhere:
        bench.api.faults.append(Reply(307, headers={"Location": elsewhere.url + "/"}))
        [outcome] = bench.send([message(1)])
        assert isinstance(outcome, TryLater)
        assert outcome.in_all
        assert elsewhere.requests == []


def test_where_nobody_listens_mail_waits() -> None:
    given = [settings_for(dialect_of(name), "http://127.0.0.1:9") for name in SERVICES]
    for settings in (*given, read_settings({"MAIL_PROVIDER": "smtp", "SMTP_URL": "smtp://127.0.0.1:9"})):
        provider = open_provider(settings)
        [outcome] = provider.send([message(1)], time.monotonic() + SOON)
        provider.close()
        assert isinstance(outcome, TryLater), settings.provider
        assert outcome.code == "connect"


def test_whose_time_is_over_does_not_leave(any_bench: Bench | MailServer) -> None:
    outcomes = any_bench.provider.send(messages(3), time.monotonic() - 1)
    assert [outcome.code for outcome in outcomes if isinstance(outcome, TryLater)] == ["budget"] * 3
    assert any_bench.taken == []


def test_what_is_done_meanwhile_ends_and_changes_no_outcome(any_bench: Bench | MailServer) -> None:
    done = [0]

    def work() -> bool:
        done[0] += 1
        return done[0] < 3

    outcomes = any_bench.provider.send(messages(4), time.monotonic() + SOON, meanwhile=work)
    assert [type(outcome) for outcome in outcomes] == [Sent] * 4
    assert len(any_bench.taken) == 4
    assert done[0] == 3 or isinstance(any_bench, MailServer), "whose answers may come before there is time for it"


def test_a_line_that_was_kept_too_long_is_opened_anew(bench: Bench) -> None:
    service = open_service(settings_for(bench.dialect, bench.api.url))
    assert service is not None
    provider = HttpProvider(service, Patience(idle=0.0))
    outcomes = [provider.send([message(number)], time.monotonic() + SOON, at_once=1) for number in (1, 2)]
    provider.close()
    assert [type(outcome) for [outcome] in outcomes] == [Sent, Sent]
    assert bench.api.connections == 2
