"""Messages and signals from outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests import calling, working
from tests.builders import a_process
from tests.calling import Caller
from tests.working import change, find, start


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with working.open_office(tmp_path_factory.mktemp("office")) as opened:
        waiting = a_process("paying").start()
        waiting.catch("await", waiting.message("paid", "=order")).end()
        hearing = a_process("hearing").start()
        hearing.catch("alarm", hearing.signal("fire")).end()
        begun = a_process("begun")
        begun.start("start", begun.message("order placed"))
        begun.user_task("pack", candidateGroups="TCHC.staff").end()
        answer = calling.as_person(opened, working.OPERATOR).deploy(
            waiting.file(), hearing.file(), begun.file()
        )
        assert answer.status_code == 200, answer.text
        yield opened


@pytest.fixture
def caller(app: Flask) -> Caller:
    return calling.as_person(app, working.OPERATOR)


def state(caller: Caller, key: str) -> str:
    found: str = caller.get(f"/process-instances/{key}").json["state"]
    return found


def test_a_published_message_reaches_who_waits_and_is_taken_without_anybody(caller: Caller) -> None:
    key = start(caller, "paying", order="P-1")

    matched = caller.post("/messages/publication", {"name": "paid", "correlationKey": "P-1"})
    alone = caller.post("/messages/publication", {"name": "paid", "correlationKey": "nobody"})

    assert (matched.status_code, alone.status_code) == (200, 200)
    assert set(matched.json) == {"tenantId", "messageKey"}
    assert state(caller, key) == "COMPLETED"


def test_a_message_with_a_time_to_live_waits_for_who_comes_later(caller: Caller) -> None:
    body = {"name": "paid", "correlationKey": "P-2", "timeToLive": 60_000, "variables": {"sum": 3}}
    caller.post("/messages/publication", body)

    key = start(caller, "paying", order="P-2")

    assert state(caller, key) == "COMPLETED"
    (found,) = find(caller, "variables", processInstanceKey=key, name="sum")
    assert found["value"] == "3"


def test_the_same_message_id_is_refused_while_the_first_one_lives(caller: Caller) -> None:
    body = {"name": "paid", "correlationKey": "P-3", "timeToLive": 60_000, "messageId": "m-1"}

    first = caller.post("/messages/publication", body)
    second = caller.post("/messages/publication", body)

    assert (first.status_code, second.status_code) == (200, 409)
    assert "m-1" in calling.problem(second)["detail"]


def test_a_correlation_tells_the_case_or_that_nobody_waits(caller: Caller) -> None:
    key = start(caller, "paying", order="P-4")

    taken = caller.post("/messages/correlation", {"name": "paid", "correlationKey": "P-4"})
    begun = caller.post("/messages/correlation", {"name": "order placed", "correlationKey": "O-1"})
    refused = caller.post("/messages/correlation", {"name": "paid", "correlationKey": "P-4"})

    assert (taken.status_code, taken.json["processInstanceKey"]) == (200, key)
    assert caller.get(f"/process-instances/{begun.json['processInstanceKey']}").status_code == 200
    assert refused.status_code == 404
    assert calling.problem(refused)["title"] == "NOT_FOUND"


def test_a_signal_is_heard_by_everybody_who_waits(caller: Caller) -> None:
    heard = [start(caller, "hearing") for _ in range(2)]

    answer = caller.post("/signals/broadcast", {"signalName": "fire", "variables": {"floor": 2}})

    assert answer.status_code == 200
    assert answer.json["signalKey"].isdecimal()
    assert [state(caller, key) for key in heard] == ["COMPLETED", "COMPLETED"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/messages/publication", {}, "name"),
        ("/messages/publication", {"name": "x", "timeToLive": -1}, "timeToLive"),
        ("/messages/publication", {"name": "x", "variables": []}, "variables"),
        ("/messages/correlation", {"name": "x", "tenantId": "other"}, "tenantId"),
        ("/signals/broadcast", {"signalName": "x", "odd": 1}, "odd"),
    ],
)
def test_what_is_wrong_is_named(caller: Caller, path: str, body: object, field: str) -> None:
    answer = caller.post(path, body)

    assert answer.status_code == 400
    assert field in calling.problem(answer)["errors"]


def test_staff_send_no_messages(app: Flask) -> None:
    member = calling.as_person(app, "an.p1")

    statuses = [
        change(member, "POST", "/messages/publication", {"name": "paid"}),
        change(member, "POST", "/messages/correlation", {"name": "paid"}),
        change(member, "POST", "/signals/broadcast", {"signalName": "fire"}),
    ]

    assert statuses == [403, 403, 403]
