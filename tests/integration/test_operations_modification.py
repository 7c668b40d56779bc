"""Tokens of a running case are moved, added and let go: seen first, then done in one transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, operations, tasks
from engine.actors import Actor
from engine.errors import BadInput, StaleInstance
from engine.handlers import Registration
from engine.operations import modification
from engine.operations.modification import Activate, AddIteration, Move, Terminate
from engine.spiff import state
from engine.spiff.relocation import Instruction, NotMovable
from engine.tables import HistoryEvent, ProcessInstance, Subscription, Timer, UserTask
from tests.builders import Z, a_process, each, mappings
from tests.integration.cases import NORA, begin, complete_all, open_tasks

WHY = "chuyển nhầm phòng"


def change(session: Session, instance: ProcessInstance, *instructions: Instruction) -> None:
    """Preview and apply; the preview is kept: what it says must come true."""
    shown = modification.preview(session, instance.id, instructions, NORA)
    before = state.waits(instances.load(session, instance, NORA))
    modification.apply(session, instance.id, instructions, NORA, WHY, version=shown.version)
    after = state.waits(instances.load(session, instance, NORA))
    assert {(thing.kind, thing.token) for thing in shown.difference.closed} == before.keys() - after.keys()
    assert {(thing.kind, thing.token) for thing in shown.difference.opened} == after.keys() - before.keys()
    assert shown.difference.status == instance.status


def test_a_token_is_moved_and_the_preview_tells_what_it_costs(session: Session) -> None:
    process = a_process("chain")
    process.start().user_task("a", mappings(("input", "=1", "note"))).user_task("b").end()
    process.boundary("late", "a", process.timer("timeDuration", "P3D")).end("e2")
    process.boundary("news", "a", process.message("news", '="K"'), interrupting=False).end("e3")
    instance = begin(session, process)
    task = session.scalars(select(UserTask)).one()
    tasks.claim(session, task.id, NORA)

    shown = modification.preview(session, instance.id, [Move("b", element="a")], NORA)

    closed = {thing.kind: thing for thing in shown.difference.closed}
    assert sorted(closed) == ["message", "task", "timer"]
    assert (closed["task"].details["task"], closed["task"].details["assignee"]) == (task.id, "nora")
    assert closed["message"].details == {"name": "news", "key": "K"}
    assert [(lost.element, lost.names) for lost in shown.difference.lost] == [("a", ("note",))]
    assert [(thing.kind, thing.element) for thing in shown.difference.opened] == [("task", "b")]
    assert open_tasks(session) == ["a"]
    change(session, instance, Move("b", element="a"))
    assert open_tasks(session) == ["b"]
    assert session.scalars(select(Timer.status)).all() == ["cancelled"]
    assert session.scalars(select(Subscription)).all() == []
    events = history.of_instance(session, instance.id)
    (event,) = [event for event in events if event.kind == "instance.modified"]
    assert (event.actor, event.data["reason"]) == ("nora", WHY)
    assert event.data["instructions"] == [{"instruction": "Move", "target": "b", "element": "a"}]
    complete_all(session)
    assert instance.status == "completed"


def test_a_preview_writes_nothing_and_calls_no_handler(session: Session) -> None:
    called: list[str] = []
    session.info["handlers"] = {"mail": Registration(lambda _session, call: called.append(call.element))}
    process = a_process("mailing").start().user_task("a").service_task("mail", "mail").user_task("b").end()
    instance = begin(session, process)
    session.commit()
    before = (instance.state, instance.version, len(session.scalars(select(HistoryEvent)).all()))

    shown = modification.preview(session, instance.id, [Move("mail", element="a")], NORA)

    assert [(thing.kind, thing.element) for thing in shown.difference.opened] == [("job", "mail")]
    assert not session.dirty
    assert not session.new
    assert called == []
    assert before == (instance.state, instance.version, len(session.scalars(select(HistoryEvent)).all()))


def test_what_changed_after_the_preview_is_not_modified(session: Session) -> None:
    instance = begin(session, a_process("chain").start().user_task("a").user_task("b").end())
    shown = modification.preview(session, instance.id, [Move("b", element="a")], NORA)
    tasks.claim(session, session.scalars(select(UserTask.id)).one(), NORA)

    with pytest.raises(StaleInstance):
        modification.apply(session, instance.id, [Move("b", element="a")], NORA, WHY, version=shown.version)

    assert open_tasks(session) == ["a"]


def test_a_token_inside_a_sub_process_opens_what_is_around_it(session: Session) -> None:
    process = a_process("nested").start().user_task("a")
    process.open_sub_process("outer", mappings(("input", "=1", "one"))).start("s1").user_task("x")
    process.open_sub_process("inner").start("s2").user_task("y").user_task("z").end("e2").close_sub_process()
    process.end("e1").close_sub_process().user_task("last").end()
    process.boundary("late", "outer", process.timer("timeDuration", "P3D")).end("e3")
    instance = begin(session, process)

    change(session, instance, Activate("z", {"n": 1}))

    assert open_tasks(session) == ["a", "z"]
    assert [timer.element for timer in session.scalars(select(Timer))] == ["late"]
    game = instances.load(session, instance, NORA)
    (z,) = [token for token in game.tokens() if token.task_spec.element.id == "z"]
    assert game.variables(z) == {"one": 1, "n": 1}
    change(session, instance, Terminate("a"))
    complete_all(session)
    assert instance.status == "completed"
    assert history.completed_elements(history.of_instance(session, instance.id))[-3:] == [
        "outer",
        "last",
        "end",
    ]


def test_a_token_moved_inside_an_open_sub_process_stays_in_it(session: Session) -> None:
    process = a_process("nested").start().open_sub_process("outer").start("s1").user_task("x")
    process.user_task("y").end("e1").close_sub_process().end()
    instance = begin(session, process)

    change(session, instance, Move("y", element="x"))

    game = instances.load(session, instance, NORA)
    assert sorted(token.task_spec.element.id for token in game.tokens()) == ["outer", "y"]
    change(session, instance, Activate("x"))
    assert open_tasks(session) == ["y", "x"]
    complete_all(session)
    assert instance.status == "completed"


def test_letting_the_last_token_of_a_sub_process_go_takes_the_sub_process_along(session: Session) -> None:
    process = a_process("nested").start().gateway("fork", "parallel").user_task("a").end("e0")
    process.at("fork").open_sub_process("sub").start("s1").user_task("x").end("e1").close_sub_process()
    process.user_task("after").end()
    instance = begin(session, process)

    change(session, instance, Terminate("x"))

    assert open_tasks(session) == ["a"]


def test_a_case_is_never_emptied_by_a_modification(session: Session) -> None:
    instance = begin(session, a_process("one").start().user_task("a").end())

    for act in (_preview, _apply):
        with pytest.raises(NotMovable) as refused:
            act(session, instance, Terminate("a"))
        assert "hãy hủy hồ sơ" in refused.value.text("vi")

    assert open_tasks(session) == ["a"]


def _preview(session: Session, instance: ProcessInstance, instruction: Instruction) -> None:
    modification.preview(session, instance.id, [instruction], NORA)


def _apply(session: Session, instance: ProcessInstance, instruction: Instruction) -> None:
    modification.apply(session, instance.id, [instruction], NORA, WHY, version=instance.version)


@pytest.mark.parametrize(
    "instruction",
    [
        Activate("nowhere"),
        Activate("late"),
        Terminate("b"),
        Terminate(token=99),
        Move("b", token=-1),
        Terminate("late"),
        AddIteration("a"),
        Activate("b", within=1),
    ],
    ids=repr,
)
def test_what_cannot_be_moved_is_refused_in_both_languages(
    session: Session, instruction: Instruction
) -> None:
    process = a_process("chain").start().user_task("a").user_task("b").end()
    process.boundary("late", "a", process.timer("timeDuration", "P3D")).end("e2")
    instance = begin(session, process)

    with pytest.raises(NotMovable) as refused:
        modification.preview(session, instance.id, [instruction], NORA)

    assert "…" not in refused.value.text("vi") + refused.value.text("en")


def test_a_modification_needs_a_reason_an_instruction_and_a_running_case(session: Session) -> None:
    instance = begin(session, a_process("one").start().user_task("a").end())
    move = [Move("a", element="a")]

    with pytest.raises(operations.ReasonMissing):
        modification.apply(session, instance.id, move, NORA, " ", version=instance.version)
    with pytest.raises(BadInput):
        modification.apply(session, instance.id, [], NORA, WHY, version=instance.version)
    complete_all(session)
    with pytest.raises(operations.InstanceEnded):
        modification.apply(session, instance.id, move, NORA, WHY, version=instance.version)
    with pytest.raises(operations.InstanceEnded):
        modification.preview(session, instance.id, move, NORA)


def test_a_token_put_on_a_join_fills_the_branch_that_is_missing(session: Session) -> None:
    process = (
        a_process("joined").start().gateway("fork", "parallel").user_task("a").gateway("join", "parallel")
    )
    process.user_task("after").end()
    process.at("fork").user_task("b").flow("b", "join")
    instance = begin(session, process)

    change(session, instance, Move("join", element="a"))
    assert open_tasks(session) == ["b"]
    change(session, instance, Move("join", element="b"))

    assert open_tasks(session) == ["after"]


def test_moving_one_event_behind_an_event_based_gateway_moves_the_choice(session: Session) -> None:
    process = a_process("choice").start().gateway("either", "eventBased")
    process.catch("news", process.message("news", '="K"')).end()
    process.at("either").catch("late", process.timer("timeDuration", "P1D")).end("e2")
    process.at(None).user_task("aside").end("e3")
    process.flow("news", "aside")
    instance = begin(session, process)

    change(session, instance, Move("aside", element="news"))

    assert open_tasks(session) == ["aside"]
    assert session.scalars(select(Timer.status)).all() == ["cancelled"]


@pytest.mark.parametrize("sequential", [False, True])
def test_an_approver_is_added_to_and_taken_from_a_running_vote(session: Session, sequential: bool) -> None:
    votes = each("=people", "who", sequential, outputCollection="votes", outputElement="=vote")
    process = (
        a_process("council").start().user_task("vote", votes, candidateUsers="=who").user_task("count").end()
    )
    instance = begin(session, process, people=["an", "binh"])
    an, binh, chi = (Actor(name) for name in ("an", "binh", "chi"))

    change(session, instance, AddIteration("vote", "chi"))
    _vote(session, an, "yes")
    token = session.scalars(select(UserTask.token).where(UserTask.id.in_(_open_to(binh)))).one()
    change(session, instance, Terminate(token=token))
    _vote(session, chi, "no")

    assert open_tasks(session) == ["count"]
    assert state.variables(instance.state)["votes"] == ["yes", None, "no"]


def _open_to(actor: Actor):  # type: ignore[no-untyped-def]
    return tasks.open_for(actor).with_only_columns(UserTask.id)


def _vote(session: Session, actor: Actor, vote: str) -> None:
    task = session.scalars(tasks.open_for(actor)).one()
    tasks.complete(session, task.id, {"vote": vote}, actor)


def test_taking_the_last_approver_away_ends_the_vote(session: Session) -> None:
    votes = each("=people", "who", outputCollection="votes", outputElement="=vote")
    process = (
        a_process("council").start().user_task("vote", votes, candidateUsers="=who").user_task("count").end()
    )
    instance = begin(session, process, people=["an", "binh"])

    _vote(session, Actor("an"), "yes")
    change(session, instance, Terminate(token=session.scalars(_left()).one()))

    assert open_tasks(session) == ["count"]
    assert state.variables(instance.state)["votes"] == ["yes", None]


def _left():  # type: ignore[no-untyped-def]
    return select(UserTask.token).where(UserTask.status == "open")


def test_one_of_several_open_sub_processes_must_be_named(session: Session) -> None:
    process = a_process("many").start().open_sub_process("sub", each("=people", "who")).start("s1")
    process.user_task("x").user_task("y").end("e1").close_sub_process().end()
    instance = begin(session, process, people=["an", "binh"])

    with pytest.raises(NotMovable) as refused:
        modification.preview(session, instance.id, [Activate("y")], NORA)
    assert "sub" in refused.value.text("vi")
    game = instances.load(session, instance, NORA)
    second = [token for token in game.tokens() if token.internal_data.get("inner")][1]
    change(session, instance, Activate("y", within=second.id))
    assert open_tasks(session) == ["x", "x", "y"]

    task = session.scalars(select(UserTask).where(UserTask.element == "x").order_by(UserTask.id)).first()
    assert task is not None
    change(session, instance, Move("y", token=task.token))
    assert open_tasks(session) == ["x", "y", "y"]
    complete_all(session)
    assert instance.status == "completed"


def test_moving_a_call_away_cancels_the_case_that_it_called(session: Session) -> None:
    outer = a_process("outer").start()
    outer.add("callActivity", "call", Z.calledElement(processId="inner")).user_task("last").end()
    inner = a_process("inner").start().user_task("work").end()
    deployments.deploy(session, [inner.file(), outer.file()], NORA)
    instance = instances.start(session, "outer", {}, NORA)
    child = session.scalars(select(ProcessInstance).where(ProcessInstance.parent_id == instance.id)).one()

    shown = modification.preview(session, instance.id, [Move("last", element="call")], NORA)
    assert [(thing.kind, thing.details["instance"]) for thing in shown.difference.closed] == [
        ("call", child.id)
    ]
    change(session, instance, Move("last", element="call"))

    assert (child.status, open_tasks(session)) == ("cancelled", ["last"])


def test_a_modified_case_that_is_saved_and_loaded_is_the_same(session: Session) -> None:
    process = a_process("nested").start().user_task("a")
    process.open_sub_process("outer").start("s1").user_task("x").end("e1").close_sub_process().end()
    instance = begin(session, process)
    change(session, instance, Move("x", element="a"))

    again = state.dump(instances.load(session, instance, NORA))

    assert again == instance.state
