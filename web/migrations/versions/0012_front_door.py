"""programs get tokens, sign-ins and refusals are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.columns
from engine import sharding
from engine.audit import append_only

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "api_token",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", engine.columns.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", engine.columns.UtcDateTime(), nullable=True),
        sa.Column("used_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", engine.columns.UtcDateTime(), nullable=True),
        sa.Column("tenant", sa.Text(), server_default=sharding.Owner(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_token_prefix")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_token_secret_hash")),
    )
    op.create_index(op.f("ix_api_token_owner"), "api_token", ["owner"], unique=False)
    op.create_table(
        "ended_session",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", engine.columns.UtcDateTime(), nullable=False),
        sa.Column("tenant", sa.Text(), server_default=sharding.Owner(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ended_session")),
    )
    op.create_index(op.f("ix_ended_session_at"), "ended_session", ["at"], unique=False)
    op.create_table(
        "security_event",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("at", engine.columns.UtcDateTime(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), server_default=sharding.Owner(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_event")),
    )
    op.create_index("ix_security_event_actor", "security_event", ["actor", "at"], unique=False)
    op.create_index(op.f("ix_security_event_at"), "security_event", ["at"], unique=False)
    op.create_index(op.f("ix_security_event_kind"), "security_event", ["kind"], unique=False)
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.Text(), server_default="person", nullable=False))
        batch_op.add_column(sa.Column("secret_hash", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("oidc_subject", sa.Text(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_credential_oidc_subject"), ["oidc_subject"])
    columns = ("id", "at", "kind", "actor", "address", "path", "detail", "times", "correlation_id")
    for statement in append_only.triggers(op.get_bind().dialect.name, "security_event", columns):
        op.execute(statement)


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_credential_oidc_subject"), type_="unique")
        batch_op.drop_column("oidc_subject")
        batch_op.drop_column("secret_hash")
        batch_op.drop_column("kind")

    op.drop_index(op.f("ix_security_event_kind"), table_name="security_event")
    op.drop_index(op.f("ix_security_event_at"), table_name="security_event")
    op.drop_index("ix_security_event_actor", table_name="security_event")
    op.drop_table("security_event")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION security_event_append_only()")
    op.drop_index(op.f("ix_ended_session_at"), table_name="ended_session")
    op.drop_table("ended_session")
    op.drop_index(op.f("ix_api_token_owner"), table_name="api_token")
    op.drop_table("api_token")
