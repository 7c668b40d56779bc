"""The Camunda 8 REST API under /v2, served with flask-smorest: one module per noun.

Views are thin: they read the request, ask or change through `engine` and `workflows`, and give plain dicts
with every field present. `open_to` says who may call them, `web.relations` what they may see.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from flask_smorest import Api, Blueprint

from web import security
from web.api import (
    audit_logs,
    clock,
    cluster,
    decision_requirements,
    decisions,
    deployments,
    describing,
    element_instances,
    forms,
    identities,
    incidents,
    jobs,
    messages,
    openapi,
    process_definitions,
    process_instance_changes,
    process_instance_starts,
    process_instances,
    resources,
    signals,
    user_tasks,
    variables,
)
from web.api.blueprints import PROBLEM
from web.api.schemas import Problem

# One per noun; every view says who may call it.
BLUEPRINTS: tuple[Blueprint, ...] = (
    cluster.blueprint,
    deployments.blueprint,
    resources.blueprint,
    process_definitions.blueprint,
    decisions.blueprint,
    decision_requirements.blueprint,
    forms.blueprint,
    identities.blueprint,
    openapi.blueprint,
    process_instances.blueprint,
    process_instance_starts.blueprint,
    process_instance_changes.blueprint,
    element_instances.blueprint,
    variables.blueprint,
    user_tasks.blueprint,
    audit_logs.blueprint,
    jobs.blueprint,
    messages.blueprint,
    signals.blueprint,
    incidents.blueprint,
)
TEST_BLUEPRINTS: tuple[Blueprint, ...] = (clock.blueprint,)  # served with BANGVANG_TEST_CLOCK only


class _Api(Api):  # type: ignore[misc]  # flask-smorest is untyped
    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """Leave errors to `web.problems`: one place words them all."""


def init_app(app: Flask) -> None:
    """Serve the API; no cookie counts there, so no request is forged."""
    for blueprint in (*BLUEPRINTS, *(TEST_BLUEPRINTS if app.config["TEST_CLOCK"] else ())):
        app.register_blueprint(blueprint)
        security.csrf.exempt(blueprint)


@lru_cache(maxsize=1)
def describe() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document; made when it is first asked for, it takes a while."""
    app = Flask("web.api.description")
    app.config.update(API_TITLE="Bảng Vàng", API_VERSION=version("bangvang"), OPENAPI_VERSION="3.1.0")
    namer = MarshmallowPlugin(schema_name_resolver=describing.name_schemas())
    api = _Api(app, spec_kwargs={"marshmallow_plugin": namer})
    for blueprint in (*BLUEPRINTS, *TEST_BLUEPRINTS):
        api.register_blueprint(blueprint)
    document: dict[str, Any] = api.spec.to_dict()
    for answer in document["components"]["responses"].values():
        (content,) = answer["content"].values()
        answer["content"] = {PROBLEM: content}
    return describing.finish(document, app)
