"""The nomination domain: what runs when a process calls for emulation and commendation work; knows no Flask.

HANDLERS maps the job types and form sources that diagrams name to functions (session, call) -> values.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.handlers import Handler, Registration
from workflows import (
    consolidations,
    deadlines,
    departments,
    movements,
    proposals,
    provinces,
    submissions,
)

_FUNCTIONS: dict[str, Handler] = {
    "movements.options": movements.options,
    "proposals.open": proposals.open_proposal,
    "proposals.draft": proposals.draft,
    "proposals.prepare": proposals.prepare,
    "proposals.check_criteria": proposals.check_criteria,
    "proposals.rows": proposals.rows,
    "proposals.decide": proposals.decide,
    "proposals.submit": proposals.submit,
    "proposals.returned_rows": proposals.returned_rows,
    "proposals.supplement": proposals.supplement,
    "proposals.record_results": proposals.record_results,
    "proposals.results": proposals.results,
    "consolidations.open": consolidations.open_period,
    "consolidations.rows": consolidations.rows,
    "consolidations.review": consolidations.review,
    "consolidations.record_receipt": consolidations.record_receipt,
    "consolidations.missing": consolidations.missing,
    "consolidations.draft_submission": consolidations.draft_submission,
    "consolidations.remind_offices": deadlines.remind_offices,
    "consolidations.mark_late_offices": deadlines.mark_late_offices,
    "consolidations.remind_center": deadlines.remind_center,
    "consolidations.mark_center_late": deadlines.mark_center_late,
    "submissions.rows": submissions.rows,
    "submissions.sign": submissions.sign,
    "submissions.revise": submissions.revise,
    "departments.receive": departments.receive,
    "departments.rows": departments.rows,
    "departments.appraise": departments.appraise,
    "departments.decide": departments.decide,
    "provinces.receive": provinces.receive,
    "provinces.rows": provinces.rows,
    "provinces.appraise": provinces.appraise,
    "provinces.merit_rows": provinces.merit_rows,
    "provinces.decide_merit": provinces.decide_merit,
    "provinces.state_rows": provinces.state_rows,
    "provinces.sign_state": provinces.sign_state,
    "provinces.record_state": provinces.record_state,
}
HANDLERS: Mapping[str, Registration] = {name: Registration(function) for name, function in _FUNCTIONS.items()}
