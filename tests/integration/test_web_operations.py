"""Administrators keep cases going from the pages: incidents, holds, corrections, moves, versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine import deployments, instances
from engine.actors import SYSTEM
from engine.tables import HistoryEvent, Incident, ProcessInstance, UserTask
from tests.builders import ProcessBuilder, a_process
from tests.site import Visitor, open_site, sign_in
from web import db

ADMINISTRATOR = "vinh.it"
REASON = "Theo báo cáo của phòng"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        yield app


@pytest.fixture
def keeper(site: Flask) -> Visitor:
    return sign_in(site, ADMINISTRATOR)


def two_steps(name: str = "") -> ProcessBuilder:
    process = a_process("trial", name).start()
    return process.user_task("first", assignee="an.p1").user_task("second", assignee="binh.p1").end()


def broken() -> ProcessBuilder:
    """Return a process whose gateway needs a number that nobody has given."""
    process = a_process("trial").start().gateway("enough").when("=amount > 3").end("much")
    return process.at("enough").when("=amount <= 3").end("few")


def start(app: Flask, process: ProcessBuilder, key: str = "H-1") -> int:
    """Deploy a process and start a case of it; return its number."""
    with app.app_context(), db.transaction() as session:
        deployments.deploy(session, [process.file()], SYSTEM)
        return instances.start(session, process.id, {}, SYSTEM, key).id


def look(app: Flask, table: Any, **equals: object) -> list[Any]:
    """Return the rows of a table, apart from any session."""
    with app.app_context(), db.reading() as session:
        rows = list(session.scalars(select(table).filter_by(**equals)).unique())
        session.expunge_all()
        return rows


def kinds(app: Flask, case: int) -> dict[str, str | None]:
    """Return the reason by kind of the events of a case that have one."""
    return {event.kind: event.data.get("reason") for event in look(app, HistoryEvent, instance_id=case)}


def test_a_case_is_suspended_resumed_cancelled_and_opened_again_each_with_its_reason(
    site: Flask, keeper: Visitor
) -> None:
    case = start(site, two_steps())
    address = f"/operations/cases/{case}"

    for act in ("suspend", "resume", "cancel"):
        assert keeper.post(f"{address}/{act}", {"reason": REASON}).status_code == 303, act
    again = keeper.post(f"{address}/restart", {"reason": REASON})

    told = kinds(site, case)
    assert {told["instance.suspended"], told["instance.resumed"], told["instance.cancelled"]} == {REASON}
    assert look(site, UserTask, instance_id=case)[0].status == "cancelled"
    number = int(again.location.rpartition("/")[2])
    assert number != case
    assert look(site, UserTask, instance_id=number)[0].element == "first"


def test_without_a_reason_nothing_happens(site: Flask, keeper: Visitor) -> None:
    case = start(site, two_steps())

    answer = keeper.post(f"/operations/cases/{case}/cancel", {"reason": "  "})

    assert answer.status_code == 422
    assert "Chưa nêu lý do" in answer.text
    assert look(site, ProcessInstance, id=case)[0].status == "active"


def test_an_incident_is_found_repaired_and_tried_again(site: Flask, keeper: Visitor) -> None:
    case = start(site, broken(), "H-77")
    (incident,) = look(site, Incident, instance_id=case)

    page = keeper.get("/operations/incidents?q=H-77").text
    sent = {"name": "amount", "value": "5", "reason": REASON}
    answer = keeper.post(f"/operations/incidents/{incident.id}/repair", sent)

    assert "H-77" in page
    assert "enough" in page
    assert answer.status_code == 303
    assert look(site, ProcessInstance, id=case)[0].status == "completed"
    assert "H-77" not in keeper.get("/operations/incidents").text
    assert "H-77" in keeper.get("/operations/incidents?status=resolved").text
    assert "H-77" in keeper.get("/operations/incidents?status=resolved&format=csv").text


def test_many_incidents_are_tried_again_and_those_refused_are_named(site: Flask, keeper: Visitor) -> None:
    cases = [start(site, broken(), f"H-{number}") for number in (1, 2)]
    chosen = [look(site, Incident, instance_id=case)[0].id for case in cases]

    answer = keeper.client.post(
        "/operations/incidents/retry",
        data={"incident": [*chosen, 999_999], "reason": REASON, "csrf_token": keeper.token()},
        follow_redirects=True,
    )

    assert "Đã thử lại 2 sự cố" in answer.text
    assert "#999999" in answer.text
    for case in cases:
        assert kinds(site, case)["incident.retried"] == REASON


def test_a_value_that_is_no_json_is_refused_and_nothing_is_changed(site: Flask, keeper: Visitor) -> None:
    case = start(site, two_steps())

    wrong = keeper.post(
        f"/operations/cases/{case}/variables", {"name": "x", "value": "xin chào", "reason": REASON}
    )
    right = keeper.post(
        f"/operations/cases/{case}/variables", {"name": "x", "value": '"xin chào"', "reason": REASON}
    )

    assert wrong.status_code == 422
    assert right.status_code == 303
    corrections = [
        event for event in look(site, HistoryEvent, instance_id=case) if event.kind == "variables.corrected"
    ]
    assert [event.data["changes"][0]["after"] for event in corrections] == ["xin chào"]


def test_a_task_is_handed_to_another_person(site: Flask, keeper: Visitor) -> None:
    case = start(site, two_steps())
    (task,) = look(site, UserTask, instance_id=case)

    keeper.post(
        f"/operations/cases/{case}/tasks/{task.id}/reassign", {"assignee": "chi.p2", "reason": REASON}
    )

    assert look(site, UserTask, id=task.id)[0].assignee == "chi.p2"
    assert kinds(site, case)["task.reassigned"] == REASON


def test_a_move_is_shown_first_and_refused_when_the_case_has_moved_on(site: Flask, keeper: Visitor) -> None:
    case = start(site, two_steps())
    address = f"/operations/cases/{case}/move"
    steps = {"source": "first", "target_step": "second"}
    shown = keeper.post(address, steps).text
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version is not None
    before = [task.element for task in look(site, UserTask, instance_id=case, status="open")]
    keeper.post(f"/operations/cases/{case}/variables", {"name": "x", "value": "1", "reason": REASON})

    late = keeper.post(address, {**steps, "version": version[1], "reason": REASON})
    again = re.search(r'name="version" value="(\d+)"', keeper.post(address, steps).text)
    assert again is not None
    done = keeper.post(address, {**steps, "version": again[1], "reason": REASON})

    assert before == ["first"]
    assert "second" in shown
    assert late.status_code == 409
    assert done.status_code == 303
    assert [task.element for task in look(site, UserTask, instance_id=case, status="open")] == ["second"]


def test_a_case_changes_its_version_after_a_preview_with_the_mapping_that_it_needs(
    site: Flask, keeper: Visitor
) -> None:
    case = start(site, two_steps())
    other = a_process("trial", "mới").start().user_task("begin", assignee="an.p1").end()
    with site.app_context(), db.transaction() as session:
        deployments.deploy(session, [other.file()], SYSTEM)
        target = deployments.latest(session, "trial").id
    address = f"/operations/cases/{case}/migrate"

    refused = keeper.post(address, {"target": target}).text
    mapping = {"target": target, "mapping": "first = begin"}
    version = re.search(r'name="version" value="(\d+)"', keeper.post(address, mapping).text)
    assert version is not None
    keeper.post(address, {**mapping, "version": version[1], "reason": REASON})

    assert "Chưa chuyển được" in refused
    assert 'name="version"' not in refused
    assert look(site, ProcessInstance, id=case)[0].definition_id == target
    assert look(site, UserTask, instance_id=case)[0].element == "begin"


@pytest.mark.parametrize("person", ["an.p1", "thao.it", "uyen.tt"])
def test_nobody_else_intervenes(site: Flask, person: str) -> None:
    case = start(site, two_steps())
    visitor = sign_in(site, person)

    answers = [
        visitor.get("/operations/incidents").status_code,
        visitor.get(f"/operations/cases/{case}").status_code,
        visitor.post(f"/operations/cases/{case}/cancel", {"reason": REASON}).status_code,
    ]

    assert answers == [403, 403, 403]
    assert look(site, ProcessInstance, id=case)[0].status == "active"
