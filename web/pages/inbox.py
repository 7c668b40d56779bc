"""The inbox: what I hold and what my groups may take; sorted, filtered and paged in the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from engine import offers, tasks
from engine.actors import Actor
from engine.tables import UserTask
from web import limits, listing, names
from web.accounts import current_actor
from web.db import db
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _

blueprint = Blueprint("inbox", __name__, url_prefix="/tasks")


@dataclass(frozen=True)
class Held:
    """What one scope holds: how many, whether there are more than that, and how they are selected."""

    count: int
    more: bool
    tasks: Select[UserTask]


def mine(session: Session, actor: Actor, aside: Collection[int]) -> Held:
    """Find the open tasks that the actor holds and has not put aside."""
    found = tasks.mine(actor)
    return _counted(session, found.where(UserTask.id.not_in(aside)) if aside else found)


def of_my_groups(session: Session, actor: Actor, aside: Collection[int]) -> Held:
    """Find the tasks that the actor may claim and has not put aside."""
    counted = offers.count(session, actor, aside)
    choose = offers.many if counted.more else offers.few
    return Held(counted.number, counted.more, choose(actor, aside))


def aside(session: Session, actor: Actor, aside: Collection[int]) -> Held:
    """Find the tasks that the actor put aside."""
    found = offers.held_or_offered(actor, aside)
    return _counted(session, found) if aside else Held(0, False, found)


SCOPES: Mapping[str, tuple[Any, Callable[[Session, Actor, Collection[int]], Held]]] = {
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
    held: Held


@blueprint.get("/")
@open_to(SIGNED_IN)
def show() -> ResponseReturnValue:
    """Show the open tasks of one scope; as CSV or XLSX when asked."""
    session, actor = db.session(), current_actor()
    put = offers.put_aside(session, actor)
    held = {scope: find(session, actor, put) for scope, (_label, find) in SCOPES.items()}
    tabs = [Tab(scope, str(label), held[scope]) for scope, (label, _find) in SCOPES.items()]
    scope = request.args.get("scope", "")
    if scope not in SCOPES:
        scope = "group" if not held["mine"].count and held["group"].count else "mine"
    query = listing.read_query(SORTS, "due", ("process",))
    found = _narrow(held[scope].tasks, query)
    if listing.wants_file():
        return _export(session, listing.ordered(found, query, SORTS))
    # the tab has counted already what nothing narrows
    counted = None if query.is_narrow else held[scope].count
    page = listing.cut(session, found, query, SORTS, counted)
    page = replace(page, more=held[scope].more and not query.is_narrow)
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
    actor = current_actor()
    return mine(session, actor, offers.put_aside(session, actor)).count


def _counted(session: Session, found: Select[UserTask]) -> Held:
    return Held(_count(session, found), False, found)


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
