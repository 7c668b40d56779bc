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

from engine import calendars, clock, deployments, evaluations, feel, history, index, tracing, variables
from engine.actors import Actor
from engine.bpmn.model import Element
from engine.effects import Broadcast, Called, Effect, Ended, Escalated, Published, Recalled, Subscribed
from engine.errors import Conflict, NotFound, StaleInstance, StateUnreadable
from engine.handlers import Json, ServiceCall, View, registered
from engine.spiff import errors, marking, shape, state
from engine.spiff.game import Decided, Game, Signalled, Thrown
from engine.tables import HistoryEvent, Message, ProcessDefinition, ProcessInstance

THROWN_TIME_TO_LIVE = timedelta(days=365)
# PostgreSQL's words for: somebody else was first, the same transaction may well succeed when tried again
_LOST_RACES = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
_UNDER_WAY = "instances under way"
Act: TypeAlias = Callable[[Game], None]


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
        if registration is None or registration.outside or errors.FAILURE in element.details.properties:
            return None  # a failure that is to be thrown must not take the step along: it gets one of its own
        call = service_call(self.instance, element, variables, self.actor)
        return registration.function(self.session, call) or {}

    def decide(self, element: Element, decision: str, variables: Mapping[str, Json]) -> Decided:
        """Evaluate a deployed decision inside the step; raises EngineError."""
        process = self.session.get_one(ProcessDefinition, self.instance.definition_id)
        definition = evaluations.bound(self.session, decision, element.details, process.deployment_id)
        return evaluations.decide(self.session, definition, variables, self.now)

    def due_after(self, working_days: int, calendar: str, start: datetime | None) -> datetime:
        """Ask the calendar that the session was opened with; without one, Monday to Friday are worked."""
        return calendars.due_after(self.session, start or self.now, working_days, calendar)


