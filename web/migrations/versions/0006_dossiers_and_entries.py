"""a submission lists its nominees as entries; dossiers hold papers and records."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

import engine.tables
from engine import clock

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ENTERED = {"submission_id": "department", "upward_submission_id": "province", "state_submission_id": "state"}
NOMINATIONS = sa.table(
    "nomination",
    sa.column("id"),
    sa.column("level"),
    sa.column("unit_code"),
    sa.column("proposal_id"),
    sa.column("received_on", sa.Date),
    *(sa.column(name) for name in ENTERED),
)
MOMENT = engine.tables.UtcDateTime()
ENTRIES = sa.table("submission_entry", sa.column("submission_id"), sa.column("nomination_id"))
SUBMISSIONS = sa.table(
    "submission",
    sa.column("id"),
    sa.column("level"),
    sa.column("to_unit"),
    sa.column("received_at", engine.tables.UtcDateTime()),
)
DECISIONS = sa.table("award_decision", sa.column("submission_id"), sa.column("unit_code"))
PROPOSALS = sa.table(
    "proposal",
    sa.column("id"),
    sa.column("office"),
    sa.column("center"),
    sa.column("report_due_at", engine.tables.UtcDateTime()),
    sa.column("report_late_from", engine.tables.UtcDateTime()),
)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # when a proposal without a monthly date is due


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "initiative",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("recognised_by", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("recognised_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initiative")),
        sa.UniqueConstraint("key", name=op.f("uq_initiative_key")),
    )
    op.create_index(op.f("ix_initiative_subject_key"), "initiative", ["subject_key"], unique=False)
    op.create_table(
        "previous_award",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("decision_number", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_previous_award")),
        sa.UniqueConstraint(
            "subject_key",
            "form",
            "year",
            "decision_number",
            name=op.f("uq_previous_award_subject_key_form_year_decision_number"),
        ),
    )
    op.create_index(op.f("ix_previous_award_subject_key"), "previous_award", ["subject_key"], unique=False)
    op.create_table(
        "yearly_rating",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yearly_rating")),
        sa.UniqueConstraint("subject_key", "year", name=op.f("uq_yearly_rating_subject_key_year")),
    )
    op.create_index(op.f("ix_yearly_rating_subject_key"), "yearly_rating", ["subject_key"], unique=False)
    op.create_table(
        "achievement",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("achieved_on", sa.Date(), nullable=True),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("award_decision_id", IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["award_decision_id"],
            ["award_decision.id"],
            name=op.f("fk_achievement_award_decision_id_award_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_achievement_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_achievement")),
        sa.UniqueConstraint(
            "award_decision_id", "nomination_id", name=op.f("uq_achievement_award_decision_id_nomination_id")
        ),
    )
    op.create_index(
        op.f("ix_achievement_award_decision_id"), "achievement", ["award_decision_id"], unique=False
    )
    op.create_index(op.f("ix_achievement_nomination_id"), "achievement", ["nomination_id"], unique=False)
    op.create_index(op.f("ix_achievement_subject_key"), "achievement", ["subject_key"], unique=False)
    op.create_table(
        "discipline",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=True),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_discipline_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discipline")),
    )
    op.create_index(op.f("ix_discipline_subject_key"), "discipline", ["subject_key"], unique=False)
    op.create_table(
        "evidence_file",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Text(), nullable=False),
        sa.Column("removed_at", engine.tables.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_evidence_file_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_file")),
    )
    op.create_index(op.f("ix_evidence_file_nomination_id"), "evidence_file", ["nomination_id"], unique=False)
    op.create_table(
        "nomination_basis",
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("previous_award_id", IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_nomination_basis_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(
            ["previous_award_id"],
            ["previous_award.id"],
            name=op.f("fk_nomination_basis_previous_award_id_previous_award"),
        ),
        sa.PrimaryKeyConstraint("nomination_id", "previous_award_id", name=op.f("pk_nomination_basis")),
    )
    op.create_table(
        "peer_review",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("votes_for", sa.Integer(), nullable=False),
        sa.Column("selected", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_peer_review_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_peer_review")),
    )
    op.create_index(op.f("ix_peer_review_nomination_id"), "peer_review", ["nomination_id"], unique=False)
    op.create_table(
        "submission_entry",
        sa.Column("submission_id", IDENTITY, nullable=False),
        sa.Column("nomination_id", IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_submission_entry_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_entry_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("submission_id", "nomination_id", name=op.f("pk_submission_entry")),
    )
    op.create_index(
        op.f("ix_submission_entry_nomination_id"), "submission_entry", ["nomination_id"], unique=False
    )
    op.add_column("award_decision", sa.Column("unit_code", sa.Text(), server_default="", nullable=False))
    op.add_column("award_decision", sa.Column("received_on", sa.Date(), nullable=True))
    op.add_column("award_decision", sa.Column("rules_on", sa.Date(), nullable=True))
    op.add_column("award_decision", sa.Column("regime", sa.Text(), nullable=False, server_default=""))
    op.add_column("award_decision", sa.Column("law", sa.Text(), nullable=False, server_default=""))
    op.add_column("nomination", sa.Column("procedure", sa.Text(), nullable=False, server_default="ordinary"))
    op.add_column("nomination", sa.Column("ground", sa.Text(), nullable=False, server_default=""))
    op.add_column("nomination", sa.Column("received_on", sa.Date(), nullable=True))
    op.add_column("nomination", sa.Column("unit_code", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_nomination_unit_code"), "nomination", ["unit_code"], unique=False)
    copy_entries()
    fill_receipts()
    with op.batch_alter_table("nomination") as batch:
        for column in ENTERED:
            batch.drop_index(op.f(f"ix_nomination_{column}"))
            batch.drop_constraint(op.f(f"fk_nomination_{column}_submission"), type_="foreignkey")
            batch.drop_column(column)
    with op.batch_alter_table("proposal") as batch:
        for column in ("report_due_at", "report_late_from"):
            batch.alter_column(column, existing_type=engine.tables.UtcDateTime(timezone=True), nullable=True)
    number_by_unit()


def downgrade() -> None:
    """Take the change back."""
    for table, unit in (("submission", "from_unit"), ("award_decision", "unit_code")):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"uq_{table}_{unit}_number_number_year"), type_="unique")
            batch.create_unique_constraint(op.f(f"uq_{table}_number_number_year"), ["number", "number_year"])
    for missing in (PROPOSALS.c.report_due_at, PROPOSALS.c.report_late_from):
        op.execute(PROPOSALS.update().where(missing.is_(None)).values({missing: NEVER}))
    with op.batch_alter_table("proposal") as batch:
        for column in ("report_due_at", "report_late_from"):
            batch.alter_column(column, existing_type=engine.tables.UtcDateTime(timezone=True), nullable=False)
    with op.batch_alter_table("nomination") as batch:
        for column in ENTERED:
            batch.add_column(sa.Column(column, IDENTITY, nullable=True))
            batch.create_foreign_key(
                op.f(f"fk_nomination_{column}_submission"), "submission", [column], ["id"]
            )
            batch.create_index(op.f(f"ix_nomination_{column}"), [column])
    copy_back()
    op.drop_index(op.f("ix_nomination_unit_code"), table_name="nomination")
    op.drop_column("nomination", "unit_code")
    op.drop_column("nomination", "received_on")
    op.drop_column("nomination", "ground")
    op.drop_column("nomination", "procedure")
    op.drop_column("award_decision", "law")
    op.drop_column("award_decision", "regime")
    op.drop_column("award_decision", "rules_on")
    op.drop_column("award_decision", "received_on")
    op.drop_column("award_decision", "unit_code")
    op.drop_table("submission_entry")
    op.drop_table("peer_review")
    op.drop_table("nomination_basis")
    op.drop_table("evidence_file")
    op.drop_table("discipline")
    op.drop_table("achievement")
    op.drop_table("yearly_rating")
    op.drop_table("previous_award")
    op.drop_table("initiative")


def copy_entries() -> None:
    """List each nominee with every letter that named it, and say in which unit it is now."""
    for name in ENTERED:
        column = NOMINATIONS.c[name]
        named = sa.select(column, NOMINATIONS.c.id).where(column.is_not(None))
        op.execute(ENTRIES.insert().from_select(["submission_id", "nomination_id"], named))
        receiver = sa.select(SUBMISSIONS.c.to_unit).where(SUBMISSIONS.c.id == column).scalar_subquery()
        reached = NOMINATIONS.c.level == ENTERED[name]
        op.execute(NOMINATIONS.update().where(reached, column.is_not(None)).values(unit_code=receiver))
    for level, unit in (("office", PROPOSALS.c.office), ("center", PROPOSALS.c.center)):
        proposing = sa.select(unit).where(PROPOSALS.c.id == NOMINATIONS.c.proposal_id).scalar_subquery()
        op.execute(NOMINATIONS.update().where(NOMINATIONS.c.level == level).values(unit_code=proposing))


def fill_receipts() -> None:
    """Say on which local day each nominee first reached a level that decides: it chooses the rules."""
    session = op.get_bind()
    first = (
        sa.select(ENTRIES.c.nomination_id, sa.func.min(SUBMISSIONS.c.received_at, type_=MOMENT))
        .join(SUBMISSIONS, SUBMISSIONS.c.id == ENTRIES.c.submission_id)
        .where(SUBMISSIONS.c.received_at.is_not(None))
        .group_by(ENTRIES.c.nomination_id)
    )
    for nomination, received_at in session.execute(first).all():
        day = clock.local(received_at).date()
        op.execute(NOMINATIONS.update().where(NOMINATIONS.c.id == nomination).values(received_on=day))


def number_by_unit() -> None:
    """Make numbers unique in the books of one unit: two sở of two provinces share a symbol."""
    decider = sa.select(SUBMISSIONS.c.to_unit).where(SUBMISSIONS.c.id == DECISIONS.c.submission_id)
    told = DECISIONS.c.submission_id.is_not(None)
    op.execute(DECISIONS.update().where(told).values(unit_code=decider.scalar_subquery()))
    for table, unit in (("submission", "from_unit"), ("award_decision", "unit_code")):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"uq_{table}_number_number_year"), type_="unique")
            batch.create_unique_constraint(
                op.f(f"uq_{table}_{unit}_number_number_year"), [unit, "number", "number_year"]
            )


def copy_back() -> None:
    """Name the letters of each nominee in three columns again, one for each level."""
    for name, level in ENTERED.items():
        letter = (
            sa.select(sa.func.max(ENTRIES.c.submission_id))
            .join(SUBMISSIONS, SUBMISSIONS.c.id == ENTRIES.c.submission_id)
            .where(ENTRIES.c.nomination_id == NOMINATIONS.c.id, SUBMISSIONS.c.level == level)
            .scalar_subquery()
        )
        op.execute(NOMINATIONS.update().values({name: letter}))
