"""One step of one instance: load, act, store state, rows and history; tell what follows from it for others.

Nothing here touches a second instance: what a step means for others is returned as effects, which
`instances` carries out when the step has been stored.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from engine import clock, deployments, feel, history, index
from engine.actors import Actor
from engine.bpmn.model import Element
from engine.errors import Conflict, NotFound, StaleInstance
from engine.handlers import Json, ServiceCall, registered
from engine.spiff import state, stepping
from engine.spiff.game import Call, Game, Thrown
from engine.tables import HistoryEvent, Message, ProcessInstance, Subscription

THROWN_TIME_TO_LIVE = timedelta(days=365)
# PostgreSQL's words for: somebody else was first, the same transaction may well succeed when tried again
_LOST_RACES = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
_UNDER_WAY = "instances under way"
_SATURDAY = 5
# given by whoever opens the session, as `session.info["calendar"]`
Calendar: TypeAlias = Callable[[Session, datetime, int], datetime]


@dataclass(frozen=True)
class Published:
    """A message that looks for somebody who waits."""

    message: Message


@dataclass(frozen=True)
class Subscribed:
    """A new subscription that looks for a message already there."""

    subscription: Subscription


@dataclass(frozen=True)
class Called:
    """A call activity that asks for its child."""

    instance: ProcessInstance
    call: Call


@dataclass(frozen=True)
class Recalled:
    """Call activities that do not wait for their children any more."""

    instance: ProcessInstance
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Ended:
    """A child that has ended: with its variables, or with the code of an error that nothing in it caught."""

    instance: ProcessInstance
    variables: Mapping[str, Json]
    error: str | None


Effect: TypeAlias = Published | Subscribed | Called | Recalled | Ended


@dataclass
class _Host:
    """Let a game call the handlers of its session inside the step."""

    session: Session
    instance: ProcessInstance
    actor: Actor
    now: datetime

    def call(self, element: Element, variables: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Run a handler that stays inside the transaction; others wait as jobs."""
        job_type = feel.resolve(element.details.job_type or "", variables, self.now)
        registration = registered(self.session).get(str(job_type))
        if registration is None or registration.outside:
            return None
        call = service_call(self.instance, element, variables, self.actor)
        return registration.function(self.session, call) or {}

    def due_after(self, working_days: int) -> datetime:
        """Ask the calendar that the session was opened with; without one, Monday to Friday are worked."""
        calendar: Calendar = self.session.info.get("calendar", _weekdays)
        return calendar(self.session, self.now, working_days)


def _weekdays(_session: Session, start: datetime, working_days: int) -> datetime:
    day = clock.local(start).replace(hour=23, minute=59, second=0, microsecond=0)
    while working_days > 0:
        day += timedelta(days=1)
        working_days -= day.weekday() < _SATURDAY
    return day


def service_call(
    instance: ProcessInstance, element: Element, variables: Mapping[str, Json], actor: Actor
) -> ServiceCall:
    """Return what a handler is told; it gets copies, so that nothing it changes reaches the scopes."""
    return ServiceCall(
        instance.id,
        instance.business_key,
        instance.process_id,
        element.id,
        copy.deepcopy(dict(variables)),
        element.details.headers,
        actor,
        clock.now(),
    )


def locked(session: Session, instance_id: int) -> ProcessInstance:
    """Return an instance as it is now, its row locked until the transaction ends."""
    query = select(ProcessInstance).where(ProcessInstance.id == instance_id).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(kind="process instance", key=instance_id)
    return found


@contextmanager
def guarded(instance_id: int) -> Iterator[None]:
    """Raise StaleInstance when another transaction changed the instance since this one read it.

    Either its version shows it or, when history happens to be written first, the number of its next event.
    """
    try:
        yield
    except StaleDataError as error:
        raise StaleInstance(instance=instance_id) from error
    except IntegrityError as error:
        if HistoryEvent.__tablename__ not in str(error.orig):
            raise
        raise StaleInstance(instance=instance_id) from error


def is_lost_race(error: DBAPIError) -> bool:
    """Tell whether PostgreSQL ended a transaction only because another one stood in its way."""
    return getattr(error.orig, "sqlstate", None) in _LOST_RACES


