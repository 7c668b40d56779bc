"""what happens to a nomination on its way: suspension, disclosure, opinions, revocation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "disclosure",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("submission_id", IDENTITY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("required_days", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("council_on", sa.Date(), nullable=True),
        sa.Column("latest_on", sa.Date(), nullable=True),
        sa.Column("posted_on", sa.Date(), nullable=True),
        sa.Column("closes_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("posted_by", sa.Text(), nullable=False),
        sa.Column("closed_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_disclosure_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    op.create_index(op.f("ix_disclosure_submission_id"), "disclosure", ["submission_id"], unique=False)
    op.create_table(
        "state_deadline",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("submission_id", IDENTITY, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("met_on", sa.Date(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_state_deadline_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_deadline")),
        sa.UniqueConstraint("submission_id", "step", name=op.f("uq_state_deadline_submission_id_step")),
    )
    op.create_index("ix_state_deadline_due", "state_deadline", ["due_on"], unique=False)
    op.create_table(
        "disclosure_entry",
        sa.Column("disclosure_id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["disclosure.id"], name=op.f("fk_disclosure_entry_disclosure_id_disclosure")
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_disclosure_entry_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("disclosure_id", "nomination_id", name=op.f("pk_disclosure_entry")),
    )
    op.create_index(
        op.f("ix_disclosure_entry_nomination_id"), "disclosure_entry", ["nomination_id"], unique=False
    )
    op.create_table(
        "nomination_flag",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Integer(), nullable=False),
        sa.Column("vi", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_nomination_flag_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination_flag")),
        sa.UniqueConstraint(
            "nomination_id", "kind", "about", name=op.f("uq_nomination_flag_nomination_id_kind_about")
        ),
    )
    op.create_index(
        op.f("ix_nomination_flag_nomination_id"), "nomination_flag", ["nomination_id"], unique=False
    )
    op.create_table(
        "nomination_suspension",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("since", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("status_before", sa.Text(), nullable=False),
        sa.Column("due_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("remaining_days", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("conclusion_document", sa.Text(), nullable=False),
        sa.Column("conclusion_note", sa.Text(), nullable=False),
        sa.Column("concluded_by", sa.Text(), nullable=False),
        sa.Column("concluded_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("new_due_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["nomination_id"],
            ["nomination.id"],
            name=op.f("fk_nomination_suspension_nomination_id_nomination"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination_suspension")),
    )
    op.create_index(
        op.f("ix_nomination_suspension_nomination_id"),
        "nomination_suspension",
        ["nomination_id"],
        unique=False,
    )
    op.create_table(
        "objection",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("disclosure_id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("file_reference", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["disclosure.id"], name=op.f("fk_objection_disclosure_id_disclosure")
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_objection_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    op.create_index(op.f("ix_objection_disclosure_id"), "objection", ["disclosure_id"], unique=False)
    op.create_index(op.f("ix_objection_nomination_id"), "objection", ["nomination_id"], unique=False)
    op.create_table(
        "opinion",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("submission_id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("asked_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.Column("file_reference", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_opinion_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_opinion_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
        sa.UniqueConstraint(
            "submission_id",
            "nomination_id",
            "agency",
            name=op.f("uq_opinion_submission_id_nomination_id_agency"),
        ),
    )
    op.create_index(op.f("ix_opinion_nomination_id"), "opinion", ["nomination_id"], unique=False)
    op.create_table(
        "revocation",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("award_decision_id", IDENTITY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("number_year", sa.Integer(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("item_note", sa.Text(), nullable=False),
        sa.Column("item_recovered_on", sa.Date(), nullable=True),
        sa.Column("money_amount", sa.Integer(), nullable=True),
        sa.Column("money_recovered_on", sa.Date(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["award_decision_id"],
            ["award_decision.id"],
            name=op.f("fk_revocation_award_decision_id_award_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_revocation_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation")),
    )
    op.create_index(
        op.f("ix_revocation_award_decision_id"), "revocation", ["award_decision_id"], unique=False
    )
    op.create_index(op.f("ix_revocation_nomination_id"), "revocation", ["nomination_id"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("revocation")
    op.drop_table("opinion")
    op.drop_table("objection")
    op.drop_table("nomination_suspension")
    op.drop_table("nomination_flag")
    op.drop_table("disclosure_entry")
    op.drop_table("state_deadline")
    op.drop_table("disclosure")
