"""One operation of the API: its route, the scope it needs, what it answers, and its description, said once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, TypeVar

from flask import Response, current_app, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.link import Link
from flask_openapi3.models.tag import Tag
from flask_openapi3.utils import parse_rule
from pydantic import BaseModel
from werkzeug.routing import IntegerConverter

from service.domain.access import MEANINGS, Scope
from service.web.api.auth import authorize
from service.web.api.body import LARGEST, read_body, refuse_addresses, refuse_nul

PREFIX = "/api/v1"
SCHEME = "key"
WITH_BODY = frozenset({"POST", "PATCH"})
ROW = "<row:id>"


class RowConverter(IntegerConverter):
    """The id of a row, as a bigint holds it.

    What is longer fits no pattern and is 404. With a `max` it would fit and be refused, and werkzeug would answer 405
    where the same path has another method.
    """

    regex = r"\d{1,18}"


View = TypeVar("View", bound=Callable[..., Response])

api = APIBlueprint("api", __name__, url_prefix=PREFIX)


def operation(
    method: Literal["get", "post", "patch", "delete"],
    rule: str,
    *,
    scope: Scope,
    answers: Mapping[int, type[BaseModel] | None],
    problems: Mapping[int, str] | None = None,
    leads_to: Mapping[str, Collection[str]] | None = None,
) -> Callable[[View], View]:
    """Make a view an operation. `problems` are those of its own, with a sentence each; the usual ones are added.

    `leads_to` names the operations that go on from an answer, by where in it (`items/0/id`) the parameter (`id`) of
    their path stands: links of OpenAPI, for readers and for programs that walk along them.
    """
    with_body = method.upper() in WITH_BODY

    def decorate(view: View) -> View:
        view.scope = scope  # type: ignore[attr-defined]  # `_enter` reads it again
        summary, _, description = (view.__doc__ or "").partition("\n")
        made: View = getattr(api, method)(
            rule,
            tags=[Tag(name=rule.split("/")[1])],
            summary=summary.strip().rstrip("."),
            description=_paragraphs(description) + f"Scope `{scope}`: {MEANINGS[scope]}.",
            operation_id=view.__name__,
            security=[{SCHEME: [scope]}],
            responses={**answers, **_problems(with_body, rule, problems or {})},
        )(view)
        described = getattr(api.paths[parse_rule(rule, url_prefix=PREFIX)], method).responses
        for status in answers if leads_to else ():
            described[str(status)].links = _links(leads_to or {})
        return made

    return decorate


def _links(leads_to: Mapping[str, Collection[str]]) -> dict[str, Link]:
    """https://spec.openapis.org/oas/v3.1.0#link-object"""
    return {
        name: Link(operationId=name, parameters={where.rpartition("/")[2]: f"$response.body#/{where}"})
        for where, names in leads_to.items()
        for name in names
    }


def _paragraphs(docstring: str) -> str:
    return "".join(" ".join(each.split()) + "\n\n" for each in docstring.split("\n\n") if each.strip())


def _problems(with_body: bool, rule: str, own: Mapping[int, str]) -> dict[int, Any]:
    usual = {401: "No key, or one that is not valid.", 403: "The key lacks the scope."}
    if "<" in rule:
        usual[404] = "There is no such thing."
    if with_body:
        usual |= {413: f"More than {LARGEST:,} bytes.", 415: "The body is not announced as JSON."}
    usual[422] = "Something in it does not fit; `errors` says where."
    usual[503] = "The database is away; nothing was changed. Try again after `Retry-After` seconds."
    return {status: _documented(status, words) for status, words in sorted((usual | dict(own)).items())}


def _documented(status: int, words: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    described: dict[str, Any] = {
        "description": words,
        "content": {"application/problem+json": {"schema": schema}},
    }
    header = {401: "WWW-Authenticate", 403: "WWW-Authenticate", 503: "Retry-After"}.get(status)
    if header:
        described["headers"] = {header: {"schema": {"type": "string"}}}
    return described


@api.before_request
def _enter() -> None:
    """Before anything of the request is looked at: who asks, may they, and can it be read."""
    authorize(getattr(current_app.view_functions[request.endpoint or ""], "scope", None))
    refuse_nul()
    refuse_addresses()
    if request.method in WITH_BODY:
        read_body()
