"""Simulate files on the real engine, in memory, with a pinned clock: what would happen, what would wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import clock, deployments, instances, tasks, timers
from engine.actors import SYSTEM, Actor
from engine.bpmn import checking
from engine.bpmn.findings import make
from engine.deployments import File
from engine.errors import Text
from engine.handlers import Json
from engine.spiff import state, stepping
from engine.spiff.game import Game
from engine.tables import (
    Base,
    HistoryEvent,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    Subscription,
    Timer,
    UserTask,
)

ROUNDS = 10_000
PERSON = Actor("simulation")


@dataclass(frozen=True)
class Plan:
    """What to simulate: files, the processes to start together, their variables, until when."""

    files: Sequence[File]
    processes: Sequence[str] = ()
    variables: Mapping[str, Json] = field(default_factory=dict)
    start: datetime | None = None
    until: datetime | None = None
    complete_user_tasks: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a simulation ended with; `status` is completed, active, error or refused."""

    status: str
    elements: list[str] = field(default_factory=list)
    waiting: list[dict[str, Json]] = field(default_factory=list)
    variables: dict[str, Json] = field(default_factory=dict)
    incidents: list[dict[str, Json]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON."""
        return asdict(self)


def simulate(plan: Plan, language: str = "vi", equipment: Mapping[str, object] | None = None) -> Outcome:
    """Deploy, start and run until nothing moves before `until`; nothing is kept.

    `equipment` is what the session is opened with, such as its calendars.
    """
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    start = plan.start or datetime.now(UTC)
    with Session(engine, info=dict(equipment or {})) as session, clock.pinned(start):
        told = deployments.deploy_alone(session, plan.files, SYSTEM)
        findings = [finding.as_dict(language) for finding in told]
        if checking.has_errors(told):
            return Outcome("refused", findings=findings)
        if not deployments.list_latest(session):  # forms or decisions alone
            return Outcome("refused", findings=[*findings, make("no-process").as_dict(language)])
        pending = _start(session, plan)
        rested = _run(session, plan, start)
        outcome = _outcome(session, plan, findings, pending, language)
        if not rested:
            outcome.incidents.append(_restless(language))
    engine.dispose()
    return outcome


def _start(session: Session, plan: Plan) -> list[ProcessDefinition]:
    """Start the processes that were asked for; return those that begin with an event, which wait for it."""
    names = plan.processes or _startable(session)
    asked = [deployments.latest(session, name) for name in names] or deployments.list_latest(session)
    pending = []
    for definition in asked:
        if deployments.compiled_version(session, definition).process.start_by_itself() is None:
            pending.append(definition)
        else:
            instances.start(session, definition.process_id, plan.variables, SYSTEM)
    return pending


def _startable(session: Session) -> list[str]:
    """Return the first process of the files that starts by itself, one that nothing calls before others."""
    definitions = session.scalars(select(ProcessDefinition).order_by(ProcessDefinition.id)).all()
    processes = [deployments.compiled_version(session, definition).process for definition in definitions]
    called = {
        element.details.called_process for process in processes for element in process.elements.values()
    }
    startable = [process.id for process in processes if process.start_by_itself() is not None]
    return sorted(startable, key=lambda name: name in called)[:1]


def _restless(language: str) -> dict[str, Json]:
    """Tell that the simulation was ended before nothing moved any more."""
    text = Text(
        f"Mô phỏng dừng sau {ROUNDS} lượt mà quy trình vẫn chưa dừng; hãy đặt thời điểm kết thúc sớm hơn.",
        f"The simulation was ended after {ROUNDS} rounds, before all came to rest; simulate less time.",
    )
    return {"element": None, "kind": "limit", "message": text.text(language)}


def _run(session: Session, plan: Plan, now: datetime) -> bool:
    """Let time pass from timer to timer, never back; False when things still move after ROUNDS."""
    for _ in range(ROUNDS):
        with clock.pinned(now):
            if plan.complete_user_tasks and _complete_one(session):
                continue
        due = timers.due(session, plan.until or now)
        if not due:
            return True
        now = max(due[0].due_at, now)
        with clock.pinned(now):
            timers.fire(session, due[0].id)
    return False


def _complete_one(session: Session) -> bool:
    query = select(UserTask).where(UserTask.status == "open").order_by(UserTask.id).limit(1)
    task = session.scalars(query).first()
    if task is None:
        return False
    task.status, task.ended_at, task.ended_by = "completed", clock.now(), PERSON.name
    task.candidate_groups.clear()

    def finish(game: Game) -> None:
        token = game.token(task.token)
        if token is not None:
            stepping.finish(game, token, {})

    instances.advance(session, tasks.instance_of(session, task), PERSON, finish)
    return True


def _outcome(
    session: Session,
    plan: Plan,
    findings: list[dict[str, Any]],
    pending: Sequence[ProcessDefinition],
    language: str,
) -> Outcome:
    rows = session.scalars(select(ProcessInstance).order_by(ProcessInstance.id)).all()
    query = select(HistoryEvent.element).where(HistoryEvent.kind == "element.completed")
    elements = [element for element in session.scalars(query.order_by(HistoryEvent.id)) if element]
    variables = _variables([row for row in rows if row.parent_id is None], plan.variables)
    incidents: list[dict[str, Json]] = [
        {"element": row.element, "kind": row.kind, "message": row.text(language)}
        for row in session.scalars(select(Incident).where(Incident.status == "open").order_by(Incident.id))
    ]
    incidents += _uncaught(session)
    begun = {row.definition_id for row in rows}
    still = [definition.id for definition in pending if definition.id not in begun]
    status = "active" if still and not rows else _status(rows)
    return Outcome(status, elements, _waiting(session, still), variables, incidents, findings)


def _variables(rows: Sequence[ProcessInstance], given: Mapping[str, Json]) -> dict[str, Json]:
    """Return the variables of instances, what a called process keeps to itself left out by the caller.

    What one of them changed stands before what another left as it was given, then the earlier one's.
    """
    as_given: dict[str, Json] = {}
    changed: dict[str, Json] = {}
    for row in reversed(rows):
        for name, value in state.variables(row.state).items():
            same = name in given and given[name] == value
            (as_given if same else changed)[name] = value
    return as_given | changed


def _uncaught(session: Session) -> list[dict[str, Json]]:
    """Tell the errors that nothing caught, in no caller either: they left no incident."""
    query = select(HistoryEvent).join(ProcessInstance, ProcessInstance.id == HistoryEvent.instance_id)
    query = query.where(HistoryEvent.kind == "error.uncaught", ProcessInstance.parent_id.is_(None))
    query = query.order_by(HistoryEvent.id)
    return [
        {"element": event.element, "kind": "error", "message": str(event.data.get("code"))}
        for event in session.scalars(query)
    ]


def _status(rows: Sequence[ProcessInstance]) -> str:
    # how a called instance ended is its caller's affair
    found = {row.status for row in rows if row.parent_id is None}
    for status in ("error", "active"):
        if status in found:
            return status
    return "completed"


def _waiting(session: Session, pending: Sequence[int]) -> list[dict[str, Json]]:
    def rows(table: Any, kind: str, condition: Any, due: str | None) -> list[dict[str, Json]]:
        found = session.scalars(select(table).where(condition).order_by(table.id))
        return [
            {"element": row.element, "kind": kind, "due": _iso(getattr(row, due)) if due else None}
            for row in found
        ]

    return [
        *rows(UserTask, "userTask", UserTask.status == "open", "due_at"),
        *rows(Job, "job", Job.status == "open", None),
        *rows(Timer, "timer", (Timer.status == "waiting") & Timer.task_id.is_(None), "due_at"),
        *_subscriptions(session, pending),
    ]


def _subscriptions(session: Session, pending: Sequence[int]) -> list[dict[str, Json]]:
    """Tell the messages and signals waited for, by start events only where the process has not begun."""
    waits = Subscription.instance_id.is_not(None) | Subscription.definition_id.in_(pending)
    query = select(Subscription).where(waits).order_by(Subscription.id)
    return [{"element": row.element, "kind": row.kind, "due": None} for row in session.scalars(query)]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else clock.local(moment).isoformat()
