"""What interrupts a nomination or happens to it outside the line of levels, and the dates of the State."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity


class NominationSuspension(Base):
    """A nomination that stands still while something about its subject is looked into; its clock is kept."""

    __tablename__ = "nomination_suspension"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    kind: Mapped[str]  # complaint, denunciation, discipline, inspection, press
    summary: Mapped[str]
    document: Mapped[str]  # number of the paper that reports it
    document_date: Mapped[date | None] = mapped_column(Date)
    recorded_by: Mapped[str]
    since: Mapped[datetime]
    level: Mapped[str]  # where the nomination stood, and with whom
    status_before: Mapped[str]
    due_at: Mapped[datetime | None]  # of the work that was stopped; nothing when it had no date
    remaining_days: Mapped[int | None]  # working days that were left of it
    instance_id: Mapped[int | None]
    conclusion: Mapped[str] = mapped_column(default="")  # cleared, disciplined or nothing yet
    conclusion_document: Mapped[str] = mapped_column(default="")
    conclusion_note: Mapped[str] = mapped_column(default="")
    concluded_by: Mapped[str] = mapped_column(default="")
    concluded_at: Mapped[datetime | None]
    new_due_at: Mapped[datetime | None]  # when it is due after it went on


class Discipline(Base):
    """A discipline of a subject: achievements count from its end (NĐ 152/2025 Đ4k4)."""

    __tablename__ = "discipline"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    subject_key: Mapped[str] = mapped_column(index=True)  # kind and folded name, as in nominations
    began_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    document: Mapped[str]
    nomination_id: Mapped[int | None] = mapped_column(ForeignKey("nomination.id"))


class Disclosure(Base):
    """The list of a submission published before the council sits (Luật 2022 Đ84k5)."""

    __tablename__ = "disclosure"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    status: Mapped[str]  # prepared, posted, closed
    required_days: Mapped[int]  # working days, the posting day not counted
    source: Mapped[str]
    verified: Mapped[bool]
    council_on: Mapped[date | None] = mapped_column(Date)
    latest_on: Mapped[date | None] = mapped_column(Date)  # the last day to post for that council
    posted_on: Mapped[date | None] = mapped_column(Date)
    closes_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(default="")  # where the list stands
    posted_by: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime | None]
    instance_id: Mapped[int | None]


class DisclosureEntry(Base):
    """One nominee on a published list."""

    __tablename__ = "disclosure_entry"
    disclosure_id: Mapped[int] = mapped_column(ForeignKey("disclosure.id"), primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), primary_key=True, index=True)


class Objection(Base):
    """What somebody said against a published nominee; the council reads it."""

    __tablename__ = "objection"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    disclosure_id: Mapped[int] = mapped_column(ForeignKey("disclosure.id"), index=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    sender: Mapped[str]
    content: Mapped[str]
    received_on: Mapped[date] = mapped_column(Date)
    file_reference: Mapped[str]
    recorded_by: Mapped[str]
    at: Mapped[datetime]


class Opinion(Base):
    """What an agency or the party committee was asked about a nominee, and what it answered."""

    __tablename__ = "opinion"
    __table_args__ = (UniqueConstraint("submission_id", "nomination_id", "agency"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    kind: Mapped[str]  # agency, party
    agency: Mapped[str]  # code of the unit asked
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    source: Mapped[str]  # of the limit
    verified: Mapped[bool]
    answer: Mapped[str] = mapped_column(default="")  # agree, disagree, silent or nothing yet
    content: Mapped[str] = mapped_column(default="")
    document: Mapped[str] = mapped_column(default="")
    document_date: Mapped[date | None] = mapped_column(Date)
    file_reference: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    instance_id: Mapped[int | None]


class Revocation(Base):
    """A proposal to cancel an award, and the decision on it by whoever was competent to award (Đ93)."""

    __tablename__ = "revocation"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    award_decision_id: Mapped[int] = mapped_column(ForeignKey("award_decision.id"), index=True)
    status: Mapped[str]  # proposed, refused, decided, recovered
    ground: Mapped[str]  # fraud, false_information, unlawful_procedure, standard_not_met
    evidence: Mapped[str]  # the conclusion or judgment it rests on
    explanation: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    number: Mapped[str | None]
    number_year: Mapped[int | None]
    decided_on: Mapped[date | None] = mapped_column(Date)
    decided_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")  # of a refusal to cancel
    item_note: Mapped[str] = mapped_column(default="")
    item_recovered_on: Mapped[date | None] = mapped_column(Date)
    money_amount: Mapped[int | None]  # đồng
    money_recovered_on: Mapped[date | None] = mapped_column(Date)
    instance_id: Mapped[int | None]


class NominationFlag(Base):
    """A mark on a nomination that people must look at, in both languages."""

    __tablename__ = "nomination_flag"
    __table_args__ = (UniqueConstraint("nomination_id", "kind", "about"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    kind: Mapped[str]  # revoked_relation
    about: Mapped[int]  # the nomination whose award was cancelled
    vi: Mapped[str]
    en: Mapped[str]
    at: Mapped[datetime]


class StateDeadline(Base):
    """One date of the way to the State: from when, until when, by which rule, and when it was met."""

    __tablename__ = "state_deadline"
    __table_args__ = (
        UniqueConstraint("submission_id", "step"),
        Index("ix_state_deadline_due", "due_on"),
    )
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    step: Mapped[str]  # return, appraisal, notice, nominees
    starts_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    working_days: Mapped[int]
    source: Mapped[str]
    verified: Mapped[bool]
    met_on: Mapped[date | None] = mapped_column(Date)
    late: Mapped[bool] = mapped_column(default=False)
