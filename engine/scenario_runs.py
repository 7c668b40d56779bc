"""Play scenarios on the real engine: in memory, the clock pinned, each in a database of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import clock, coverage, deployments, forms, instances, jobs, messages, tasks, timers
from engine.actors import SYSTEM, Actor
from engine.coverage import Coverage
from engine.errors import DeploymentRejected, EngineError, FormInvalid, NotFound, Text
from engine.handlers import Json, ServiceCall, registered
from engine.scenario_facts import KINDS, REFERENCE, ROWS, Fact, add_row, closest, matches, read_table
from engine.scenarios import Opening, Scenario, Step, Values, World, moment_of
from engine.tables import Base, Incident, Job, UserTask

WAITS = timedelta(days=400)  # a message that nobody takes yet
JOBS = 1_000  # run behind one step; more is a circle


class Unmet(EngineError):
    """Expected {expected}, but found {found}."""

    vi = "cần {expected_vi}; thấy {found_vi}"
    en = "expected {expected}; found {found}"


@dataclass(frozen=True)
class Failure:
    """Where a scenario went wrong: the step by number, and what was expected and found."""

    step: int
    text: Text


@dataclass(frozen=True)
class Result:
    """How one scenario ended, and what of the diagrams it reached."""

    scenario: Scenario
    failure: Failure | None
    coverage: Mapping[str, Coverage]


@dataclass(frozen=True)
class _Play:
    """A scenario under way at one moment."""

    session: Session
    world: World
    moment: datetime
    tolerant: bool  # of incidents: only a scenario that expects some


def run(scenarios: Sequence[Scenario], world: World) -> Iterator[Result]:
    """Play scenarios one after the other, each in a copy of a world that is set up once per need.

    A scenario whose files a deployment refuses fails before its first step, as step 0.
    """
    prepared: dict[tuple[object, ...], Engine] = {}
    engine = _memory()  # one for all: what it has compiled serves the next scenario, too
    for scenario in scenarios:
        files = world.files(scenario)
        need = (scenario.organisation, scenario.start, tuple(files))
        try:
            if need not in prepared:
                prepared[need] = _prepare(scenario, files, world)
        except DeploymentRejected as error:
            yield Result(scenario, Failure(0, _list_findings(error)), {})
            continue
        _copy(prepared[need], engine)
        yield _run_one(scenario, world, engine)


def _run_one(scenario: Scenario, world: World, engine: Engine) -> Result:
    """Play one scenario in a database that is its own."""
    with Session(engine) as session:
        session.info.update(world.info)
        tolerant = any("incidents" in step.said.get("expect", ()) for step in scenario.steps)
        failure = _play(scenario, _Play(session, world, scenario.start, tolerant))
        reached = coverage.measure(session)
    return Result(scenario, failure, reached)


def _list_findings(error: DeploymentRejected) -> Text:
    return Text(*("; ".join(one.text(language) for one in error.findings) for language in ("vi", "en")))


def _memory() -> Engine:
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def _prepare(scenario: Scenario, files: Sequence[deployments.File], world: World) -> Engine:
    """Return a database with the organisation loaded and the files deployed."""
    engine = _memory()
    Base.metadata.create_all(engine)
    with engine.begin() as connection, Session(connection) as session, clock.pinned(scenario.start):
        session.info.update(world.info)
        world.set_up(session, scenario.organisation)
        deployment = deployments.deploy(session, files, SYSTEM)
        instances.open_starts(session, deployment, SYSTEM)
        session.flush()
    return engine


def _copy(source: Engine, target: Engine) -> None:
    given, taken = source.raw_connection(), target.raw_connection()
    given.driver_connection.backup(taken.driver_connection)  # type: ignore[union-attr]
    given.close()
    taken.close()


def _play(scenario: Scenario, play: _Play) -> Failure | None:
    """Take the steps one after the other up to the first that is not as the scenario says."""
    for step in scenario.steps:
        try:
            play = _take(step, play)
        except EngineError as error:
            return Failure(step.number, Text(_tell(error, "vi"), _tell(error, "en")))
    return None


def _tell(error: EngineError, language: str) -> str:
    """Return what an error says, the fields of a form with their messages."""
    told = error.text(language)
    if isinstance(error, FormInvalid):
        fields = (f"{path}: {text.text(language)}" for path, all in error.messages.items() for text in all)
        told = f"{told} [{'; '.join(fields)}]"
    return told


def _take(step: Step, play: _Play) -> _Play:
    """Take one step and return the play after it; raises Unmet, and what refuses the step."""
    if step.act == "clock":
        moment = moment_of(step)
        fire_due(play.session, moment, play.moment)
        play = replace(play, moment=moment)
    with clock.pinned(play.moment):
        if step.act == "expect":
            _expect(step.said["expect"], play)
        elif "refused" in step.said:
            _take_refused(step, play)
        elif step.act in _ACTS:
            _ACTS[step.act](step.said, play)
            _run_jobs(play.session)
        if not play.tolerant:
            _ensure_no_incident(play.session)
    return play


def fire_due(session: Session, until: datetime, now: datetime) -> None:
    """Fire every timer due until a moment at its own time, and run the jobs behind it, as the worker does."""
    while found := timers.due(session, until):
        with clock.pinned(max(found[0].due_at, now)):
            timers.fire(session, found[0].id)
            _run_jobs(session)


def _run_jobs(session: Session) -> None:
    """Run the jobs that this program's own handlers do."""
    for _ in range(JOBS):
        query = select(Job).where(Job.status == "open", Job.type.in_(registered(session)))
        job = session.scalars(query.order_by(Job.id).limit(1)).first()
        if job is None:
            return
        jobs.run(session, job.id)


