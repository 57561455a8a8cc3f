"""How many people complained, by how many mails left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.domain.reputation import Complaints
from service.store.contact import Suppression
from service.store.delivery import COUNTED, Delivery


def read_complaints(session: Session, since: datetime) -> Complaints:
    """Since then, in journey time: whoever complains counts once; mails are those that are no service mail."""
    about = (Suppression.reason == "complained", Suppression.at > since)
    people = session.scalar(select(func.count(Suppression.address_hash.distinct())).where(*about)) or 0
    left = (Delivery.handed_at > since, Delivery.priority > 0, Delivery.state.in_(COUNTED))
    return Complaints(people, session.scalar(select(func.count()).select_from(Delivery).where(*left)) or 0)
