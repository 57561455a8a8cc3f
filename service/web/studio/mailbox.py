"""`/mailbox`: the letters that the development mailbox received, as they arrive, and each person's story in them.

It shows everybody's mail, so only a browser on this machine may read it. What a mail contains is never trusted: its
HTML lives in a sandboxed frame without scripts, and no address of a person stands in a URL.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request, send_file
from sqlalchemy.exc import SQLAlchemyError

from service.domain.sequence.model.business import Business
from service.local.home import Home
from service.runtime import NothingPublished
from service.settings import LOOPBACK
from service.store.journey import shifted_now
from service.web.current import current_runtime
from service.web.network import is_local
from service.web.security import content_policy
from service.web.studio import story
from service.web.studio.maildir import Mail, Summary, find, read_mail, read_summaries

PAGE = 100  # letters
PEOPLE = 30  # in the row of people
SHOWN = 200_000  # characters of a text or a source; the whole is a download
VIEWS = {"letter": "Letter", "text": "Text", "headers": "Headers", "source": "Source"}

# A letter's pictures may come from anywhere, as in any mail program; nothing else may come, and nothing runs.
LETTER_POLICY = (
    "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
IN_A_NEW_TAB = '<base target="_blank">'

STATIC = Path(__file__).parent / "static" / "mailbox"
VERSION = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(STATIC.iterdir()))).hexdigest()[:12]

mailbox = Blueprint(
    "mailbox",
    __name__,
    url_prefix="/mailbox",
    template_folder="templates",
    static_folder="static/mailbox",
    static_url_path="/static",
)


@mailbox.before_request
def only_this_machine() -> None:
    """Neither another machine, nor a page that has made its own name point at this one (DNS rebinding)."""
    base = urlsplit(current_runtime().settings.base_url).hostname
    host = urlsplit(f"//{request.host}").hostname
    if not is_local(request) or host not in {*LOOPBACK, base}:
        abort(403, "The development mailbox shows everybody's mail, so it can be read on its own machine only.")


@mailbox.get("")
def show_all() -> Response:
    """All letters, the newest first; with `?person=` one person's, in the order in which they came."""
    zone, person, page = _zone(), request.args.get("person", ""), max(1, request.args.get("page", 1, int))
    letters = _letters()
    chosen = [each for each in letters if each.person == person] if person else letters
    if person:
        chosen.reverse()
    first = story.local_day(chosen[0], zone) if person and chosen else None
    answer = make_response(
        render_template(
            "mailbox/letters.html",
            days=story.days(chosen[(page - 1) * PAGE : page * PAGE], zone, first),
            people=story.people(letters, PEOPLE),
            person=story.line(chosen[0], zone) if person and chosen else None,
            count=len(chosen),
            page=page,
            more=len(chosen) > page * PAGE,
            now=_journey_now(zone),
            business=_business(),
            version=VERSION,
        )
    )
    answer.headers["Content-Security-Policy"] = content_policy(script_src="'self'", connect_src="'self'")
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@mailbox.get("/messages.json")
def list_messages() -> Response:
    """The newest letters for programs, the newest first."""
    return jsonify(
        [
            {
                "id": each.id,
                "to": each.to,
                "from": each.sender,
                "subject": each.subject,
                "message_id": each.message_id,
                "journey_at": _iso(each.journey_at) if each.journey_at else None,
                "received_at": _iso(each.received_at),
                "person": each.person,
            }
            for each in _letters()
        ]
    )


@mailbox.get("/<mail_id>")
def show_one(mail_id: str) -> Response:
    """One letter, beside the person's others."""
    path = _find(mail_id)
    mail = read_mail(path)
    view = _view(mail)
    letters = _letters()
    summary = next((each for each in letters if each.id == mail_id), None)
    if summary is None:
        abort(404)
    zone = _zone()
    theirs = [each for each in reversed(letters) if each.person == summary.person]
    at = theirs.index(summary)
    shown = theirs[max(0, at - PAGE // 2) : at + PAGE // 2]
    answer = make_response(
        render_template(
            "mailbox/letter.html",
            summary=summary,
            letter=story.line(summary, zone),
            mail=mail,
            view=view,
            views=VIEWS,
            days=story.days(shown, zone, story.local_day(theirs[0], zone)),
            at=f"{summary.at.astimezone(zone):%A, %-d %B %Y, %H:%M}",
            received=f"{summary.received_at.astimezone(zone):%-d %B %Y, %H:%M:%S}",
            shown=SHOWN,
            source=_source(path) if view == "source" else "",
            business=_business(),
            version=VERSION,
        )
    )
    answer.headers["Content-Security-Policy"] = content_policy(frame_src="'self'")
    return answer


@mailbox.get("/<mail_id>/letter")
def show_letter(mail_id: str) -> Response:
    """The HTML of a letter, for its frame; its links open in new tabs."""
    html = read_mail(_find(mail_id)).html
    if html is None:
        abort(404)
    head = HEAD.search(html)
    at = head.end() if head else 0
    answer = Response(f"{html[:at]}{IN_A_NEW_TAB}{html[at:]}", content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = LETTER_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@mailbox.get("/<mail_id>/message.eml")
def download(mail_id: str) -> Response:
    """The mail, byte for byte as it is kept."""
    path = _find(mail_id)
    return send_file(
        path, mimetype="message/rfc822", as_attachment=True, download_name=f"{mail_id[:40]}.eml", max_age=0
    )


def _folder() -> Path:
    return Home(current_runtime().settings.home).mailbox


def _letters() -> list[Summary]:
    return read_summaries(_folder())


def _find(mail_id: str) -> Path:
    path = find(_folder(), mail_id)
    if path is None:
        abort(404, "This letter is not here. The mailbox keeps the newest two thousand.")
    return path


def _view(mail: Mail) -> str:
    """The view that was asked for, else the first that the mail has."""
    asked = request.args.get("view", "")
    if asked in VIEWS and not (asked == "letter" and mail.html is None):
        return asked
    return "letter" if mail.html is not None else "text"


def _source(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(SHOWN + 1).decode("utf-8", "backslashreplace")


def _business() -> Business | None:
    """None where nothing is published yet, or the database is away: the letters are there all the same."""
    try:
        return current_runtime().published().library.business
    except (NothingPublished, SQLAlchemyError):
        return None


def _zone() -> tzinfo:
    business = _business()
    return ZoneInfo(business.zone) if business else UTC


def _journey_now(zone: tzinfo) -> str | None:
    """Journey time for the page's clock, where it runs apart from the machine's."""
    try:
        with current_runtime().session() as session:
            now = shifted_now(session)
    except SQLAlchemyError:
        return None
    return f"{now.astimezone(zone):%A, %-d %B %Y, %H:%M}" if now else None


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
