"""Element instances follow from history and state: exact for one case, counted by the database for many."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from engine import clock, deployments, element_counts, elements, instances
from engine.elements import ACTIVE, COMPLETED, PROCESS, TERMINATED, ElementInstance
from engine.operations import migration
from engine.tables import ProcessInstance
from tests.builders import ProcessBuilder, Z, a_process, each
from tests.integration.cases import NORA, begin, complete, complete_all, deploy, of

Told = tuple[str, str, str]


def rows(session: Session, instance: ProcessInstance) -> list[ElementInstance]:
    return elements.of_instance(session, instance)


def told(session: Session, instance: ProcessInstance) -> list[Told]:
    return [(row.element, row.type, row.state) for row in rows(session, instance)]


def around(session: Session, instance: ProcessInstance) -> dict[str, str | None]:
    """Return the element around each element instance by its own element, None where it is not known."""
    found = rows(session, instance)
    by_token = {row.token: row.element for row in found}
    return {row.element: None if row.scope is None else by_token[row.scope] for row in found[1:]}


def test_a_case_under_way_tells_where_it_was_and_is(session: Session, morning: datetime) -> None:
    process = a_process("leave").start().user_task("ask").user_task("approve").end()
    instance = begin(session, process)
    clock.pin(morning + timedelta(hours=1))

    complete(session, "ask")

    assert told(session, instance) == [
        ("leave", "PROCESS", ACTIVE),
        ("start", "START_EVENT", COMPLETED),
        ("ask", "USER_TASK", COMPLETED),
        ("approve", "USER_TASK", ACTIVE),
    ]
    ask = rows(session, instance)[2]
    assert (ask.started_at, ask.ended_at) == (morning, morning + timedelta(hours=1))
    assert rows(session, instance)[3].ended_at is None


def test_what_only_listens_is_no_element_instance_until_it_happens(session: Session) -> None:
    process = a_process("late").start().user_task("work").end()
    process.boundary("reminder", "work", process.signal("nag"), interrupting=False).end("reminded")
    process.boundary("stop", "work", process.signal("stop")).end("stopped")
    instance = begin(session, process)
    before = told(session, instance)

    instances.broadcast(session, "nag", {}, NORA)
    nagged = told(session, instance)
    instances.broadcast(session, "stop", {}, NORA)

    assert before[1:] == [("start", "START_EVENT", COMPLETED), ("work", "USER_TASK", ACTIVE)]
    assert Counter(nagged) - Counter(before) == Counter(
        [("reminder", "BOUNDARY_EVENT", COMPLETED), ("reminded", "END_EVENT", COMPLETED)]
    )
    assert ("work", "USER_TASK", TERMINATED) in told(session, instance)
    assert ("stop", "BOUNDARY_EVENT", COMPLETED) in told(session, instance)


def test_a_join_becomes_an_element_instance_when_it_fires(session: Session) -> None:
    process = (
        a_process("fork").start().gateway("split", "parallel").user_task("a").gateway("join", "parallel")
    )
    process.end().at("split").user_task("b").flow("b", "join")
    instance = begin(session, process)

    complete(session, "a")
    waiting = told(session, instance)
    complete(session, "b")

    assert "join" not in {element for element, _, _ in waiting}
    assert [row for row in told(session, instance) if row[0] == "join"] == [
        ("join", "PARALLEL_GATEWAY", COMPLETED)
    ]


def test_branches_that_meet_in_one_step_leave_no_rest(session: Session) -> None:
    process = a_process("quick").start().gateway("split", "parallel").script("a", "=1", "x")
    process.gateway("join", "parallel").end().at("split").script("b", "=2", "y").flow("b", "join")

    instance = begin(session, process)

    assert instance.status == "completed"
    assert Counter(state for _, _, state in told(session, instance)) == Counter({COMPLETED: 7})


@pytest.mark.parametrize("sequential", [False, True])
def test_a_loop_is_a_body_with_its_iterations(session: Session, sequential: bool) -> None:
    process = a_process("votes").start().user_task("vote", each("=members", "member", sequential)).end()
    instance = begin(session, process, members=["an", "ba", "chi"])

    complete(session, "vote")
    found = rows(session, instance)
    complete_all(session)

    body = next(row for row in found if row.type == "MULTI_INSTANCE_BODY")
    votes = [row for row in found if row.element == "vote" and row.token != body.token]
    assert (body.state, {row.scope for row in votes}) == (ACTIVE, {body.token})
    assert Counter(row.state for row in votes) == Counter({ACTIVE: 1 if sequential else 2, COMPLETED: 1})
    ended = Counter(told(session, instance))
    assert ended["vote", "MULTI_INSTANCE_BODY", COMPLETED] == 1
    assert ended["vote", "USER_TASK", COMPLETED] == 3


def test_what_lies_in_a_sub_process_says_so_while_it_runs_and_after(session: Session) -> None:
    process = a_process("outer").start().open_sub_process("inner").start("inner_start").user_task("work")
    process.end("inner_end").close_sub_process().user_task("after").end()
    instance = begin(session, process)
    during = around(session, instance)

    complete(session, "work")

    assert during == {"start": "outer", "inner": "outer", "inner_start": "inner", "work": "inner"}
    assert around(session, instance)["work"] == "inner"
    assert around(session, instance)["after"] == "outer"


def test_a_cancelled_case_tells_what_was_terminated(session: Session) -> None:
    process = a_process("sub").start().open_sub_process("inner").start("inner_start").user_task("work")
    process.end("inner_end").close_sub_process().end()
    instance = begin(session, process)

    instances.cancel(session, instance.id, NORA, reason="rút hồ sơ")

    assert told(session, instance) == [
        ("sub", "PROCESS", TERMINATED),
        ("start", "START_EVENT", COMPLETED),
        ("inner", "SUB_PROCESS", TERMINATED),
        ("inner_start", "START_EVENT", COMPLETED),
        ("work", "USER_TASK", TERMINATED),
    ]


def test_an_incident_marks_its_step_and_all_that_lies_around_it(session: Session) -> None:
    process = a_process("wrong").start().open_sub_process("inner").start("inner_start").gateway("choose")
    process.when("=nobody knows").user_task("work").end("inner_end").close_sub_process().end()

    instance = begin(session, process)

    found = {row.element: row for row in rows(session, instance)}
    assert found["choose"].incident_id is not None
    assert {name for name, row in found.items() if row.has_incident} == {"wrong", "inner", "choose"}
    assert elements.count(found.values())["choose"].incidents == 1


def test_a_migrated_step_keeps_its_key_under_its_new_name(session: Session) -> None:
    instance = begin(session, a_process("moved").start().user_task("old").end())
    before = {row.element: row.token for row in rows(session, instance)}
    target = deploy(session, a_process("moved").start().user_task("new").end())

    migration.migrate(session, instance.id, migration.Plan(target, {"old": "new"}), NORA, "sửa quy trình")

    found = {row.element: row for row in rows(session, instance)}
    assert found["new"].token == before["old"]
    assert "old" not in found


def busy() -> ProcessBuilder:
    """Return a process with a bit of everything that waits, is taken back and fails."""
    process = a_process("busy").start().gateway("split", "parallel")
    process.user_task("vote", each("=members", "member")).gateway("join", "parallel").end()
    process.at("split").open_sub_process("inner").start("inner_start").user_task("work").end("inner_end")
    process.close_sub_process().flow("inner", "join")
    process.boundary("late", "inner", process.signal("stop")).end("stopped")
    return process


def test_the_database_counts_as_the_cases_do_one_by_one(session: Session) -> None:
    process = busy()
    deploy(session, process)
    for members in (["an"], ["an", "ba"], ["an", "ba", "chi"]):
        instances.start(session, "busy", {"members": members}, NORA)
    complete(session, "vote")
    complete(session, "work")
    instances.cancel(session, of(session, "busy")[1].id, NORA, reason="rút")
    compiled = deployments.compiled(session, of(session, "busy")[0]).process

    counted = element_counts.count(session, compiled, true())

    one_by_one = Counter[tuple[str, str]]()
    for instance in of(session, "busy"):
        for element, count in elements.count(elements.of_instance(session, instance)).items():
            for name in ("active", "canceled", "incidents", "completed"):
                one_by_one[element, name] += getattr(count, name)
    found = {
        (element, name): getattr(count, name)
        for element, count in counted.items()
        for name in ("active", "canceled", "incidents", "completed")
    }
    assert found == {place: one_by_one[place] for place in found}
    assert +one_by_one == +Counter(found)


def test_only_the_chosen_cases_are_counted(session: Session) -> None:
    process = a_process("two").start().user_task("work").end()
    deploy(session, process)
    first, _second = (instances.start(session, "two", {}, NORA) for _ in range(2))
    compiled = deployments.compiled(session, first).process

    counted = element_counts.count(session, compiled, ProcessInstance.id == first.id)

    assert counted["work"].active == 1
    assert counted["start"].completed == 1


def test_a_called_case_is_found_by_the_step_that_called_it(session: Session) -> None:
    child = a_process("child").start().user_task("work").end()
    parent = a_process("parent").start().add("callActivity", "call", Z.calledElement(processId="child")).end()
    deploy(session, child, parent)

    instance = instances.start(session, "parent", {}, NORA)

    (called_case,) = session.scalars(select(ProcessInstance).where(ProcessInstance.parent_id == instance.id))
    row = next(row for row in rows(session, instance) if row.token == called_case.parent_token)
    assert (row.element, row.type, row.state) == ("call", "CALL_ACTIVITY", ACTIVE)
    process = deployments.compiled(session, instance).process
    assert element_counts.count(session, process, true())["call"].active == 1
    assert rows(session, instance)[0].token == PROCESS
