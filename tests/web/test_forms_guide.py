"""`docs/forms.md`: every example in it is published, loaded, posted or run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from werkzeug.serving import make_server

from service.actions.publish import Edition, publish
from service.settings import ROOT
from service.store.contact import Consent
from service.web.public.questions import HONEYPOT
from tests.web.shop import FILES, PDF, Shop
from tests.web.test_forms import Page

GUIDE = (ROOT / "docs" / "forms.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
SITE = "https://mail.glow.example"
ASKED = [(text, json.loads(told)) for (kind, text), (_, told) in pairwise(BLOCKS) if kind == "sh"]
BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
topics:
  Tips and ideas: {}
fields:
  favourite_drink: text
magnets:
  checklist: files/checklist.pdf
"""


def blocks(kind: str) -> list[str]:
    return [text for each, text in BLOCKS if each == kind]


@pytest.fixture
def salon(open_shop: Callable[..., Shop]) -> Shop:
    """The salon of the guide."""
    shop = open_shop(form_limits="off", base_url=SITE)
    tips = FILES["sequences/tips.md"].replace(b"form: checklist", b"form: salon-checklist")
    files = {
        "sequences/business.yaml": (BUSINESS + "".join(blocks("yaml"))).encode(),
        "sequences/tips.md": tips,
        "sequences/files/checklist.pdf": PDF,
    }
    with shop.runtime.session() as session:
        publish(session, Edition(files, set()))
    return shop


@pytest.fixture
def address(salon: Shop) -> Iterator[str]:
    """The salon on a port of this machine."""
    server = make_server("127.0.0.1", 0, salon.client.application, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


def test_the_guide_shows_an_example_of_each_way() -> None:
    assert [len(blocks(kind)) for kind in ("yaml", "html", "csp", "sh")] == [2, 2, 1, 4]
    assert f"{SITE}/forms/salon-checklist\n" in GUIDE


def test_the_link_and_the_script_lead_to_the_form(salon: Shop) -> None:
    (link,) = re.findall(rf"^    {SITE}(\S+)$", GUIDE, re.MULTILINE)
    assert "Send me the checklist" in salon.client.get(link).text
    (tag,) = Page(blocks("html")[0]).all("script")
    script = salon.client.get(str(tag["src"]).removeprefix(SITE))
    assert script.status_code == 200
    attributes = re.findall(r"^\| `data-(\w+)=", GUIDE, re.MULTILINE)
    assert attributes
    assert [
        name for name in attributes if f"settings.{name}" not in script.text and f"{{ {name} }}" not in script.text
    ] == []
    assert {"var(--everafter-accent", "var(--everafter-on-accent"} <= set(
        re.findall(r"var\(--everafter[a-z-]+", script.text)
    )


def test_the_policy_that_the_guide_asks_for_names_us_and_nobody_else(salon: Shop) -> None:
    (policy,) = blocks("csp")
    directives = dict(each.split() for each in policy.strip().split("; "))
    assert directives == {"script-src": SITE, "connect-src": SITE}
    script = salon.client.get("/forms/salon-checklist/embed.js").text
    assert {f"{SITE}/forms/salon-checklist"} == set(re.findall(r'https?://[^"]*', script))


def test_the_plain_form_is_taken(salon: Shop) -> None:
    page = Page(blocks("html")[1])
    (form,) = page.all("form")
    fields = {str(each["name"]): each.get("value") or "" for each in page.all("input")}
    assert fields[HONEYPOT] == ""
    filled = fields | {"email": "ana@example.org", "first_name": "Ana"}
    answer = salon.client.post(urlsplit(str(form["action"])).path, data=filled)
    assert answer.status_code == 303
    assert salon.contact().first_name == "Ana"
    assert {each.page for each in salon.all(Consent)} == {"https://glow.example/hair"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(("command", "told"), ASKED)
def test_what_the_guide_runs_answers_as_it_says(address: str, command: str, told: dict[str, object]) -> None:
    program, *words = shlex.split(command.replace(SITE, address))
    ran = subprocess.run([program, "--silent", "--show-error", *words], capture_output=True, check=True, timeout=60)
    answer = json.loads(ran.stdout)
    assert {name: answer[name] for name in told} == told


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_cards_tick_is_a_consent(salon: Shop, address: str) -> None:
    (command,) = [text for text, _ in ASKED if "comment-card" in text]
    subprocess.run(shlex.split(command.replace(SITE, address)), capture_output=True, check=True, timeout=60)
    assert [(each.form, each.channel) for each in salon.all(Consent)] == [("comment-card", "email")]
    assert salon.contact().birthday == "05-24"
