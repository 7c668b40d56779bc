"""documents are issued, filed and signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "document_template",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_template")),
        sa.UniqueConstraint("kind", "unit", "version", name=op.f("uq_document_template_kind_unit_version")),
    )
    op.create_table(
        "document",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("issued_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("subject_line", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("values", engine.tables.Json(), nullable=False),
        sa.Column("template_id", IDENTITY, nullable=False),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("signer_name", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("replaces_id", IDENTITY, nullable=True),
        sa.Column("corrects_id", IDENTITY, nullable=True),
        sa.Column("ended_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=True),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("award_decision_id", sa.Integer(), nullable=True),
        sa.Column("council_session_id", sa.Integer(), nullable=True),
        sa.Column("movement_code", sa.Text(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["document.id"], name=op.f("fk_document_corrects_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["document.id"], name=op.f("fk_document_replaces_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["document_template.id"], name=op.f("fk_document_template_id_document_template")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("unit", "number", "year", name=op.f("uq_document_unit_number_year")),
    )
    op.create_index(op.f("ix_document_award_decision_id"), "document", ["award_decision_id"], unique=False)
    op.create_index(op.f("ix_document_corrects_id"), "document", ["corrects_id"], unique=False)
    op.create_index(op.f("ix_document_council_session_id"), "document", ["council_session_id"], unique=False)
    op.create_index(op.f("ix_document_instance_id"), "document", ["instance_id"], unique=False)
    op.create_index(op.f("ix_document_kind"), "document", ["kind"], unique=False)
    op.create_index(op.f("ix_document_movement_code"), "document", ["movement_code"], unique=False)
    op.create_index(op.f("ix_document_nomination_id"), "document", ["nomination_id"], unique=False)
    op.create_index(op.f("ix_document_proposal_id"), "document", ["proposal_id"], unique=False)
    op.create_index(op.f("ix_document_replaces_id"), "document", ["replaces_id"], unique=False)
    op.create_index(op.f("ix_document_status"), "document", ["status"], unique=False)
    op.create_index(op.f("ix_document_submission_id"), "document", ["submission_id"], unique=False)
    op.create_index("ix_document_unit", "document", ["unit", "kind", "year"], unique=False)
    op.create_table(
        "document_file",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("document_id", IDENTITY, nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_file_document_id_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_file")),
    )
    op.create_index(op.f("ix_document_file_document_id"), "document_file", ["document_id"], unique=False)
    op.create_table(
        "recipient",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("document_id", IDENTITY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("delivered_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.Column("recall_confirmed_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_recipient_document_id_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
    )
    op.create_index(op.f("ix_recipient_document_id"), "recipient", ["document_id"], unique=False)
    op.create_index(op.f("ix_recipient_unit"), "recipient", ["unit"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("recipient")
    op.drop_table("document_file")
    op.drop_table("document")
    op.drop_table("document_template")
