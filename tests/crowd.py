"""A crowd: many offices under the centre of seed 001, their proposals sent in one month.

What the offices wrote is put into the tables as their own cases leave it; each proposal then reaches the
centre's case by its message, as the case of the office sends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine, event, insert
from sqlalchemy.orm import Session

from engine import clock, deployments, messages
from engine.actors import SYSTEM
from engine.tables import ProcessInstance
from tests.chain import at
from workflows import HANDLERS, calendar, chains, demo, movements, story
from workflows.tables import Nomination, Proposal, Unit
from workflows.vocabulary import fold

PERIOD = "2026-10"
MOMENT = "2026-10-10 09:00"
PROCESSES = ("office_proposal", "center_consolidation", "department_review")
FORMS = (
    *("start_office_proposal", "prepare_proposal", "head_review", "supplement", "acknowledge_results"),
    *("start_center_consolidation", "review_proposals", "urge_offices", "handle_overdue"),
    *("revise_submission", "sign_submission", "appraise_submission", "decide_submission"),
)


def open_round(session: Session) -> ProcessInstance:
    """Load the people of the centre, deploy its chain and open the month."""
    session.info.update(handlers=HANDLERS, calendar=calendar.due_after)
    clock.pin(at(MOMENT))
    demo.load(session)
    wanted = {f"{name}.bpmn" for name in PROCESSES} | {f"{name}.form" for name in FORMS}
    found = [path for path in chains.files("da_nang") if path.name in wanted]
    deployments.deploy(session, [(path.name, path.read_bytes()) for path in found], SYSTEM)
    month = story.open_month(session, PERIOD)
    session.commit()
    return month


def send_proposals(session: Session, offices: int, nominees: int) -> None:
    """Let so many offices have sent their proposals, the nominees shared out evenly among them."""
    codes = [f"Q{number:03d}" for number in range(offices)]
    session.add_all(
        Unit(code=code, name=f"Phòng {code}", short_name=code, kind="office", parent_code=story.CENTER)
        for code in codes
    )
    movement = movements.find(session, story.MOVEMENT)
    report, _ = movements.deadlines(session, movement, PERIOD)
    proposals = [_proposal(code, report.due_at, report.late_from) for code in codes]
    session.add_all(proposals)
    session.flush()
    rows = [
        _nomination(proposal, f"Người {proposal.office} {number}")
        for proposal in proposals
        for number in range(nominees // offices)
    ]
    session.execute(insert(Nomination), rows)
    session.commit()
    for proposal in proposals:
        variables = {"proposal": proposal.id, "proposal_key": proposal.key}
        messages.publish(session, "proposal.submitted", f"{story.CENTER}/{PERIOD}", variables)
    session.commit()


def _proposal(code: str, due_at: datetime, late_from: datetime) -> Proposal:
    return Proposal(
        key=f"{code}/598/{PERIOD}",
        movement_code=story.MOVEMENT,
        office=code,
        center=story.CENTER,
        period=PERIOD,
        report_kind="proposal",
        status="submitted",
        version=1,
        instance_id=0,
        report_due_at=due_at,
        report_late_from=late_from,
        return_reason="",
        returned_by="",
        submitted_at=clock.now(),
        late=False,
        supplement_late=False,
    )


def _nomination(proposal: Proposal, subject: str) -> dict[str, object]:
    written = story.individual(subject, f"{subject} hoàn thành nhiệm vụ được giao trong đợt")
    columns = {name: written[name] for name in ("subject_kind", "subject", "position", "type", "form")}
    answers = {name: value for name, value in written.items() if isinstance(value, bool)}
    return {
        **columns,
        "proposal_id": proposal.id,
        "influence": written["influence"],
        "achievement": written["achievement"],
        "achievement_ref": "",
        "subject_key": f"individual|{fold(subject)}",
        "initiative_ref": "",
        "initiative_key": "",
        "answers": answers,
        "precheck": {"failures": [], "warnings": []},
        "status": "open",
        "level": "center",
        "unit_code": story.CENTER,
        "holder": "TCHC.staff",
        "since": clock.now(),
        "version": 1,
        "recommendation": "",
        "recommendation_reason": "",
        "reason": "",
        "search_text": fold(f"{subject} {written['achievement']}"),
    }


@contextmanager
def watching(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements sent to a database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "after_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "after_cursor_execute", note)
