"""Tell the history of a case: each event as a sentence in the reader's language, with before and after."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, history
from engine.actors import USER
from engine.audit import chain
from engine.forms import declared_keys
from engine.tables import HistoryEvent, ProcessInstance, UserTask
from web import answers, moments, names
from web.accounts import language_now
from web.timeline_words import DATA_WORDS, HIDDEN_DATA, KINDS, MOVED, SENTENCES, STORY
from web.translating import gettext as _

# A text that the engine wrote in both languages: the reader's one is shown.
LANGUAGES = frozenset({"vi", "en"})
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$")


@dataclass(frozen=True)
class Change:
    """One value before and after; before is None when there was none."""

    name: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Event:
    """One history event as people read it."""

    sequence: int
    at: datetime
    kind: str
    element: str
    person: str
    sentence: str
    reason: str
    changes: tuple[Change, ...]
    answers: tuple[answers.Answer, ...] = ()
    answered: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """One user task of a case with its times and whether it kept its due date."""

    element: str
    name: str
    person: str
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    punctual: str


def read(session: Session, instance: ProcessInstance) -> list[Event]:
    """Return every event of a case by sequence number."""
    drawn, forms = element_names(session, instance), _forms(session, instance)
    return [
        tell(event, drawn, forms.get((event.data or {}).get("task", 0)))
        for event in history.of_instance(session, instance.id)
    ]


def story(session: Session, instance: ProcessInstance) -> list[Event]:
    """Return the events of a case that matter to the people who work on it."""
    return [event for event in read(session, instance) if event.kind in STORY]


def element_names(session: Session, instance: ProcessInstance) -> dict[str, str]:
    """Return the drawn name of every element of the version the case runs on."""
    elements = deployments.compiled(session, instance).process.elements
    return {element.id: element.name or element.id for element in elements.values()}


def tell(event: HistoryEvent, drawn: Mapping[str, str], form: Mapping[str, Any] | None = None) -> Event:
    """Return one event in words; what was typed in a form is read with the form's own labels."""
    name = drawn.get(event.element or "", event.element or "")
    sentence = str(SENTENCES.get(event.kind, event.kind)).format(name=name)
    person = names.person(event.actor)
    if event.on_behalf_of:
        person = _("%(person)s thay %(other)s", person=person, other=names.person(event.on_behalf_of))
    data: Mapping[str, Any] = chain.readable(event.data or {})
    reason, values = data.get("reason"), data.get("values") or {}
    known = declared_keys(form) & set(values) if form else frozenset()
    return Event(
        sequence=event.sequence,
        at=event.at,
        kind=event.kind,
        element=event.element or "",
        person=person,
        sentence=sentence,
        reason=reason if isinstance(reason, str) else "",
        changes=tuple(_changes(event.kind, data)),
        answers=tuple(answers.read(form, values, language_now())) if form and values else (),
        answered=frozenset(known),
    )


def _forms(session: Session, instance: ProcessInstance) -> dict[int, Mapping[str, Any]]:
    """Return the form of each user task of a case by the task's id, as the form is now."""
    found = select(UserTask.id, UserTask.form_id).where(
        UserTask.instance_id == instance.id, UserTask.form_id.is_not(None)
    )
    pairs = [(row.id, str(row.form_id)) for row in session.execute(found)]
    forms = {form_id: deployments.form(session, form_id) for form_id in {one for _id, one in pairs}}
    return {task_id: forms[form_id] for task_id, form_id in pairs}


def step(session: Session, task: UserTask) -> Step:
    """Return one user task as a row of the table beside the picture."""
    return Step(
        element=task.element,
        name=task.name,
        person=names.person(task.ended_by or task.assignee),
        started_at=task.created_at,
        ended_at=task.ended_at,
        due_at=task.due_at,
        punctual=_punctual(task),
    )


def _punctual(task: UserTask) -> str:
    if task.due_at is None or task.status == "cancelled":
        return ""
    if (task.ended_at or clock.now()) > task.due_at:
        return _("muộn")
    return _("đúng hạn") if task.ended_at else _("chưa đến hạn")


def _changes(kind: str, data: Mapping[str, Any]) -> Iterable[Change]:
    for change in data.get("changes") or ():
        yield _change(change["name"], change.get("before"), change.get("after"))
    if "after" in data and kind in MOVED:
        yield _change(_("hạn"), data.get("before"), data["after"])
    elif "after" in data:
        yield _change(_("người giữ"), names.person(data.get("before")), names.person(data["after"]))
    for name, value in (data.get("values") or {}).items():
        if value not in (None, "", [], {}):
            yield _change(name, None, value)
    hidden = HIDDEN_DATA | LANGUAGES - {language_now()}
    for name, value in data.items():
        if name not in hidden and value not in (None, "", [], {}):
            yield _change(str(DATA_WORDS.get(name, name)), None, SAID.get(name, _as_it_is)(value))


def name_candidate(name: str) -> str:
    """Return what a candidate is called: a group, or the one person whom `user:` names."""
    return names.person(name.removeprefix(USER)) if name.startswith(USER) else names.group(name)


def _as_it_is(value: Any) -> Any:
    return value


def _say_groups(value: Iterable[str]) -> str:
    return ", ".join(map(name_candidate, value))


def _say_people(value: Iterable[str]) -> str:
    return ", ".join(map(names.person, value))


def _say_moments(value: Iterable[str]) -> str:
    return ", ".join(moments.exact(datetime.fromisoformat(moment)) for moment in value)


def _say_kind(value: str) -> str:
    return str(KINDS.get(value, value))


# How the values of some data are said; all others as they are.
SAID: Mapping[str, Callable[[Any], Any]] = {
    "groups": _say_groups,
    "candidate_groups": _say_groups,
    "users": _say_people,
    "assignee": names.person,
    "kind": _say_kind,
    "reminders": _say_moments,
    "escalations": _say_moments,
}


def _change(name: str, before: object, after: object) -> Change:
    return Change(name, None if before in (None, "") else show_value(before), show_value(after))


def show_value(value: object) -> str:
    """Return a value as people read it: nothing as a dash, moments in local time, lists as JSON."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("có") if value else _("không")
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if MOMENT.match(value):
        return moments.precise(datetime.fromisoformat(value))
    return value
