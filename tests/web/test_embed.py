"""The script that puts a form into any page. `tests/browser` runs it; here it is what it should be."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from service.clock import machine_now
from service.domain.sequence.library import read_library
from service.web.public.embed import SCRIPT, describe, write_script
from tests.rendering.studio import shipped
from tests.web.shop import Shop

OURS = "http://127.0.0.1:8000/forms"


def facts(script: str) -> dict[str, object]:
    """What follows the script: an argument in JSON."""
    assert script.startswith(SCRIPT)
    found: dict[str, object] = json.loads(re.fullmatch(r"\((.*)\);\n", script[len(SCRIPT) :])[1])  # type: ignore[index]
    return found


def test_one_script_tag_brings_the_form(shop: Shop) -> None:
    answer = shop.client.get("/forms/checklist/embed.js")
    assert (answer.status_code, answer.content_type) == (200, "text/javascript; charset=utf-8")
    form = facts(answer.text)
    assert (form["action"], form["title"], form["button"]) == (f"{OURS}/checklist", "The checklist", "Send it to me")
    assert form["consent"] == "Yes, Glow Studio may write to me."
    assert [each["name"] for each in form["controls"]] == ["first_name", "email"]  # type: ignore[attr-defined]
    assert form["trap"] == "website"
    assert "thanks" not in form
    assert "Set-Cookie" not in answer.headers


def test_another_site_may_load_it(shop: Shop) -> None:
    answer = shop.client.get("/forms/checklist/embed.js", headers={"Origin": "https://glow.example"})
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_forms_that_ship_stay_under_8_kb(shop: Shop) -> None:
    library, _ = read_library(shipped())
    assert library is not None
    for form in library.business.forms:
        for language in ("en", "de"):
            described = json.dumps(describe(library, form, language, "https://mail.glow-studio.example"))
            assert len(SCRIPT) + len(described) + 100 < 8_000, form.slug
    for slug in ("checklist", "card", "long"):
        assert len(shop.client.get(f"/forms/{slug}/embed.js").data) < 8_000


def test_it_does_nothing_that_a_strict_policy_forbids() -> None:
    forbidden = (
        "eval",
        "innerHTML",
        "insertAdjacent",
        "document.write",
        "Function(",
        "setTimeout",
        "<style",
        ".style.",
    )
    assert [word for word in forbidden if word in SCRIPT] == []
    assert not re.search(r"\bon[a-z]+=|localStorage|sessionStorage|\.cookie|indexedDB", SCRIPT)
    assert 'credentials: "omit"' in SCRIPT
    assert "adoptedStyleSheets" in SCRIPT


def test_a_browser_keeps_it_for_minutes_and_then_asks_whether_it_changed(shop: Shop) -> None:
    first = shop.client.get("/forms/checklist/embed.js")
    assert first.cache_control.max_age == 300
    again = shop.client.get("/forms/checklist/embed.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = shop.client.get("/forms/card/embed.js", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_its_time_is_signed(shop: Shop) -> None:
    fill = str(facts(shop.client.get("/forms/checklist/embed.js").text)["fill"])
    made_at = float(shop.runtime.signer.read("fill", fill) or 0)
    assert abs(machine_now().timestamp() - made_at) < 60


def test_whatever_the_business_writes_stays_a_text() -> None:
    library, _ = read_library(shipped())
    assert library is not None
    words = "</script><!-- \"\\ \u2028 \u2029 é & ' ${1} `"
    script = write_script(describe(library, replace(library.business.forms[0], title=words), "en", "https://a.example"))
    tail = script[len(SCRIPT) :]
    assert tail.isascii()
    assert not set("<>&") & set(tail)
    assert facts(script)["title"] == words


def test_it_goes_where_the_form_says(shop: Shop) -> None:
    assert facts(shop.client.get("/forms/elsewhere/embed.js").text)["thanks"] == "https://glow.example/thanks"


@pytest.mark.parametrize("path", ["/forms/nope/embed.js", "/forms/checklist/embed.mjs"])
def test_there_is_none_for_what_is_no_form(shop: Shop, path: str) -> None:
    assert shop.client.get(path).status_code == 404
