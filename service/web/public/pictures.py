"""`/files/SHA256/NAME`: the pictures in mails. Their address is made of their content, so it is kept for ever."""

from __future__ import annotations

import io
import posixpath
import re

from flask import Blueprint, Response, abort, send_file

from service.store.publication import read_picture
from service.web.current import current_runtime

# The types that mail clients show. An SVG is a program, and no mail client draws it.
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
DIGEST = re.compile(r"[0-9a-f]{64}")

pictures = Blueprint("pictures", __name__)


@pictures.get("/files/<digest>/<name>")
def fetch(digest: str, name: str) -> Response:
    kind = TYPES.get(posixpath.splitext(name)[1].lower())
    if kind is None or not DIGEST.fullmatch(digest):
        abort(404)
    with current_runtime().session() as session:
        content = read_picture(session, digest, name)
    if content is None:
        abort(404)
    answer = send_file(io.BytesIO(content), mimetype=kind, download_name=name, etag=digest)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # webmail shows it from another site
    answer.headers["Content-Disposition"] = "inline"
    return answer
