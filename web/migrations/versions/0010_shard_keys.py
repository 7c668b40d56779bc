"""every table carries the key it would be sharded by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine import sharding

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = (
    "achievement",
    "audit_checkpoint",
    "audit_leaf",
    "award_decision",
    "book",
    "calendar_change",
    "calendar_day",
    "candidate_group",
    "consolidation",
    "council",
    "council_attendance",
    "council_ballot_box",
    "council_member",
    "council_open_vote",
    "council_opened_ballot",
    "council_profile",
    "council_session",
    "council_session_entry",
    "council_verdict",
    "council_vote_cast",
    "council_written_opinion",
    "credential",
    "criterion",
    "decision_definition",
    "deployment",
    "difficulty",
    "discipline",
    "disclosure",
    "disclosure_entry",
    "document",
    "document_file",
    "document_template",
    "draft",
    "evidence_file",
    "feed_token",
    "form",
    "history_event",
    "incident",
    "initiative",
    "initiative_use",
    "job",
    "membership",
    "message",
    "movement",
    "movement_example",
    "movement_quota",
    "movement_recipient",
    "movement_version",
    "nomination",
    "nomination_basis",
    "nomination_flag",
    "nomination_step",
    "nomination_suspension",
    "nomination_version",
    "notice",
    "objection",
    "opinion",
    "organisation_change",
    "organisation_import",
    "peer_review",
    "person",
    "previous_award",
    "process_definition",
    "process_instance",
    "proposal",
    "recipient",
    "resource",
    "revocation",
    "rule",
    "score_line",
    "signing_authority",
    "state_deadline",
    "submission",
    "submission_entry",
    "subscription",
    "summary_contribution",
    "summary_report",
    "summary_request",
    "suspension",
    "task_deadline",
    "task_firing",
    "task_snooze",
    "timer",
    "unit",
    "unit_calendar",
    "unit_day",
    "user_task",
    "yearly_rating",
)


def upgrade() -> None:
    """Add the column; both databases do it without touching a row."""
    for table in TABLES:
        op.add_column(
            table, sa.Column(sharding.KEY, sa.Text(), server_default=sharding.Owner(), nullable=False)
        )


def downgrade() -> None:
    """Take the column away again."""
    for table in TABLES:
        op.drop_column(table, sharding.KEY)
