"""Documents that units issue, whom they go to, the files kept of them, the templates they are made from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from engine.tables import Base, Identity, Json


class DocumentTemplate(Base):
    """One version of the DOCX of a kind of document; rows stay, so that old documents come out alike."""

    __tablename__ = "document_template"
    __table_args__ = (UniqueConstraint("kind", "unit", "version"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    kind: Mapped[str]  # a key of documents.kinds.KINDS
    unit: Mapped[str]  # code of the unit it is for; "" = for all
    version: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    uploaded_by: Mapped[str]  # "" = carried with the program
    uploaded_at: Mapped[datetime]


class Document(Base):
    """A document of a unit; what it says is frozen in `values` when it is issued (NĐ 30/2020 Đ8)."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("unit", "number", "year"),
        Index("ix_document_unit", "unit", "kind", "year"),
    )
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    unit: Mapped[str]  # the unit that issues it
    status: Mapped[str] = mapped_column(index=True)  # draft, issued, replaced, cancelled
    number: Mapped[str | None]  # such as 01/TTr-TTTV; given at signature, never before, never taken back
    year: Mapped[int | None]
    issued_on: Mapped[date | None] = mapped_column(Date)
    issued_at: Mapped[datetime | None]
    place: Mapped[str]
    subject_line: Mapped[str]
    search_text: Mapped[str]  # folded: number, subject line, signer
    values: Mapped[Any] = mapped_column(Json)
    template_id: Mapped[int] = mapped_column(ForeignKey("document_template.id"))
    signer: Mapped[str]  # login
    signer_name: Mapped[str]
    capacity: Mapped[str]  # KT, TM, TL, TUQ; "" = the head in their own right
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    ended_at: Mapped[datetime | None]  # replaced or cancelled
    ended_by: Mapped[str]
    reason: Mapped[str]  # why it was replaced, corrected or cancelled
    nomination_id: Mapped[int | None] = mapped_column(index=True)
    proposal_id: Mapped[int | None] = mapped_column(index=True)
    submission_id: Mapped[int | None] = mapped_column(index=True)
    award_decision_id: Mapped[int | None] = mapped_column(index=True)
    council_session_id: Mapped[int | None] = mapped_column(index=True)
    movement_code: Mapped[str | None] = mapped_column(index=True)
    instance_id: Mapped[int | None] = mapped_column(index=True)
    template: Mapped[DocumentTemplate] = relationship()
    recipients: Mapped[list[Recipient]] = relationship(
        back_populates="document", order_by="Recipient.id", cascade="all, delete-orphan"
    )
    files: Mapped[list[DocumentFile]] = relationship(
        back_populates="document", order_by="DocumentFile.id", cascade="all, delete-orphan"
    )


class Recipient(Base):
    """One line of “Nơi nhận” with the purpose; a unit of this house acknowledges the day it arrives (Đ22)."""

    __tablename__ = "recipient"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    name: Mapped[str]
    unit: Mapped[str | None] = mapped_column(index=True)  # code, for a unit of this house
    purpose: Mapped[str]  # a key of documents.kinds.PURPOSES
    delivered_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(default="")
    recall_confirmed_at: Mapped[datetime | None]  # of a cancelled one (Đ18k4)
    document: Mapped[Document] = relationship(back_populates="recipients")


class DocumentFile(Base):
    """A file kept of a document: the signed PDF; all others come out of the frozen values again."""

    __tablename__ = "document_file"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    format: Mapped[str]  # docx, pdf, edxml
    signed: Mapped[bool]
    sha256: Mapped[str]
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    document: Mapped[Document] = relationship(back_populates="files")
