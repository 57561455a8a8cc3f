"""The topics as they stand on the pages of choices: marketing, and what belongs to what somebody booked."""

from __future__ import annotations

from typing import NamedTuple

from service.domain.consent import what_bars
from service.domain.sequence.model.business import Business, Topic
from service.web.public.recipient import Recipient, is_subscribed, title_of


class Line(NamedTuple):
    """One topic. `state` is `on`, `off`, or `barred`: off, and not to be had back by a press."""

    name: str
    title: str
    state: str


def marketing(business: Business, recipient: Recipient) -> list[Line]:
    """What comes, and what was left; topics that never concerned the person are not listed."""
    named = {line.topic for line in recipient.standing.suppressed}
    topics = [topic for topic in business.topics if topic.basis != "service"]
    return [_line(business, recipient, each) for each in topics if is_subscribed(recipient, each) or each.name in named]


def services(business: Business, recipient: Recipient) -> list[Line]:
    """What people need for what they booked, all of it: it stays where everything else is left."""
    return [_line(business, recipient, topic) for topic in business.topics if topic.basis == "service"]


def _line(business: Business, recipient: Recipient, topic: Topic) -> Line:
    title = title_of(business, topic.name, recipient.language)
    if is_subscribed(recipient, topic):
        return Line(topic.name, title, "on")
    return Line(topic.name, title, "off" if what_bars(recipient.standing, topic) is None else "barred")
