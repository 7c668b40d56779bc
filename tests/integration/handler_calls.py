"""A made-up month for tests: a real database and short calls of the real handlers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.clock import ZONE
from engine.handlers import ServiceCall
from tests import databases
from workflows import HANDLERS, demo
from workflows.tables import Nomination, Proposal

MOVEMENT = "598/KH-TTTV"
INSTANCES = count(1)
CENTRES_OWN = 900  # the instance id of the centre's consolidation


@contextmanager
def world() -> Iterator[Session]:
    """Open a session on a fresh database with the demo organisation."""
    with databases.with_tables() as engine, Session(engine) as session:
        demo.load(session)
        yield session


def at(*numbers: int) -> datetime:
    """Return a local moment."""
    return datetime(*numbers, tzinfo=ZONE)  # type: ignore[arg-type,misc]


def run(
    session: Session,
    name: str,
    moment: datetime,
    variables: Mapping[str, Any],
    *,
    who: str = "someone",
    instance: int = 1,
) -> dict[str, Any]:
    """Call one handler as the engine would."""
    call = ServiceCall(
        instance_id=instance,
        business_key="",
        process_id="test",
        element="test",
        variables=dict(variables),
        headers={},
        actor=Actor(who),
        now=moment,
    )
    return dict(HANDLERS[name].function(session, call) or {})


def individual(subject: str, **changes: Any) -> dict[str, Any]:
    """Return a form row of a person who meets every criterion."""
    return {
        "id": "",
        "subject_kind": "individual",
        "subject": subject,
        "position": "Chuyên viên",
        "type": "thematic",
        "form": "certificate_of_commendation",
        "influence": "department",
        "achievement": f"Thành tích xuất sắc của {subject} trong thiết kế chốt kiểm soát",
        "achieved_on": "2026-01-20",
        "achievement_ref": "",
        "initiative_ref": "",
        "report_attested": True,
        "tasks_completed": True,
        "contributed": True,
        "complied": True,
        "not_criticised": True,
        **changes,
    }


def collective(subject: str, **changes: Any) -> dict[str, Any]:
    """Return a form row of an office that meets every criterion."""
    row = individual(subject, subject_kind="collective", position="")
    for key in ("tasks_completed", "contributed", "complied", "not_criticised"):
        del row[key]
    return {
        **row,
        "completed_percent": 100,
        "collective_not_criticised": True,
        "quality_assured": True,
        "proactive": True,
        "exemplary": True,
        "violations": 0,
        **changes,
    }


def open_proposal(session: Session, office: str, moment: datetime, period: str = "2026-10") -> dict[str, Any]:
    """Open the proposal of an office and return what its process then knows."""
    start = {"movement": MOVEMENT, "office": office, "period": period}
    opened = run(session, "proposals.open", moment, start, instance=next(INSTANCES))
    return {**start, **opened}


def propose(
    session: Session, office: str, moment: datetime, rows: list[dict[str, Any]], period: str = "2026-10"
) -> dict[str, Any]:
    """Open, prepare, check, sign and submit the list of an office; no rows means nothing to report."""
    case = open_proposal(session, office, moment, period)
    kind = "proposal" if rows else "nothing_to_report"
    run(session, "proposals.prepare", moment, {**case, "report_kind": kind, "nominees": rows})
    case |= run(session, "proposals.check_criteria", moment, case)
    return send(session, case, moment)


def send(session: Session, case: dict[str, Any], moment: datetime) -> dict[str, Any]:
    """Sign and submit a checked list."""
    run(session, "proposals.decide", moment, {**case, "decision": "sign"}, who=f"head of {case['office']}")
    return case | run(session, "proposals.submit", moment, case)


def open_month(session: Session, moment: datetime, period: str = "2026-10") -> dict[str, Any]:
    """Open the month of the centre."""
    start = {"movement": MOVEMENT, "center": "TTTV", "period": period}
    return start | run(session, "consolidations.open", moment, start, instance=CENTRES_OWN)


def decide_all(rows: list[dict[str, Any]], decision: str, reason: str = "") -> list[dict[str, Any]]:
    """Return form rows with one decision for each row shown."""
    return [{"id": row["id"], "decision": decision, "reason": reason} for row in rows]


def close_and_sign(session: Session, month: dict[str, Any], moment: datetime) -> dict[str, Any]:
    """Accept everything, close the list, draft and sign the submission; return the department's variables."""
    rows = run(session, "consolidations.rows", moment, month)["rows"]
    review = {**month, "rows": decide_all(rows, "accept"), "closed": True}
    run(session, "consolidations.review", moment, review)
    drafted = run(session, "consolidations.draft_submission", moment, month, instance=CENTRES_OWN)
    signed = run(session, "submissions.sign", moment, {**drafted, "decision": "sign"}, who="nam.tttv")
    return {**drafted, **signed, "center": "TTTV", "period": month["period"]}


def nomination(session: Session, subject: str) -> Nomination:
    """Return the newest nomination of a subject."""
    query = select(Nomination).where(Nomination.subject == subject).order_by(Nomination.id.desc())
    found = session.scalars(query).first()
    assert found is not None
    return found


def proposal(session: Session, case: Mapping[str, Any]) -> Proposal:
    """Return the proposal of a case."""
    return session.get_one(Proposal, case["proposal"])
