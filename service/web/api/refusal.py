"""How the API says no: a problem document (RFC 9457) with a type for each reason a program may tell apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from flask import Response, abort, request
from pydantic import BaseModel, Field, ValidationError

from service.domain.field import Unfit
from service.web.api.paging import BadCursor
from service.web.problems import problem

URN = "urn:everafter:"
MOST = 100  # things that don't fit, of which an answer tells
READS = frozenset({"GET", "HEAD", "DELETE"})
ONE, MANY = "«one»", "«many»"  # pydantic's names for the two shapes of a body, in front of where something stands in it


@dataclass(frozen=True, slots=True)
class Kind:
    status: int
    title: str


KINDS: dict[str, Kind] = {
    "no-key": Kind(401, "A key is needed"),
    "unknown-key": Kind(401, "This key is not valid"),
    "scope": Kind(403, "This key may not do that"),
    "not-found": Kind(404, "There is no such thing"),
    "unknown-contact": Kind(404, "There is no such contact"),
    "address-taken": Kind(409, "Another contact has this address"),
    "not-let-in": Kind(409, "The sequence does not let this person in"),
    "not-uncertain": Kind(409, "This delivery takes no such word"),
    "not-qualified": Kind(409, "The friend has not been here yet"),
    "cant-merge": Kind(409, "These two can't be made one"),
    "too-late": Kind(409, "It comes too late"),
    "code-used": Kind(409, "This code is worth nothing any more"),
    "needs-reason": Kind(409, "Say why"),
    "task-over": Kind(409, "This task is over"),
    "not-json": Kind(415, "Send JSON"),
    "unreadable": Kind(422, "This can't be read"),
    "invalid": Kind(422, "Something in it does not fit"),
    "key-reused": Kind(422, "This Idempotency-Key was used for something else"),
}


class Wrong(BaseModel):
    """One thing that does not fit, in the body (`pointer`, RFC 6901) or in the query (`parameter`)."""

    detail: str
    code: str = Field(description="For programs: `missing`, `extra_forbidden`, `unknown-contact` …")
    pointer: str | None = Field(default=None, description="Where in the body, like `/3/email`.")
    parameter: str | None = None


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="`urn:everafter:…`, or `about:blank` where the status says it all.")
    title: str
    status: int
    detail: str = Field(description="A sentence on what is wrong and what to do.")
    request: str = Field(description="The request's id, as in our logs.")
    errors: list[Wrong] | None = None


def refuse(kind: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> NoReturn:
    """End the request, and undo its unit of work, with this problem."""
    abort(refusal(kind, detail, headers=headers, **members))


def refusal(kind: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> Response:
    """The problem document of a kind."""
    known = KINDS[kind]
    answer = problem(known.status, detail, type=URN + kind, title=known.title, **members)
    answer.headers.update(headers or {})
    return answer


def invalid(wrongs: Iterable[Wrong]) -> Response:
    """422 with what does not fit."""
    errors = [wrong.model_dump(exclude_none=True) for wrong in wrongs]
    several = f"{len(errors)} things in this request do not fit; see `errors`."
    return refusal("invalid", errors[0]["detail"] if len(errors) == 1 else several, errors=errors[:MOST])


def unfit(error: Unfit) -> Response:
    """What the actions found."""
    return invalid(Wrong(detail=fault.sentence, code=fault.code, pointer=pointer(fault.path)) for fault in error.faults)


def misshapen(error: ValidationError) -> Response:
    """What pydantic found. Reads have no body, so there it is the query."""
    return invalid(_wrong(each) for each in error.errors(include_url=False, include_input=False, include_context=False))


def pointer(path: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(each).replace("~", "~0").replace("/", "~1") for each in path)


def _wrong(error: Any) -> Wrong:
    path, detail = list(error["loc"]), error["msg"].removeprefix("Value error, ")
    is_extra = error["type"] == "extra_forbidden"
    if path[:1] in ([ONE], [MANY]) and not (is_extra and len(path) == 1):  # a field of that name has nothing behind it
        del path[0]
    if is_extra:
        detail = f"There is no field “{str(path[-1])[:80]}” here."
    return _placed(path, detail, error["type"])


def _placed(path: list[str | int], detail: str, code: str) -> Wrong:
    """Where it stands: in the query of what has no body, else in the body."""
    if request.method in READS:
        return Wrong(detail=detail, code=code, parameter=".".join(map(str, path)))
    return Wrong(detail=detail, code=code, pointer=pointer(path))


def cursor_refused(_: BadCursor) -> Response:
    """A cursor that is none of ours."""
    sentence = "This is no cursor; take `next` of the page before."
    return invalid([_placed(["cursor"], sentence, "cursor")])
