"""Word refusals of the API as its clients know them.

The title is the code of a rejection, else the phrase of the status; what a caller got wrong is named by
property.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import request

from engine.errors import BadInput, DeploymentRejected, EngineError, FormInvalid, Text

PREFIX = "/v2"
OAUTH = "/oauth"
TITLES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 409: "INVALID_STATE"}
# what a caller got wrong in the request itself; a rule of the domain that refuses stays 422
MALFORMED = (BadInput, FormInvalid, DeploymentRejected)


class InvalidRequest(EngineError):
    """Expected a request as the API describes it, but {problem}."""

    vi = "Yêu cầu không hợp lệ: {problem_vi}. Chưa có gì thay đổi; hãy sửa theo tài liệu API rồi gửi lại."
    en = "{problem}. Nothing was changed."
    status = 400

    def __init__(self, problem: Text, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        self.fields = {name: list(messages) for name, messages in (fields or {}).items()}
        super().__init__(problem=problem.en, problem_vi=problem.vi)


def is_asked() -> bool:
    """Tell whether the request is one of the API: it never gets a page."""
    return f"{request.path}/".startswith((f"{PREFIX}/", f"{OAUTH}/"))


def status_of(error: EngineError) -> int:
    """Return the status that the API answers a refusal with."""
    return 400 if isinstance(error, MALFORMED) else error.status


def title_of(status: int) -> str:
    """Return the title of problem details."""
    return TITLES.get(status) or HTTPStatus(status).phrase


def fields_of(error: EngineError) -> dict[str, list[str]] | None:
    """Return what is wrong by property; None for a refusal of the whole."""
    if isinstance(error, InvalidRequest):
        return error.fields
    if isinstance(error, FormInvalid):
        return {path: [text.text("en") for text in texts] for path, texts in error.messages.items()}
    if isinstance(error, DeploymentRejected):
        return {"resources": [finding.text("en") for finding in error.findings]}
    return None
