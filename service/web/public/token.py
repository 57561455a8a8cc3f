"""What one of our links holds."""

from __future__ import annotations

from flask import abort

from service.domain.token import Purpose
from service.web.current import current_runtime


def read_token(purpose: Purpose, token: str) -> str:
    """The value of a link's token. Ends the request with 404 where the token is none of ours, or for another page."""
    value = current_runtime().signer.read(purpose, token)
    if value is None:
        abort(404)
    return value
