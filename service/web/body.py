"""What a request carries: all of it, or none. A view that takes more or less than others says so before it reads, by
`request.max_content_length` (bytes)."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import get_input_stream


class WholeRequest(Request):
    """Flask's request, but for two things that werkzeug keeps silent about: of a body that comes in pieces, without
    its length, it reads as much as is allowed; and one that was cut on its way ends where it was cut. And for one over
    which it falls: a query of odd bytes."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, however it is read from here on. Raises RequestEntityTooLarge, ClientDisconnected.

        In pieces the server can't tell a cut from an end; with a length, as browsers send it, we can.
        """
        largest, length = self.max_content_length or 0, self.content_length or 0
        if length > largest:
            raise RequestEntityTooLarge
        body = get_input_stream(self.environ, max_content_length=largest + 1).read()
        if len(body) > largest:
            raise RequestEntityTooLarge
        if len(body) < length:
            raise ClientDisconnected
        return BytesIO(body)

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """What stands behind the `?` of the address. Raises BadRequest where it is no UTF-8."""
        try:
            return super().args
        except UnicodeDecodeError:
            raise BadRequest("The address is not UTF-8.") from None
