"""What providers tell is kept once, matched, and followed, in whatever order and however often it comes."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import Engine, func, select, text, update
from structlog.testing import capture_logs

from service.actions.erase import erase
from service.actions.follow_feedback import settle_uncertain
from service.actions.receive_event import Seen, receive_event
from service.actions.receive_feedback import GRAVE, ITEMS, NOTICES, receive_feedback
from service.clock import machine_now
from service.domain.bucket import MAJOR
from service.domain.contact import address_hash, read_address
from service.domain.feedback import Bounce, Feedback, What
from service.ports import Refused, Uncertain
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.feedback import ToldFeedback, read_tally
from service.store.notice import Notice, count_notices
from service.store.task import Task
from tests.actions.house import KEY, House
from tests.actions.mailroom import Post, about, days_before
from tests.domain.stories import day, letters, step

EVERY = [*(What(each) for each in What)]


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, letters(step("hello", day(0)), step("more", day(3))))


@pytest.fixture
def post(house: House) -> Post:
    return Post(house)


def arrive(house: House, email: str = "ana@example.org", *, uncertain: bool = False) -> int:
    """Somebody signs up and gets the first mail."""
    if uncertain:
        house.postman.answers[email] = Uncertain("the line was cut")
    contact_id = house.sign_up(email).contact_id
    house.work()
    return contact_id


def lines(house: House, email: str = "ana@example.org") -> set[tuple[str | None, str]]:
    hashed = address_hash(KEY, read_address(email).key)
    with house.begin() as session:
        found = session.scalars(select(Suppression).where(Suppression.address_hash == hashed))
        return {(each.topic, each.reason) for each in found}


def kept(house: House) -> list[ToldFeedback]:
    with house.begin() as session:
        return list(session.scalars(select(ToldFeedback).order_by(ToldFeedback.id)))


def events(house: House, contact_id: int) -> list[Event]:
    with house.begin() as session:
        own = select(Event).where(Event.contact_id == contact_id, Event.name.in_(("bounced", "complained")))
        return list(session.scalars(own))


@pytest.mark.parametrize(
    ("what", "bounce", "reason"), [(What.BOUNCED, Bounce.HARD, "bounced"), (What.COMPLAINED, None, "complained")]
)
def test_a_dead_mailbox_and_a_complaint_silence_at_once(house: House, post: Post, what, bounce, reason) -> None:
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), what, bounce, words="550 5.1.1 no such user"))
    assert lines(house) == {(None, reason)}
    assert house.enrolment(ana).state == "left"
    assert house.states(ana) == {"hello": "sent", "more": "cancelled"}
    (told,) = events(house, ana)
    assert (told.name, told.data["words"]) == (reason, "550 5.1.1 no such user")
    assert told.data["step"] == "hello"


def test_told_46_times_it_counts_once(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    told = about(mail, What.BOUNCED, Bounce.HARD)
    post.tell(*[told] * 23)
    for _ in range(23):
        post.arrives(told)
    post.reads()
    assert len(kept(house)) == len(events(house, ana)) == 1
    with house.begin() as session:
        assert [(each.what, each.bounce, each.matched, each.count) for each in read_tally(session)] == [
            ("bounced", "hard", True, 1)
        ]


def test_the_same_told_under_two_names_is_one_event(house: House, post: Post) -> None:
    """As SES does where notifications and event publishing are both on."""
    ana = arrive(house)
    mail = post.mail_of(ana)
    for key in ("notification", "event"):
        post.tell(about(mail, What.BOUNCED, Bounce.HARD, key=key))
    assert len(kept(house)) == 2
    assert len(events(house, ana)) == 1


def test_what_was_uncertain_is_sent_once_anything_proves_it(house: House, post: Post) -> None:
    ana = arrive(house, uncertain=True)
    assert house.states(ana)["hello"] == "uncertain"
    post.tell(about(post.mail_of(ana), What.OPENED))
    mail = post.mail_of(ana)
    assert (mail.state, mail.sent_at) == ("sent", mail.handed_at)


def test_what_was_uncertain_and_rejected_has_failed_until_something_proves_it_left(house: House, post: Post) -> None:
    ana = arrive(house, uncertain=True)
    post.tell(about(post.mail_of(ana), What.REJECTED, words="virus"))
    assert (post.mail_of(ana).state, post.mail_of(ana).reason) == (
        "failed",
        "Not sent: the provider rejected it: virus",
    )
    post.tell(about(post.mail_of(ana), What.DELIVERED))
    assert post.mail_of(ana).state == "sent"


def test_a_mail_refused_at_the_hand_over_stays_failed(house: House, post: Post) -> None:
    house.postman.answers["ana@example.org"] = Refused("550 no")
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), What.DELIVERED))
    assert post.mail_of(ana).state == "failed"


def test_what_was_told_before_its_mail_became_uncertain_is_looked_at_again(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    with house.begin() as session:
        session.execute(update(Delivery).where(Delivery.id == mail.id).values(state="handed"))
    post.tell(about(mail, What.DELIVERED))
    with house.begin() as session:
        session.execute(update(Delivery).where(Delivery.id == mail.id).values(state="uncertain"))
    with house.begin() as session:
        assert settle_uncertain(session) == 1
    assert post.mail_of(ana).state == "sent"
    with house.begin() as session:
        assert settle_uncertain(session) == 0


def test_what_another_installation_sent_is_nobodys_here(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), What.BOUNCED, Bounce.HARD, message_id="other@staging.example"))
    assert lines(house) == set()
    (told,) = kept(house)
    assert (told.contact_id, told.delivery_id) == (None, None)
    with house.begin() as session:
        assert [each.matched for each in read_tally(session)] == [False]


def test_it_is_matched_by_the_providers_own_name(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    with house.begin() as session:
        named = update(Delivery).where(Delivery.id == mail.id).values(provider="plain", provider_id="pm-1")
        session.execute(named)
    post.tell(Feedback(What.COMPLAINED, "k", provider_id="pm-1"))
    assert lines(house) == {(None, "complained")}
    assert kept(house)[0].delivery_id == mail.id


def test_it_is_matched_by_the_message_id_among_the_recipients_mails(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    message_id = mail.message_id.strip("<>")
    post.tell(Feedback(What.DELIVERED, "k", message_id=message_id, recipient="Ana@Example.org"))
    assert [(each.contact_id, each.delivery_id) for each in kept(house)] == [(ana, mail.id)]


def test_a_bounce_without_any_name_of_a_mail_counts_for_its_address(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(Feedback(What.BOUNCED, "k", bounce=Bounce.HARD, recipient="ana@example.org"))
    assert lines(house) == {(None, "bounced")}
    assert house.enrolment(ana).state == "left"


def test_a_complaint_of_somebody_who_was_forgotten_still_silences_the_address(house: House, post: Post) -> None:
    ana = arrive(house)
    told = about(post.mail_of(ana), What.COMPLAINED, recipient="ana@example.org")
    with house.begin() as session:
        erase(session, ana)
    post.tell(told)
    assert lines(house) == {(None, "complained")}
    (row,) = kept(house)
    assert (row.contact_id, row.address_hash) == (None, address_hash(KEY, "ana@example.org"))


def test_what_was_told_of_somebody_goes_when_they_are_forgotten(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), What.DELIVERED))
    with house.begin() as session:
        erase(session, ana)
    assert kept(house) == []


def test_a_dead_mailbox_that_somebody_has_left_for_another_one_is_not_theirs(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), What.BOUNCED, Bounce.HARD, recipient="old@example.org"))
    assert lines(house) == set()
    assert lines(house, "old@example.org") == {(None, "bounced")}
    assert house.enrolment(ana).state == "active"


def test_a_complaint_from_an_older_address_is_theirs_all_the_same(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), What.COMPLAINED, recipient="old@example.org"))
    assert lines(house) == lines(house, "old@example.org") == {(None, "complained")}


def test_a_bounce_of_a_colleagues_mail_is_not_the_contacts(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    with house.begin() as session:
        session.execute(update(Delivery).where(Delivery.id == mail.id).values(staff_to="mia@glow.example"))
    post.tell(about(mail, What.BOUNCED, Bounce.HARD, recipient="mia@glow.example"))
    assert lines(house) == lines(house, "mia@glow.example") == set()


def test_a_policy_rejection_silences_nobody_slows_its_group_and_is_told(house: House, post: Post) -> None:
    ana = arrive(house)
    with capture_logs() as logs:
        post.tell(
            about(post.mail_of(ana), What.BOUNCED, Bounce.POLICY, code="5.7.26", words="550 5.7.26 <ana@example.org>")
        )
    assert lines(house) == set()
    assert post.brakes.slowed == {"glow.example>example.org": MAJOR}
    (alert,) = [each for each in logs if each["event"] == "feedback.policy"]
    assert (alert["log_level"], alert["domain"]) == ("error", "example.org")


def test_a_mark_that_we_signed_says_whose_it_is_whatever_mailbox_was_forwarded_to(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    told = {"delivery_id": mail.id, "is_marked": True, "recipient": "elsewhere@example.net"}
    post.tell(Feedback(What.BOUNCED, "k", bounce=Bounce.HARD, **told))
    assert lines(house) == {(None, "bounced")}
    assert lines(house, "elsewhere@example.net") == set()


def test_a_persons_answer_pauses_what_it_answers_and_opens_a_task(house: House, post: Post) -> None:
    ana = arrive(house)
    answer = {"message_id": post.mail_of(ana).message_id.strip("<>"), "recipient": "ana@example.org"}
    post.tell(Feedback(What.REPLIED, "k", **answer), Feedback(What.REPLIED, "k", **answer))
    assert house.enrolment(ana).paused_at is not None
    with house.begin() as session:
        assert [task.what for task in session.scalars(select(Task))] == ["answer the reply"]
        assert session.scalar(select(func.count()).select_from(Event).where(Event.name == "reply")) == 1


@pytest.mark.parametrize(
    "answer", [{"recipient": "mallory@example.org"}, {"recipient": "ana@example.org", "message_id": "x@glow.example"}]
)
def test_whoever_is_somebody_else_or_answers_no_mail_of_ours_moves_nothing(house: House, post: Post, answer) -> None:
    ana = arrive(house)
    answered = {"message_id": post.mail_of(ana).message_id.strip("<>")} | answer
    post.tell(Feedback(What.REPLIED, "k", **answered))
    assert house.enrolment(ana).paused_at is None


SES, BREVO = "0100018b-0001-000000", "202611221200.1@smtp-relay.mailin.fr"


@pytest.mark.parametrize(
    ("provider_id", "answered"),
    [
        (SES, f"{SES}@email.amazonses.com"),
        (SES, f"{SES}@eu-west-1.amazonses.com"),
        (BREVO, BREVO),
        (None, "0102@eu-west-1.amazonses.com"),
    ],
    ids=["ses-in-us-east-1", "ses-elsewhere", "brevo", "resend"],
)
def test_an_answer_is_known_by_the_message_id_that_the_provider_gave_the_mail(
    house: House, post: Post, provider_id, answered
) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    with house.begin() as session:
        values = {"provider": "plain", "provider_id": provider_id or "4fd0-uuid"}
        session.execute(update(Delivery).where(Delivery.id == mail.id).values(**values))
    if provider_id is None:  # it says so with its events
        post.tell(about(mail, What.OTHER, known_as=answered))
        post.tell(about(mail, What.OTHER, "later", known_as="another@example.net"))
        assert post.mail_of(ana).known_as == answered, "the first that is told stays"
    said = {"message_id": answered, "recipient": "ana@example.org", "is_claimed": True}
    post.tell(Feedback(What.REPLIED, "k", **said))
    assert house.enrolment(ana).paused_at is not None


def test_an_answer_is_known_by_the_link_that_it_quotes_if_it_comes_from_whom_the_mail_went_to(
    house: House, post: Post
) -> None:
    ana = arrive(house)
    quoted = {"delivery_id": post.mail_of(ana).id, "message_id": "x.y@mailjet.com", "is_claimed": True}
    post.tell(Feedback(What.REPLIED, "k", recipient="mallory@example.org", **quoted))
    post.tell(Feedback(What.REPLIED, "l", recipient="ana@example.org", **(quoted | {"delivery_id": 2**62})))
    assert house.enrolment(ana).paused_at is None
    post.tell(Feedback(What.REPLIED, "m", recipient="ana@example.org", **quoted))
    assert house.enrolment(ana).paused_at is not None


def test_what_a_mail_claims_counts_for_whom_that_mail_went_to_and_for_nobody_else(house: House, post: Post) -> None:
    ana = arrive(house)
    arrive(house, "ben@example.org")
    mail = post.mail_of(ana).message_id.strip("<>")
    claim = {"bounce": Bounce.HARD, "is_claimed": True}
    for number, (message_id, recipient) in enumerate(
        [(mail, "ben@example.org"), ("x@y.example", "ana@example.org"), (mail, "nobody@example.org"), (mail, "")]
    ):
        post.tell(Feedback(What.BOUNCED, f"f{number}", message_id=message_id, recipient=recipient, **claim))
        post.tell(Feedback(What.COMPLAINED, f"c{number}", message_id=message_id, recipient=recipient, is_claimed=True))
    for email in ("ana@example.org", "ben@example.org", "nobody@example.org"):
        assert lines(house, email) == set()
    post.tell(Feedback(What.BOUNCED, "true", message_id=mail, recipient="ana@example.org", **claim))
    assert lines(house) == {(None, "bounced")}
    assert lines(house, "ben@example.org") == set()


def test_leaving_at_the_provider_is_leaving(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), What.UNSUBSCRIBED))
    assert lines(house) == {(None, "unsubscribed")}
    with house.begin() as session:
        acts = session.execute(select(Consent.act, Consent.source).where(Consent.contact_id == ana)).all()
    assert ("withdrawn", "provider") in acts
    post.tell(about(post.mail_of(ana), What.RESUBSCRIBED))
    assert lines(house) == {(None, "unsubscribed")}, "nothing but a person's own yes takes it back"


def test_opens_and_clicks_of_the_provider_are_no_evidence(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), What.OPENED), about(post.mail_of(ana), What.CLICKED))
    assert len(kept(house)) == 2
    with house.begin() as session:
        assert session.get_one(Contact, ana).engaged_at is None
        assert session.scalar(select(func.count()).select_from(Event).where(Event.name == "click")) == 0


def softly(post: Post, contact_id: int, *days_ago: float) -> list[Feedback]:
    mail = post.mail_of(contact_id)
    return [
        about(mail, What.BOUNCED, Bounce.SOFT, f"soft-{each}", at=days_before(each), delivery_id=None, message_id="")
        for each in days_ago
    ]


def of_ana(told: list[Feedback]) -> list[Feedback]:
    return [Feedback(each.what, each.key, each.at, recipient="ana@example.org", bounce=each.bounce) for each in told]


def test_three_mails_in_vain_over_fifteen_days_give_a_mailbox_up(house: House, post: Post) -> None:
    ana = arrive(house)
    soft = of_ana(softly(post, ana, 16, 8, 0.1))
    post.tell(*soft[:2])
    assert lines(house) == set()
    post.tell(soft[2])
    assert lines(house) == {(None, "bounced")}


def test_one_that_arrived_between_takes_it_back_even_when_told_last(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(*of_ana(softly(post, ana, 16, 8, 0.1)))
    post.tell(about(post.mail_of(ana), What.DELIVERED, at=days_before(5)))
    assert lines(house) == set()


def test_a_persons_answer_between_counts_as_well(house: House, post: Post) -> None:
    ana = arrive(house)
    with house.begin() as session:
        clicked = Seen("click", house.now - timedelta(days=5), key="c")
        receive_event(session, house.published, session.get_one(Contact, ana), clicked, house.now)
    with house.begin() as session:
        gap = session.scalar(text("SELECT clock_timestamp()")) - house.now  # what was told is placed on journey time
    soft = [
        Feedback(e.what, e.key, e.at + gap, recipient=e.recipient, bounce=e.bounce)
        for e in of_ana(softly(post, ana, 16, 8, 1))
    ]
    post.tell(*soft, at=house.now + gap)
    assert lines(house) == set()


def test_a_mailbox_that_is_dead_for_certain_stays_so_whatever_arrived(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(*of_ana(softly(post, ana, 16, 8, 0.1)))
    post.tell(about(post.mail_of(ana), What.BOUNCED, Bounce.HARD))
    post.tell(about(post.mail_of(ana), What.DELIVERED, at=days_before(5)))
    assert lines(house) == {(None, "bounced")}


def test_what_can_not_be_read_is_set_aside_and_holds_nobody_up(house: House, post: Post) -> None:
    ana = arrive(house)
    with house.begin() as session:
        session.execute(
            text(
                "INSERT INTO notice (at, provider, account, body, items)"
                " VALUES (now(), 'plain', '', 'no JSON', 1), (now(), 'gone', '', '[]', 1)"
            )
        )
    post.tell(about(post.mail_of(ana), What.COMPLAINED))
    assert lines(house) == {(None, "complained")}
    with house.begin() as session:
        piled = count_notices(session)
    assert (piled.waiting, piled.aside) == (0, 2)
    assert piled.error == "gone is not configured here any more."
    assert post.reads() == 0


def test_what_the_database_refuses_is_found_out_and_set_aside_alone(house: House, post: Post) -> None:
    """No row may be so; a table that refuses one thing stands for whatever we have not thought of."""
    ana = arrive(house)
    with house.begin() as session:
        session.execute(text("ALTER TABLE feedback ADD CONSTRAINT no CHECK (words <> 'refused')"))
    mail = post.mail_of(ana)
    post.arrives(about(mail, What.DELIVERED, key="before"))
    post.arrives(about(mail, What.DELIVERED, key="bad", words="refused"))
    post.arrives(about(mail, What.DELIVERED, key="after"))
    post.reads()
    assert [each.key for each in kept(house)] == ["before", "after"]
    with house.begin() as session:
        assert count_notices(session).aside == 1
        assert session.scalar(select(func.count()).select_from(Notice).where(Notice.state == "done")) == 2


def test_what_postgresql_can_not_keep_is_left_out(house: House, post: Post) -> None:
    ana = arrive(house)
    told = about(post.mail_of(ana), What.DELIVERED, key="k" * 5_000 + "\0", words="a\0b" * 1_000, code="\0")
    post.tell(told, Feedback(What.DELIVERED, "x", delivery_id=2**63, message_id="\0", recipient="\0@\0"))
    first, second = kept(house)
    assert len(first.key) == 64
    assert len(first.words) == 500
    assert (second.contact_id, second.delivery_id) == (None, None)


def test_a_long_list_is_read_in_parts_and_once(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    count = 2 * ITEMS + 7
    post.arrives(*[about(mail, What.OPENED, key=str(number)) for number in range(count)])
    post.arrives(about(mail, What.COMPLAINED))
    post.reads()
    assert len(kept(house)) == count + 1
    assert lines(house) == {(None, "complained")}


def test_more_notices_than_one_transaction_takes_are_all_read(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    for number in range(NOTICES + 3):
        post.arrives(about(mail, What.OPENED, key=str(number)))
    post.reads()
    assert len(kept(house)) == NOTICES + 3


HERE, AWAY = "https://here.example", "https://away.example"
NOT_CONFIRMED = "its subscription could not be confirmed: nobody is there"


def piled(post: Post) -> tuple[int, int, str | None, str | None]:
    with post.house.begin() as session:
        found = count_notices(session)
    return found.waiting, found.aside, found.error, found.postponed


def later(post: Post, by: timedelta) -> timedelta:
    """As if so much time had passed; how long it then is until the next try."""
    with post.house.begin() as session:
        moved = {"at": Notice.at - by, "retry_at": Notice.retry_at - by}
        session.execute(update(Notice).where(Notice.state == "waiting").values(**moved))
    post.reads()
    with post.house.begin() as session:
        waits = select(Notice.retry_at - func.clock_timestamp()).where(Notice.state == "waiting")
        return session.scalar(waits) or timedelta(0)


def test_a_provider_that_wants_to_be_confirmed_is_visited_once(post: Post) -> None:
    post.tell(provider="topic", headers={"confirm": HERE}, at=machine_now())
    post.reads()
    assert post.visited == [HERE]
    assert piled(post) == (0, 0, None, None)


def test_a_visit_that_fails_is_made_again_with_longer_and_longer_pauses_until_it_works(post: Post) -> None:
    post.away = frozenset({AWAY})
    post.tell(provider="topic", headers={"confirm": AWAY}, at=machine_now())
    assert piled(post) == (1, 0, None, NOT_CONFIRMED)
    assert not post.reads(), "it is too early, and holds nobody up"
    for minutes, pause in ((1, 1), (2, 3), (30, 33), (600, 180)):
        assert abs(later(post, timedelta(minutes=minutes)) - timedelta(minutes=pause)) < timedelta(seconds=20)
    assert len(post.visited) == 5
    post.away = frozenset()
    later(post, timedelta(hours=4))
    assert post.visited == [AWAY] * 6
    assert piled(post) == (0, 0, None, None)


def test_a_visit_that_fails_for_longer_than_its_link_is_good_is_set_aside_with_the_reason(post: Post) -> None:
    post.away = frozenset({AWAY})
    post.tell(provider="topic", headers={"confirm": AWAY}, at=machine_now())
    later(post, timedelta(days=2, minutes=1))
    assert piled(post) == (0, 1, NOT_CONFIRMED, None)


def test_a_visit_is_made_again_where_the_worker_died_over_it(post: Post) -> None:
    def die(url: str) -> None:
        post.visited.append(url)
        raise MemoryError

    post.arrives(provider="topic", headers={"confirm": HERE}, at=machine_now())
    with pytest.raises(MemoryError):
        receive_feedback(replace(post.room(), visit=die))
    assert not post.reads()
    later(post, timedelta(minutes=2))
    assert post.visited == [HERE, HERE]
    assert piled(post) == (0, 0, None, None)


def test_many_that_change_people_are_read_a_few_in_each_transaction(house: House, post: Post) -> None:
    ana = arrive(house)
    mail = post.mail_of(ana)
    for number in range(GRAVE + 5):
        post.arrives(*[about(mail, What.COMPLAINED, key=f"{number}-{each}") for each in range(3)])
    post.reads()
    assert len(kept(house)) == 3 * (GRAVE + 5)
    with house.begin() as session:
        assert count_notices(session).waiting == 0


def test_several_workers_read_together_each_thing_once(house: House, post: Post) -> None:
    """The same things about the same people, in every order: nobody waits for ever, and nothing counts twice."""
    mails = [post.mail_of(arrive(house, f"p{number}@example.org", uncertain=number % 2 == 0)) for number in range(6)]
    told = [
        about(mail, what, bounce)
        for mail in mails
        for what, bounce in ((What.DELIVERED, None), (What.BOUNCED, Bounce.HARD), (What.COMPLAINED, None))
    ]
    chance = random.Random(7)
    for _ in range(24):
        post.arrives(*chance.sample(told, k=len(told)))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: post.reads(), range(4)))
    post.reads()
    assert len(kept(house)) == len(told)
    with house.begin() as session:
        piled = count_notices(session)
        assert (piled.waiting, piled.aside) == (0, 0)
        assert sum(each.count for each in read_tally(session)) == len(told)
    for number, mail in enumerate(mails):
        assert lines(house, f"p{number}@example.org") == {(None, "bounced"), (None, "complained")}
        assert post.mail_of(mail.contact_id).state == "sent"


def test_a_time_to_come_is_not_believed(house: House, post: Post) -> None:
    ana = arrive(house)
    post.tell(about(post.mail_of(ana), What.DELIVERED, at=days_before(-400)))
    assert kept(house)[0].at <= days_before(0)


def outcome(house: House, email: str) -> tuple[object, ...]:
    """All that may differ: what is suppressed, and the states of enrolments and deliveries."""
    with house.begin() as session:
        who = session.scalars(select(Contact).where(Contact.email_key == email)).one()
        ways = session.scalars(select(Enrolment.state).where(Enrolment.contact_id == who.id))
        return lines(house, email), sorted(ways), house.states(who.id)


kinds = some.tuples(some.sampled_from(EVERY), some.sampled_from(Bounce), some.integers(0, 40))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=some.lists(kinds, min_size=1, max_size=7),
    uncertain=some.booleans(),
    parts=some.integers(1, 4),
    chance=some.randoms(use_true_random=False),
)
def test_any_order_and_any_repetition_end_in_the_same(
    house: House, post: Post, told: list[tuple[What, Bounce, int]], uncertain: bool, parts: int, chance: random.Random
) -> None:
    name = f"{chance.getrandbits(64):x}"
    twins = [f"{name}-{number}@example.org" for number in range(2)]
    mails = [post.mail_of(arrive(house, email, uncertain=uncertain)) for email in twins]
    for email, mail in zip(twins, mails, strict=True):
        items = [
            about(
                mail,
                what,
                bounce if what is What.BOUNCED else None,
                key=f"{email}-{number}",
                at=days_before(days),
                # Every third is about the address alone, as if of another mail; so that there may be three in a row.
                **({"delivery_id": None, "message_id": "", "recipient": email} if number % 3 else {}),
            )
            for number, (what, bounce, days) in enumerate(told)
        ]
        if email == twins[1]:
            items += chance.sample(items, k=len(items) // 2)
            chance.shuffle(items)
        for start in range(0, len(items), parts):
            post.tell(*items[start : start + parts])
    assert outcome(house, twins[0]) == outcome(house, twins[1])
