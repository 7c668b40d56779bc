"""Finish the OpenAPI document: who may call an operation, its name, how callers show who they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask

OPEN_TO = "x-open-to"  # groups one of which is enough, or "public", or "signed in"
ABOUT = (
    "The Orchestration Cluster API v2 of Camunda 8, a documented subset: same paths, names, string keys and "
    "status codes. A caller can do nothing that its owner could not do in the pages. Every change takes an "
    "Idempotency-Key: sent again with the same key, the same request is done once."
)
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `bangvang token create`."},
    "basic": {"type": "http", "scheme": "basic", "description": "Name and password of a person."},
    "oauth": {
        "type": "oauth2",
        "description": "A service account.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
    },
}


def name_schemas() -> Callable[[Any], str]:
    """Return how schemas are named: by their class, with its module where two modules have one name."""
    taken: dict[str, Any] = {}

    def name(schema: Any) -> str:
        made: Any = resolve_schema_cls(schema)
        own = str(made.__name__).lstrip("_")
        if taken.setdefault(own, made) is made:
            return own
        noun = str(made.__module__).rpartition(".")[2].title().replace("_", "")
        return f"{noun}{own}"

    return name


def finish(document: dict[str, Any], app: Flask) -> dict[str, Any]:
    """Return the document of an application with names, security and audiences of its operations."""
    document["info"]["description"] = ABOUT
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    document["components"]["securitySchemes"] = SECURITY
    document["tags"] = [{**tag, "name": _tag(tag["name"])} for tag in document["tags"]]
    for rule in app.url_map.iter_rules():
        path = document["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
        for method in {method.lower() for method in rule.methods or ()} & set(path):
            _finish_operation(path[method], rule.endpoint, app)
    return document


def _finish_operation(operation: dict[str, Any], endpoint: str, app: Flask) -> None:
    blueprint, _, view = endpoint.rpartition(".")
    audiences = sorted(getattr(app.view_functions[endpoint], "audiences", ()))
    operation["operationId"] = f"{_tag(blueprint)}.{view}"
    operation["tags"] = [_tag(tag) for tag in operation["tags"]]
    operation["security"] = [] if "public" in audiences else [{name: []} for name in SECURITY]
    operation[OPEN_TO] = audiences


def _tag(name: str) -> str:
    return name.removeprefix("api_")
