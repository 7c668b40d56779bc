"""Nominations and the letters, months and decisions they pass."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.tables import Base, Identity, Json


class Consolidation(Base):
    """The consolidated report of one centre for one month."""

    __tablename__ = "consolidation"
    __table_args__ = (UniqueConstraint("center", "period"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    movement_code: Mapped[str]
    center: Mapped[str]
    period: Mapped[str]
    status: Mapped[str]  # open, closed, sent
    instance_id: Mapped[int]
    report_due_at: Mapped[datetime]
    report_late_from: Mapped[datetime]
    report_reminder_at: Mapped[datetime]
    center_due_at: Mapped[datetime]
    center_late_from: Mapped[datetime]
    center_reminder_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    late: Mapped[bool]
    overdue_marked_at: Mapped[datetime | None]


class Proposal(Base):
    """The monthly proposal of one office; its key is the business key of its process instance."""

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_month", "center", "period", "office"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    movement_code: Mapped[str]
    office: Mapped[str]
    center: Mapped[str]
    period: Mapped[str]
    report_kind: Mapped[str]  # proposal, nothing_to_report
    status: Mapped[str]  # draft, prepared, signed, submitted, returned, answered
    version: Mapped[int]  # number of times it was sent to the centre
    instance_id: Mapped[int]
    report_due_at: Mapped[datetime | None]  # nothing in a drive without monthly dates
    report_late_from: Mapped[datetime | None]
    supplement_due_at: Mapped[datetime | None]  # stands beside the original date, never replaces it
    return_reason: Mapped[str]
    returned_by: Mapped[str]  # head, above (center in older rows) or nothing
    submitted_at: Mapped[datetime | None]
    resubmitted_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    late: Mapped[bool]
    supplement_late: Mapped[bool]
    nominations: Mapped[list[Nomination]] = relationship(back_populates="proposal", order_by="Nomination.id")


class Submission(Base):
    """A tờ trình by which one unit submits nominees to the next; who acts is read from `to_unit`."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("from_unit", "number", "number_year"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    level: Mapped[str] = mapped_column(index=True)  # the stage of the unit that receives it
    from_unit: Mapped[str]
    to_unit: Mapped[str]
    center: Mapped[str]
    period: Mapped[str]
    consolidation_id: Mapped[int | None] = mapped_column(ForeignKey("consolidation.id"), index=True)
    status: Mapped[str] = mapped_column(default="draft")  # draft, signed, received, decided
    version: Mapped[int]
    number: Mapped[str | None]  # given when it is signed, never before
    number_year: Mapped[int | None]  # numbers begin at 01 each year (NĐ 30/2020 Đ15)
    note: Mapped[str] = mapped_column(default="")
    return_reason: Mapped[str] = mapped_column(default="")
    report: Mapped[Any] = mapped_column(
        Json, default=dict
    )  # missing, late and empty-handed offices as they stood
    signed_by: Mapped[str] = mapped_column(default="")
    signed_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(default=False)
    instance_id: Mapped[int]


class SubmissionEntry(Base):
    """One nominee of a submission; a nominee that climbs stands in one submission of every level."""

    __tablename__ = "submission_entry"
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), primary_key=True, index=True)


