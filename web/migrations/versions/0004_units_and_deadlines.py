"""units live by dates, sign by capacity; tasks keep reminders and levels; calendars by unit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "calendar_change",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("before", engine.tables.Json(), nullable=True),
        sa.Column("after", engine.tables.Json(), nullable=True),
        sa.Column("recomputed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_change")),
    )
    op.create_table(
        "feed_token",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_feed_token_hash")),
    )
    op.create_table(
        "organisation_change",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("before", engine.tables.Json(), nullable=True),
        sa.Column("after", engine.tables.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_change")),
    )
    op.create_index("organisation_change_of", "organisation_change", ["subject", "key"], unique=False)
    op.create_table(
        "organisation_import",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_import")),
    )
    op.create_table(
        "signing_authority",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("title_lines", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), server_default="", nullable=False),
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.Column("granted_by", sa.Text(), server_default="", nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_authority")),
    )
    op.create_index(op.f("ix_signing_authority_login"), "signing_authority", ["login"], unique=False)
    op.create_index(op.f("ix_signing_authority_unit_code"), "signing_authority", ["unit_code"], unique=False)
    op.create_table(
        "unit_calendar",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weekend", engine.tables.Json(), nullable=False),
        sa.Column("shifts", engine.tables.Json(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_calendar")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_calendar_code")),
    )
    op.create_table(
        "unit_day",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("calendar_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_day")),
        sa.UniqueConstraint("calendar_code", "day", name=op.f("uq_unit_day_calendar_code_day")),
    )
    op.create_table(
        "task_deadline",
        sa.Column("task_id", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("instance_id", IDENTITY, nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=True),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("counted_from", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("plan", engine.tables.Json(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("paused_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_task_deadline_instance_id_process_instance"),
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["user_task.id"], name=op.f("fk_task_deadline_task_id_user_task")
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task_deadline")),
    )
    op.create_index(op.f("ix_task_deadline_instance_id"), "task_deadline", ["instance_id"], unique=False)
    op.create_table(
        "task_snooze",
        sa.Column("task_id", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("until", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=op.f("fk_task_snooze_task_id_user_task")),
        sa.PrimaryKeyConstraint("task_id", "person", name=op.f("pk_task_snooze")),
    )
    op.create_table(
        "task_firing",
        sa.Column("timer_id", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("groups", engine.tables.Json(), nullable=False),
        sa.ForeignKeyConstraint(["timer_id"], ["timer.id"], name=op.f("fk_task_firing_timer_id_timer")),
        sa.PrimaryKeyConstraint("timer_id", name=op.f("pk_task_firing")),
    )
    op.add_column("membership", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("membership", sa.Column("valid_until", sa.Date(), nullable=True))
    op.add_column("person", sa.Column("rank", sa.Text(), server_default="", nullable=False))
    op.add_column("person", sa.Column("gender", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "person",
        sa.Column("managed_by_standing_board", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("person", sa.Column("email", sa.Text(), server_default="", nullable=False))
    op.add_column("person", sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("unit", sa.Column("desk_group", sa.Text(), server_default="", nullable=False))
    op.add_column("unit", sa.Column("signer_group", sa.Text(), server_default="", nullable=False))
    op.add_column("unit", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("unit", sa.Column("valid_until", sa.Date(), nullable=True))
    op.add_column("unit", sa.Column("successor_code", sa.Text(), nullable=True))
    op.add_column("unit", sa.Column("place", sa.Text(), server_default="", nullable=False))
    op.add_column("unit", sa.Column("address", sa.Text(), server_default="", nullable=False))
    op.add_column("unit", sa.Column("organisation_code", sa.Text(), server_default="", nullable=False))
    op.add_column("unit", sa.Column("symbol", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("timer") as batch:
        batch.add_column(sa.Column("task_id", IDENTITY, nullable=True))
        batch.create_foreign_key(op.f("fk_timer_task_id_user_task"), "user_task", ["task_id"], ["id"])
        batch.create_index(op.f("ix_timer_task_id"), ["task_id"])


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("timer") as batch:
        batch.drop_index(op.f("ix_timer_task_id"))
        batch.drop_constraint(op.f("fk_timer_task_id_user_task"), type_="foreignkey")
        batch.drop_column("task_id")
    op.drop_column("unit", "symbol")
    op.drop_column("unit", "organisation_code")
    op.drop_column("unit", "address")
    op.drop_column("unit", "place")
    op.drop_column("unit", "successor_code")
    op.drop_column("unit", "valid_until")
    op.drop_column("unit", "valid_from")
    op.drop_column("unit", "signer_group")
    op.drop_column("unit", "desk_group")
    op.drop_column("person", "active")
    op.drop_column("person", "email")
    op.drop_column("person", "managed_by_standing_board")
    op.drop_column("person", "gender")
    op.drop_column("person", "rank")
    op.drop_column("membership", "valid_until")
    op.drop_column("membership", "valid_from")
    op.drop_table("task_firing")
    op.drop_table("task_snooze")
    op.drop_table("task_deadline")
    op.drop_table("unit_day")
    op.drop_table("unit_calendar")
    op.drop_table("signing_authority")
    op.drop_table("organisation_import")
    op.drop_table("organisation_change")
    op.drop_table("feed_token")
    op.drop_table("calendar_change")
