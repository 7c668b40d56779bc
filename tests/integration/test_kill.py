"""Kill the server at random moments while the chain runs: what was acknowledged is there, once."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib import error

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from engine import instances
from engine.actors import SYSTEM
from engine.audit import log as audit_log
from engine.audit import replay, verification
from engine.spiff import state
from engine.tables import HistoryEvent, Job, ProcessInstance, Subscription, Timer, UserTask
from tests.browsing import Server, Visitor
from tests.chain import COORDINATION, MOVEMENT, STAFF
from workflows import demo

# the working calendar ends with 2027: later months would be refused
PERIODS = [f"2027-{month:02}" for month in range(1, 13)]
BROKEN = (OSError, http.client.HTTPException)
NOMINEE = {
    "subject_kind": "individual",
    "position": "Chuyên viên",
    "type": "thematic",
    "form": "certificate_of_commendation",
    "influence": "department",
    "achieved_on": "05/01/2026",
    **dict.fromkeys(("report_attested", "tasks_completed", "contributed", "complied", "not_criticised"), "1"),
}


class Script:
    """Everybody of the chain does whatever is in the inbox; a broken connection is tried again."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.people = {login: Visitor(server.base, login) for login, *_ in demo.PEOPLE[:14]}
        self.acknowledged: list[int] = []
        self.started = 0
        self.partial = False  # a month of which only some people have started their part
        self.stop = threading.Event()
        self.refusals: Counter[int] = Counter()

    def sign_in(self) -> None:
        """Let everybody sign in; the key of the cookies survives the kills."""
        for person in self.people.values():
            person.sign_in()

    def run(self) -> None:
        """Work until told to stop."""
        while not self.stop.is_set():
            self.round()

    def round(self) -> int:
        """Let everybody look once; return how many tasks were done."""
        done = 0
        for login, person in self.people.items():
            try:
                for task in person.tasks():
                    done += self._complete(person, login, task)
                if login == COORDINATION and (self.partial or not self.stop.is_set()):
                    self._start_month(person)
            except error.HTTPError as refusal:
                self.refusals[refusal.code] += 1
            except BROKEN:
                time.sleep(0.05)
        return done

    def _complete(self, person: Visitor, login: str, task: int) -> bool:
        path, shown = person.task_form(task)
        if "closed" in dict(shown) and f"rows-{len(STAFF) - 1}-decision" not in dict(shown):
            return False  # the month is closed only when every office has reported
        answers = dict(shown) | self._answers(dict(shown), login, task)
        person.send(path, answers)
        # urllib follows the 303 only after the server has answered: this task was acknowledged
        self.acknowledged.append(task)
        return True

    def _answers(self, shown: dict[str, str], login: str, task: int) -> dict[str, str]:
        answers: dict[str, str] = {}
        if "report_kind" in shown or "nominees-_rows" in shown:
            row = {f"nominees-0-{name}": value for name, value in NOMINEE.items()}
            row["nominees-0-subject"] = f"Người {task}"
            row["nominees-0-achievement"] = f"Thành tích số {task} trong phòng, chống dịch của phòng"
            return {"report_kind": "proposal", "nominees-_rows": "1", **row}
        for name in shown:
            answers |= self._answer(name, login, shown)
        return answers

    def _answer(self, name: str, login: str, shown: dict[str, str]) -> dict[str, str]:
        if name.endswith("-decision"):
            choice = {COORDINATION: "accept", "oanh.vps": "recommend", "quynh.snv": "recommend"}
            return {name: choice.get(login, "award")}
        if name == "decision":
            return {name: "approve" if login == "phuc.sxd" else "sign"}
        if name in ("closed", "informed", "sign"):
            return {name: "1"}
        return {name: "Đã xử lý"} if name == "note" else {}

    def _start_month(self, person: Visitor) -> None:
        if self.started >= len(PERIODS):
            return
        period, self.partial = PERIODS[self.started], True
        self._start(person, "center_consolidation", period)
        for login in STAFF.values():
            self._start(self.people[login], "office_proposal", period)
        self.started, self.partial = self.started + 1, False

    def _start(self, person: Visitor, process: str, period: str) -> None:
        page = person.get(f"/start/{process}")
        form = next(form for form in page.forms if (form.action or "").split("?")[0].endswith(process))
        values = {name: value or "" for name, value in form.form_values()}
        try:
            person.send(form.action, values | {"movement": MOVEMENT, "period": period})
        except error.HTTPError as refusal:
            # a start that was not acknowledged but had happened is refused the second time
            if refusal.code != 422:
                raise


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a server with the demo."""
    made = Server(tmp_path)
    made.load_demo()
    made.start()
    yield made
    made.kill()


def kill_and_check(server: Server, kills: int, seed: int) -> str:
    """Kill so often at random moments, then let the script finish and compare everything."""
    chance = random.Random(seed)  # noqa: S311  moments, not secrets
    script = Script(server)
    script.sign_in()
    worker = threading.Thread(target=script.run, daemon=True)
    worker.start()
    for _ in range(kills):
        wait_for_progress(script, 2)
        time.sleep(chance.uniform(0.0, 0.4))
        server.kill()
        server.start()
    wait_for_progress(script, 2)
    script.stop.set()
    worker.join(60)
    idle = 0
    while idle < 3:
        idle = 0 if script.round() or script.partial else idle + 1
    problems = check(server, script)
    assert len(script.acknowledged) > 2 * kills, "the script did not get far enough to show anything"
    assert problems == [], f"seed {seed}: {problems[:5]}"
    told = f"{kills} kills, {len(script.acknowledged)} acknowledged, refusals {dict(script.refusals)}"
    return f"{told}, seed {seed}"


def wait_for_progress(script: Script, steps: int) -> None:
    """Wait until so many more tasks were acknowledged, so that each kill falls into living work."""
    goal = len(script.acknowledged) + steps
    end = time.monotonic() + 60
    while len(script.acknowledged) < goal and time.monotonic() < end:
        time.sleep(0.01)


def check(server: Server, script: Script) -> list[str]:
    """Return what is lost, doubled, torn or stuck."""
    problems: list[str] = []
    engine = create_engine(server.database)
    with Session(engine) as session:
        session.info["handlers"] = {}
        completed = Counter(
            event.data["task"]
            for event in session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "task.completed"))
        )
        problems += [
            f"task {task} is there {completed[task]} times"
            for task in script.acknowledged
            if completed[task] != 1
        ]
        problems += [f"task {task} twice" for task, times in completed.items() if times != 1]
        for instance in session.scalars(select(ProcessInstance)):
            problems += _check_instance(session, instance)
            problems += [f"instance {instance.id}: {one}" for one in replay.differences(session, instance)]
        proof = verification.verify(audit_log.records(session))
        problems += [found.message.en for found in proof.findings]
    engine.dispose()
    return problems


def _check_instance(session: Session, instance: ProcessInstance) -> list[str]:
    problems: list[str] = []
    sequences = list(
        session.scalars(
            select(HistoryEvent.sequence)
            .where(HistoryEvent.instance_id == instance.id)
            .order_by(HistoryEvent.sequence)
        )
    )
    if sequences != list(range(1, instance.events + 1)):
        problems.append(f"history of instance {instance.id} has gaps")
    waits = {
        (wait.kind, wait.token) for wait in state.waits(instances.load(session, instance, SYSTEM)).values()
    }
    rows: set[tuple[str, int | None]] = set()
    for kind, table, condition in (
        ("task", UserTask, UserTask.status == "open"),
        ("timer", Timer, Timer.status == "waiting"),
        ("job", Job, Job.status == "open"),
        ("message", Subscription, Subscription.instance_id == instance.id),
    ):
        found = session.scalars(select(table.token).where(table.instance_id == instance.id, condition))
        rows |= {(kind, token) for token in found}
    if waits != rows:
        problems.append(f"instance {instance.id}: state {sorted(waits)} but rows {sorted(rows, key=str)}")
    if instance.status == "active" and not waits:
        problems.append(f"instance {instance.id} of {instance.process_id} is stuck")
    if instance.status == "active" and instance.process_id == "office_proposal":
        problems.append(f"proposal {instance.business_key} never got its answer")
    return problems


def test_killing_the_server_loses_and_doubles_nothing(server: Server) -> None:
    kill_and_check(server, kills=3, seed=int(time.time()))


@pytest.mark.soak
def test_killing_the_server_fifty_times_loses_and_doubles_nothing(server: Server) -> None:
    print(kill_and_check(server, kills=50, seed=int(time.time())))  # noqa: T201  a soak is read by people
