"""Turn logins, groups and process ids into what people call them; read once per request."""

from __future__ import annotations

from typing import cast

from flask import g
from flask_babel import lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actors import SYSTEM, USER
from engine.tables import ProcessDefinition, UserTask
from web.db import db
from web.translating import gettext as _
from workflows import organisation

ROLE_WORDS = {
    "staff": lazy_gettext("chuyên viên"),
    "head": lazy_gettext("trưởng phòng"),
    "director": lazy_gettext("giám đốc"),
    "office": lazy_gettext("văn phòng"),
    "chair": lazy_gettext("chủ tịch"),
    "deputy_director": lazy_gettext("phó giám đốc"),
    "vice_chair": lazy_gettext("phó chủ tịch"),
    "minister": lazy_gettext("bộ trưởng"),
    "designers": lazy_gettext("người thiết kế quy trình"),
    "auditors": lazy_gettext("người kiểm tra"),
    "administrators": lazy_gettext("người quản trị"),
}
# From Camunda's scale of 0–100: the band a number falls into, highest first.
PRIORITIES = (
    (75, lazy_gettext("Khẩn")),
    (51, lazy_gettext("Cao")),
    (26, lazy_gettext("Thường")),
    (0, lazy_gettext("Thấp")),
)


def person(login: str | None) -> str:
    """Return the name of the person behind a login; the system has a name of its own."""
    if not login:
        return ""
    if login == SYSTEM.name:
        return _("Hệ thống")
    return _people().get(login, login)


def group(name: str) -> str:
    """Return what a group such as `P1.staff` is called: the unit and the role in it, or the one person."""
    if name.startswith(USER):
        return person(name.removeprefix(USER))
    unit, _dot, role = name.rpartition(".")
    words = str(ROLE_WORDS.get(role, role))
    return f"{_units().get(unit, unit)} ({words})" if unit else words


def others_could_take(task: UserTask) -> bool:
    """Tell whether anybody but its assignee could take a task: personal ones go back to nobody."""
    return any(one.group_name != f"{USER}{task.assignee}" for one in task.candidate_groups)


def unit(code: str) -> str:
    """Return the name of a unit by its code."""
    return _units().get(code, code)


def priority(number: int) -> str:
    """Return the word for a priority from 0 to 100."""
    return next((str(word) for floor, word in PRIORITIES if number >= floor), str(PRIORITIES[-1][1]))


def processes(session: Session) -> dict[str, str]:
    """Return the name of the newest version of every process by its id."""
    if "process_names" not in g:
        newest = select(func.max(ProcessDefinition.id)).group_by(ProcessDefinition.process_id)
        found = session.execute(
            select(ProcessDefinition.process_id, ProcessDefinition.name).where(
                ProcessDefinition.id.in_(newest)
            )
        )
        g.process_names = {row.process_id: row.name for row in found}
    return cast(dict[str, str], g.process_names)


def process_choices(session: Session) -> list[tuple[str, str]]:
    """Return the processes as choices of a filter, by name."""
    return sorted(processes(session).items(), key=lambda item: item[1])


def people_choices(session: Session) -> list[tuple[str, str]]:
    """Return the people as choices of a filter, by name."""
    return [(found.login, found.name) for found in organisation.people(session)]


def _people() -> dict[str, str]:
    if "people_names" not in g:
        g.people_names = {found.login: found.name for found in organisation.people(db.session())}
    return cast(dict[str, str], g.people_names)


def _units() -> dict[str, str]:
    if "unit_names" not in g:
        g.unit_names = organisation.unit_names(db.session())
    return cast(dict[str, str], g.unit_names)
