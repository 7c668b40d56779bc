"""The inbox: what I hold and what my groups may take; sorted, filtered and paged in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.actors import Actor
from engine.deadline_tables import TaskSnooze
from engine.tables import UserTask
from web import limits, listing, names
from web.accounts import current_actor
from web.db import db
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _

blueprint = Blueprint("inbox", __name__, url_prefix="/tasks")


def _aside(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor put a task aside; one that is due is aside for nobody."""
    now = clock.now()
    put = select(TaskSnooze.task_id).where(TaskSnooze.person == actor.name, TaskSnooze.until > now)
    return UserTask.id.in_(put) & (UserTask.due_at.is_(None) | (UserTask.due_at > now))


def mine(actor: Actor) -> Select[UserTask]:
    """Select the open tasks that the actor holds and has not put aside."""
    return tasks.mine(actor).where(~_aside(actor))


def of_my_groups(actor: Actor) -> Select[UserTask]:
    """Select the tasks that the actor may claim and has not put aside."""
    return tasks.of_my_groups(actor).where(~_aside(actor))


def aside(actor: Actor) -> Select[UserTask]:
    """Select the tasks that the actor put aside."""
    return tasks.open_for(actor).where(_aside(actor))


SCOPES = {
    "mine": (lazy_gettext("Việc của tôi"), mine),
    "group": (lazy_gettext("Việc của nhóm"), of_my_groups),
    "aside": (lazy_gettext("Tạm gác"), aside),
}
SORTS: Mapping[str, ColumnElement[Any]] = {
    "due": UserTask.due_at.expression,
    "created": UserTask.created_at.expression,
    "priority": UserTask.priority.expression,
}
SORT_CHOICES = (
    ("due", lazy_gettext("Hạn gần nhất")),
    ("-due", lazy_gettext("Hạn xa nhất")),
    ("-priority", lazy_gettext("Ưu tiên cao trước")),
    ("priority", lazy_gettext("Ưu tiên thấp trước")),
    ("-created", lazy_gettext("Mới giao trước")),
    ("created", lazy_gettext("Giao lâu nhất trước")),
)


@dataclass(frozen=True)
class Tab:
    """One tab of the inbox with the number of tasks in it."""

    scope: str
    label: str
    count: int


@blueprint.get("/")
@open_to(SIGNED_IN)
def show() -> ResponseReturnValue:
    """Show the open tasks of one scope; as CSV or XLSX when asked."""
    session, actor = db.session(), current_actor()
    tabs = [Tab(scope, str(label), _count(session, held(actor))) for scope, (label, held) in SCOPES.items()]
    scope = request.args.get("scope", "")
    if scope not in SCOPES:
        scope = "group" if not tabs[0].count and tabs[1].count else "mine"
    query = listing.read_query(SORTS, "due", ("process",))
    found = _narrow(SCOPES[scope][1](actor), query)
    if listing.wants_file():
        return _export(session, listing.ordered(found, query, SORTS))
    # the tab has counted already what nothing narrows
    counted = next(tab.count for tab in tabs if tab.scope == scope) if not query.is_narrow else None
    page = listing.cut(session, found, query, SORTS, counted)
    return render_template(
        "tasks/inbox.html",
        page=page,
        levels=limits.levels(session, [task.id for task in page.rows if task.due_at is not None]),
        tabs=tabs,
        scope=scope,
        query=query,
        sort=f"{'-' if query.descending else ''}{query.sort}",
        sort_choices=SORT_CHOICES,
        processes=names.process_choices(session),
        process_names=names.processes(session),
        me=actor.name,
    )


def count_mine(session: Session) -> int:
    """Return how many open tasks the signed-in person holds, for the navigation."""
    return _count(session, mine(current_actor()))


def _count(session: Session, found: Select[UserTask]) -> int:
    return session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0


def _narrow(found: Select[UserTask], query: listing.Query) -> Select[UserTask]:
    if query.filters["process"]:
        found = found.where(UserTask.process_id == query.filters["process"])
    for word in query.text.split():
        columns = (UserTask.name, UserTask.subject, UserTask.business_key)
        found = found.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return found


def _export(session: Session, found: Select[UserTask]) -> ResponseReturnValue:
    header = [
        _("Việc"),
        _("Nội dung"),
        _("Mã hồ sơ"),
        _("Quy trình"),
        _("Hạn"),
        _("Ưu tiên"),
        _("Giao lúc"),
        _("Người giữ"),
    ]
    process_names = names.processes(session)
    rows = (
        (
            task.name,
            task.subject,
            task.business_key,
            process_names.get(task.process_id, task.process_id),
            task.due_at,
            names.priority(task.priority),
            task.created_at,
            names.person(task.assignee),
        )
        for task in listing.every(session, found)
    )
    return listing.write_file("viec", header, rows)