class _Rehearsal(_Host):
    """Call nobody: a step that would call a handler is shown as a job."""

    def call(self, element: Element, variables: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Return None, as for a job of somebody else."""
        return None


def service_call(
    instance: ProcessInstance,
    element: Element,
    variables: Mapping[str, Json],
    actor: Actor,
    view: View | None = None,
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
        view,
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
    """Return the live game of an instance; raises StateUnreadable."""
    return _read(session, instance, _Host(session, instance, actor, clock.now()))


def rehearse(
    session: Session,
    instance: ProcessInstance,
    actor: Actor,
    *,
    definition: ProcessDefinition | None = None,
    text: str | None = None,
) -> Game:
    """Return a game of an instance that calls no handler; whatever is done with it is thrown away.

    It may be one of another version (`definition`), with another saved state (`text`).
    """
    host = _Rehearsal(session, instance, actor, clock.now())
    return _read(session, instance, host, definition, text)


def _read(
    session: Session,
    instance: ProcessInstance,
    host: _Host,
    definition: ProcessDefinition | None = None,
    text: str | None = None,
) -> Game:
    compiled = (
        deployments.compiled(session, instance)
        if definition is None
        else deployments.compiled_version(session, definition)
    )
    try:
        return state.load(compiled, instance.state if text is None else text, instance.status, host)
    except shape.Damaged as error:
        raise StateUnreadable(instance.id, error.cause, error.cause_vi) from error


def begin(session: Session, instance: ProcessInstance, actor: Actor, act: Act) -> list[Effect]:
    """Run a new instance from where `act` puts its first tokens to its first wait states."""
    host = _Host(session, instance, actor, clock.now())
    game = state.new(deployments.compiled(session, instance), host)
    with guarded(instance.id), _one_at_a_time(session, instance):
        act(game)
        return _store(session, instance, game, {}, actor)


def advance(
    session: Session, instance: ProcessInstance, actor: Actor, act: Act, loaded: Game | None = None
) -> list[Effect]:
    """Act on a locked instance, run to the next wait states, store everything.

    A game that the caller has `loaded` to look at is gone on with, unless the state is another by now.
    """
    with guarded(instance.id), _one_at_a_time(session, instance):
        fresh = loaded is not None and loaded.read_from is instance.state
        game = loaded if loaded is not None and fresh else load(session, instance, actor)
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
        with calendars.lent(session), tracing.span("step", instance=number):
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
    after = state.waits(game)
    effects = _record_facts(session, instance, game, marking.moves(game, before, after), actor)
    _record_changes(session, instance, game, actor)
    with session.no_autoflush:  # nothing of it asks for what this step changes: the instance is written once
        variables.keep(session, instance, game.scopes.changes)
        subscriptions = index.sync(session, instance, before, after, actor)
    effects += [
        Recalled(
            instance, tuple(token for kind, token in before if kind == "call" and (kind, token) not in after)
        )
    ]
    effects += [Called(instance, call) for call in game.calls if ("call", call.token) in after]
    effects += [Published(_publish(session, instance, thrown, actor)) for thrown in game.thrown]
    effects += [_broadcast(session, instance, signalled, actor) for signalled in game.signals]
    if waiting := tuple(row for row in subscriptions if row.kind == "message"):
        effects.append(Subscribed(waiting))
    instance.state = state.dump(game)
    if game.status != instance.status:
        effects += _end(session, instance, game, actor)
    session.flush()
    history.write(session)
    return effects


def _record_facts(
    session: Session, instance: ProcessInstance, game: Game, moves: Mapping[str, Json], actor: Actor
) -> list[Effect]:
    """Record what happened; an escalation that nothing here caught is passed to whoever called.

    The first event of a step says where its tokens went.
    """
    effects: list[Effect] = []
    tokens: dict[str, Json] = {"tokens": dict(moves)} if moves else {}
    if tokens and not game.facts:
        history.record(session, instance, "tokens.moved", actor, tokens)
    for fact in game.facts:
        kind = fact.kind
        if kind == "escalation.uncaught" and instance.parent_id is not None:
            kind = "escalation.passed"
            code = fact.data.get("code")
            effects.append(Escalated(instance, None if code is None else str(code)))
        history.record(session, instance, kind, actor, {**fact.data, **tokens}, fact.element)
        tokens = {}
    return effects


def _broadcast(session: Session, instance: ProcessInstance, signalled: Signalled, actor: Actor) -> Broadcast:
    """Tell the others of a signal that an instance threw, and its history."""
    variables = dict(signalled.variables)
    data: dict[str, Json] = {"name": signalled.name, "variables": variables}
    history.record(session, instance, "signal.thrown", actor, data, signalled.element)
    return Broadcast(signalled.name, variables, instance.id)


def _end(session: Session, instance: ProcessInstance, game: Game, actor: Actor) -> list[Effect]:
    """Record the end of an instance; who called it hears of every end but a cancelled one."""
    instance.status = game.status
    instance.ended_at = clock.now()
    if instance.suspended_at is not None:
        index.close_tokenless(session, instance, actor)
    data: dict[str, Json] = {} if game.reason is None else {"reason": game.reason}
    history.record(session, instance, f"instance.{game.status}", actor, data)
    if instance.parent_id is None or game.status == "cancelled":
        return []
    code = next((fact.data["code"] for fact in game.facts if fact.kind == "error.uncaught"), None)
    variables = dict(game.scopes.view(0))
    return [Ended(instance, variables, None if game.status == "completed" else str(code or ""))]


def _record_changes(session: Session, instance: ProcessInstance, game: Game, actor: Actor) -> None:
    changes: list[Json] = [
        # the scope of the process goes without saying
        {"name": change.name, "before": change.before, "after": change.after}
        | ({"scope": change.scope} if change.scope else {})
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
        sender=instance.process_id,
        variables=dict(thrown.variables),
        published_at=now,
        expires_at=now + THROWN_TIME_TO_LIVE,
        status="buffered",
    )
    session.add(message)
    return message
