"""`/magnets/TOKEN`: the file that somebody traded their address for. Fetching it is a click, like that on any link."""

from __future__ import annotations

import io
import mimetypes
import posixpath

import structlog
from flask import Blueprint, Response, abort, request, send_file

from service.domain.hit import Kind
from service.store.publication import read_file
from service.web.current import current_hits, current_runtime
from service.web.public.token import read_token

FOLDER = "sequences/"

log = structlog.get_logger()
magnets = Blueprint("magnets", __name__)


@magnets.get("/magnets/<token>")
def fetch(token: str) -> Response:
    runtime = current_runtime()
    value = read_token("magnet", token)
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
    if "Range" not in request.headers:  # the rest of a download that was cut is no second click
        agent = request.headers.get("User-Agent", "")
        current_hits().add(Kind.CLICK, int(delivery_id), None, request.method, agent)
    digest, content = found
    return send_file(
        io.BytesIO(content),
        mimetype=mimetypes.guess_type(path)[0] or "application/octet-stream",
        as_attachment=True,  # a file is no page of ours, whatever is in it
        download_name=posixpath.basename(path),
        etag=digest,
    )
