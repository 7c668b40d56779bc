"""The API to be read: the OpenAPI document as a page of our own, without a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from web import api
from web.api.describing import OPEN_TO
from web.security import PUBLIC, open_to

blueprint = Blueprint("api_guide", __name__)
SCHEMA = "#/components/schemas/"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Property:
    """One property of an object: its type in words, the schema it leads to, "" for none."""

    name: str
    words: str
    schema: str
    required: bool


@dataclass(frozen=True)
class Body:
    """What is sent or answered: media type, and the schema it leads to or its type in words."""

    media: str
    words: str
    schema: str


@dataclass(frozen=True)
class Operation:
    """One operation as the page shows it; `answers` by status."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    open_to: tuple[str, ...]
    parameters: tuple[Property, ...]
    request: tuple[Body, ...]
    answers: tuple[tuple[str, str, tuple[Body, ...]], ...]


@blueprint.get("/api")
@open_to(PUBLIC)
def show() -> ResponseReturnValue:
    """Show every operation with what it takes, what it answers and who may call it."""
    document = api.describe()
    operations = list(_operations(document))
    groups = [
        (tag["name"], tag.get("description", ""), [one for name, one in operations if name == tag["name"]])
        for tag in document["tags"]
    ]
    schemas = [
        (name, list(_properties(schema)))
        for name, schema in sorted(document["components"]["schemas"].items())
    ]
    return render_template("api/guide.html", info=document["info"], groups=groups, schemas=schemas)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                told = methods[method]
                parameters = [*methods.get("parameters", ()), *told.get("parameters", ())]
                yield told["tags"][0], _operation(path, method, told, parameters)


def _operation(path: str, method: str, told: Mapping[str, Any], parameters: list[Any]) -> Operation:
    answers = {str(status): answer for status, answer in told["responses"].items() if status != "default"}
    return Operation(
        name=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told.get("summary", ""),
        description=told.get("description", ""),
        open_to=tuple(told[OPEN_TO]),
        parameters=tuple(
            Property(one["name"], _words(one["schema"]), "", one.get("required", False)) for one in parameters
        ),
        request=tuple(_bodies(told.get("requestBody", {}))),
        answers=tuple(
            (status, answer.get("description", ""), tuple(_bodies(answer)))
            for status, answer in sorted(answers.items())
        ),
    )


def _bodies(told: Mapping[str, Any]) -> Iterator[Body]:
    for media, content in told.get("content", {}).items():
        schema = content.get("schema", {})
        yield Body(media, _words(schema), _leads_to(schema))


def _properties(schema: Mapping[str, Any]) -> Iterator[Property]:
    required = set(schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        yield Property(name, _words(part), _leads_to(part), name in required)


def _words(schema: Mapping[str, Any]) -> str:
    """Return the type of a schema in few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(SCHEMA)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return " | ".join(dict.fromkeys(_words(one) for one in schema[choice]))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"[{_words(schema.get('items', {}))}]"
    if "properties" in schema:
        return "{" + ", ".join(schema["properties"]) + "}"
    kind = schema.get("type", "any")
    return " | ".join(kind) if isinstance(kind, list) else str(schema.get("format", kind))


def _leads_to(schema: Mapping[str, Any]) -> str:
    """Return the name of the first schema that one refers to, "" for none."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(SCHEMA)
    inner = [schema.get("items", {}), *schema.get("anyOf", ()), *schema.get("allOf", ())]
    return next((found for one in inner if one and (found := _leads_to(one))), "")
