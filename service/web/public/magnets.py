"""`/magnets/TOKEN`: the file that somebody traded their address for."""

from __future__ import annotations

import io
import mimetypes
import posixpath

import structlog
from flask import Blueprint, Response, abort, request, send_file
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.ports import Published
from service.store.delivery import Delivery
from service.store.event import Event
from service.store.journey import journey_now
from service.store.publication import read_file
from service.web.current import current_runtime
from service.web.transaction import transact

FOLDER = "sequences/"

log = structlog.get_logger()
magnets = Blueprint("magnets", __name__)


@magnets.get("/magnets/<token>")
def fetch(token: str) -> Response:
    runtime = current_runtime()
    value = runtime.signer.read("magnet", token)
    if value is None:
        abort(404)
    delivery_id, _, key = value.partition(".")
    published = runtime.published()
    path = dict(published.library.business.magnets).get(key)
    if path is None:
        abort(404)
    with runtime.session() as session:
        found = read_file(session, published.id, posixpath.normpath(FOLDER + path))
    if found is None:
        log.error("magnet.missing", magnet=key, path=path)
        abort(404)
    if request.method == "GET":
        transact(runtime, lambda session: note_download(session, published, int(delivery_id), key))
    digest, content = found
    return send_file(
        io.BytesIO(content),
        mimetype=mimetypes.guess_type(path)[0] or "application/octet-stream",
        as_attachment=True,  # a file is no page of ours, whatever is in it
        download_name=posixpath.basename(path),
        etag=digest,
    )


def note_download(session: Session, published: Published, delivery_id: int, key: str) -> None:
    """The event `download`, once a delivery and file. Nothing moves because of it: machines open links too."""
    contact_id = session.scalar(select(Delivery.contact_id).where(Delivery.id == delivery_id))
    if contact_id is None:  # the person was forgotten; the file is theirs all the same
        return
    event = {
        "contact_id": contact_id,
        "name": "download",
        "at": journey_now(session),
        "key": f"{delivery_id}:{key}",
        "data": {"magnet": key, "delivery": delivery_id, "publication": published.id},
    }
    session.execute(insert(Event).values(event).on_conflict_do_nothing())