class AwardDecision(Base):
    """A decision that awards, with number and date; nominations point at it."""

    __tablename__ = "award_decision"
    __table_args__ = (UniqueConstraint("unit_code", "number", "number_year"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    unit_code: Mapped[str] = mapped_column(default="", server_default="")  # who decided; NN is the State
    number: Mapped[str]
    number_year: Mapped[int]  # the year of the decision's date
    decided_on: Mapped[date] = mapped_column(Date)
    form: Mapped[str]
    level: Mapped[str]  # department, province, state
    received_on: Mapped[date | None] = mapped_column(Date)  # when the dossier came in
    rules_on: Mapped[date | None] = mapped_column(Date)  # the day whose rules hold for it
    regime: Mapped[str] = mapped_column(default="")  # the body of law of that day
    law: Mapped[str] = mapped_column(default="")  # both dates and the law in words, as the decision cites
    signed_by: Mapped[str]
    instance_id: Mapped[int | None]
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"), index=True)


class Nomination(Base):
    """One subject proposed for one form of award for one achievement; it has its own life across levels."""

    __tablename__ = "nomination"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    subject_kind: Mapped[str]
    subject: Mapped[str]
    position: Mapped[str]
    type: Mapped[str]
    form: Mapped[str] = mapped_column(index=True)
    influence: Mapped[str]
    achievement: Mapped[str]
    achieved_on: Mapped[date | None] = mapped_column(Date)
    achievement_ref: Mapped[str]
    subject_key: Mapped[str] = mapped_column(index=True)  # kind and folded name
    initiative_ref: Mapped[str]
    initiative_key: Mapped[str] = mapped_column(index=True)  # folded
    procedure: Mapped[str] = mapped_column(default="ordinary")  # ordinary, simplified
    ground: Mapped[str] = mapped_column(default="")  # of the simplified procedure
    received_on: Mapped[date | None] = mapped_column(Date)  # by the level that appraises first
    answers: Mapped[Any] = mapped_column(Json)  # answers to the criteria and `report_attested`
    precheck: Mapped[Any] = mapped_column(Json)  # {"failures": […], "warnings": […]}
    status: Mapped[str] = mapped_column(index=True)  # see workflows.nominations.STATUSES
    level: Mapped[str]  # the stage of the unit it is at, see routes.STAGES
    unit_code: Mapped[str] = mapped_column(default="", server_default="", index=True)  # where it is now
    holder: Mapped[str]  # the group that has it now
    since: Mapped[datetime]
    version: Mapped[int]
    recommendation: Mapped[str]
    recommendation_reason: Mapped[str]
    reason: Mapped[str]
    search_text: Mapped[str]  # folded: without diacritics, lower case
    award_decision_id: Mapped[int | None] = mapped_column(ForeignKey("award_decision.id"), index=True)
    proposal: Mapped[Proposal] = relationship(back_populates="nominations")
    award: Mapped[AwardDecision | None] = relationship()
    versions: Mapped[list[NominationVersion]] = relationship(
        back_populates="nomination", order_by="NominationVersion.number"
    )
    steps: Mapped[list[NominationStep]] = relationship(
        back_populates="nomination", order_by="NominationStep.id"
    )


class NominationVersion(Base):
    """What was sent to the centre, kept unchanged when a later version is sent."""

    __tablename__ = "nomination_version"
    __table_args__ = (UniqueConstraint("nomination_id", "number"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    number: Mapped[int]
    content: Mapped[Any] = mapped_column(Json)
    at: Mapped[datetime]
    actor: Mapped[str]
    nomination: Mapped[Nomination] = relationship(back_populates="versions")


class NominationStep(Base):
    """One thing that happened to a nomination: the lineage from office to State."""

    __tablename__ = "nomination_step"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    at: Mapped[datetime]
    level: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str]
    reason_en: Mapped[str]  # what a person typed is the same in both
    actor: Mapped[str]
    instance_id: Mapped[int | None]
    nomination: Mapped[Nomination] = relationship(back_populates="steps")


class PeerReview(Base):
    """What the members of an office said of one nominee in a peer review (bình xét)."""

    __tablename__ = "peer_review"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    held_on: Mapped[date] = mapped_column(Date)
    members: Mapped[int]
    present: Mapped[int]
    votes_for: Mapped[int]
    selected: Mapped[bool]
    reason: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
    instance_id: Mapped[int | None]


class InitiativeUse(Base):
    """An initiative (sáng kiến) that served as basis of a title or of a form of award."""

    __tablename__ = "initiative_use"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    initiative_ref: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    award_kind: Mapped[str]  # title, form
    award_name: Mapped[str]
    decision_number: Mapped[str]
    decided_on: Mapped[date] = mapped_column(Date)
