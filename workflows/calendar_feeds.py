"""iCalendar feeds (RFC 5545): the due tasks of a person or a unit with the days off, behind a secret address.

The address is the key: 256 random bits, kept as a hash only, revocable. What it shows follows who its owner
is now: somebody who left a group, or was switched off, sees nothing of it any more.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.actors import USER, Actor
from engine.errors import NotAllowed, NotFound
from engine.tables import CandidateGroup, UserTask
from engine.task_deadlines import due_day
from workflows import organisation_people
from workflows.tables import CalendarDay, FeedToken, Person, Unit

PERSON, UNIT = "person", "unit"
PRODUCT = "-//Bang Vang//Lich viec//VI"
MOST_TASKS = 500
BYTES = 32
LINE = timedelta(minutes=30)


def make(session: Session, actor: Actor, kind: str, subject: str) -> str:
    """Open a feed of the actor's own tasks or of a unit the actor belongs to; return its secret once."""
    if not _may_have(session, actor, kind, subject):
        raise NotAllowed(
            actor=actor.name,
            operation=f"read the calendar of '{subject}'",
            operation_vi=f"đọc lịch của “{subject}”",
            reason="it is not the actor's own, nor of a unit of the actor",
            reason_vi="lịch này không phải của bạn hoặc của đơn vị bạn",
        )
    secret = secrets.token_urlsafe(BYTES)
    session.add(
        FeedToken(
            hash=_hash(secret),
            kind=kind,
            subject=subject,
            made_by=actor.name,
            made_at=clock.now(),
            revoked_at=None,
        )
    )
    session.flush()
    return secret


def of_person(session: Session, login: str) -> Sequence[FeedToken]:
    """Return the feeds that a person has opened and not revoked."""
    query = select(FeedToken).where(FeedToken.made_by == login, FeedToken.revoked_at.is_(None))
    return session.scalars(query.order_by(FeedToken.id)).all()


def revoke(session: Session, actor: Actor, feed_id: int) -> None:
    """Close a feed of the actor's own; raises NotFound for any other."""
    feed = session.get(FeedToken, feed_id)
    if feed is None or feed.made_by != actor.name:
        raise NotFound(kind="calendar feed", key=feed_id)
    feed.revoked_at = feed.revoked_at or clock.now()
    session.flush()


def open_feed(session: Session, secret: str) -> FeedToken:
    """Return the feed that a secret opens; raises NotFound for a revoked or unknown one, or a lost right."""
    query = select(FeedToken).where(FeedToken.hash == _hash(secret), FeedToken.revoked_at.is_(None))
    feed = session.scalars(query).first()
    owner = None if feed is None else organisation_people.seek_actor(session, feed.made_by)
    if feed is None or owner is None or not _may_have(session, owner, feed.kind, feed.subject):
        raise NotFound(kind="calendar feed", key="…")
    return feed


def write(session: Session, feed: FeedToken, base: str) -> bytes:
    """Return the feed as RFC 5545 text; `base` is the address of the task pages, ending in `/`."""
    page = Calendar()
    page.add("prodid", PRODUCT)
    page.add("version", "2.0")
    page.add("x-wr-calname", f"Bảng Vàng – {name_of(session, feed)}")
    page.add("x-wr-timezone", clock.ZONE.key)
    for task in due_tasks(session, feed):
        page.add_component(_event_of(task, base))
    for day in session.scalars(select(CalendarDay).where(CalendarDay.active).order_by(CalendarDay.day)):
        page.add_component(_event_of_day(day))
    written: bytes = page.to_ical()
    return written


def name_of(session: Session, feed: FeedToken) -> str:
    """Return whose feed it is, by the name of the person or unit."""
    table = Person.login if feed.kind == PERSON else Unit.code
    found = Person.name if feed.kind == PERSON else Unit.name
    return session.scalar(select(found).where(table == feed.subject)) or feed.subject


def due_tasks(session: Session, feed: FeedToken) -> Sequence[UserTask]:
    """Return the open tasks with a due date that a feed shows, the next one first."""
    if feed.kind == PERSON:
        query = tasks.open_for(organisation_people.seek_actor(session, feed.subject) or Actor(feed.subject))
    else:
        query = _of_unit(feed.subject)
    found = query.where(UserTask.due_at.is_not(None)).order_by(UserTask.due_at, UserTask.id)
    return session.scalars(found.limit(MOST_TASKS)).all()


def _of_unit(code: str) -> Select[UserTask]:
    """Select the open tasks offered to a group of a unit, or held by one of its people."""
    prefix = code + "."
    offered = select(CandidateGroup.task_id).where(
        CandidateGroup.group_name.startswith(prefix, autoescape=True),
        ~CandidateGroup.group_name.startswith(USER, autoescape=True),
    )
    held = select(Person.login).where(Person.unit_code == code)
    return select(UserTask).where(
        UserTask.status == "open", or_(UserTask.id.in_(offered), UserTask.assignee.in_(held))
    )


def _may_have(session: Session, actor: Actor, kind: str, subject: str) -> bool:
    if kind == PERSON:
        return subject == actor.name
    return kind == UNIT and subject in units_of(session, actor)


def units_of(session: Session, actor: Actor) -> list[str]:
    """Return the codes of the units whose feed an actor may open: the own one and those of the groups."""
    own = session.scalars(select(Person.unit_code).where(Person.login == actor.name))
    codes = {*own, *(group.rpartition(".")[0] for group in actor.groups)} - {""}
    return sorted(codes)


def _event_of(task: UserTask, base: str) -> Event:
    event = Event()
    event.add("uid", f"task-{task.id}@bang-vang")
    event.add("dtstamp", clock.now())
    event.add("summary", task.name)
    event.add("description", " – ".join(dict.fromkeys(filter(None, (task.subject, task.business_key)))))
    event.add("url", f"{base}{task.id}")
    if task.due_at is not None:
        _place(event, task.due_at)
    return event


def _place(event: Event, due_at: datetime) -> None:
    """Put a due moment on its day: the end of a day is that whole day, any other one half an hour before."""
    local = clock.local(due_at)
    if (local.hour, local.minute) in ((23, 59), (0, 0)):
        _place_day(event, due_day(due_at))
        return
    event.add("dtstart", local - LINE)
    event.add("dtend", local)


def _place_day(event: Event, day: date) -> None:
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("transp", "TRANSPARENT")


def _event_of_day(day: CalendarDay) -> Event:
    event = Event()
    event.add("uid", f"day-{day.day.isoformat()}@bang-vang")
    event.add("dtstamp", clock.now())
    event.add("summary", day.name)
    event.add("description", day.source)
    event.add("categories", ["Nghỉ" if day.kind == "holiday" else "Làm bù"])
    _place_day(event, day.day)
    return event


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
