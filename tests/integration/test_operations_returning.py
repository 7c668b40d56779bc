"""A case goes back to an earlier step, by who holds it; a submission is taken back by who submitted it."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, messages, operations, tasks
from engine.actors import Actor
from engine.errors import NotAllowed, TaskNotOpen
from engine.handlers import Registration
from engine.operations import holds, modification, returning, suspension
from engine.operations.modification import Move
from engine.operations.returning import NotRecallable, NotReturnable
from engine.tables import HistoryEvent, ProcessInstance, Timer, UserTask
from tests.builders import ProcessBuilder, a_process, each
from tests.integration.cases import NORA, begin, open_tasks

MIA = Actor("mia", frozenset({"staff"}))
ULF = Actor("ulf", frozenset({"others"}))
WHY = "thiếu minh chứng"


def task_on(session: Session, element: str) -> UserTask:
    query = select(UserTask).where(UserTask.status == "open", UserTask.element == element)
    return session.scalars(query).one()


def do(session: Session, element: str, actor: Actor = NORA) -> UserTask:
    return tasks.complete(session, task_on(session, element).id, {}, actor)


def target_elements(session: Session, element: str, actor: Actor = NORA) -> list[str]:
    found = returning.targets(session, task_on(session, element).id, actor)
    return [target.element for target in found]


def only_event(session: Session, instance: ProcessInstance, kind: str) -> HistoryEvent:
    (event,) = [event for event in history.of_instance(session, instance.id) if event.kind == kind]
    return event


def test_who_holds_a_case_sends_it_back_to_a_step_that_was_done(session: Session) -> None:
    process = a_process("chain").start().user_task("a").user_task("b").user_task("c").end()
    process.boundary("late", "c", process.timer("timeDuration", "P1D")).end("e2")
    instance = begin(session, process)
    first = do(session, "a", MIA)
    do(session, "b")
    left = task_on(session, "c")
    tasks.claim(session, left.id, NORA)

    assert [(t.element, t.done_by) for t in returning.targets(session, left.id, NORA)] == [
        ("b", "nora"),
        ("a", "mia"),
    ]
    returning.send_back(session, left.id, "a", NORA, f" {WHY} ")

    assert open_tasks(session) == ["a"]
    assert (left.status, left.ended_by) == ("cancelled", "nora")
    assert session.scalars(select(Timer.status)).all() == ["cancelled"]
    event = only_event(session, instance, "task.returned")
    assert (event.element, event.actor) == ("c", "nora")
    assert event.data == {
        "reason": WHY,
        "task": left.id,
        "before": "nora",
        "candidate_groups": ["staff"],
        "to": "a",
        "to_task": first.id,
        "to_person": "mia",
    }
    kinds = [event.kind for event in history.of_instance(session, instance.id)]
    assert "task.cancelled" not in kinds
    with pytest.raises(TaskNotOpen):
        tasks.complete(session, left.id, {}, NORA)
    for element in ("a", "b", "c"):
        do(session, element)
    assert instance.status == "completed"


def test_only_who_holds_a_case_may_send_it_back_and_only_with_a_reason(session: Session) -> None:
    instance = begin(session, a_process("chain").start().user_task("a").user_task("b").end())
    do(session, "a")
    held = task_on(session, "b")
    tasks.claim(session, held.id, NORA)

    for actor in (MIA, ULF):
        with pytest.raises(NotAllowed):
            returning.send_back(session, held.id, "a", actor, WHY)
    with pytest.raises(operations.ReasonMissing):
        returning.send_back(session, held.id, "a", NORA, "")
    suspension.suspend(session, instance.id, NORA, WHY)
    with pytest.raises(holds.Suspended):
        returning.send_back(session, held.id, "a", NORA, WHY)

    assert open_tasks(session) == ["b"]


def test_a_case_goes_back_only_to_what_was_done_on_its_way(session: Session) -> None:
    process = (
        a_process("choice").start().user_task("a").gateway("which").when("=x").user_task("b").gateway("in")
    )
    process.user_task("c").end()
    process.at(None).user_task("d").flow("d", "in")
    process.default("which", "d")
    begin(session, process, x=True)
    do(session, "a")
    do(session, "b")

    assert target_elements(session, "c") == ["b", "a"]
    for element in ("d", "c", "which", "nowhere"):
        with pytest.raises(NotReturnable):
            returning.send_back(session, task_on(session, "c").id, element, NORA, WHY)

    assert open_tasks(session) == ["c"]


def _forked() -> ProcessBuilder:
    process = a_process("forked").start().user_task("a").gateway("fork", "parallel")
    process.user_task("b1").user_task("b2").gateway("join", "parallel").user_task("after").end()
    return process.at("fork").user_task("c").flow("c", "join")


def test_a_return_never_walks_a_parallel_branch_twice(session: Session) -> None:
    begin(session, _forked())
    do(session, "a")
    do(session, "b1")

    assert target_elements(session, "b2") == ["b1"]
    with pytest.raises(NotReturnable) as refused:
        returning.send_back(session, task_on(session, "b2").id, "a", NORA, WHY)
    assert "song song (c)" in refused.value.text("vi")
    do(session, "c")
    with pytest.raises(NotReturnable) as waiting:
        returning.send_back(session, task_on(session, "b2").id, "a", NORA, WHY)
    assert "song song (join)" in waiting.value.text("vi")
    returning.send_back(session, task_on(session, "b2").id, "b1", NORA, WHY)

    assert open_tasks(session) == ["b1"]
    do(session, "b1")
    do(session, "b2")
    assert target_elements(session, "after") == ["a"]
    with pytest.raises(NotReturnable) as starving:
        returning.send_back(session, task_on(session, "after").id, "b1", NORA, WHY)
    assert "chờ mãi" in starving.value.text("vi")
    returning.send_back(session, task_on(session, "after").id, "a", NORA, WHY)
    assert open_tasks(session) == ["a"]


def test_a_branch_that_waits_at_a_join_ahead_is_no_hindrance_when_it_came_another_way(
    session: Session,
) -> None:
    process = a_process("merged").start().gateway("fork", "parallel").user_task("b1").gateway("which")
    process.when("=long").user_task("b2").gateway("in").gateway("join", "parallel").user_task("after").end()
    process.default("which", "in")
    process.at("fork").user_task("c").flow("c", "join")
    begin(session, process, long=True)
    do(session, "c")
    do(session, "b1")

    returning.send_back(session, task_on(session, "b2").id, "b1", NORA, WHY)

    assert open_tasks(session) == ["b1"]
    do(session, "b1")
    do(session, "b2")
    assert open_tasks(session) == ["after"]


def test_a_return_stays_inside_its_sub_process_and_its_round(session: Session) -> None:
    process = a_process("rounds").start().user_task("a").open_sub_process("sub", each("=people", "who"))
    process.start("s1").user_task("x").user_task("y").end("e1").close_sub_process().end()
    begin(session, process, people=["an", "binh"])
    do(session, "a")
    first, second = session.scalars(select(UserTask).where(UserTask.element == "x").order_by(UserTask.id))
    tasks.complete(session, first.id, {}, NORA)
    y = task_on(session, "y")

    assert [target.element for target in returning.targets(session, y.id, NORA)] == ["x"]
    returning.send_back(session, y.id, "x", NORA, WHY)

    again = session.scalars(select(UserTask).where(UserTask.status == "open").order_by(UserTask.id)).all()
    assert [(task.element, task.scope) for task in again] == [("x", second.scope), ("x", y.scope)]
    shown = modification.preview(session, y.instance_id, [Move("y", token=second.token)], NORA)
    modification.apply(
        session, y.instance_id, [Move("y", token=second.token)], NORA, WHY, version=shown.version
    )
    # the other round has done x, this one has not
    assert returning.targets(session, task_on(session, "y").id, NORA) == []


def test_who_was_offered_a_returned_task_still_sees_what_became_of_it(session: Session) -> None:
    begin(session, a_process("chain").start().user_task("a").user_task("b").end())
    do(session, "a")
    left = task_on(session, "b")

    returning.send_back(session, left.id, "a", NORA, WHY)

    assert tasks.concerns(session, left, MIA)
    assert not tasks.concerns(session, left, ULF)


def test_a_submission_is_taken_back_before_anybody_took_it_up(session: Session) -> None:
    instance = begin(session, a_process("chain").start().user_task("a").user_task("b").end())
    submitted = do(session, "a")
    following = task_on(session, "b")

    again = returning.recall(session, submitted.id, NORA, WHY)

    assert (again.element, again.assignee, open_tasks(session)) == ("a", "nora", ["a"])
    assert following.status == "cancelled"
    event = only_event(session, instance, "task.recalled")
    assert (event.actor, event.element, event.data["reason"]) == ("nora", "b", WHY)
    assert (event.data["recalled"], event.data["to"]) == (submitted.id, "a")
    do(session, "a")
    tasks.claim(session, task_on(session, "b").id, MIA)
    tasks.release(session, task_on(session, "b").id, MIA)
    returning.recall(session, _last(session, "a").id, NORA, WHY)
    assert open_tasks(session) == ["a"]


def _last(session: Session, element: str) -> UserTask:
    query = select(UserTask).where(UserTask.element == element, UserTask.status == "completed")
    return session.scalars(query.order_by(UserTask.id.desc())).first() or pytest.fail("none is completed")


def test_a_submission_that_somebody_took_up_stays(session: Session) -> None:
    begin(session, a_process("chain").start().user_task("a").user_task("b").user_task("c").end())
    submitted = do(session, "a")
    with pytest.raises(NotRecallable):
        returning.recall(session, submitted.id, MIA, WHY)
    with pytest.raises(operations.ReasonMissing):
        returning.recall(session, submitted.id, NORA, " ")
    tasks.claim(session, task_on(session, "b").id, MIA)

    with pytest.raises(NotRecallable) as claimed:
        returning.recall(session, submitted.id, NORA, WHY)
    assert "mia đã nhận" in claimed.value.text("vi")
    do(session, "b", MIA)
    with pytest.raises(NotRecallable):
        returning.recall(session, submitted.id, NORA, WHY)

    assert open_tasks(session) == ["c"]


def test_a_submission_into_parallel_branches_stays(session: Session) -> None:
    begin(session, _forked())
    submitted = do(session, "a")

    with pytest.raises(NotRecallable) as refused:
        returning.recall(session, submitted.id, NORA, WHY)

    assert "song song" in refused.value.text("vi")


def test_a_submission_that_set_something_going_stays(session: Session) -> None:
    session.info["handlers"] = {"mail": Registration(lambda _session, _call: {})}
    mailed = a_process("mailed").start().user_task("a").service_task("mail", "mail").user_task("b").end()
    told = a_process("told").start().user_task("a")
    told.throw("tell", told.message("news", '="K"')).user_task("b").end()

    for process in (mailed, told):
        begin(session, process)
        submitted = do(session, "a")
        with pytest.raises(NotRecallable) as refused:
            returning.recall(session, submitted.id, NORA, WHY)
        assert "đã thực hiện xong" in refused.value.text("vi")
        do(session, "b")


def test_a_case_that_waits_for_something_else_is_not_taken_back(session: Session) -> None:
    process = a_process("waits").start().user_task("a")
    process.catch("news", process.message("news", '="K"')).user_task("b").end()
    instance = begin(session, process)
    submitted = do(session, "a")

    with pytest.raises(NotRecallable):
        returning.recall(session, submitted.id, NORA, WHY)
    messages.publish(session, "news", "K", {})
    do(session, "b")
    with pytest.raises(operations.InstanceEnded):
        returning.recall(session, submitted.id, NORA, WHY)

    assert instance.status == "completed"


def test_one_of_several_votes_is_not_taken_back(session: Session) -> None:
    process = a_process("votes").start().user_task("vote", each("=people", "who")).user_task("count").end()
    begin(session, process, people=["an"])
    submitted = do(session, "vote")

    with pytest.raises(NotRecallable):
        returning.recall(session, submitted.id, NORA, WHY)
