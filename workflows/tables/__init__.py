"""The tables of the nomination domain; times in UTC, answers as JSON, no reference into engine tables."""

from __future__ import annotations

from workflows.tables.calendar import CalendarDay
from workflows.tables.movements import Criterion, Movement
from workflows.tables.nominations import (
    AwardDecision,
    Consolidation,
    InitiativeUse,
    Nomination,
    NominationStep,
    NominationVersion,
    Proposal,
    Submission,
)
from workflows.tables.organisation import Membership, Person, Unit
from workflows.tables.records import Book, Notice

__all__ = [
    "AwardDecision",
    "Book",
    "CalendarDay",
    "Consolidation",
    "Criterion",
    "InitiativeUse",
    "Membership",
    "Movement",
    "Nomination",
    "NominationStep",
    "NominationVersion",
    "Notice",
    "Person",
    "Proposal",
    "Submission",
    "Unit",
]
