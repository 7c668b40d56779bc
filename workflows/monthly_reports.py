"""The centre's report of a month to the department, also when nothing is proposed (598/KH-TTTV mục IV).

It goes out with the director's signature on the month: the letter names the nominees, the report the offices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.handlers import ServiceCall
from workflows import documents, organisation
from workflows.tables import Consolidation, Document, Nomination, Proposal, Submission, SubmissionEntry
from workflows.vocabulary import show_date, show_period

NOTHING = "Không có đề xuất"


def issue(session: Session, call: ServiceCall, submission: Submission) -> Document:
    """Issue the report of the month whose letter was just signed, numbered in the centre's register."""
    names = organisation.unit_names(session)
    month = session.get_one(Consolidation, submission.consolidation_id)
    offices = _offices(session, submission, names)
    total = sum(row["accepted"] for row in offices)
    said = {
        key: ", ".join(names.get(code, code) for code in submission.report.get(key, ()))
        for key in ("missing", "late", "nothing")
    }
    facts = {
        "period": show_period(submission.period),
        "report_due": show_date(local(month.center_late_from).date()),
        "total": str(total),
        **said,
        "results": f"Trình {total} đề nghị theo Tờ trình {submission.number}" if total else NOTHING,
        "offices": offices,
        "nominees": [],
    }
    above = organisation.unit(session, submission.to_unit)
    about = documents.About(
        unit=submission.from_unit,
        subject_line=f"Kết quả thực hiện phong trào thi đua {show_period(submission.period)}",
        movement_code=month.movement_code,
        facts=facts,
        recipients=((above.name, above.code, "report"),),
    )
    return documents.issue(session, call, "monthly_report", about)


def _offices(session: Session, submission: Submission, names: dict[str, str]) -> Sequence[dict[str, Any]]:
    """Return one line per office that reported: proposed, sent upward, and the rest with its note."""
    here = (SubmissionEntry.nomination_id == Nomination.id) & (SubmissionEntry.submission_id == submission.id)
    sent = func.count(SubmissionEntry.nomination_id)
    query = (
        select(Proposal.office, Proposal.late, func.count(Nomination.id), sent)
        .outerjoin(Nomination, Nomination.proposal_id == Proposal.id)
        .outerjoin(SubmissionEntry, here)
        .where(Proposal.center == submission.center, Proposal.period == submission.period)
        .where(Proposal.submitted_at.is_not(None))
        .group_by(Proposal.office, Proposal.late)
        .order_by(Proposal.office)
    )
    return [
        {
            "index": place,
            "name": names.get(office, office),
            "proposed": proposed,
            "accepted": accepted,
            "returned": proposed - accepted,
            "note": "gửi muộn" if late else ("" if proposed else NOTHING),
        }
        for place, (office, late, proposed, accepted) in enumerate(session.execute(query), 1)
    ]
