"""Start a process: only those the person may start, with the form of its start event.

A unit's staff start what `workflows.starting` offers; designers may start every process that begins by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine import deployments, forms, instances
from engine.actors import Actor
from engine.errors import BadInput, EngineError, FormInvalid, NotAllowed
from engine.tables import ProcessDefinition
from web import names, rendering
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.pages.tasks import STAYS
from web.security import DESIGNERS, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import starting

blueprint = Blueprint("start", __name__, url_prefix="/start")


@dataclass(frozen=True)
class Startable:
    """One process as the start pages show it, with the offer behind it when the domain makes one.

    `office` is the code of the unit it is offered to, "" without an offer.
    """

    process_id: str
    name: str
    version: int
    documentation: str
    form_id: str | None
    offer: starting.Offer | None
    office: str


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List the processes this person may start."""
    return render_template(
        "start/list.html", processes=startable(db.session(), current_actor()), unit_name=names.unit
    )


@blueprint.get("/<process_id>")
@open_to(SIGNED_IN)
def show(process_id: str) -> ResponseReturnValue:
    """Show the start form of one process."""
    session = db.session()
    return _page(session, _find(session, process_id), None, {}, "")


@blueprint.post("/<process_id>")
@open_to(SIGNED_IN)
def begin(process_id: str) -> ResponseReturnValue:
    """Start an instance with what the form says; a refusal shows the form again with everything typed."""
    session = db.session()
    process = _find(session, process_id)
    form = deployments.form(session, process.form_id)
    raw = rendering.parse_form(form, request.form)
    action = rendering.row_action(request.form)
    if action is not None:
        return _rearrange(session, process, raw, action)
    try:
        key = _start(process, form, raw)
    except FormInvalid as error:
        return _page(session, process, raw, error.messages, ""), STAYS
    except EngineError as error:
        if error.status != STAYS:
            raise
        return _page(session, process, raw, {}, error.text(language_now())), STAYS
    flash(_("Đã bắt đầu “%(name)s” (%(key)s).", name=process.name, key=key))
    return redirect(url_for("inbox.show"), code=303)


def startable(session: Session, actor: Actor) -> list[Startable]:
    """Return the processes with a plain start event that the actor may start, by name, once per office."""
    offered: dict[str, list[starting.Offer | None]] = defaultdict(list)
    for offer in starting.offers(session, actor):
        offered[offer.process_id].append(offer)
    beyond: list[starting.Offer | None] = [None] if DESIGNERS in actor.groups else []
    return [
        _describe(session, definition, offer)
        for definition in deployments.list_latest(session)
        for offer in offered[definition.process_id] or beyond
        if _begins_by_hand(session, definition)
    ]


def _start(process: Startable, form: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    with transaction() as session:
        actor = current_actor()
        values = forms.validate(form, raw, starting.context(session, current_actor()))
        if process.offer is not None:
            values |= process.offer.fixed
        key = process.offer.key(values) if process.offer is not None else ""
        instance = instances.start(session, process.process_id, values, actor, key)
        return instance.business_key or f"#{instance.id}"


def _find(session: Session, process_id: str) -> Startable:
    deployments.latest(session, process_id)
    actor = current_actor()
    office = request.args.get("office", "")
    found = [
        one
        for one in startable(session, actor)
        if one.process_id == process_id and office in ("", one.office)
    ]
    if not found:
        raise NotAllowed(
            actor=actor.name,
            operation=f"start process '{process_id}'",
            operation_vi=f"bắt đầu quy trình “{process_id}”",
            reason="neither a designer nor staff of a unit that starts it",
            reason_vi="bạn không thuộc đơn vị lập hồ sơ này",
        )
    if len(found) > 1:
        raise BadInput(
            expected="the office the case is started for (office=…)",
            expected_vi="phòng lập hồ sơ (office=…)",
            found=request.full_path.rstrip("?"),
        )
    return found[0]


def _describe(session: Session, definition: ProcessDefinition, offer: starting.Offer | None) -> Startable:
    return Startable(
        process_id=definition.process_id,
        name=definition.name,
        version=definition.version,
        documentation=deployments.compiled_version(session, definition).process.documentation,
        form_id=deployments.start_form(session, definition),
        offer=offer,
        office=str(offer.fixed["office"]) if offer is not None else "",
    )


def _begins_by_hand(session: Session, definition: ProcessDefinition) -> bool:
    process = deployments.compiled_version(session, definition).process
    return any(start.event_kind == "none" for start in process.start_events(process.id))


def _rearrange(
    session: Session, process: Startable, raw: Mapping[str, Any], action: tuple[str, str]
) -> ResponseReturnValue:
    form, context = deployments.form(session, process.form_id), starting.context(session, current_actor())
    changed = rendering.apply_action(form, raw, action, context)
    if request.headers.get("X-Fragment") == "form":
        return rendering.render_form(form, context, changed, None, language_now())
    return _page(session, process, changed, {}, "")


def _page(
    session: Session,
    process: Startable,
    raw: Mapping[str, Any] | None,
    messages: Mapping[str, Any],
    refusal: str,
) -> str:
    form = deployments.form(session, process.form_id)
    language = language_now()
    return render_template(
        "start/form.html",
        unit_name=names.unit,
        process=process,
        form=rendering.render_form(form, starting.context(session, current_actor()), raw, messages, language),
        submit_words=rendering.submit_label(form, language) or _("Bắt đầu"),
        summary=rendering.error_summary(messages, form, language) if messages else "",
        refusal=refusal,
    )