def _ensure_no_incident(session: Session) -> None:
    row = session.scalars(select(Incident).where(Incident.status == "open").limit(1)).first()
    if row is not None:
        raise Unmet(
            expected="no incident",
            expected_vi="không có sự cố",
            found=f"one at '{row.element}': {row.en}",
            found_vi=f"một sự cố tại “{row.element}”: {row.vi}",
        )


def _take_refused(step: Step, play: _Play) -> None:
    """Take a step that must be refused as described; what it did before is undone."""
    wanted = step.said["refused"]
    try:
        with play.session.begin_nested():
            _ACTS[step.act](step.said, play)
            _run_jobs(play.session)
    except Unmet:
        raise
    except EngineError as error:
        if _is_as_wanted(error, wanted):
            return
        found, found_vi = f"{type(error).__name__}: {_tell(error, 'en')}", _tell(error, "vi")
    else:
        found, found_vi = "no refusal", "không bị từ chối"
    raise Unmet(
        expected=f"a refusal {_say(wanted)}",
        expected_vi=f"bị từ chối {_say(wanted)}",
        found=found,
        found_vi=found_vi,
    )


def _is_as_wanted(error: EngineError, wanted: Values) -> bool:
    told = _tell(error, "vi") + "\n" + _tell(error, "en")
    paths = error.messages if isinstance(error, FormInvalid) else {}
    right = wanted["kind"] == type(error).__name__ and wanted.get("text", "") in told
    return right and ("path" not in wanted or wanted["path"] in paths)


def _actor(said: Values, play: _Play) -> Actor:
    return play.world.find_actor(play.session, said["as"]) if "as" in said else SYSTEM


def _start(said: Values, play: _Play) -> None:
    values, key = _resolve(said.get("values", {}), play.session), _key(said, play.session)
    if "as" not in said:
        instances.start(play.session, said["start"], values, SYSTEM, key or "")
        return
    opening = Opening(said["start"], values, said.get("unit"), key)
    play.world.begin(play.session, _actor(said, play), opening)


def _key(said: Values, session: Session) -> str | None:
    return str(_resolve(said["key"], session)) if "key" in said else None


def _complete(said: Values, play: _Play) -> None:
    actor = _actor(said, play)
    task = _find_task(said, play.session, actor)
    context = tasks.form_context(play.session, task, actor)
    form = deployments.form(play.session, task.form_id)
    given = _resolve(said.get("answers", {}), play.session)
    if task.form_id:
        ensure_asked(form, given)
    answers = dict(forms.defaults(form, context)) | given
    for rule in said.get("rows", ()):
        name = rule.get("list", ROWS)
        # a list that only an answer makes visible is not among the defaults
        rows = answers.get(name) or context.get(name)
        answers[name] = _change_rows(rows, _resolve(rule, play.session))
    tasks.complete(play.session, task.id, answers, actor)


def ensure_asked(form: Mapping[str, Any], given: Values) -> None:
    """Raise Unmet for a value that the form does not ask for: it would be dropped in silence."""
    asked = forms.declared_keys(form)
    unknown = sorted(set(given) - asked)
    if unknown:
        listed = ", ".join(sorted(asked)) or "–"
        raise Unmet(
            expected=f"fields of the form ({listed})",
            expected_vi=f"các mục của biểu mẫu ({listed})",
            found=", ".join(unknown),
            found_vi=", ".join(unknown),
        )


