"""Read request bodies: no body is an empty object, what is no JSON object is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import flask
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

from engine.errors import Text
from web.rejections import InvalidRequest

DEPTH = 64  # of nested arrays and objects in a body
UNKNOWN = "Unknown field."  # marshmallow's words for a property that no schema has


class Parser(FlaskParser):
    """Webargs for these clients: JSON whatever its content type, errors as problem details."""

    DEFAULT_VALIDATION_STATUS = 400

    def _raw_load_json(self, req: flask.Request) -> Any:
        return load_json(req.get_data(cache=True))

    def handle_error(
        self,
        error: ValidationError,
        req: flask.Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Raise InvalidRequest with the name of every wrong property."""
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]
        fields = dict(_flatten(messages.get("json", messages.get("query", messages))))
        raise InvalidRequest(_first_problem(fields), fields) from error


def load_json(content: bytes) -> dict[str, Any]:
    """Return a body as an object, {} for an empty one; raises InvalidRequest."""
    if not content.strip():
        return {}
    try:
        body = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(
            Text("nội dung không phải JSON", f"Request body cannot be parsed as JSON: {error}")
        ) from error
    if not isinstance(body, dict):
        raise InvalidRequest(
            Text("nội dung phải là một đối tượng JSON", "Request body must be a JSON object")
        )
    _refuse_unstorable(body, 0)
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _refuse_unstorable(value: Any, depth: int) -> None:
    """Refuse what no database keeps: zero bytes, halves of characters; and what is nested too deep."""
    if depth > DEPTH:
        raise InvalidRequest(
            Text(f"dữ liệu lồng nhau quá {DEPTH} lớp", f"Request body is nested deeper than {DEPTH} levels")
        )
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise InvalidRequest(
                Text(
                    "văn bản chứa ký tự không lưu được",
                    "A text of the request holds characters that cannot be kept",
                )
            )
    elif isinstance(value, dict):
        for name, part in value.items():
            _refuse_unstorable(name, depth)
            _refuse_unstorable(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _refuse_unstorable(part, depth + 1)


def _flatten(messages: Any, path: str = "") -> list[tuple[str, list[str]]]:
    if isinstance(messages, Mapping):
        return [
            found
            for name, below in messages.items()
            for found in _flatten(below, path if name == "_schema" else f"{path}.{name}".lstrip("."))
        ]
    return [(path, [str(message) for message in messages] if isinstance(messages, list) else [str(messages)])]


def _first_problem(fields: Mapping[str, Sequence[str]]) -> Text:
    for name, messages in fields.items():
        if UNKNOWN in messages:
            return Text(f"không có thuộc tính [{name}]", f"Request property [{name}] cannot be parsed")
    name, messages = next(iter(fields.items()), ("", ["it is not valid"]))
    reason = messages[0].rstrip(".")
    return Text(f"thuộc tính [{name}]: {reason}", f"Request property [{name}]: {reason}")
