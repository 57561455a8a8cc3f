"""What every answer tells the browser not to do. A view that needs more says so itself; these fill the gaps."""

from __future__ import annotations

from flask import Flask, Response

from service.web.current import current_runtime

# Our pages have one style sheet, no script and no picture of anybody else's.
CONTENT = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
TWO_YEARS = 63_072_000  # seconds


def register(app: Flask) -> None:
    """Add the headers to every answer that does not have them."""
    plain = HEADERS | {"Content-Security-Policy": content_policy()}
    encrypted = plain | {"Strict-Transport-Security": f"max-age={TWO_YEARS}"}

    @app.after_request
    def add(response: Response) -> Response:
        headers = encrypted if current_runtime().settings.base_url.startswith("https://") else plain
        given = {name.lower() for name, _ in response.headers}
        for name, value in headers.items():
            if name.lower() not in given:
                response.headers.add(name, value)
        return response


def content_policy(**changes: str) -> str:
    """The Content-Security-Policy, with some directives changed (`form_action="'self' https:"`)."""
    policy = CONTENT | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in policy.items())
