from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from werkzeug.serving import make_server

from service.domain.access import OF_THE_API
from service.web.api.refusal import KINDS
from tests.web.api.office import Office

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def test_the_description_is_valid_openapi_3_1(office: Office) -> None:
    assert office.description["openapi"].startswith("3.1")
    validate(office.description)


def test_every_operation_says_what_it_needs_and_how_it_may_fail(office: Office) -> None:
    for path, methods in office.description["paths"].items():
        for method, operation in methods.items():
            usual = {"401", "403", "422", "503"} | ({"413", "415"} if method in {"post", "patch"} else set())
            usual |= {"404"} if "{" in path else set()
            assert usual <= set(operation["responses"]), (method, path)
            [[scope]] = [each["key"] for each in operation["security"]]
            assert scope in OF_THE_API
            assert operation["summary"]
            assert scope in operation["description"]
            for status, answer in operation["responses"].items():
                kind = "application/json" if int(status) < 300 else "application/problem+json"
                assert status == "204" or list(answer["content"]) == [kind]
                assert answer["description"]


def test_every_link_leads_from_an_answer_to_an_operation_and_fills_in_its_path(office: Office) -> None:
    operations = {
        each["operationId"]: (path, each)
        for path, methods in office.description["paths"].items()
        for each in methods.values()
    }
    walked = set()
    for _, operation in operations.values():
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                path, _ = operations[link["operationId"]]
                assert all(f"{{{name}}}" in path for name in link["parameters"]), link
                walked.add(link["operationId"])
    # Whatever needs to know which one, is led to from where that can be found.
    assert {name for name, (path, _) in operations.items() if "{" in path} == walked


def test_every_scope_and_type_of_problem_is_listed(office: Office) -> None:
    introduction = office.description["info"]["description"]
    for name in [*OF_THE_API, *KINDS]:
        assert f"{name}`" in introduction


def test_the_examples_are_what_the_api_takes(office: Office) -> None:
    def example(path: str, method: str = "post") -> object:
        body = office.description["paths"][f"/api/v1{path}"][method]["requestBody"]
        return body["content"]["application/json"]["example"]

    made = office.post("/contacts", example("/contacts"))
    assert made.status_code == 201
    assert office.post("/sequences/tips/enrolments", example("/sequences/{key}/enrolments")).status_code == 201
    assert office.post("/events", example("/events")).status_code == 202
    assert office.patch(f"/contacts/{made.json['id']}", example("/contacts/{id}", "patch")).status_code == 200
    assert office.post("/deliveries/9/resolve", example("/deliveries/{id}/resolve")).status_code == 404


def test_the_page_and_all_its_parts_come_from_here(office: Office) -> None:
    page = office.client.get("/api/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for part in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger.svg", "start.js"):
        assert f"/api/docs/{part}" in page.text
        assert office.client.get(f"/api/docs/{part}").status_code == 200
    assert office.client.get("/api/docs/plugins.py").status_code == 404


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, office.app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    serving.join()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_shows_the_page_without_a_complaint(address: str, tmp_path: Path) -> None:
    seen = subprocess.run(
        [
            CHROMIUM or "",
            *QUIET,
            f"--user-data-dir={tmp_path}",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            "--dump-dom",
            f"{address}/api/docs",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Create a contact, or update the one of this address" in seen.stdout
    complaints = [line for line in seen.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []
