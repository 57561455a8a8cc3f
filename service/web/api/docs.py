"""The description of the API, OpenAPI 3.1, and a page to try it: Swagger UI, all of it from here."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from flask import Blueprint, Response, current_app, send_from_directory
from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.openapi import OpenAPI

from service.domain.access import MEANINGS, OF_THE_API
from service.web.api.operation import PREFIX, SCHEME
from service.web.api.refusal import KINDS, URN, Problem, misshapen
from service.web.security import content_policy

ASSETS = {
    "swagger-ui.css": "css/swagger-ui.css",
    "swagger-ui-bundle.js": "js/swagger-ui-bundle.js",
    "swagger.svg": "images/swagger.svg",
}

DAY = 86_400  # seconds for which a browser may keep them

docs = Blueprint("docs", __name__)


def describe(app: OpenAPI) -> None:
    """Tell the app what its description says beside the operations, and how to say that a request is misshapen."""
    app.info = Info(title="Everafter", version="1", summary="Programs tell what they saw, and ask what happened.")
    app.info.description = _introduction()
    app.security_schemes = {
        SCHEME: SecurityScheme(type="http", scheme="bearer", description="A key of `everafter key create NAME`.")
    }
    app.validation_error_model = Problem
    app.validation_error_callback = misshapen


def _introduction() -> str:
    scopes = "\n".join(f"| `{scope}` | {meaning} |" for scope, meaning in MEANINGS.items() if scope in OF_THE_API)
    kinds = "\n".join(f"| `{URN}{name}` | {kind.status} | {kind.title} |" for name, kind in KINDS.items())
    return INTRODUCTION.format(scopes=scopes, kinds=kinds)


INTRODUCTION = """\
Send JSON in UTF-8, at most 1 MB, with `Authorization: Bearer ea_…`; `everafter key create NAME` makes a key. Times are
ISO 8601; one without an offset is the contact's local time; answers are in UTC. Lists come in pages: give `next` of one
as `cursor` of the following. POST to contacts, events and enrolments takes an `Idempotency-Key`, so that a request that
got no answer may be sent again.

<details><summary>Scopes: ask for no more than a program needs</summary>

| scope | the key may |
|---|---|
{scopes}

</details>

<details><summary>Errors: problem documents (RFC 9457), told apart by their type</summary>

What does not fit in a request stands in `errors`, each with a JSON pointer (`/3/email`) or the parameter's name.

| type | status | |
|---|---|---|
{kinds}

</details>
"""


@docs.get(f"{PREFIX}/openapi.json")
def openapi() -> Response:
    """The description, generated from the types that read and write every request."""
    return Response(json.dumps(cast(OpenAPI, current_app).api_doc, ensure_ascii=False), mimetype="application/json")


@docs.get("/api/docs")
def page() -> Response:
    answer = Response(PAGE, mimetype="text/html")
    # Swagger UI draws its icons from data: and asks our API; nothing else may leave or enter the page.
    answer.headers["Content-Security-Policy"] = content_policy(
        script_src="'self'", connect_src="'self'", img_src="'self' data:", form_action="'none'"
    )
    return answer


@docs.get("/api/docs/start.js")
def start() -> Response:
    return Response(START, mimetype="text/javascript")


@docs.get("/api/docs/<any({}):name>".format(", ".join(f"'{name}'" for name in ASSETS)))
def asset(name: str) -> Response:
    """A file of Swagger UI, out of the installed package."""
    return send_from_directory(_folder(), ASSETS[name], max_age=DAY)


def _folder() -> Path:
    package = find_spec("flask_openapi3_swagger")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "templates" / "swagger"


PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Everafter API</title>
<link rel="icon" href="/api/docs/swagger.svg">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""

START = """\
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
});
"""
