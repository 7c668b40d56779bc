"""Searches of user tasks, jobs and audit logs find what plain Python finds in the same rows, page by page."""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine.tables import CandidateGroup, Job, UserTask
from tests import calling, working
from tests.calling import Caller
from web import db

CASES, TRIES = 30, 60
DAY = datetime(2026, 11, 1, tzinfo=UTC)
PEOPLE = [None, "an.p1", "binh.p1", "chi.p2"]
GROUPS = ["TCHC.staff", "TCHC.head", "P1.staff"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with working.open_office(tmp_path_factory.mktemp("office")) as opened:
        caller = calling.as_person(opened, working.OPERATOR)
        for _ in range(CASES):
            working.start(caller)
            working.start(caller, "charging")
        with opened.app_context(), db.transaction() as session:
            scatter(session)
        yield opened


def scatter(session: Any) -> None:
    """Give tasks and jobs values by chance, missing ones among them."""
    chance = random.Random(7)  # noqa: S311  the same rows every time
    for task in session.scalars(select(UserTask).where(UserTask.element == "check")):
        task.priority, task.assignee = chance.randrange(5), chance.choice(PEOPLE)
        task.name = chance.choice(["Kiểm tra", "Duyệt 100%", "a_b", "A-B"])
        task.due_at = chance.choice([None, DAY + timedelta(days=chance.randrange(4))])
        names = chance.sample(GROUPS, chance.randrange(3)) + chance.sample(["user:an.p1", "user:chi.p2"], 1)
        task.candidate_groups = [CandidateGroup(group_name=name) for name in names]
    for job in session.scalars(select(Job)):
        job.worker, job.retries = chance.choice(["", "w1", "w2"]), chance.randrange(4)
        job.error = chance.choice([None, "no line", "No Line"])
        job.locked_until = chance.choice([None, DAY + timedelta(days=chance.randrange(4))])


@pytest.fixture
def caller(app: Flask) -> Caller:
    return calling.as_person(app, working.OPERATOR)


ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, other: value > other,
    "$gte": lambda value, other: value >= other,
    "$lt": lambda value, other: value < other,
    "$lte": lambda value, other: value <= other,
}


def meets(value: Any, operator: str, operand: Any) -> bool:
    """Tell what an operator means, in plain Python."""
    if operator == "$exists":
        return (value is not None) is operand
    if operator == "$neq":
        return bool(value != operand)
    if operator == "$notIn":
        return value not in operand
    if value is None:
        return False
    if operator == "$in":
        return value in operand
    if operator == "$like":
        return fnmatch.fnmatchcase(value.lower(), operand.lower())
    return bool(value == operand) if operator == "$eq" else ORDERED[operator](value, operand)


def ask(
    chance: random.Random, items: Sequence[Mapping[str, Any]], field: str, operators: Sequence[str]
) -> Any:
    """Return an operator with an operand by chance, taken from what there is."""
    known = sorted({item[field] for item in items if item[field] is not None})
    operator = chance.choice(operators)
    if operator == "$exists":
        return operator, chance.random() < 0.5
    if operator in ("$in", "$notIn"):
        return operator, chance.sample(known, min(2, len(known)))
    value = chance.choice(known)
    if operator == "$like":
        return operator, f"*{value[1:3]}*"
    return operator, value


TEXT = ("$eq", "$neq", "$exists", "$in", "$notIn", "$like")
NUMBER = ("$eq", "$neq", "$exists", "$gt", "$gte", "$lt", "$lte", "$in")
KEY = ("$eq", "$neq", "$exists", "$in", "$notIn")
FIELDS = {
    "user-tasks": (
        "userTaskKey",
        {
            "assignee": TEXT,
            "name": TEXT,
            "priority": NUMBER,
            "dueDate": NUMBER,
            "state": KEY,
            "processInstanceKey": KEY,
            "processDefinitionId": TEXT,
            "businessId": TEXT,
        },
    ),
    "jobs": (
        "jobKey",
        {
            "worker": TEXT,
            "retries": NUMBER,
            "deadline": NUMBER,
            "errorMessage": TEXT,
            "state": KEY,
            "elementInstanceKey": KEY,
            "type": TEXT,
        },
    ),
    "audit-logs": (
        "auditLogKey",
        {"operationType": KEY, "entityKey": KEY, "actorId": TEXT, "category": KEY},
    ),
}