def load(session: Session, instance: ProcessInstance, actor: Actor) -> Game:
    """Return the live game of an instance."""
    host = _Host(session, instance, actor, clock.now())
    return state.load(deployments.compiled(session, instance), instance.state, instance.status, host)


def begin(
    session: Session, instance: ProcessInstance, element: str, variables: Mapping[str, Json], actor: Actor
) -> list[Effect]:
    """Run a new instance from one of its start events to its first wait states."""
    host = _Host(session, instance, actor, clock.now())
    game = state.new(deployments.compiled(session, instance), host)
    with guarded(instance.id), _one_at_a_time(session, instance):
        stepping.begin(game, element, variables)
        return _store(session, instance, game, {}, actor)


def advance(
    session: Session, instance: ProcessInstance, actor: Actor, act: Callable[[Game], None]
) -> list[Effect]:
    """Load a locked instance, act on it, run to the next wait states, store everything."""
    with guarded(instance.id), _one_at_a_time(session, instance):
        game = load(session, instance, actor)
        before = state.waits(game)
        act(game)
        return _store(session, instance, game, before, actor)


@contextmanager
def _one_at_a_time(session: Session, instance: ProcessInstance) -> Iterator[None]:
    """Refuse a step inside a step of the same instance: the outer one would overwrite the inner one."""
    under_way: set[int] = session.info.setdefault(_UNDER_WAY, set())
    number = instance.id  # not to be read again after a failed flush
    if number in under_way:
        raise Conflict(
            expected=f"process instance {number} at rest",
            found="a handler of its own step wants to move it",
            found_vi="hồ sơ đang được xử lý ở chính bước này",
        )
    under_way.add(number)
    try:
        yield
    finally:
        under_way.discard(number)


def _store(
    session: Session,
    instance: ProcessInstance,
    game: Game,
    before: Mapping[tuple[str, int], state.Wait],
    actor: Actor,
) -> list[Effect]:
    for fact in game.facts:
        history.record(session, instance, fact.kind, actor, fact.data, fact.element)
    _record_changes(session, instance, game, actor)
    after = state.waits(game)
    subscriptions = index.sync(session, instance, before, after, actor)
    effects: list[Effect] = [
        Recalled(
            instance, tuple(token for kind, token in before if kind == "call" and (kind, token) not in after)
        )
    ]
    effects += [Called(instance, call) for call in game.calls if ("call", call.token) in after]
    effects += [Published(_publish(session, instance, thrown, actor)) for thrown in game.thrown]
    effects += [Subscribed(subscription) for subscription in subscriptions]
    instance.state = state.dump(game)
    if game.status != instance.status:
        effects += _end(session, instance, game, actor)
    session.flush()
    history.write(session)
    return effects


def _end(session: Session, instance: ProcessInstance, game: Game, actor: Actor) -> list[Effect]:
    """Record the end of an instance; who called it hears of every end but a cancelled one."""
    instance.status = game.status
    instance.ended_at = clock.now()
    history.record(session, instance, f"instance.{game.status}", actor, {})
    if instance.parent_id is None or game.status == "cancelled":
        return []
    code = next((fact.data["code"] for fact in game.facts if fact.kind == "error.uncaught"), None)
    variables = dict(game.scopes.view(0))
    return [Ended(instance, variables, None if game.status == "completed" else str(code or ""))]


def _record_changes(session: Session, instance: ProcessInstance, game: Game, actor: Actor) -> None:
    changes: list[Json] = [
        {"name": change.name, "before": change.before, "after": change.after}
        for change in game.scopes.changes
    ]
    if changes:
        history.record(session, instance, "variables.changed", actor, {"changes": changes})


def _publish(session: Session, instance: ProcessInstance, thrown: Thrown, actor: Actor) -> Message:
    """Write what an instance threw as a message and into its history."""
    data: dict[str, Json] = {
        "name": thrown.name,
        "correlation_key": thrown.correlation_key,
        "variables": dict(thrown.variables),
    }
    history.record(session, instance, "message.published", actor, data, thrown.element)
    now = clock.now()
    message = Message(
        name=thrown.name,
        correlation_key=thrown.correlation_key,
        variables=dict(thrown.variables),
        published_at=now,
        expires_at=now + THROWN_TIME_TO_LIVE,
        status="buffered",
    )
    session.add(message)
    return message
