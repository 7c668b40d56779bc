"""Forms by key, for those who may see a task or a process that has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import fields
from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import NotFound
from engine.tables import Form, ProcessDefinition, UserTask
from web import relations
from web.accounts import current_actor
from web.api import blueprints, keys, process_definitions_seen
from web.api.schemas import TENANT, Answer
from web.db import db
from web.security import SIGNED_IN, open_to

blueprint = blueprints.make("forms", "Forms.", "/forms")


class FormResult(Answer):
    """One version of a form; `schema` is form-js JSON as a text."""

    tenantId = fields.String(required=True)  # noqa: N815  the clients' names
    formId = fields.String(required=True)  # noqa: N815
    schema = fields.String(required=True)
    version = fields.Integer(required=True)
    formKey = fields.String(required=True)  # noqa: N815


@blueprint.get("/<key>")
@blueprint.response(200, FormResult)
@blueprint.refuses(400, 404)
@open_to(SIGNED_IN)
def get(key: str) -> Mapping[str, Any]:
    """Return one version of a form."""
    session = db.session()
    number = keys.read("form", key)
    alive = select(Form).where(Form.id == number, Form.deleted_at.is_(None))
    found = session.scalars(alive.where(_seen(session, current_actor()))).first()
    if found is None:
        raise NotFound(kind="form", key=key)
    return write(found)


def write(form: Form) -> dict[str, Any]:
    """Return a form as answers have it."""
    return {
        "tenantId": TENANT,
        "formId": form.form_id,
        "schema": json.dumps(form.form_schema, ensure_ascii=False),
        "version": form.version,
        "formKey": keys.write("form", form.id),
    }


def _seen(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Return the condition on Form: of a task or a start event that the actor may see."""
    if process_definitions_seen.sees_all(actor):
        return true()
    tasks = select(UserTask.form_id).where(relations.visible_tasks(actor))
    starts = select(ProcessDefinition.start_form_id)
    starts = starts.where(process_definitions_seen.visible(session, actor))
    return or_(Form.form_id.in_(tasks), Form.form_id.in_(starts))
