"""Sum-ups of a movement: the request of Sở Nội vụ, the report of each sở, what its offices contribute."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.tables import Base, Identity, Json


class SummaryRequest(Base):
    """The công văn that asks for a sum-up, and the consolidated report that comes of it."""

    __tablename__ = "summary_request"
    __table_args__ = (UniqueConstraint("unit_code", "number"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    movement_code: Mapped[str] = mapped_column(index=True)
    unit_code: Mapped[str]  # who asks and consolidates
    number: Mapped[str]  # of the công văn
    issued_on: Mapped[date] = mapped_column(Date)
    since: Mapped[date] = mapped_column(Date)  # what is summed up, both days included
    until: Mapped[date] = mapped_column(Date)
    due_at: Mapped[datetime]
    status: Mapped[str]  # open, closed, written, signed
    remarks: Mapped[str]
    figures: Mapped[Any | None] = mapped_column(Json)  # as they stood when it was signed
    document_id: Mapped[int | None]
    signed_at: Mapped[datetime | None]
    instance_id: Mapped[int]
    reports: Mapped[list[SummaryReport]] = relationship(
        back_populates="request", order_by="SummaryReport.unit_code"
    )


class SummaryReport(Base):
    """The report of one sở on a movement."""

    __tablename__ = "summary_report"
    __table_args__ = (UniqueConstraint("request_id", "unit_code"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("summary_request.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    unit_code: Mapped[str]
    status: Mapped[str]  # asked, drafted, written, submitted
    content: Mapped[Any] = mapped_column(Json)  # text by section (summaries.drafts.SECTIONS)
    warnings: Mapped[Any] = mapped_column(Json)  # notes on the text as it was last written
    return_reason: Mapped[str]
    figures: Mapped[Any | None] = mapped_column(Json)  # as they stood when it was signed
    document_id: Mapped[int | None]
    signed_by: Mapped[str]
    submitted_at: Mapped[datetime | None]
    late: Mapped[bool]
    instance_id: Mapped[int | None]
    request: Mapped[SummaryRequest] = relationship(back_populates="reports")
    contributions: Mapped[list[SummaryContribution]] = relationship(
        back_populates="report", order_by="SummaryContribution.unit_code"
    )


class SummaryContribution(Base):
    """What one office of a sở wrote for its report."""

    __tablename__ = "summary_contribution"
    __table_args__ = (UniqueConstraint("report_id", "unit_code"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("summary_report.id"), index=True)
    unit_code: Mapped[str]
    content: Mapped[Any] = mapped_column(Json)
    written_by: Mapped[str]
    written_at: Mapped[datetime]
    report: Mapped[SummaryReport] = relationship(back_populates="contributions")
