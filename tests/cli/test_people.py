"""`everafter export`, `merge` and `retention`: everybody as a table, two people made one, and what is past its time."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.actions.unsubscribe import unsubscribe
from service.settings import Settings
from service.store.contact import Consent, Contact, Suppression
from service.store.enrolment import Enrolment
from service.store.journey import JourneyClock, journey_now
from tests.cli.command import everafter
from tests.web.conftest import open_shop, shop  # noqa: F401 (fixtures)
from tests.web.shop import Shop


@pytest.fixture
def where(settings: Settings) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "EVERAFTER_HOME": str(settings.home),
    }


def test_everybody_is_exported_with_fields_and_wishes(shop: Shop, where: dict[str, str], tmp_path: Path) -> None:  # noqa: F811
    shop.sign_up("ana@example.org", slug="long", first_name="Ana", hair="curly", phone="+49 30 1")
    shop.sign_up("bea@example.org", first_name="=HYPERLINK(1)")
    with shop.runtime.session() as session:
        unsubscribe(session, shop.runtime.published(), shop.contact("bea@example.org").id, journey_now(session))
        session.execute(
            update(Contact).where(Contact.first_name == "Ana").values(tags=["vip", "early"], stage="client")
        )
    out = tmp_path / "contacts.csv"
    done = everafter("export", "--out", str(out), **where)
    assert done.returncode == 0, done.stderr
    assert "2 contacts written." in done.stderr
    assert out.stat().st_mode & 0o077 == 0
    ana, bea = csv.DictReader(out.open(newline=""))
    assert (ana["email"], ana["first_name"], ana["stage"], ana["tags"]) == (
        "ana@example.org",
        "Ana",
        "client",
        "vip; early",
    )
    assert (ana["hair"], ana["visits"], ana["agreed_to"], ana["less_often"]) == ("curly", "", "Newsletter", "no")
    assert ana["phone"].lstrip("'") == ana["phone"]  # a number is no formula
    assert bea["unsubscribed_from"] == "everything"
    assert bea["first_name"] == "'=HYPERLINK(1)"
    printed = everafter("export", **where).stdout
    assert [row["email"] for row in csv.DictReader(io.StringIO(printed))] == ["ana@example.org", "bea@example.org"]


def test_two_addresses_become_one_person(shop: Shop, where: dict[str, str]) -> None:  # noqa: F811
    shop.sign_up("ana@example.org")
    shop.sign_up("ana@work.example", first_name="Ana")
    token = shop.token("ana@work.example")
    refused = everafter("merge", "ana@example.org", "ana@work.example", **where)
    assert refused.returncode == 1  # nobody said yes
    done = everafter("merge", "ana@example.org", "ana@work.example", "--yes", **where)
    assert done.returncode == 0, done.stderr
    assert "consents" in done.stdout
    (ana,) = shop.all(Contact)
    assert (ana.email, ana.first_name) == ("ana@example.org", "Ana")
    # The links in the mails to the address that is gone work for ever.
    assert shop.client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    with shop.runtime.session() as session:
        assert unsubscribed(session, ana.id)
    again = everafter("merge", "ana@example.org", "ana@work.example", "--yes", **where)
    assert (again.returncode, again.stdout) == (1, "")


def unsubscribed(session: Session, contact_id: int) -> bool:
    hashes = select(Contact.address_hash).where(Contact.id == contact_id)
    return session.scalar(select(Suppression.id).where(Suppression.address_hash.in_(hashes))) is not None


def test_it_says_how_long_everything_is_kept_and_what_would_go(shop: Shop, where: dict[str, str]) -> None:  # noqa: F811
    shop.sign_up("ana@example.org")
    with shop.runtime.session() as session:
        session.add(JourneyClock(id=1, at=journey_now(session) + timedelta(days=4 * 365)))
    done = everafter("retention", "--json", **where)
    assert done.returncode == 0, done.stderr
    lines = {each["what"]: each for each in json.loads(done.stdout)}
    assert (lines["leads"]["kept"], lines["leads"]["goes"], lines["leads"]["unit"]) == ("3 years", 1, "people")
    assert lines["events"]["kept"] == "for good"
    assert (lines["opens and clicks"]["kept"], lines["opens and clicks"]["said_in"]) == ("750 days", "KEEP_HITS")
    table = everafter("retention", **where).stdout
    assert "1 person goes now" in table
    assert shop.contact().email_key == "ana@example.org"  # it changed nothing


def test_an_export_comes_in_again_and_changes_nothing(shop: Shop, where: dict[str, str], tmp_path: Path) -> None:  # noqa: F811
    shop.sign_up("ana@example.org", slug="long", first_name="Ana", hair="curly")
    shop.sign_up("bea@example.org", first_name="=B")
    with shop.runtime.session() as session:
        unsubscribe(session, shop.runtime.published(), shop.contact("bea@example.org").id, journey_now(session))
    out = tmp_path / "all.csv"
    assert everafter("export", "--out", str(out), **where).returncode == 0
    done = everafter("import", str(out), **where)
    assert (done.returncode, done.stdout) == (0, "0 new, 2 known already, 0 refused.\n"), done.stderr
    again = tmp_path / "again.csv"
    everafter("export", "--out", str(again), **where)
    assert again.read_text() == out.read_text()


def test_an_import_is_no_signup_and_lifts_nothing(shop: Shop, where: dict[str, str], tmp_path: Path) -> None:  # noqa: F811
    shop.sign_up("bea@example.org")
    with shop.runtime.session() as session:
        unsubscribe(session, shop.runtime.published(), shop.contact("bea@example.org").id, journey_now(session))
    file = tmp_path / "fair.csv"
    file.write_text(
        "Mail,Vorname,hair,birthday,stage,tags,unsubscribed_from\n"
        "cleo@example.org,Cleo,curly,03-14,client,vip; early,\n"
        "dora@example.org,Dora,,,,,everything\n"
        "no address,Emma,,,,,\n"
        "fay@example.org,Fay,purple,,,,\n"
        "gina@example.org,Gina,,31-31,,,\n"
        "bea@example.org,Bea,,,,,\n"
    )
    mapped = ("--map", "Mail=email", "--map", "Vorname=first_name")
    done = everafter("import", str(file), *mapped, "--consent", "Signed our list at the fair", **where)
    assert done.returncode == 1
    assert done.stdout == "2 new, 0 known already, 4 refused.\n", done.stderr
    told = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert told == ["line 4", "line 5", "line 6", "line 7"]
    assert "took this back" in done.stderr
    cleo, dora = shop.contact("cleo@example.org"), shop.contact("dora@example.org")
    assert (cleo.first_name, cleo.stage, cleo.tags) == ("Cleo", "client", ["vip", "early"])
    assert cleo.fields == {"hair": "curly"}
    consents = {each.contact_id: each for each in shop.all(Consent)}
    assert consents[cleo.id].wording == "Signed our list at the fair"
    assert consents[cleo.id].source == "api: import:fair.csv"
    with shop.runtime.session() as session:
        assert unsubscribed(session, dora.id)
    assert {each.sequence for each in shop.all(Enrolment) if each.contact_id in {cleo.id, dora.id}} == set()
    assert shop.contact("bea@example.org").first_name is None
