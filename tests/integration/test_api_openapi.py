"""The OpenAPI document: valid by the standard, true about the routes, and a page to read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import html

from tests.site import open_site
from web import api
from web.security import audiences_of


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return api.describe()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    methods = ("get", "post", "put", "patch", "delete")
    return [
        (path, method, told)
        for path, item in document["paths"].items()
        for method, told in item.items()
        if method in methods
    ]


def test_the_document_is_published_to_everybody(app: Flask, document: dict[str, Any]) -> None:
    answer = app.test_client().get("/v2/openapi.json")

    assert answer.mimetype == "application/json"
    assert answer.json == document
    assert document["openapi"].startswith("3.1.")


def test_every_route_of_the_api_is_described(app: Flask, document: dict[str, Any]) -> None:
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower(), rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/v2/")
    }

    assert {(path, method) for path, method, _ in served} == {
        (path, method) for path, method, _ in operations(document)
    }
    for path, method, endpoint in served:
        told = document["paths"][path][method]
        assert set(told["x-open-to"]) == audiences_of(app, endpoint) != set()


def test_every_reference_leads_somewhere_and_every_name_is_used_once(document: dict[str, Any]) -> None:
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            found.extend([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(document)

    names = [told["operationId"] for _, _, told in operations(document)]
    assert len(names) == len(set(names))
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_operation_says_what_it_does_and_what_it_answers(document: dict[str, Any]) -> None:
    for path, method, told in operations(document):
        assert told["summary"].endswith((".", ";", ":")), (path, method)
        assert any(status.startswith("2") for status in told["responses"]), (path, method)


def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(
    app: Flask, document: dict[str, Any]
) -> None:
    answer = app.test_client().get("/api")

    page = html.fromstring(answer.text)
    shown = [text.strip() for text in page.xpath("//details/summary/code/text()")]
    assert answer.status_code == 200
    assert sorted(shown) == sorted(f"{method.upper()} {path}" for path, method, _ in operations(document))
    assert page.xpath("//script | //*[@style] | //style") == []
    assert all(address.startswith("/") for address in page.xpath("//link/@href | //img/@src"))
    anchors = set(page.xpath("//@id"))
    assert {link[1:] for link in page.xpath("//a/@href") if link.startswith("#")} <= anchors
