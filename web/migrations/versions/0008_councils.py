"""councils meet, vote and count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.tables

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "council",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("founded_by", sa.Text(), nullable=False),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council")),
        sa.UniqueConstraint("code", name=op.f("uq_council_code")),
    )
    op.create_index(op.f("ix_council_unit_code"), "council", ["unit_code"], unique=False)
    op.create_table(
        "council_member",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("council_id", IDENTITY, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["council_id"], ["council.id"], name=op.f("fk_council_member_council_id_council")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_member")),
    )
    op.create_index(op.f("ix_council_member_council_id"), "council_member", ["council_id"], unique=False)
    op.create_index(op.f("ix_council_member_login"), "council_member", ["login"], unique=False)
    op.create_table(
        "council_profile",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("council_id", IDENTITY, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("quorum_rule", sa.Text(), nullable=False),
        sa.Column("substitutes", sa.Boolean(), nullable=False),
        sa.Column("decision_rule", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["council_id"], ["council.id"], name=op.f("fk_council_profile_council_id_council")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_profile")),
        sa.UniqueConstraint(
            "council_id", "valid_from", name=op.f("uq_council_profile_council_id_valid_from")
        ),
    )
    op.create_table(
        "council_session",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("council_id", IDENTITY, nullable=False),
        sa.Column("submission_id", IDENTITY, nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("quota", engine.tables.Json(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("meets_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("agenda", sa.Text(), nullable=False),
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("presider", sa.Text(), nullable=False),
        sa.Column("closes_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=False),
        sa.Column("tellers", engine.tables.Json(), nullable=False),
        sa.Column("quorum_note", sa.Text(), nullable=False),
        sa.Column("discussion", sa.Text(), nullable=False),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("ballots_hash", sa.Text(), nullable=False),
        sa.Column("signed_by", engine.tables.Json(), nullable=False),
        sa.Column("ended_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["council_id"], ["council.id"], name=op.f("fk_council_session_council_id_council")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_council_session_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_session")),
    )
    op.create_index(op.f("ix_council_session_council_id"), "council_session", ["council_id"], unique=False)
    op.create_index(op.f("ix_council_session_instance_id"), "council_session", ["instance_id"], unique=False)
    op.create_index(
        op.f("ix_council_session_submission_id"), "council_session", ["submission_id"], unique=False
    )
    op.create_table(
        "council_attendance",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("session_id", IDENTITY, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("member_id", IDENTITY, nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("substitute", sa.Text(), nullable=False),
        sa.Column("substitute_document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["council_member.id"], name=op.f("fk_council_attendance_member_id_council_member")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["council_session.id"],
            name=op.f("fk_council_attendance_session_id_council_session"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_attendance")),
        sa.UniqueConstraint(
            "session_id", "round", "member_id", name=op.f("uq_council_attendance_session_id_round_member_id")
        ),
    )
    op.create_table(
        "council_ballot_box",
        sa.Column("session_id", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["council_session.id"],
            name=op.f("fk_council_ballot_box_session_id_council_session"),
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_council_ballot_box")),
    )
    op.create_table(
        "council_vote_cast",
        sa.Column("session_id", IDENTITY, nullable=False),
        sa.Column("member_id", IDENTITY, nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("written", sa.Boolean(), nullable=False),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["council_member.id"], name=op.f("fk_council_vote_cast_member_id_council_member")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["council_session.id"],
            name=op.f("fk_council_vote_cast_session_id_council_session"),
        ),
        sa.PrimaryKeyConstraint("session_id", "member_id", name=op.f("pk_council_vote_cast")),
    )
    op.create_table(
        "council_written_opinion",
        sa.Column("session_id", IDENTITY, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("member_id", IDENTITY, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["council_member.id"],
            name=op.f("fk_council_written_opinion_member_id_council_member"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["council_session.id"],
            name=op.f("fk_council_written_opinion_session_id_council_session"),
        ),
        sa.PrimaryKeyConstraint("session_id", "round", "member_id", name=op.f("pk_council_written_opinion")),
    )
    op.create_table(
        "council_open_vote",
        sa.Column("session_id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("member_id", IDENTITY, nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["council_member.id"], name=op.f("fk_council_open_vote_member_id_council_member")
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_council_open_vote_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["council_session.id"],
            name=op.f("fk_council_open_vote_session_id_council_session"),
        ),
        sa.PrimaryKeyConstraint(
            "session_id", "nomination_id", "member_id", name=op.f("pk_council_open_vote")
        ),
    )
    op.create_table(
        "council_opened_ballot",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("session_id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"],
            ["nomination.id"],
            name=op.f("fk_council_opened_ballot_nomination_id_nomination"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["council_session.id"],
            name=op.f("fk_council_opened_ballot_session_id_council_session"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_council_opened_ballot")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_council_opened_ballot_session_id"), "council_opened_ballot", ["session_id"], unique=False
    )
    op.create_table(
        "council_session_entry",
        sa.Column("session_id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("women_first", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"],
            ["nomination.id"],
            name=op.f("fk_council_session_entry_nomination_id_nomination"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["council_session.id"],
            name=op.f("fk_council_session_entry_session_id_council_session"),
        ),
        sa.PrimaryKeyConstraint("session_id", "nomination_id", name=op.f("pk_council_session_entry")),
    )
    op.create_index(
        op.f("ix_council_session_entry_nomination_id"),
        "council_session_entry",
        ["nomination_id"],
        unique=False,
    )
    op.create_table(
        "council_verdict",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("session_id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("yes", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("invalid", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("strict", sa.Boolean(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_council_verdict_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["council_session.id"], name=op.f("fk_council_verdict_session_id_council_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_verdict")),
        sa.UniqueConstraint(
            "session_id", "nomination_id", name=op.f("uq_council_verdict_session_id_nomination_id")
        ),
    )
    op.create_index(
        op.f("ix_council_verdict_nomination_id"), "council_verdict", ["nomination_id"], unique=False
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("council_verdict")
    op.drop_table("council_session_entry")
    op.drop_table("council_opened_ballot")
    op.drop_table("council_open_vote")
    op.drop_table("council_written_opinion")
    op.drop_table("council_vote_cast")
    op.drop_table("council_ballot_box")
    op.drop_table("council_attendance")
    op.drop_table("council_session")
    op.drop_table("council_profile")
    op.drop_table("council_member")
    op.drop_table("council")