def _find_task(said: Values, session: Session, actor: Actor) -> UserTask:
    """Return the oldest open task meant: the actor's, else another's, which the engine will refuse."""
    key, element = _key(said, session), said["complete"]
    for query in (tasks.open_for(actor), select(UserTask).where(UserTask.status == "open")):
        query = query.where(UserTask.element == element)
        if key is not None:
            query = query.where(UserTask.business_key == key)
        if "process" in said:
            query = query.where(UserTask.process_id == said["process"])
        task = session.scalars(query.order_by(UserTask.id).limit(1)).first()
        if task is not None:
            return task
    there = [f"{row['process']}.{row['element']} ({row['key']})" for row in KINDS["tasks"].read(session)]
    raise Unmet(
        expected=f"an open task '{element}'",
        expected_vi=f"việc “{element}” đang mở",
        found=", ".join(there) or "no open task",
        found_vi=", ".join(there) or "không có việc nào",
    )


def _change_rows(rows: Any, rule: Values) -> list[Json]:
    """Change the rows that a rule means; a rule that means none is not met."""
    where = rule.get("where", {})
    meant = [row for row in rows or () if matches(where, row)]
    if not meant:
        raise Unmet(
            expected=f"a row {_say(where)}",
            expected_vi=f"có dòng {_say(where)}",
            found=_say(closest(where, rows or ())),
            found_vi=_say(closest(where, rows or ())),
        )
    return [{**row, **rule["set"]} if row in meant else row for row in rows]


def _publish(said: Values, play: _Play) -> None:
    variables = _resolve(said.get("variables", {}), play.session)
    key = _key(said, play.session) or ""
    message = messages.publish(
        play.session, said["publish"], key, variables, actor=_actor(said, play), time_to_live=WAITS
    )
    if (message.status == "correlated") is not said.get("taken", True):
        raise Unmet(
            expected="a message that somebody takes, or the word that nobody does",
            expected_vi="thông điệp có nơi nhận, hoặc ghi rõ chưa có nơi nhận",
            found=message.status,
            found_vi=message.status,
        )


def _call(said: Values, play: _Play) -> None:
    """Call a handler as a page of the application does, outside any process."""
    registration = registered(play.session).get(said["call"])
    if registration is None:
        raise NotFound(kind="handler", key=said["call"])
    variables = _resolve(said.get("variables", {}), play.session)
    call = ServiceCall(0, "", "", "", variables, {}, _actor(said, play), clock.now())
    registration.function(play.session, call)
    play.session.flush()


def _add(said: Values, play: _Play) -> None:
    """Add a row that was there before, or came by a page that no diagram draws, such as an uploaded paper."""
    add_row(play.session, said["add"], _resolve(said["row"], play.session))


_ACTS: Mapping[str, Callable[[Values, _Play], None]] = {
    "start": _start,
    "complete": _complete,
    "publish": _publish,
    "call": _call,
    "add": _add,
}


def _resolve(value: Any, session: Session) -> Any:
    """Replace each reference by the value of the newest row it means."""
    if isinstance(value, list):
        return [_resolve(item, session) for item in value]
    if not isinstance(value, dict):
        return value
    if REFERENCE not in value:
        return {key: _resolve(item, session) for key, item in value.items()}
    entry = value[REFERENCE]
    found = [row for row in read_table(session, entry["table"]) if matches(entry, row)]
    if not found:
        raise Unmet(
            expected=f"a row {_say(entry)}",
            expected_vi=f"có dòng {_say(entry)}",
            found="none",
            found_vi="không có",
        )
    taken = found[-1][value["take"]]
    return str(taken) if value.get("text") else taken  # a choice of a form is a text


def _expect(said: Mapping[str, Sequence[Fact]], play: _Play) -> None:
    """Compare what is expected with what is; tell the first entry that does not hold."""
    known, session = {**KINDS, **play.world.kinds}, play.session
    for kind, entries in said.items():
        for entry in (_resolve(one, session) for one in entries):
            facts = list(read_table(session, entry["table"]) if kind == ROWS else known[kind].read(session))
            count = sum(matches(entry, fact) for fact in facts)
            if count != entry["count"] if "count" in entry else not count:
                near = _say(closest(entry, facts))
                raise Unmet(
                    expected=f"{kind} {_say(entry)}",
                    expected_vi=f"{kind} {_say(entry)}",
                    found=f"{count} of them; closest: {near}",
                    found_vi=f"{count}; gần nhất: {near}",
                )


def _say(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
