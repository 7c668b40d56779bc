"""One user task: see it, claim it, release it, complete it; what was typed survives every refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from engine import deployments, task_refusals, tasks
from engine.errors import EngineError, FormInvalid
from engine.tables import UserTask
from web import form_pages, limits, pictures, rendering, timeline
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks")

# A refusal with one of these statuses leaves the person at the form; any other one is a page of its own.
STAYS = 422


@blueprint.get("/<int:task_id>")
@open_to(SIGNED_IN)
def show(task_id: int) -> ResponseReturnValue:
    """Show the task with its form, diagram and history; 403 for people it does not concern."""
    session = db.session()
    task = _visible(session, task_id)
    return _page(session, task, None, {}, "")


@blueprint.post("/<int:task_id>/claim")
@open_to(SIGNED_IN)
def claim(task_id: int) -> ResponseReturnValue:
    """Make the task mine and open it."""
    with transaction() as session:
        task = tasks.claim(session, task_id, current_actor())
        name = task.name
    flash(_("Bạn đã nhận việc “%(name)s”.", name=name))
    return redirect(url_for("tasks.show", task_id=task_id), code=303)


@blueprint.post("/<int:task_id>/release")
@open_to(SIGNED_IN)
def release(task_id: int) -> ResponseReturnValue:
    """Give the task back to its groups."""
    with transaction() as session:
        task = tasks.release(session, task_id, current_actor())
        name = task.name
    flash(_("Đã trả việc “%(name)s” lại nhóm.", name=name))
    return redirect(url_for("inbox.show", scope="group"), code=303)


@blueprint.get("/<int:task_id>/complete")
@open_to(SIGNED_IN)
def reopen(task_id: int) -> ResponseReturnValue:
    """Lead to the task: after a refusal the address bar names the address that forms are sent to."""
    return redirect(url_for("tasks.show", task_id=task_id), code=303)


@blueprint.post("/<int:task_id>/complete")
@open_to(SIGNED_IN)
def complete(task_id: int) -> ResponseReturnValue:
    """Complete the task, claiming it on the way; a button that only changes the form shows it again."""
    session, actor = db.session(), current_actor()
    action = rendering.row_action(request.form)
    if action is not None:
        task = _visible(session, task_id)
        return _rearrange(session, task, _typed(session, task), action)
    try:
        with transaction() as writing:
            name = tasks.complete(writing, task_id, _read, actor).name
    except FormInvalid as error:
        task = _visible(session, task_id)
        return _page(session, task, _typed(session, task), error.messages, ""), STAYS
    except EngineError as error:
        _keep_refusal(task_id, error)
        if error.status != STAYS:
            raise
        task = _visible(session, task_id)
        return _page(session, task, _typed(session, task), {}, error.text(language_now())), STAYS
    flash(_("Đã hoàn thành “%(name)s”.", name=name))
    return redirect(url_for("inbox.show"), code=303)


def _keep_refusal(task_id: int, error: EngineError) -> None:
    """Record a refusal that must be known later, such as a second vote, in a transaction of its own."""
    if task_refusals.is_kept(db.session(), task_id, error):
        with transaction() as session:
            task_refusals.record(session, task_id, current_actor(), error)


def _read(form: Mapping[str, Any]) -> Mapping[str, Any]:
    return form_pages.answered(form, rendering.parse_form(form, request.form), request.form)


def _typed(session: Session, task: UserTask) -> Mapping[str, Any]:
    """Return what was typed into the task's form."""
    return _read(deployments.form(session, task.form_id))


def _visible(session: Session, task_id: int) -> UserTask:
    task = tasks.get(session, task_id)
    tasks.ensure_concerns(session, task, current_actor(), "see", "xem")
    return task


def _rearrange(
    session: Session, task: UserTask, raw: Mapping[str, Any], action: tuple[str, str]
) -> ResponseReturnValue:
    """Show the form again after a row or a page was changed, or a choice changed what is shown."""
    form, view = deployments.form(session, task.form_id), form_pages.asked(request.form)
    context = tasks.form_context(session, task, current_actor(), view)
    raw, context = form_pages.turn(form, raw, context)
    changed = rendering.apply_action(form, raw, action, context)
    focus = rendering.focus_after(form, changed, action)
    shown = rendering.render_form(form, context, changed, None, language_now(), focus)
    if request.headers.get("X-Fragment") == "form":
        return shown
    return _page(session, task, changed, {}, "", shown)


def _page(
    session: Session,
    task: UserTask,
    raw: Mapping[str, Any] | None,
    messages: Mapping[str, Any],
    refusal: str,
    shown: Markup | None = None,
) -> str:
    actor = current_actor()
    may_act = task.status == "open" and tasks.may_act(task, actor)
    excluded = tasks.four_eyes_refusal(session, task, actor) if may_act else None
    may_act = may_act and excluded is None
    form = deployments.form(session, task.form_id)
    if may_act and shown is None:
        view = form_pages.named(form, raw, request.form)
        context = tasks.form_context(session, task, actor, view)
        shown = rendering.render_form(form, context, raw, messages, language_now())
    documentation = tasks.element(session, task).documentation
    return render_template(
        "tasks/task.html",
        task=task,
        limit=limits.describe(session, task, actor, documentation),
        may_act=may_act,
        excluded=excluded.text(language_now()) if excluded else "",
        form=shown if may_act else Markup(),
        submit_words=rendering.submit_label(form, language_now()) or _("Hoàn thành"),
        summary=rendering.error_summary(messages, form, language_now()) if messages else "",
        refusal=refusal,
        documentation=documentation,
        process_name=task.instance.definition.name,
        groups=[timeline.name_candidate(group.group_name) for group in task.candidate_groups],
        diagram=pictures.of_instance(session, task.instance),
        events=timeline.story(session, task.instance),
        me=actor.name,
    )
