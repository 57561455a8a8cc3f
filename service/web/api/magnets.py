"""`/magnets`: the lead magnets in force. Their source is git; here they are read."""

from __future__ import annotations

from flask import Response
from pydantic import Field

from service.domain.access import Scope
from service.domain.sequence.magnets import leads_to
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.magnet import Magnet, MagnetKind
from service.web.api.operation import operation
from service.web.api.schema import Out
from service.web.api.unit import Unit, read
from service.web.current import current_runtime


class NextOut(Out):
    """The friendly next step on a magnet's page."""

    text: str
    url: str = Field(description="Where it leads.")


class MagnetOut(Out):
    """What people sign up for. Each gets a link of their own by mail."""

    name: str = Field(description="What a letter calls it: `magnet:NAME`.")
    kind: MagnetKind
    what: str = Field(description="The path of a file beside business.yaml, an address, or the name of a coupon.")
    title: str
    valid: str | None = Field(description="How long the link in a mail works; null where its coupon says so.")
    next: NextOut | None
    forms: list[str] = Field(description="The slugs of the forms that give it.")


class MagnetList(Out):
    """All magnets that are published."""

    items: list[MagnetOut]


@operation("get", "/magnets", scope=Scope.FORMS_READ, answers={200: MagnetList})
def list_magnets() -> Response:
    """List the lead magnets in force."""

    def look(unit: Unit) -> MagnetList:
        business = unit.published.library.business
        return MagnetList(items=[_described(business, each) for each in business.magnets])

    return read(look)


def _described(business: Business, magnet: Magnet) -> MagnetOut:
    return MagnetOut(
        name=magnet.name,
        kind=magnet.kind,
        what=magnet.what,
        title=magnet.title,
        valid=None if magnet.kind is MagnetKind.COUPON else str(magnet.valid),
        next=_next(business, magnet),
        forms=[form.slug for form in business.forms if form.magnet == magnet.name],
    )


def _next(business: Business, magnet: Magnet) -> NextOut | None:
    if magnet.next is None:
        return None
    url = leads_to(business, magnet.next.link)
    return NextOut(text=magnet.next.text, url=current_runtime().settings.base_url + url if url[0] == "/" else url)
