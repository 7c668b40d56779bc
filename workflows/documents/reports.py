"""The achievement report of a nominee, filled from the dossier; it bears no number and is signed by hand."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from workflows import organisation
from workflows.documents import files, templates
from workflows.documents.about import About
from workflows.documents.kinds import KINDS
from workflows.documents.values import find_place, values_for, write_number
from workflows.tables import Nomination

REPORTER = "NGƯỜI BÁO CÁO"


def report_kind(nomination: Nomination) -> str:
    """Return which report a nomination takes: short for ad hoc awards, else by the kind of nominee."""
    if nomination.type == "ad_hoc":
        return "achievement_report_short"
    return f"achievement_report_{'collective' if nomination.subject_kind == 'collective' else 'individual'}"


def write_report(session: Session, nomination: Nomination, day: date, form: str) -> bytes:
    """Return the report of a nomination as `docx` or `pdf`, to be completed, certified and signed by hand."""
    kind = report_kind(nomination)
    unit = organisation.unit(session, nomination.proposal.center)
    values = values_for(session, kind, About(unit=unit.code, nomination=nomination), day)
    values |= {"title": KINDS[kind].title, "left_lines": [values["attestation"]]}
    values |= {"signer_name": nomination.subject, "signature_lines": [REPORTER]}
    values |= write_number("", find_place(session, unit), day)
    return files.fill(kind, templates.newest(session, kind, unit.code), values, form)
