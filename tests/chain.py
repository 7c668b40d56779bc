"""Drive the real chain of seed 001 as its people do: real diagrams, real forms, real handlers, a pinned clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, forms, instances, tasks, timers
from engine.actors import SYSTEM, Actor
from engine.tables import ProcessInstance, UserTask
from workflows import HANDLERS, demo
from workflows.tables import Consolidation, Nomination, Notice, Person, Proposal

BPMN = Path(__file__).parent.parent / "bpmn"
MOVEMENT = "598/KH-TTTV"
Row = dict[str, Any]

STAFF = {"P1": "an.p1", "P2": "chi.p2", "P3": "giang.p3", "P4": "khanh.p4"}
HEADS = {"P1": "binh.p1", "P2": "dung.p2", "P3": "hai.p3", "P4": "lan.p4"}
COORDINATION, DIRECTOR = "mai.tchc", "nam.tttv"
DEPARTMENT_OFFICE, DEPARTMENT_DIRECTOR = "oanh.vps", "phuc.sxd"
HOME_AFFAIRS, CHAIR = "quynh.snv", "son.ubnd"


def at(text: str) -> datetime:
    """Return a local moment, for example `2026-10-15 16:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.ZONE)


def individual(subject: str, **changes: Any) -> Row:
    """Return an individual who meets every criterion of III.1.b, for a Giấy khen."""
    return {
        "subject_kind": "individual",
        "subject": subject,
        "position": "Chuyên viên",
        "type": "thematic",
        "form": "certificate_of_commendation",
        "influence": "department",
        "achievement": f"{subject} thiết kế mẫu chốt kiểm soát tại cửa ngõ thành phố trong ba ngày",
        "achieved_on": "05/01/2026",
        "achievement_ref": "",
        "initiative_ref": "",
        "report_attested": True,
        "tasks_completed": True,
        "contributed": True,
        "complied": True,
        "not_criticised": True,
    } | changes


def collective(subject: str, **changes: Any) -> Row:
    """Return an office that meets every criterion of III.1.a, for a Giấy khen."""
    return {
        "subject_kind": "collective",
        "subject": subject,
        "type": "thematic",
        "form": "certificate_of_commendation",
        "influence": "department",
        "achievement": f"{subject} hoàn thành phương án thiết kế mẫu bệnh viện dã chiến đúng tiến độ",
        "achieved_on": "10/01/2026",
        "achievement_ref": "",
        "initiative_ref": "",
        "report_attested": True,
        "completed_percent": 100,
        "collective_not_criticised": True,
        "quality_assured": True,
        "proactive": True,
        "exemplary": True,
        "violations": 0,
    } | changes


class Chain:
    """The deployed chain with its people, at a moment that the test moves."""

    def __init__(self, session: Session, moment: str) -> None:
        self.session = session
        session.info["handlers"] = HANDLERS
        clock.pin(at(moment))
        demo.load(session)
        paths = sorted(BPMN.glob("*.bpmn")) + sorted(BPMN.glob("*.form"))
        deployments.deploy(session, [(path.name, path.read_bytes()) for path in paths], SYSTEM)

    def actor(self, login: str) -> Actor:
        """Return a person with the groups of the organisation."""
        person = self.session.scalars(select(Person).where(Person.login == login)).one()
        return Actor(login, frozenset(entry.group_name for entry in person.memberships))

    def move(self, moment: str) -> None:
        """Move the clock on; every timer due on the way fires at its own time, as the worker would do it."""
        target = at(moment)
        while due := timers.due(self.session, target):
            clock.pin(max(due[0].due_at, clock.now()))
            timers.fire(self.session, due[0].id)
        clock.pin(target)

    def open_tasks(self, login: str) -> list[str]:
        """Return the elements of what a person could work on now."""
        found = self.session.scalars(tasks.open_for(self.actor(login)).order_by(UserTask.id))
        return [task.element for task in found]

    def task(self, login: str, element: str, process: str | None = None) -> UserTask:
        """Return the oldest open task of an element that the person could work on."""
        query = tasks.open_for(self.actor(login)).where(UserTask.element == element)
        if process is not None:
            query = query.where(UserTask.process_id == process)
        return self.session.scalars(query.order_by(UserTask.id).limit(1)).one()

    def form(self, login: str, element: str) -> tuple[UserTask, dict[str, Any], dict[str, Any]]:
        """Return a task with the context of its form and the values that the form shows at first."""
        task = self.task(login, element)
        context = tasks.form_context(self.session, task, self.actor(login))
        schema = deployments.form(self.session, task.form_id or "")
        return task, context, dict(forms.defaults(schema, context))

    def do(self, login: str, element: str, **answers: Any) -> UserTask:
        """Complete a task with the form as it is shown, changed by the answers."""
        task, _context, values = self.form(login, element)
        tasks.complete(self.session, task.id, {**values, **answers}, self.actor(login))
        self.session.commit()
        return task

    def decide(self, login: str, element: str, choose: Callable[[Row], Row], **answers: Any) -> UserTask:
        """Complete a task that has one row per nominee: `choose` changes each row."""
        task, _context, values = self.form(login, element)
        rows = [{**row, **choose(row)} for row in values["rows"]]
        tasks.complete(self.session, task.id, {**values, "rows": rows, **answers}, self.actor(login))
        self.session.commit()
        return task

    # the steps that most scenarios share

    def open_month(self, period: str) -> ProcessInstance:
        """Let the coordinating office open the month."""
        variables = {"movement": MOVEMENT, "period": period, "center": "TTTV"}
        actor = self.actor(COORDINATION)
        started = instances.start(
            self.session, "center_consolidation", variables, actor, business_key=f"TTTV/{period}"
        )
        self.session.commit()
        return started

    def open_proposal(self, office: str, period: str) -> ProcessInstance:
        """Let an office open its proposal."""
        variables = {"movement": MOVEMENT, "period": period, "office": office, "center": "TTTV"}
        started = instances.start(
            self.session,
            "office_proposal",
            variables,
            self.actor(STAFF[office]),
            business_key=f"{office}/598/{period}",
        )
        self.session.commit()
        return started

    def propose(self, office: str, period: str, nominees: Sequence[Row]) -> ProcessInstance:
        """Let an office propose: staff list, head signs; without nominees it reports nothing."""
        started = self.open_proposal(office, period)
        self.prepare(office, nominees)
        self.do(HEADS[office], "head_review", decision="sign")
        return started

    def prepare(self, office: str, nominees: Sequence[Row]) -> None:
        """Let the staff of an office write the list."""
        kind = "proposal" if nominees else "nothing_to_report"
        self.do(STAFF[office], "prepare_proposal", report_kind=kind, nominees=list(nominees))

    def review(self, *, closed: bool = False, **decisions: tuple[str, str]) -> UserTask:
        """Let the coordinating office review: accept all but those named (`An_B=("return", "…")`)."""

        def choose(row: Row) -> Row:
            decision, reason = decisions.get(row["subject"].replace(" ", "_"), ("accept", ""))
            return {"decision": decision, "reason": reason}

        return self.decide(COORDINATION, "review_proposals", choose, closed=closed)

    # what the tests look at

    def nomination(self, subject: str) -> Nomination:
        """Return the newest nomination of a subject."""
        query = select(Nomination).where(Nomination.subject == subject).order_by(Nomination.id.desc())
        return self.session.scalars(query.limit(1)).one()

    def proposal(self, office: str, period: str) -> Proposal:
        """Return the proposal of an office for a month."""
        query = select(Proposal).where(Proposal.office == office, Proposal.period == period)
        return self.session.scalars(query).one()

    def consolidation(self, period: str) -> Consolidation:
        """Return the consolidation of a month."""
        return self.session.scalars(select(Consolidation).where(Consolidation.period == period)).one()

    def notices(self, kind: str) -> list[Notice]:
        """Return the notices of a kind, oldest first."""
        return list(self.session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))
