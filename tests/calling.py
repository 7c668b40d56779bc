"""Programs that call the API of a whole site: a token for somebody, requests as the clients send them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from web import db, tokens

PROBLEM = {"type", "title", "status", "detail", "instance"}


@dataclass(frozen=True)
class Caller:
    """A program with the token of one person; "" for a stranger."""

    client: FlaskClient
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Return what the program shows at every request."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def get(self, path: str) -> TestResponse:
        """Ask for something under /v2."""
        return self.client.get(f"/v2{path}", headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send JSON under /v2; without a body as the clients do: a content type and nothing else."""
        told = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None:
            return self.client.post(f"/v2{path}", headers=told, content_type="application/json")
        return self.client.post(f"/v2{path}", json=body, headers=told)

    def deploy(self, *files: tuple[str, bytes], part: str = "resources", **options: Any) -> TestResponse:
        """Deploy files; `fields` are text parts beside them, other options are headers."""
        told = dict(options.pop("fields", {}))
        parts = [FileStorage(io.BytesIO(content), filename=name) for name, content in files]
        headers = self.headers | {name.replace("_", "-"): value for name, value in options.items()}
        content = told | ({part: parts} if parts else {})
        return self.client.post(
            "/v2/deployments", data=content, headers=headers, content_type="multipart/form-data"
        )


def as_person(app: Flask, login: str) -> Caller:
    """Return a program with a token of a person."""
    with app.test_request_context(method="POST"), db.transaction() as session:
        token = tokens.create(session, login, "test", "system", None)
    return Caller(app.test_client(), token)


def as_stranger(app: Flask) -> Caller:
    """Return a program without a token."""
    return Caller(app.test_client())


def problem(answer: TestResponse) -> Mapping[str, Any]:
    """Return the problem details of a refusal, with all that the clients need."""
    assert answer.content_type == "application/problem+json", answer.text[:300]
    told: dict[str, Any] = answer.json  # type: ignore[assignment]
    assert set(told) >= PROBLEM
    assert told["status"] == answer.status_code
    return told
