from __future__ import annotations
from datetime import datetime, timedelta, UTC
from decimal import Decimal
from sqlalchemy import Engine, select
from service.actions.receive_event import Seen, receive_event
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from tests.actions.house import House
from tests.domain.stories import at
from tests.rendering.studio import read, shipped
import tests.actions.house as H

def test_year(engine: Engine, monkeypatch) -> None:
    lib = read(shipped())
    house = House(engine, *lib.sequences, business=lib.business)
    monkeypatch.setattr(H, "FORM", lib.business.form("salon-checklist"))
    house.set_time(at("2026-01-05 12:00"))
    ana = house.sign_up(first_name="Ana").contact_id
    with house.begin() as s:
        c = s.get_one(Contact, ana); c.birthday = "05-20" if hasattr(c,'birthday') else None
        c.fields = dict(c.fields or {}) | {"address": "Ahornweg 3", "phone": "+4930123"} if hasattr(c,'fields') else None
    def ev(name, when, about=None, **data):
        return (at(when), name, about, data)
    events = [
        ev("appointment.booked","2026-01-20 10:00","A1",starts="2026-01-27T15:00:00+00:00"),
        ev("visit.completed","2026-01-27 16:00","A1",service="Cut"),
        ev("visit.completed","2026-03-09 16:00","A2",service="Cut"),
        ev("visit.completed","2026-04-18 16:00","A3",service="Cut"),
        ev("visit.completed","2026-06-01 16:00","A4",service="Cut"),
        ev("client.left","2026-12-01 16:00",None,reason="moved"),
    ]
    now = at("2026-01-05 12:00"); end = at("2027-02-10 12:00")
    while now < end:
        due = [e for e in events if e[0] <= now]
        for e in due:
            events.remove(e)
            with house.begin() as s:
                lock_contacts(s,[ana]); c=s.get_one(Contact,ana)
                receive_event(s, house.published, c, Seen(e[1], e[0], f"{e[1]}{e[0]}", e[2], e[3]), now)
        house.work(now)
        now += timedelta(hours=3)
    with house.begin() as s:
        rows = s.execute(select(Delivery, Enrolment).join(Enrolment, Enrolment.id==Delivery.enrolment_id).where(Delivery.contact_id==ana).order_by(Delivery.id)).all()
        for d,e in sorted(rows, key=lambda r:(r[0].handed_at or r[0].due_at or r[0].wake_at or r[0].created_at if hasattr(r[0],'created_at') else r[0].handed_at or r[0].due_at)):
            print((d.handed_at or d.due_at).strftime('%d %b %H:%M') if (d.handed_at or d.due_at) else '-', e.sequence, d.step, d.occasion, d.state, '|', d.reason)
        for e in s.scalars(select(Enrolment).where(Enrolment.contact_id==ana)): print(e.sequence, e.state, e.why, e.wake_at)