@pytest.mark.parametrize("noun", list(FIELDS))
def test_every_operator_finds_what_plain_python_finds(caller: Caller, noun: str) -> None:
    key, kinds = FIELDS[noun]
    every = working.find(caller, noun, {"limit": 1000})
    chance = random.Random(noun)  # noqa: S311  the same questions every time

    for _ in range(TRIES):
        present = [field for field in kinds if any(item[field] is not None for item in every)]
        fields = chance.sample(present, 2)
        tests = {field: ask(chance, every, field, kinds[field]) for field in fields}
        asked = {field: {operator: operand} for field, (operator, operand) in tests.items()}
        found = {item[key] for item in working.find(caller, noun, {"limit": 1000}, **asked)}

        assert found == {
            item[key]
            for item in every
            if all(meets(item[field], operator, operand) for field, (operator, operand) in tests.items())
        }, asked


def test_candidates_are_found_by_one_of_them(caller: Caller) -> None:
    every = working.find(caller, "user-tasks", {"limit": 1000}, elementId="check")

    for field, single in (("candidateGroups", "candidateGroup"), ("candidateUsers", "candidateUser")):
        for name in {name for item in every for name in item[field]}:
            found = working.find(caller, "user-tasks", {"limit": 1000}, **{single: name})
            assert [item["userTaskKey"] for item in found] == [
                item["userTaskKey"] for item in every if name in item[field]
            ]
        without = working.find(
            caller, "user-tasks", {"limit": 1000}, elementId="check", **{single: {"$exists": False}}
        )
        assert len(without) == sum(not item[field] for item in every)


def test_tasks_are_found_by_the_variables_of_their_case(caller: Caller) -> None:
    key = working.start(caller, total=4711, order="ORDER-9")
    value = {"name": "order", "value": {"$like": "*ORDER-9*"}}

    exactly = working.find(
        caller, "user-tasks", processInstanceVariables=[{"name": "total", "value": "4711"}, value]
    )
    none = working.find(caller, "user-tasks", processInstanceVariables=[{"name": "total", "value": "471"}])
    local = working.find(caller, "user-tasks", localVariables=[{"name": "total", "value": "4711"}])

    assert [item["processInstanceKey"] for item in exactly] == [key]
    assert (none, local) == ([], [])


@pytest.mark.parametrize(
    ("noun", "field"),
    [
        ("user-tasks", "dueDate"),
        ("user-tasks", "name"),
        ("jobs", "errorMessage"),
        ("audit-logs", "entityKey"),
    ],
)
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_pages_by_cursor_give_every_row_once_in_order(
    caller: Caller, noun: str, field: str, order: str
) -> None:
    key = FIELDS[noun][0]
    sort = [{"field": field, "order": order}]
    whole = caller.post(f"/{noun}/search", {"sort": sort, "page": {"limit": 1000}}).json["items"]

    seen, after = [], None
    while True:
        page = {"limit": 7, **({"after": after} if after else {})}
        answer = caller.post(f"/{noun}/search", {"sort": sort, "page": page}).json
        if not answer["items"]:
            break
        seen += answer["items"]
        after = answer["page"]["endCursor"]
    back = caller.post(
        f"/{noun}/search", {"sort": sort, "page": {"limit": 7, "before": second_page(caller, noun, sort)}}
    )

    assert [item[key] for item in seen] == [item[key] for item in whole]
    assert len({item[key] for item in seen}) == len(seen)
    assert [item[key] for item in back.json["items"]] == [item[key] for item in whole[:7]]


def second_page(caller: Caller, noun: str, sort: Any) -> str:
    """Return the cursor at which the second page of seven begins."""
    first = caller.post(f"/{noun}/search", {"sort": sort, "page": {"limit": 7}}).json
    second = caller.post(
        f"/{noun}/search", {"sort": sort, "page": {"limit": 7, "after": first["page"]["endCursor"]}}
    ).json
    start: str = second["page"]["startCursor"]
    return start
