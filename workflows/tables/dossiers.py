"""What a nomination rests on: initiatives, evidence, awards already received, yearly ratings."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column

from engine.tables import Base, Identity


class Achievement(Base):
    """One achievement of one subject; it is awarded once (Luật 2022 Đ5k2c)."""

    __tablename__ = "achievement"
    __table_args__ = (UniqueConstraint("award_decision_id", "nomination_id"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    subject_key: Mapped[str] = mapped_column(index=True)
    summary: Mapped[str]
    reference: Mapped[str]  # the paper that proves it, or nothing
    achieved_on: Mapped[date | None] = mapped_column(Date)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    award_decision_id: Mapped[int] = mapped_column(ForeignKey("award_decision.id"), index=True)


class Initiative(Base):
    """An initiative (sáng kiến) with its recognition and how far it reaches."""

    __tablename__ = "initiative"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # folded name or number, as nominations name it
    name: Mapped[str]
    subject_key: Mapped[str] = mapped_column(index=True)
    scope: Mapped[str]  # unit, province, nation
    recognised_by: Mapped[str]
    document: Mapped[str]
    recognised_on: Mapped[date] = mapped_column(Date)
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class EvidenceFile(Base):
    """One file of a dossier; one that is replaced or taken back stays, marked."""

    __tablename__ = "evidence_file"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    paper: Mapped[str]  # code of the paper in the checklist, or `other`
    file_name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    added_by: Mapped[str]
    added_at: Mapped[datetime]
    removed_by: Mapped[str] = mapped_column(default="")
    removed_at: Mapped[datetime | None]


class PreviousAward(Base):
    """An award that a subject received before, as its papers tell."""

    __tablename__ = "previous_award"
    __table_args__ = (UniqueConstraint("subject_key", "form", "year", "decision_number"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    subject_key: Mapped[str] = mapped_column(index=True)
    form: Mapped[str]
    type: Mapped[str]  # merit, ad_hoc, thematic
    year: Mapped[int]  # the year whose results it rewards
    decision_number: Mapped[str]
    decided_on: Mapped[date | None] = mapped_column(Date)
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class NominationBasis(Base):
    """An earlier award on which a nomination rests."""

    __tablename__ = "nomination_basis"
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), primary_key=True)
    previous_award_id: Mapped[int] = mapped_column(ForeignKey("previous_award.id"), primary_key=True)


class YearlyRating(Base):
    """How a subject was rated for one year, with the paper that says so (BN86 Đ7)."""

    __tablename__ = "yearly_rating"
    __table_args__ = (UniqueConstraint("subject_key", "year"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    subject_key: Mapped[str] = mapped_column(index=True)
    year: Mapped[int]
    rating: Mapped[str]  # excellent, good, completed, not_completed
    document: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
