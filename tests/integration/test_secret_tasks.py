"""What is typed into a secret task reaches its completing listener and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import clock, deployments, instances, task_refusals, tasks
from engine.actors import SYSTEM, Actor
from engine.errors import Conflict, NotFound, Refused, StaleInstance, TaskNotOpen
from engine.handlers import Json, Registration, ServiceCall
from engine.tables import HistoryEvent, ProcessInstance, UserTask
from tests.builders import Z, a_process
from tests.chain import at
from tests.chamber import MORNING, Chamber, deploy
from tests.dialect import check_file
from tests.integration.queue_places import Place
from workflows import councils

NORA, MIA = Actor("nora", frozenset({"staff"})), Actor("mia", frozenset({"staff"}))
Handler = Callable[[Session, ServiceCall], Mapping[str, Json] | None]


def secret(*listeners: str, value: str = "true") -> list[Any]:
    """Return the extension elements of a secret task."""
    found = [Z.properties(Z.property(name="bv:secret", value=value))]
    if listeners:
        entries = [Z.taskListener(eventType="completing", type=name) for name in listeners]
        found.append(Z.taskListeners(*entries))
    return found


def start(session: Session, handler: Handler) -> UserTask:
    """Deploy a process with one secret task and start it; return the task."""
    session.info["handlers"] = {"take": Registration(handler)}
    process = a_process("poll").start().user_task("answer", *secret("take")).user_task("after").end()
    deployments.deploy(session, [("poll.bpmn", process.xml())], SYSTEM)
    instances.start(session, "poll", {}, NORA)
    return session.scalars(select(UserTask)).one()


def test_only_the_listener_sees_what_was_typed_and_only_what_it_returns_goes_on(session: Session) -> None:
    seen: list[Json] = []

    def take(_session: Session, call: ServiceCall) -> Mapping[str, Json]:
        seen.append(call.variables["answer"])
        return {"taken": True}

    task = start(session, take)
    tasks.complete(session, task.id, {"answer": "red"}, NORA)

    instance = session.scalars(select(ProcessInstance)).one()
    events = session.scalars(select(HistoryEvent)).all()
    (completed,) = [event for event in events if event.kind == "task.completed"]
    assert seen == ["red"]
    assert (completed.data["values"], completed.data["secret"]) == ({}, True)
    assert "red" not in instance.state + str([event.data for event in events])
    assert '"taken":true' in instance.state


def test_a_refused_attempt_is_kept_in_a_transaction_of_its_own_without_what_was_typed(
    session: Session,
) -> None:
    def refuse(_session: Session, _call: ServiceCall) -> None:
        raise Refused("Đã đóng.", "It is closed.", "điều lệ")

    task = start(session, refuse)
    number = task.id
    session.commit()

    with pytest.raises(Refused) as refused:
        tasks.complete(session, number, {"answer": "red"}, NORA)
    session.rollback()
    kept = task_refusals.is_kept(session, number, refused.value)
    task_refusals.record(session, number, NORA, refused.value)
    session.commit()

    (event,) = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "task.refused")).all()
    assert kept
    assert (event.actor, event.element, event.data["error"]) == ("nora", "answer", "Refused")
    assert "điều lệ" in event.data["vi"]
    assert "red" not in str(event.data)
    assert session.get_one(UserTask, number).status == "open"


def test_ordinary_tasks_lost_races_and_tasks_that_never_were_leave_no_refusal(session: Session) -> None:
    secret_one = start(session, lambda _session, _call: None)
    tasks.complete(session, secret_one.id, {}, NORA)
    plain = session.scalars(select(UserTask).where(UserTask.element == "after")).one()
    refused = Conflict(expected="", found="", found_vi="")

    kept = [
        task_refusals.is_kept(session, plain.id, refused),
        task_refusals.is_kept(session, secret_one.id, StaleInstance(instance=1)),
        task_refusals.is_kept(session, 999, NotFound(kind="user task", key=999)),
        task_refusals.is_kept(session, secret_one.id, refused),
    ]

    assert kept == [False, False, False, True]


@pytest.mark.parametrize(
    ("listeners", "value", "rules"),
    [
        (("take",), "true", []),
        ((), "false", []),
        ((), "true", ["secret-without-listener"]),
        (("take",), "=true", ["secret-value"]),
        (("take",), "yes", ["secret-value"]),
    ],
)
def test_the_check_asks_for_a_listener_and_a_plain_word(
    listeners: tuple[str, ...], value: str, rules: list[str]
) -> None:
    process = a_process("poll").start().user_task("answer", *secret(*listeners, value=value)).end()

    found = check_file(process.xml(), "poll")

    assert [finding.rule for finding in found if finding.rule.startswith("secret")] == rules
    assert "unknown-rule" not in [finding.rule for finding in found]


def vote_from_elsewhere(place: Place, info: Mapping[Any, Any], task: int, values: Mapping[str, Any]) -> None:
    """Vote in a session of one's own as the page would, again after a lost race."""
    for _ in range(200):
        with place.session() as own:
            own.info.update(info)
            voter = own.get_one(UserTask, task).assignee or ""
            own.rollback()
            try:
                tasks.complete(own, task, values, Actor(voter))
                own.commit()
            except (StaleInstance, OperationalError):
                own.rollback()
                continue
            except TaskNotOpen:
                own.rollback()
            return


def test_everybody_voting_at_the_same_moment_loses_no_ballot_and_counts_none_twice(place: Place) -> None:
    clock.pin(at(MORNING))
    with place.session() as session:
        deploy(session)
        chamber = Chamber(session, 8)
        (nominee,) = chamber.nominate("emulation_fighter_grassroots")
        chamber.start()
        chamber.convene("secret")
        chamber.meet()
        chamber.open_voting()
        values = {"rows": [{**row, "choice": "yes"} for row in chamber.shown("vote")["rows"]]}
        work = [task.id for task in chamber.tasks("vote")]
        info = dict(session.info)
        session.rollback()  # SQLite lets one write at a time, and this session has read

        threads = [
            threading.Thread(target=vote_from_elsewhere, args=(place, info, task, values), daemon=True)
            for task in work * 2  # each person clicks twice
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        chamber.close()

        assert (chamber.verdict(nominee).yes, chamber.verdict(nominee).base) == (8, 8)
        assert len(councils.voting.votes_cast(session, chamber.sitting)) == 8
    clock.unpin()
