"""A running case goes on on another version of its process: nothing that waits is lost, or it is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from engine import clock, deployments, history, instances, jobs, messages, tasks, timers
from engine.actors import SYSTEM, Actor
from engine.handlers import Registration
from engine.operations import migration
from engine.operations.migration import Plan
from engine.spiff import state
from engine.tables import (
    Form,
    Incident,
    Job,
    ProcessInstance,
    Subscription,
    Timer,
    UserTask,
)
from tests.builders import B, ProcessBuilder, Z, a_process, each
from tests.integration.cases import NORA, begin, complete_all, deploy, open_tasks

MIA = Actor("mia", frozenset({"staff"}))
WHY = "quy chế mới"


def move(session: Session, instance: ProcessInstance, target: int, **plan: Any) -> migration.Preview:
    """Preview and migrate; rows and state must agree afterwards."""
    shown = migration.preview(session, instance.id, Plan(target, **plan), NORA)
    assert shown.problems == ()
    migration.migrate(session, instance.id, Plan(target, **plan), NORA, WHY, version=shown.version)
    waits = state.waits(instances.load(session, instance, NORA))
    for kind, table in (("task", UserTask), ("timer", Timer), ("job", Job), (None, Subscription)):
        query = select(table.token, table.element).where(table.instance_id == instance.id)  # type: ignore[attr-defined]
        if kind is not None:
            query = query.where(table.status.in_(("open", "waiting", "failed")))  # type: ignore[attr-defined]
        rows = {tuple(row) for row in session.execute(query)}
        kinds = ("message", "signal", "conditional") if kind is None else (kind,)
        assert rows == {(wait.token, wait.element) for wait in waits.values() if wait.kind in kinds}
    return shown


def _busy(changed: str = "") -> ProcessBuilder:
    """Build a process with everything that can wait; `changed` only changes the file."""
    process = a_process("busy", f"busy {changed}").start().gateway("fork", "parallel").user_task("a").end()
    process.boundary("late", "a", process.timer("timeDuration", "P3D"), interrupting=False).end("e1")
    process.boundary("news", "a", process.message("news", '="K"'), interrupting=False).end("e2")
    process.at("fork").service_task("mail", "mail").gateway("join", "parallel").end("e3")
    process.at("fork").script("done", "=1", "n").flow("done", "join")
    process.at("fork").open_sub_process("sub").start("s").user_task("vote", each("=people", "who"))
    process.end("e4").close_sub_process().end("e5")
    process.at("fork").gateway("bad").when("=broken").end("e6")
    return process


def test_by_identity_nothing_changes_but_the_version(session: Session, morning: datetime) -> None:
    instance = begin(session, _busy(), people=["an", "binh"], broken="?")
    task = session.scalars(select(UserTask).where(UserTask.element == "a")).one()
    tasks.claim(session, task.id, NORA)
    votes = session.scalars(select(UserTask).where(UserTask.element == "vote").order_by(UserTask.id)).all()
    tasks.complete(session, votes[0].id, {}, NORA)
    target = deploy(session, _busy("again"))
    before = (instance.state, _rows(session), instance.events)
    clock.pin(morning + timedelta(days=2))

    shown = move(session, instance, target)

    assert (instance.state, _rows(session)) == before[:2]
    assert (instance.definition.version, instance.definition_hash) == (2, instance.definition.hash)
    assert (shown.armed, shown.cancelled) == ((), ())
    assert instance.events == before[2] + 1
    event = history.of_instance(session, instance.id)[-1]
    assert (event.kind, event.actor, event.data["reason"]) == ("instance.migrated", "nora", WHY)
    assert (event.data["before"], event.data["after"]) == (1, 2)


def _rows(session: Session) -> list[Any]:
    found: list[Any] = []
    for table in (UserTask, Job, Timer, Subscription, Incident):
        for row in session.scalars(select(table).order_by(table.id)):
            found.append([(c.key, getattr(row, c.key)) for c in inspect(table).columns])
    return found


def test_what_waits_goes_on_on_the_new_version(session: Session, morning: datetime) -> None:
    session.info["handlers"] = {"mail": Registration(lambda _session, _call: {}, outside=True)}
    instance = begin(session, _busy(), people=["an", "binh"], broken=True)
    move(session, instance, deploy(session, _busy("again")))

    clock.pin(morning + timedelta(days=3))
    for timer in timers.due(session, clock.now()):
        timers.fire(session, timer.id)
    messages.publish(session, "news", "K", {})
    jobs.complete(session, session.scalars(select(Job.id)).one(), {}, SYSTEM)
    complete_all(session)

    assert instance.status == "completed"
    completed = history.completed_elements(history.of_instance(session, instance.id))
    assert {"late", "news", "mail", "join", "vote", "sub", "e1", "e2", "e3", "e5"} <= {*completed, "vote"}


def test_steps_are_renamed_by_the_mapping_with_all_their_rows(session: Session, morning: datetime) -> None:
    old = a_process("named").start().user_task("a").end()
    old.boundary("late", "a", old.timer("timeDuration", "P3D")).end("e2")
    new = a_process("named").start().user_task("first").user_task("b").end()
    new.find("first").set("name", "Bước một")
    new.boundary("overdue", "first", new.timer("timeDuration", "P9D")).user_task("urge").end("e2")
    instance = begin(session, old)
    task = session.scalars(select(UserTask)).one()
    tasks.claim(session, task.id, MIA)
    due = session.scalars(select(Timer.due_at)).one()

    shown = move(session, instance, deploy(session, new), mapping={"a": "first", "late": "overdue"})

    (mapped,) = [one for one in shown.mapped if one.kind == "task"]
    assert (mapped.source, mapped.target) == ("a", "first")
    assert mapped.details["name"] == {"before": "a", "after": "Bước một"}
    assert mapped.details["assignee"] == "mia"
    (late,) = [one for one in shown.mapped if one.kind == "timer"]
    assert late.details["kept"] == {"time": {"before": "P3D", "after": "P9D"}}
    assert (task.element, task.name, task.assignee, task.status) == ("first", "Bước một", "mia", "open")
    timer = session.scalars(select(Timer)).one()
    assert (timer.element, timer.due_at, timer.status) == ("overdue", due, "waiting")
    clock.pin(due)
    timers.fire(session, timer.id)
    assert open_tasks(session) == ["urge"]


def test_a_deadline_is_computed_anew_only_when_told_and_from_its_own_beginning(
    session: Session, morning: datetime
) -> None:
    def version(days: str) -> ProcessBuilder:
        process = a_process("timed").start().user_task("a").end()
        process.boundary("late", "a", process.timer("timeDuration", days)).end("e2")
        return process

    kept, told = begin(session, version("P3D")), instances.start(session, "timed", {}, NORA)
    target = deploy(session, version("P9D"))
    clock.pin(morning + timedelta(days=2))

    move(session, kept, target)
    shown = move(session, told, target, timers=["late"])

    dues = dict(session.execute(select(Timer.instance_id, Timer.due_at)).all())  # type: ignore[arg-type]
    assert dues == {kept.id: morning + timedelta(days=3), told.id: morning + timedelta(days=9)}
    (mapped,) = [one for one in shown.mapped if one.kind == "timer"]
    assert "kept" not in mapped.details
    assert mapped.details["due"] == {
        "before": (morning + timedelta(days=3)).isoformat(),
        "after": (morning + timedelta(days=9)).isoformat(),
    }


def test_events_that_are_new_are_armed_and_those_that_are_gone_let_go(session: Session) -> None:
    old = a_process("events").start().user_task("a").user_task("b").end()
    old.boundary("late", "a", old.timer("timeDuration", "P3D"), interrupting=False).end("e2")
    old.boundary("gone", "a", old.message("gone", '="K"')).end("e3")
    new = a_process("events").start().user_task("a").user_task("b").end()
    new.boundary("late", "a", new.timer("timeDuration", "P3D"), interrupting=False).end("e2")
    new.boundary("fresh", "a", new.message("fresh", '="K"')).user_task("told").end("e4")
    new.open_sub_process("aside")
    new.find("aside").set("triggeredByEvent", "true")
    new.start("heard", new.message("heard", '="K"')).user_task("note").end("e5").close_sub_process()
    _detach(new, "aside")
    instance = begin(session, old)
    timer = session.scalars(select(Timer)).one()

    shown = move(session, instance, deploy(session, new))

    assert (set(shown.armed), shown.cancelled) == ({"fresh", "heard"}, ("gone",))
    names = session.scalars(select(Subscription.message_name).order_by(Subscription.message_name)).all()
    assert names == ["fresh", "heard"]
    assert timer.status == "waiting"
    messages.publish(session, "fresh", "K", {})
    assert open_tasks(session) == ["told"]


def _detach(process: ProcessBuilder, element: str) -> None:
    """Take the flows away that the builder has drawn to and from an event sub-process."""
    for flow in process.node.xpath("//*[@sourceRef=$id or @targetRef=$id]", id=element):
        flow.getparent().remove(flow)


def test_an_event_that_has_fired_is_not_armed_again_by_a_migration(
    session: Session, morning: datetime
) -> None:
    def version(name: str) -> ProcessBuilder:
        process = a_process("once", name).start().user_task("a").end()
        process.boundary("late", "a", process.timer("timeDuration", "P1D"), interrupting=False).end("e2")
        return process

    instance = begin(session, version("one"))
    clock.pin(morning + timedelta(days=1))
    timers.fire(session, session.scalars(select(Timer.id)).one())

    move(session, instance, deploy(session, version("two")))

    assert session.scalars(select(Timer.status)).all() == ["fired"]


def test_votes_already_given_are_kept(session: Session) -> None:
    def version(name: str) -> ProcessBuilder:
        votes = each("=people", "who", outputCollection="votes", outputElement="=vote")
        return (
            a_process("council", name)
            .start()
            .user_task("vote", votes, candidateUsers="=who")
            .user_task("b")
            .end()
        )

    instance = begin(session, version("one"), people=["an", "binh", "chi"])
    _vote(session, "binh", "yes")

    move(session, instance, deploy(session, version("two")))
    _vote(session, "an", "no")
    _vote(session, "chi", "yes")

    assert state.variables(instance.state)["votes"] == ["no", "yes", "yes"]
    assert open_tasks(session) == ["b"]


def _vote(session: Session, name: str, vote: str) -> None:
    actor = Actor(name)
    tasks.complete(session, session.scalars(tasks.open_for(actor)).one().id, {"vote": vote}, actor)


def test_the_form_of_the_new_version_is_told_and_used(session: Session) -> None:
    schema = b'{"type":"default","id":"%s","schemaVersion":19,"components":[]}'
    forms = [(f"{name}.form", schema % name.encode()) for name in ("one", "two")]
    deployments.deploy(session, forms, NORA)
    old = a_process("formed").start().user_task("a", Z.formDefinition(formId="one")).end()
    new = a_process("formed").start().user_task("a", Z.formDefinition(formId="two")).end()
    instance = begin(session, old)

    shown = move(session, instance, deploy(session, new))

    assert shown.mapped[0].details["form"] == {"before": "one", "after": "two"}
    assert session.scalars(select(UserTask.form_id)).one() == "two"
    assert session.scalars(select(Form.form_id).order_by(Form.id)).all() == ["one", "two"]


def test_a_call_under_way_goes_on_untouched(session: Session) -> None:
    def version(name: str) -> ProcessBuilder:
        process = a_process("outer", name).start()
        return process.add("callActivity", "call", Z.calledElement(processId="inner")).user_task("last").end()

    deploy(session, a_process("inner").start().user_task("work").end())
    instance = begin(session, version("one"))
    child = session.scalars(select(ProcessInstance).where(ProcessInstance.parent_id == instance.id)).one()
    before = (child.state, child.version)

    move(session, instance, deploy(session, version("two")))

    assert (child.state, child.version) == before
    complete_all(session)
    assert (child.status, instance.status) == ("completed", "completed")


def test_a_condition_that_waits_is_the_one_of_the_new_version(session: Session) -> None:
    def version(condition: str) -> ProcessBuilder:
        process = a_process("waiting").start().gateway("fork", "parallel").user_task("a").end()
        process.at("fork").catch("until", B.conditionalEventDefinition(B.condition(condition)))
        return process.user_task("then").end("e2")

    instance = begin(session, version("=n > 100"), n=1)
    move(session, instance, deploy(session, version("=n > 5")))
    assert session.scalars(select(Subscription.message_name)).all() == ["=n > 5"]

    tasks.complete(session, session.scalars(select(UserTask.id)).one(), {"n": 7}, NORA)

    assert open_tasks(session) == ["then"]
