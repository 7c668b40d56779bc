"""What people are told when a task nears its limit or passes it; who hears it when a group is empty.

`deliver` is what `engine.task_alerts` calls: it turns an alert into notices and says which groups got it. A
group without members, or with disabled people only, hears nothing: its unit's signer does in its place, and
without one the administrators, so that no escalation ends in an empty room (house rule).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import SYSTEM, USER, Actor
from engine.errors import Text
from engine.handlers import ServiceCall
from engine.tables import UserTask
from engine.task_alerts import Alert
from workflows import notices, validity
from workflows.tables import Membership, Person, Unit

ADMINISTRATORS = "administrators"
HEAD_ROLES = ("head", "director", "chair")


def deliver(session: Session, alert: Alert) -> Sequence[str]:
    """Give every group of an alert its notice, or who stands in for an empty one; return who got one."""
    receivers = list(dict.fromkeys(_standing_in(session, group) for group in alert.groups))
    letter = _letter(alert)
    notices.send(session, _call(alert), receivers, letter)
    return receivers


def _call(alert: Alert) -> ServiceCall:
    return ServiceCall(alert.instance_id, alert.business_key, "", "", {}, {}, SYSTEM, alert.at)


def _letter(alert: Alert) -> notices.Letter:
    """Write what people read; about the moment that was planned, so that each one is sent once."""
    about = f"task:{alert.task_id}:{alert.level}:{alert.planned_at.isoformat()}"
    named = f"“{alert.name}”" + (f" ({alert.subject})" if alert.subject not in ("", alert.name) else "")
    due = clock.written(alert.due_at)
    text = _say_level(alert, named, due) if alert.level else _say_reminder(alert, named, due)
    return notices.Letter(f"task_{alert.kind}", about, text.vi, text.en)


def _say_reminder(alert: Alert, named: str, due: str) -> Text:
    if alert.due_at is None:
        return Text(f"Việc {named} chưa có ai nhận.", f"Nobody has taken the task {named} yet.")
    if alert.at > alert.due_at:
        return Text(f"Việc {named} đã quá hạn {due}.", f"The task {named} is overdue since {due}.")
    return Text(f"Việc {named} đến hạn {due}.", f"The task {named} is due {due}.")


def _say_level(alert: Alert, named: str, due: str) -> Text:
    return Text(
        f"Việc {named} quá hạn {due}, báo cáo vượt cấp {alert.level}: bạn có thể nhận xử lý.",
        f"The task {named} is overdue since {due}, escalated to level {alert.level}: you may take it.",
    )


def _standing_in(session: Session, group: str) -> str:
    """Return the group itself when somebody is in it, else the unit's signers, else the administrators."""
    if group.startswith(USER) or _has_members(session, group):
        return group
    unit = group.rpartition(".")[0]
    heads = (name for name in head_groups(session, [unit]) if _has_members(session, name))
    return next(heads, ADMINISTRATORS)


def _has_members(session: Session, group: str) -> bool:
    today = clock.local(clock.now()).date()
    query = (
        select(Membership.person_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.group_name == group,
            Person.active,
            validity.in_force(Membership, today),
        )
    )
    return session.scalar(query.limit(1)) is not None


def head_groups(session: Session, codes: Collection[str]) -> list[str]:
    """Return the groups that lead units and the units above them: who signs, then who leads by role."""
    query = select(Unit.code, Unit.signer_group, Unit.parent_code)
    units = session.execute(query.where(Unit.code.in_(codes)).order_by(Unit.code)).all()
    signers = [unit.signer_group for unit in units if unit.signer_group]
    above = [unit.parent_code for unit in units if unit.parent_code]
    roles = [f"{code}.{role}" for code in [*codes, *above] for role in HEAD_ROLES]
    return list(dict.fromkeys([*signers, *roles]))


def may_change_due(session: Session, task: UserTask, actor: Actor) -> bool:
    """Tell whether the actor may change the due date of a task: administrators, and who leads the unit of it.

    The unit is the one of the groups that it is offered to, and of whoever holds it (house rule).
    """
    if ADMINISTRATORS in actor.groups:
        return True
    names = [group.group_name for group in task.candidate_groups]
    return not actor.groups.isdisjoint(head_groups(session, _units(session, names, task.assignee)))


def _units(session: Session, groups: Iterable[str], holder: str | None) -> list[str]:
    codes = [group.rpartition(".")[0] for group in groups if not group.startswith(USER) and "." in group]
    if holder is not None:
        query = select(Person.unit_code).where(Person.login == holder)
        codes += [code for code in session.scalars(query) if code]
    return list(dict.fromkeys(codes))
