"""`/magnets/TOKEN`: what somebody traded their address for: a file, an address of the web, a coupon.

GET    the file, or the way to the address; a page where there is a code to show or a next step to offer. Once its
       time is over, a page that says how to get it again
POST   then: the mail is sent once more, at most once an hour

`/magnets/TOKEN/file` is the file behind such a page. Coming by the mail's link is a click, like that on any link.
"""

from __future__ import annotations

import io
import mimetypes
import posixpath

import structlog
from babel.dates import format_date
from flask import Blueprint, Response, abort, redirect, render_template, request, send_file
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.actions.claim_magnet import Claim, ask_again, claim_magnet
from service.domain.hit import Kind
from service.domain.sequence.magnets import leads_to
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.magnet import Magnet, MagnetKind
from service.ports import Published
from service.rendering.address import mailbox
from service.store.journey import journey_now
from service.store.publication import read_file
from service.web.current import current_hits, current_network, current_runtime
from service.web.limits import current_limits
from service.web.problems import page
from service.web.public.language import language_of
from service.web.public.magnet_words import WORDS
from service.web.public.token import read_token
from service.web.tracking import for_header
from service.web.transaction import transact

FOLDER = "sequences/"

log = structlog.get_logger()
magnets = Blueprint("magnets", __name__)


@magnets.get("/magnets/<token>")
def fetch(token: str) -> AnyResponse:
    runtime = current_runtime()
    published = runtime.published()
    delivery_id, magnet = _read(published, token)
    with runtime.session() as session:
        claim = claim_magnet(session, published, delivery_id, magnet, journey_now(session))
    if _is_from_the_start():
        agent = request.headers.get("User-Agent", "")
        current_hits().add(Kind.CLICK, delivery_id, None, request.method, agent)
    if claim.is_over:
        return _page(published, magnet, claim, "over", 410)
    if magnet.next is not None or magnet.kind is MagnetKind.COUPON:
        return _page(published, magnet, claim, "open", token=token)
    return _file(published, magnet) if magnet.kind is MagnetKind.FILE else _elsewhere(magnet)


@magnets.get("/magnets/<token>/file")
def download(token: str) -> AnyResponse:
    runtime = current_runtime()
    published = runtime.published()
    delivery_id, magnet = _read(published, token)
    if magnet.kind is not MagnetKind.FILE:
        abort(404)
    with runtime.session() as session:
        claim = claim_magnet(session, published, delivery_id, magnet, journey_now(session))
    return _page(published, magnet, claim, "over", 410) if claim.is_over else _file(published, magnet)


@magnets.post("/magnets/<token>")
def again(token: str) -> AnyResponse:
    runtime = current_runtime()
    published = runtime.published()
    delivery_id, magnet = _read(published, token)
    with runtime.session() as session:
        claim = claim_magnet(session, published, delivery_id, magnet, journey_now(session))
    if not (claim.is_over and claim.can_come_again):
        return _page(published, magnet, claim, "over" if claim.is_over else "open", token=token)
    network = current_network()
    wait = current_limits().wait_for(network, f"magnet:{delivery_id}").seconds
    if wait:
        refused = page(429, WORDS[_language(published, claim)]["too_often"])
        refused.headers["Retry-After"] = str(wait)
        return refused

    def work(session: Session) -> bool:
        return ask_again(session, published, delivery_id, journey_now(session))

    sent = transact(runtime, work)
    runtime.bell.ring()
    return _page(published, magnet, claim, "sent" if sent else "over")


def _read(published: Published, token: str) -> tuple[int, Magnet]:
    """The mail and the magnet that a link names. Ends the request with 404 where there is no such link or magnet."""
    delivery_id, _, name = read_token("magnet", token).partition(".")
    magnet = published.library.business.magnet(name)
    if magnet is None:
        abort(404)
    return int(delivery_id), magnet


def _is_from_the_start() -> bool:
    """The rest of a download that was cut is no second click."""
    asked = request.range
    return asked is None or any(start in {0, None} for start, _ in asked.ranges)


def _file(published: Published, magnet: Magnet) -> Response:
    with current_runtime().session() as session:
        found = read_file(session, published.id, posixpath.normpath(FOLDER + magnet.what))
    if found is None:
        log.error("magnet.missing", magnet=magnet.name, path=magnet.what)
        abort(404)
    digest, content = found
    answer = send_file(
        io.BytesIO(content),
        mimetype=mimetypes.guess_type(magnet.what)[0] or "application/octet-stream",
        as_attachment=True,  # a file is no page of ours, whatever is in it
        download_name=posixpath.basename(magnet.what),
        etag=digest,
        max_age=0,
    )
    answer.cache_control.private = True  # whoever it was for, and for as long as the link holds
    return answer


def _elsewhere(magnet: Magnet) -> AnyResponse:
    try:
        address = for_header(magnet.what)
    except ValueError:
        log.error("magnet.no_destination", magnet=magnet.name)
        abort(404)
    return redirect(address, 302)


def _page(
    published: Published, magnet: Magnet, claim: Claim, state: str, status: int = 200, *, token: str = ""
) -> Response:
    business = published.library.business
    language = _language(published, claim)
    words = render_template(
        "magnet.html",
        private=True,
        business=business,
        language=language,
        words=WORDS[language],
        magnet=magnet,
        claim=claim,
        state=state,
        token=token,
        form=form_of(business, magnet, claim.form),
        next_link=leads_to(business, magnet.next.link) if magnet.next else "",
        worth=next((each.worth for each in business.coupons if each.name == magnet.what), ""),
        until=format_date(claim.expires, "long", locale=language) if claim.expires else "",
        business_address=mailbox(business.sender).address,
    )
    return Response(words, status, content_type="text/html; charset=utf-8")


def _language(published: Published, claim: Claim) -> str:
    return language_of(claim.contact, published.library.business)


def form_of(business: Business, magnet: Magnet, began: str) -> str:
    """The form to ask for a magnet again: the one that somebody came by, else the first that has it; or none."""
    offering = [form.slug for form in business.forms if form.magnet == magnet.name]
    return began if began in offering else next(iter(offering), "")
