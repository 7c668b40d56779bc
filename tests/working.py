"""An office that programs work for: cases of a small chain, operated and searched through the API.

The chain `purchase`: a person checks, a program outside charges (an error `refused` is caught), a message
`paid` with the key `order` is awaited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from tests import calling
from tests.builders import B, Z, a_process
from tests.calling import Caller
from tests.site import open_site
from web import db, people

OPERATOR = "operator"
ALL_GROUPS = ("administrators", "designers", "auditors", "workers")
TYPE = "charge-card"
FORM = (
    b'{"type":"default","id":"check_form","schemaVersion":19,"components":['
    b'{"type":"checkbox","key":"agreed","label":"Agreed"},{"type":"textfield","key":"note","label":"Note"}]}'
)


def purchase() -> tuple[str, bytes]:
    """Return the chain."""
    process = a_process("purchase", "Purchase").start()
    process.user_task(
        "check",
        Z.formDefinition(formId="check_form"),
        Z.taskSchedule(dueDate="2030-01-01T00:00:00Z", followUpDate="2029-12-01T00:00:00Z"),
        Z.taskHeaders(Z.header(key="area", value="finance")),
        candidateGroups="TCHC.staff",
        candidateUsers="an.p1",
    )
    process.service_task(
        "charge",
        TYPE,
        Z.taskHeaders(Z.header(key="gateway", value="test")),
        Z.ioMapping(Z.input(source="=total * 2", target="sum")),
    )
    process.catch("await_payment", process.message("paid", "=order")).end()
    refused = process.coded("error", "refused")
    process.at(None).boundary("on_refused", "charge", refused).user_task(
        "repair", candidateGroups="TCHC.staff"
    ).end("repaired")
    return process.file()


def charging() -> tuple[str, bytes]:
    """Return a process that begins with the job."""
    process = a_process("charging").start().service_task("charge", TYPE)
    return process.end().file()


@contextmanager
def open_office(folder: Path) -> Iterator[Flask]:
    """Give a site with an operator who has every group of programs, and the chain deployed."""
    with open_site(folder) as app:
        app.config["API_WAIT"] = 0.5
        with app.app_context(), db.transaction() as session:
            people.add(session, OPERATOR, ALL_GROUPS, "a password of a test")
        answer = calling.as_person(app, OPERATOR).deploy(purchase(), charging(), ("check.form", FORM))
        assert answer.status_code == 200, answer.text
        yield app


def start(caller: Caller, process: str = "purchase", **variables: Any) -> str:
    """Start a case and return its key."""
    given = {"total": 10, "order": "A-1", **variables}
    answer = caller.post("/process-instances", {"processDefinitionId": process, "variables": given})
    assert answer.status_code == 200, answer.text
    key: str = answer.json["processInstanceKey"]  # type: ignore[index]
    return key


def find(caller: Caller, noun: str, page: Mapping[str, Any] | None = None, **filter_: Any) -> list[Any]:
    """Return the items of a search."""
    answer = caller.post(f"/{noun}/search", {"filter": filter_, **({"page": page} if page else {})})
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json["items"]  # type: ignore[index]
    return items


def task_of(caller: Caller, instance: str) -> Mapping[str, Any]:
    """Return the one open task of a case."""
    (found,) = find(caller, "user-tasks", processInstanceKey=instance, state="CREATED")
    task: Mapping[str, Any] = found
    return task


def activate(caller: Caller, **asked: Any) -> list[Any]:
    """Return activated jobs, without waiting for any."""
    body = {"type": TYPE, "timeout": 60_000, "maxJobsToActivate": 10, "worker": "w", "requestTimeout": -1}
    answer = caller.post("/jobs/activation", body | asked)
    assert answer.status_code == 200, answer.text
    jobs: list[Any] = answer.json["jobs"]  # type: ignore[index]
    return jobs


def change(caller: Caller, method: str, path: str, body: Any = None) -> int:
    """Send a change and return its status."""
    answer = caller.client.open(f"/v2{path}", method=method, json=body or {}, headers=caller.headers)
    return answer.status_code


__all__ = ["B", "activate", "change", "find", "open_office", "start", "task_of"]
