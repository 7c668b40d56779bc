"""What a document is about: the rows it speaks of and what only its author knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.tables import AwardDecision, Nomination, Proposal, Submission


@dataclass(frozen=True)
class About:
    """Say which unit issues a document about which rows; `facts` win over what is read from the rows.

    number: the number a row has already, else one is taken from the book.
    recipients: (name, unit code or None, purpose); the archive is added.
    """

    unit: str
    subject_line: str = ""
    nominations: Sequence[Nomination] = ()
    nomination: Nomination | None = None
    proposal: Proposal | None = None
    submission: Submission | None = None
    decision: AwardDecision | None = None
    council_session_id: int | None = None
    movement_code: str | None = None
    number: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    recipients: Sequence[tuple[str, str | None, str]] = ()
