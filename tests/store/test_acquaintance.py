"""What is read of two people who may be one."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.domain.referral_doubt import canonical
from service.store.contact import MAILBOX


def test_the_database_knows_the_same_mailboxes(session: Session) -> None:
    names = ["", "+", "+a", "a+", "a+b+c", "a.b", ".a.", "a.+b", "ab", "a-b_1"]
    domains = ("gmail.com", "googlemail.com", "example.org", "mail.gmail.com", "gmail.com.example")
    keys = [f"{name}@{domain}" for name in names if name for domain in domains]
    rows = session.execute(
        text(f"SELECT email_key, {MAILBOX} FROM unnest(CAST(:keys AS text[])) AS t (email_key)"), {"keys": keys}
    )
    found = dict(rows.all())
    assert found == {key: canonical(key) for key in keys}


def test_clients_are_found_by_their_mailbox_without_walking_the_table(session: Session) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))
    query = f"EXPLAIN SELECT id FROM contact WHERE client_since IS NOT NULL AND {MAILBOX} = ANY(CAST(:boxes AS text[]))"
    plan = "\n".join(session.scalars(text(query), {"boxes": ["ana@gmail.com"]}))
    assert "ix_contact_mailbox" in plan
