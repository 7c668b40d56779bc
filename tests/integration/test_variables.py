"""Variables as rows: the last value of each scope, whatever becomes of it; nothing changed costs nothing."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine import elements, variables
from engine.audit import erasure
from engine.errors import NotFound
from engine.handlers import Registration
from engine.operations import assignments, modification
from engine.spiff import state
from engine.tables import ProcessInstance
from engine.variable_tables import Variable
from tests.bench import statements
from tests.builders import Z, a_process, each, mappings
from tests.integration.cases import NORA, begin, complete, complete_all, facts


def kept(session: Session, instance: ProcessInstance) -> dict[tuple[int, str], object]:
    query = select(Variable).where(Variable.instance_id == instance.id)
    return {(row.scope, row.name): json.loads(row.value) for row in session.scalars(query)}


def test_the_rows_follow_the_scopes(session: Session) -> None:
    process = a_process("mapped").start().user_task("work", mappings(("input", "=x + 1", "inner"))).end()
    instance = begin(session, process, x=1, name="Lê Thị Hồng", data={"a": [1, None]})
    work = next(row.token for row in elements.of_instance(session, instance) if row.element == "work")

    complete(session, "work", x=5)

    assert kept(session, instance) == {
        (0, "x"): 5,
        (0, "name"): "Lê Thị Hồng",
        (0, "data"): {"a": [1, None]},
        (work, "inner"): 2,
    }
    assert variables.of_scope(session, instance.id) == state.variables(instance.state)


def test_iterations_keep_their_own_values_and_rows_keep_their_keys(session: Session) -> None:
    process = a_process("votes").start().user_task("vote", each("=members", "member")).end()
    instance = begin(session, process, members=["an", "ba"])
    before = {row.name: row.id for row in session.scalars(select(Variable)) if row.scope == 0}

    assignments.assign(session, instance.id, {"members": []}, NORA, "sửa")
    complete_all(session)

    assert sorted(value for (scope, _), value in kept(session, instance).items() if scope) == ["an", "ba"]
    assert {row.name: row.id for row in session.scalars(select(Variable)) if row.scope == 0} == before


def test_a_step_that_changes_no_variable_costs_no_statement(session: Session) -> None:
    instance = begin(session, a_process("plain").start().user_task("a").user_task("b").end(), x=1)
    session.commit()

    with statements.watching() as same:
        complete(session, "a", x=1)
    with statements.watching() as other:
        complete(session, "b", x=2, y=3)

    assert [text for text in same.statements if " variable" in text] == []
    assert len([text for text in other.statements if " variable" in text]) == 1
    assert kept(session, instance) == {(0, "x"): 2, (0, "y"): 3}


def test_instances_from_before_the_table_get_their_rows_once(session: Session) -> None:
    process = a_process("votes").start().user_task("vote", each("=members", "member")).end()
    instance = begin(session, process, members=["an"], x={"y": 1})
    wanted = kept(session, instance)
    session.execute(delete(Variable))

    counts = [variables.copy_states(session.connection()) for _ in range(2)]

    found = {place: value for place, value in kept(session, instance).items() if place[1] != "loopCounter"}
    assert (counts, found) == ([1, 1], wanted)


def test_an_erased_value_leaves_the_rows_too(session: Session) -> None:
    instance = begin(session, a_process("p").start().user_task("a").end(), name="Nguyễn Văn An", x=1)
    found = erasure.find(session, instance.id, names=["name"])

    erasure.erase(session, instance.id, found, NORA, "đơn số 12")

    assert kept(session, instance) == {(0, "x"): 1}


def test_values_go_where_they_are_already_else_to_the_process(session: Session) -> None:
    process = a_process("scoped").start().open_sub_process("inner", mappings(("input", "=1", "here")))
    process.start("inner_start").user_task("work").end("inner_end").close_sub_process().end()
    instance = begin(session, process, there=1)
    tokens = {row.element: row.token for row in elements.of_instance(session, instance)}

    assignments.assign(
        session, instance.id, {"here": 2, "there": 2, "new": 2}, NORA, "sửa", token=tokens["work"]
    )
    assignments.assign(session, instance.id, {"own": 3}, NORA, "sửa", token=tokens["work"], local=True)

    assert kept(session, instance) == {
        (tokens["inner"], "here"): 2,
        (0, "there"): 2,
        (0, "new"): 2,
        (tokens["work"], "own"): 3,
    }
    assert {fact["scope"] for fact in facts(session, instance, "variables.corrected")} >= {0}
    complete(session, "work")
    assert instance.status == "completed"


def test_a_condition_that_became_true_takes_effect(session: Session) -> None:
    process = a_process("when").start().catch("until", a_process().conditional("=ready = true")).end()
    instance = begin(session, process, ready=False)

    assignments.assign(session, instance.id, {"ready": True}, NORA, "đủ hồ sơ")

    assert instance.status == "completed"


def test_a_token_that_is_not_there_gets_no_variables(session: Session) -> None:
    instance = begin(session, a_process("p").start().user_task("a").end(), x=1)

    with pytest.raises(NotFound):
        assignments.assign(session, instance.id, {"x": 2}, NORA, "sửa", token=99, local=True)

    assert kept(session, instance) == {(0, "x"): 1}


def test_a_modification_writes_its_variables_as_rows(session: Session) -> None:
    instance = begin(session, a_process("p").start().user_task("a").user_task("b").end())
    move = modification.Move("b", element="a", variables={"x": "mới"})

    modification.apply(session, instance.id, [move], NORA, "sửa", version=instance.version)

    assert kept(session, instance) == {(0, "x"): "mới"}


def test_what_a_secret_form_posts_is_in_no_row(session: Session) -> None:
    session.info["handlers"] = {"count": Registration(lambda _session, _call: {"counted": 1})}
    listener = Z.taskListeners(Z.taskListener(eventType="completing", type="count"))
    hidden = Z.properties(Z.property(name="bv:secret", value="true"))
    instance = begin(session, a_process("ballot").start().user_task("vote", hidden, listener).end())

    complete(session, "vote", choice="Trần Văn Bình")

    assert kept(session, instance) == {(0, "counted"): 1}
