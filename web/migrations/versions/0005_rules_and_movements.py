"""rules are dated rows; movements have versions, quotas and points; difficulties and summaries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "movement_example",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("movement_code", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("reported_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement_example")),
    )
    op.create_index(
        op.f("ix_movement_example_movement_code"), "movement_example", ["movement_code"], unique=False
    )
    op.create_index(op.f("ix_movement_example_unit_code"), "movement_example", ["unit_code"], unique=False)
    op.create_table(
        "movement_quota",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("movement_code", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("collectives", sa.Integer(), nullable=True),
        sa.Column("individuals", sa.Integer(), nullable=True),
        sa.Column("collective_percent", sa.Integer(), nullable=True),
        sa.Column("individual_percent", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement_quota")),
        sa.UniqueConstraint(
            "movement_code",
            "unit_code",
            "form",
            "valid_from",
            name=op.f("uq_movement_quota_movement_code_unit_code_form_valid_from"),
        ),
    )
    op.create_index(
        op.f("ix_movement_quota_movement_code"), "movement_quota", ["movement_code"], unique=False
    )
    op.create_table(
        "movement_version",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("movement_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("record", engine.tables.Json(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("applies_from", sa.Text(), server_default="", nullable=False),
        sa.Column("signature", engine.tables.Json(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement_version")),
        sa.UniqueConstraint(
            "movement_code", "version", name=op.f("uq_movement_version_movement_code_version")
        ),
    )
    op.create_index(
        op.f("ix_movement_version_instance_id"), "movement_version", ["instance_id"], unique=False
    )
    op.create_index(op.f("ix_movement_version_unit_code"), "movement_version", ["unit_code"], unique=False)
    op.create_table(
        "rule",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content", engine.tables.Json(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("note_en", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("ended_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
        sa.UniqueConstraint("topic", "key", "valid_from", name=op.f("uq_rule_topic_key_valid_from")),
    )
    op.create_index(op.f("ix_rule_topic"), "rule", ["topic"], unique=False)
    op.create_table(
        "score_line",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("movement_code", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bonus", sa.Boolean(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("bands", engine.tables.Json(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_line")),
        sa.UniqueConstraint(
            "movement_code", "key", "valid_from", name=op.f("uq_score_line_movement_code_key_valid_from")
        ),
    )
    op.create_index(op.f("ix_score_line_movement_code"), "score_line", ["movement_code"], unique=False)
    op.create_table(
        "summary_request",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("movement_code", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("due_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("figures", engine.tables.Json(), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("signed_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_request")),
        sa.UniqueConstraint("key", name=op.f("uq_summary_request_key")),
        sa.UniqueConstraint("unit_code", "number", name=op.f("uq_summary_request_unit_code_number")),
    )
    op.create_index(
        op.f("ix_summary_request_movement_code"), "summary_request", ["movement_code"], unique=False
    )
    op.create_table(
        "difficulty",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("movement_code", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("posted_by", sa.Text(), nullable=False),
        sa.Column("posted_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_by", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version_id", IDENTITY, nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["movement_version.id"], name=op.f("fk_difficulty_version_id_movement_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difficulty")),
    )
    op.create_index(op.f("ix_difficulty_instance_id"), "difficulty", ["instance_id"], unique=False)
    op.create_index(op.f("ix_difficulty_movement_code"), "difficulty", ["movement_code"], unique=False)
    op.create_index(op.f("ix_difficulty_unit_code"), "difficulty", ["unit_code"], unique=False)
    op.create_table(
        "movement_recipient",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("version_id", IDENTITY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("sent_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["movement_version.id"],
            name=op.f("fk_movement_recipient_version_id_movement_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement_recipient")),
        sa.UniqueConstraint("version_id", "name", name=op.f("uq_movement_recipient_version_id_name")),
    )
    op.create_index(
        op.f("ix_movement_recipient_unit_code"), "movement_recipient", ["unit_code"], unique=False
    )
    op.create_index(
        op.f("ix_movement_recipient_version_id"), "movement_recipient", ["version_id"], unique=False
    )
    op.create_table(
        "summary_report",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("request_id", IDENTITY, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("content", engine.tables.Json(), nullable=False),
        sa.Column("warnings", engine.tables.Json(), nullable=False),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("figures", engine.tables.Json(), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("submitted_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["summary_request.id"], name=op.f("fk_summary_report_request_id_summary_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_report")),
        sa.UniqueConstraint("key", name=op.f("uq_summary_report_key")),
        sa.UniqueConstraint("request_id", "unit_code", name=op.f("uq_summary_report_request_id_unit_code")),
    )
    op.create_index(op.f("ix_summary_report_request_id"), "summary_report", ["request_id"], unique=False)
    op.create_table(
        "summary_contribution",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("report_id", IDENTITY, nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("content", engine.tables.Json(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["summary_report.id"],
            name=op.f("fk_summary_contribution_report_id_summary_report"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_contribution")),
        sa.UniqueConstraint(
            "report_id", "unit_code", name=op.f("uq_summary_contribution_report_id_unit_code")
        ),
    )
    op.create_index(
        op.f("ix_summary_contribution_report_id"), "summary_contribution", ["report_id"], unique=False
    )
    with op.batch_alter_table("criterion") as batch:
        batch.drop_constraint(op.f("uq_criterion_movement_code_key_valid_from"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_criterion_movement_code_subject_kind_key_valid_from"),
            ["movement_code", "subject_kind", "key", "valid_from"],
        )


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("criterion") as batch:
        batch.drop_constraint(op.f("uq_criterion_movement_code_subject_kind_key_valid_from"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_criterion_movement_code_key_valid_from"), ["movement_code", "key", "valid_from"]
        )
    op.drop_table("summary_contribution")
    op.drop_table("summary_report")
    op.drop_table("movement_recipient")
    op.drop_table("difficulty")
    op.drop_table("summary_request")
    op.drop_table("score_line")
    op.drop_table("rule")
    op.drop_table("movement_version")
    op.drop_table("movement_quota")
    op.drop_table("movement_example")
