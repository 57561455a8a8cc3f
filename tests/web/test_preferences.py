"""What a person gets from us, topic by topic, how often, and where."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import delete, update

from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.event import Event
from tests.domain.stories import BERLIN
from tests.web.shop import Shop


@pytest.fixture
def token(shop: Shop) -> str:
    shop.sign_up()
    return shop.token()


def leavable(page: str) -> list[str]:
    """The marketing that can be left on the page."""
    return re.findall(r'name="topic" value="([^"]+)"', page.partition('id="services"')[0])


def switches(page: str) -> list[tuple[str, str]]:
    """The switches of what people need for what they booked: what each would do, and of which topic."""
    part = page.partition('id="services"')[2].partition("</section>")[0]
    return re.findall(r'name="(topic|again)" value="([^"]+)"', part)


def told(shop: Shop, name: str) -> list[object]:
    return [each.data for each in shop.all(Event) if each.name == name]


def test_it_lists_what_comes(shop: Shop, token: str) -> None:
    page = shop.client.get(f"/preferences/{token}").text
    assert leavable(page) == ["Tips and ideas", "Newsletter"]
    assert switches(page) == [("topic", "Your appointments")]
    assert "Friends" not in page
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(stage="client"))
    assert leavable(shop.client.get(f"/preferences/{token}").text) == ["Tips and ideas", "Newsletter", "Friends"]
    assert not shop.all(Suppression)


def test_one_topic_is_left_and_the_others_stay(shop: Shop, token: str) -> None:
    answer = shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"})
    assert answer.status_code == 200
    assert "You have left “Newsletter”" in answer.text
    assert leavable(answer.text) == ["Tips and ideas"]
    assert [each.topic for each in shop.all(Suppression)] == ["Newsletter"]


def test_everything_is_left_at_once_and_what_people_booked_stays_by_its_name(shop: Shop, token: str) -> None:
    answer = shop.client.post(f"/preferences/{token}", data={"all": "yes"})
    assert answer.status_code == 200
    assert "Done. You have left." in answer.text
    assert switches(answer.text) == [("topic", "Your appointments")]
    page = shop.client.get(f"/preferences/{token}").text
    assert not leavable(page)
    assert "No marketing mail goes to" in page
    assert switches(page) == [("topic", "Your appointments")]
    assert [each.topic for each in shop.all(Suppression)] == [None]


def test_what_people_booked_has_a_switch_of_its_own_off_and_on_again(shop: Shop, token: str) -> None:
    off = shop.client.post(f"/preferences/{token}", data={"topic": "Your appointments"})
    assert "“Your appointments” is off" in off.text
    assert switches(off.text) == [("again", "Your appointments")]
    assert leavable(off.text) == ["Tips and ideas", "Newsletter"]
    assert switches(shop.client.get(f"/unsubscribe/{token}").text) == [("again", "Your appointments")]
    on = shop.client.post(f"/preferences/{token}", data={"again": "Your appointments"})
    assert "“Your appointments” is on again" in on.text
    assert switches(on.text) == [("topic", "Your appointments")]
    assert not shop.all(Suppression)


def test_it_works_from_the_page_of_somebody_who_has_left_everything(shop: Shop, token: str) -> None:
    shop.client.post(f"/unsubscribe/{token}", data={"by": "page"})
    shop.client.post(f"/preferences/{token}", data={"topic": "Your appointments"})
    on = shop.client.post(f"/preferences/{token}", data={"again": "Your appointments"})
    assert switches(on.text) == [("topic", "Your appointments")]
    assert [each.topic for each in shop.all(Suppression)] == [None]


UNCLEAR = [
    {},
    {"topic": "No such topic"},
    {"again": "No such topic"},
    {"less": "perhaps"},
    {"pause": "31"},
    {"pause": "30 "},
    {"forget": ""},
    {"channel": "email"},
]


@pytest.mark.parametrize("data", UNCLEAR)
def test_an_unclear_choice_changes_nothing(shop: Shop, token: str, data: dict[str, str]) -> None:
    answer = shop.client.post(f"/preferences/{token}", data=data)
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.text
    assert not shop.all(Suppression)


@pytest.mark.parametrize("kind", ["topic", "again", "less", "pause", "channel", "address"])
def test_a_choice_that_is_no_text_changes_nothing(shop: Shop, token: str, kind: str) -> None:
    for odd in ([], {}, None, [["yes"]], {"yes": 1}):
        assert shop.client.post(f"/preferences/{token}", json={kind: odd}).status_code == 422
    assert shop.client.post(f"/preferences/{token}", json={kind: "\ud800"}).status_code == 400
    assert not shop.all(Suppression)


def test_a_topic_that_was_left_can_be_had_again(shop: Shop, token: str) -> None:
    shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"})
    answer = shop.client.post(f"/preferences/{token}", data={"again": "Newsletter"})
    assert answer.status_code == 200
    assert "you get “Newsletter” again" in answer.text
    assert leavable(answer.text) == ["Tips and ideas", "Newsletter"]
    assert not shop.all(Suppression)
    act = shop.all(Consent)[-1]
    assert (act.topic, act.act, act.wording) == ("Newsletter", "confirmed", "Newsletter: Get it again")
    assert act.page.endswith("/preferences")


def test_who_has_left_everything_gets_nothing_again_by_a_press(shop: Shop, token: str) -> None:
    shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"})
    shop.client.post(f"/preferences/{token}", data={"all": "yes"})
    assert "Get it again" not in shop.client.get(f"/preferences/{token}").text
    answer = shop.client.post(f"/preferences/{token}", data={"again": "Newsletter"})
    assert answer.status_code == 422
    assert "We may not write to you" in answer.text
    assert not leavable(answer.text)


def test_less_often_is_wished_for_and_taken_back(shop: Shop, token: str) -> None:
    assert 'id="less-often"' in shop.client.get(f"/preferences/{token}").text
    assert not shop.contact().less_often
    answer = shop.client.post(f"/preferences/{token}", data={"less": "yes"})
    assert "less often from now on" in answer.text
    assert 'name="less" value="no"' in answer.text
    assert shop.contact().less_often
    shop.client.post(f"/preferences/{token}", data={"less": "yes"})
    shop.client.post(f"/preferences/{token}", data={"less": "no"})
    assert not shop.contact().less_often
    assert told(shop, "less-often") == [{"wish": True}, {"wish": False}]


def test_a_pause_is_asked_for_and_ended(shop: Shop, token: str) -> None:
    assert 'id="pause"' in shop.client.get(f"/preferences/{token}").text
    answer = shop.client.post(f"/preferences/{token}", data={"pause": "90"})
    until = shop.contact().paused_until
    assert until is not None
    assert f"We are quiet until {until.astimezone(BERLIN):%-d %B %Y}" in answer.text
    assert 'name="pause" value="0"' in answer.text
    assert leavable(answer.text), "a pause leaves nothing"
    assert "we go on" in shop.client.post(f"/preferences/{token}", data={"pause": "0"}).text
    assert shop.contact().paused_until is None
    assert told(shop, "pause") == [{"days": 90}, {"days": 0}]


def test_a_pause_that_is_over_is_shown_no_more(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(paused_until=datetime(2020, 1, 1, tzinfo=UTC)))
    page = shop.client.get(f"/preferences/{token}").text
    assert "quiet until" not in page
    assert 'name="pause" value="0"' not in page


def test_what_pressure_held_is_looked_at_again_by_another_wish(shop: Shop, token: str) -> None:
    later = datetime(2130, 1, 1, tzinfo=UTC)
    with shop.runtime.session() as session:
        session.execute(update(Delivery).values(state="held", rule="pressure", wake_at=later))
    shop.client.post(f"/preferences/{token}", data={"less": "yes"})
    assert all(each.wake_at < later for each in shop.all(Delivery))


def test_opening_the_page_changes_nothing(shop: Shop, token: str) -> None:
    before = len(shop.all(Event)), len(shop.all(Consent)), len(shop.all(Delivery))
    for method in ("GET", "HEAD"):
        query = "less=yes&again=Newsletter&all=yes&pause=30&forget=yes&address=eve@example.org"
        assert shop.client.open(f"/preferences/{token}?{query}", method=method).status_code == 200
    assert not shop.contact().less_often
    assert shop.contact().paused_until is None
    assert not shop.all(Suppression)
    assert (len(shop.all(Event)), len(shop.all(Consent)), len(shop.all(Delivery))) == before


def test_a_token_of_somebody_else_s_making_leads_nowhere(shop: Shop, token: str) -> None:
    forged = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    assert shop.client.post(f"/preferences/{forged}", data={"less": "yes"}).status_code == 404
    assert not shop.contact().less_often


def test_it_speaks_german_to_those_who_do(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(language="de"))
    page = shop.client.get(f"/preferences/{token}").text
    assert '<html lang="de"' in page
    assert "Deine Mail von uns" in page
    answer = shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"})
    assert "„Newsletter“ ist abbestellt." in answer.text
    shop.client.post(f"/preferences/{token}", data={"again": "Newsletter"})
    assert shop.all(Consent)[-1].wording == "Newsletter: Wieder bekommen"
    assert "Fertig. Du bist abgemeldet." in shop.client.post(f"/unsubscribe/{token}").text


@pytest.mark.parametrize("data", [{"topic": "Newsletter"}, {"all": "yes"}, {"pause": "30"}, {"forget": "yes"}])
def test_whoever_was_forgotten_is_told_so_kindly(shop: Shop, token: str, data: dict[str, str]) -> None:
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    assert "We keep nothing about you any more" in shop.client.get(f"/preferences/{token}").text
    answer = shop.client.post(f"/preferences/{token}", data=data)
    assert answer.status_code == 200
    assert "We keep nothing about you any more" in answer.text


def test_its_headings_are_in_order_and_every_control_has_a_name(shop: Shop, token: str) -> None:
    for path in (f"/preferences/{token}", f"/unsubscribe/{token}"):
        page = shop.client.get(path).text
        levels = [int(each) for each in re.findall(r"<h(\d)", page)]
        assert levels[0] == 1
        assert all(each - before <= 1 for before, each in pairwise(levels))
        assert levels.count(1) == 1
        for attributes, words in re.findall(r"<button([^>]*)>(.*?)</button>", page):
            name = re.search(r'aria-label="([^"]+)"', attributes)
            assert words.strip()
            assert name is None or words in name[1], "what is said must hold what is shown (WCAG 2.5.3)"
        names = re.findall(r'<button[^>]*aria-label="([^"]+)"', page)
        assert len(names) == len(set(names))
        for target in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', page):
            assert f'id="{target}"' in page


def test_calls_and_texts_end_by_a_press_each_and_mail_goes_on(shop: Shop, token: str) -> None:
    assert "Calls and text messages" not in shop.client.get(f"/preferences/{token}").text
    shop.sign_up(slug="card", phone="030 5550123", consent_phone="yes", consent_text="yes")
    page = shop.client.get(f"/preferences/{token}").text
    assert re.findall(r'name="channel" value="(\w+)"', page) == ["phone", "text"]
    for _ in range(2):
        answer = shop.client.post(
            f"/preferences/{token}", data={"channel": "phone"}, environ_base={"REMOTE_ADDR": "198.51.100.9"}
        )
        assert (answer.status_code, "Calls: no more." in answer.text) == (200, True)
    assert re.findall(r'name="channel" value="(\w+)"', answer.text) == ["text"]
    said = [each for each in shop.all(Consent) if each.act == "withdrawn"]
    assert [(each.channel, each.topic, each.wording, each.address) for each in said] == [
        ("phone", None, "Calls: No more", "198.51.100.9")
    ]
    assert leavable(answer.text) == ["Tips and ideas", "Newsletter"]
    shop.sign_up(slug="card", phone="030 5550123", consent_phone="yes")
    assert re.findall(r'name="channel" value="(\w+)"', shop.client.get(f"/preferences/{token}").text) == [
        "phone",
        "text",
    ]
