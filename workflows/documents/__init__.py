"""Documents by Nghị định 30/2020: made from templates and frozen values, numbered at signature.

Importing this package is cheap; what lays out pages and signs files is loaded with the first file (`files`).
"""

from __future__ import annotations

from workflows.documents.about import About
from workflows.documents.chain import Slip, issue_decision, issue_letter, issue_slip
from workflows.documents.issuing import acknowledge, cancel, correct, draft, find, issue, replace_by, sign
from workflows.documents.values import values_for

__all__ = [
    "About",
    "Slip",
    "acknowledge",
    "cancel",
    "correct",
    "draft",
    "find",
    "issue",
    "issue_decision",
    "issue_letter",
    "issue_slip",
    "replace_by",
    "sign",
    "values_for",
]
