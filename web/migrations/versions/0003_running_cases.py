"""running cases can be stopped, moved and mended; decisions and signals have their place.

User tasks learn the scope of their token from the saved state of their instance.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

import engine.tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ADDED = (
    ("job", "results"),
    ("message", "sender"),
    ("process_definition", "suspended_at"),
    ("process_instance", "suspended_at"),
    ("subscription", "kind"),
    ("user_task", "scope"),
)
TASKS = sa.table(
    "user_task", sa.column("id"), sa.column("instance_id"), sa.column("token"), sa.column("scope")
)
INSTANCES = sa.table("process_instance", sa.column("id"), sa.column("state", sa.Text))


def upgrade() -> None:
    """Apply the change."""
    add_columns()
    add_decisions()
    add_suspensions()
    fill_scopes()


def downgrade() -> None:
    """Take the change back."""
    op.drop_index(op.f("ix_process_instance_suspended_at"), table_name="process_instance")
    for table, column in ADDED:
        op.drop_column(table, column)
    op.drop_table("suspension")
    op.drop_table("decision_definition")


def add_columns() -> None:
    """Add columns without copying a table, so that what refers to it stays as it is."""
    moment = engine.tables.UtcDateTime(timezone=True)
    op.add_column("job", sa.Column("results", engine.tables.Json(), nullable=True))
    op.add_column("message", sa.Column("sender", sa.Text(), nullable=True))
    op.add_column("process_definition", sa.Column("suspended_at", moment, nullable=True))
    op.add_column("process_instance", sa.Column("suspended_at", moment, nullable=True))
    op.create_index(
        op.f("ix_process_instance_suspended_at"), "process_instance", ["suspended_at"], unique=False
    )
    op.add_column("subscription", sa.Column("kind", sa.Text(), nullable=False, server_default="message"))
    op.add_column("user_task", sa.Column("scope", sa.Integer(), nullable=False, server_default="0"))


def add_decisions() -> None:
    """Add the versions of decisions."""
    op.create_table(
        "decision_definition",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("version_tag", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("resource_id", IDENTITY, nullable=False),
        sa.Column("deployment_id", IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_decision_definition_deployment_id_deployment")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_decision_definition_resource_id_resource")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_definition")),
        sa.UniqueConstraint(
            "decision_id", "version", name=op.f("uq_decision_definition_decision_id_version")
        ),
    )
    op.create_index(
        op.f("ix_decision_definition_deployment_id"), "decision_definition", ["deployment_id"], unique=False
    )


def add_suspensions() -> None:
    """Add the reasons why instances stand still."""
    causes = {
        "cause_definition_id": "process_definition",
        "cause_instance_id": "process_instance",
        "instance_id": "process_instance",
    }
    op.create_table(
        "suspension",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("instance_id", IDENTITY, nullable=False),
        sa.Column("cause_instance_id", IDENTITY, nullable=True),
        sa.Column("cause_definition_id", IDENTITY, nullable=True),
        sa.Column("at", engine.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_suspension_{column}_{table}"))
            for column, table in causes.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    for column in causes:
        op.create_index(op.f(f"ix_suspension_{column}"), "suspension", [column], unique=False)


def fill_scopes() -> None:
    """Write down the scope of every open task that stands inside a sub-process or an iteration."""
    connection = op.get_bind()
    waiting = sa.select(INSTANCES.c.id, INSTANCES.c.state).where(
        INSTANCES.c.id.in_(sa.select(TASKS.c.instance_id))
    )
    changes = [
        {"instance": instance, "number": number, "found": scope}
        for instance, state in connection.execute(waiting)
        for number, scope in read_scopes(state)
        if scope != 0
    ]
    change = TASKS.update().where(
        TASKS.c.instance_id == sa.bindparam("instance"), TASKS.c.token == sa.bindparam("number")
    )
    if changes:
        connection.execute(change.values(scope=sa.bindparam("found")), changes)


def read_scopes(state: str) -> list[tuple[int, int]]:
    """Return number and scope of every token; a damaged state is told of later, when it is used."""
    try:
        return [(number, data["scope"]) for number, _element, _state, data in json.loads(state)["tokens"]]
    except (ValueError, KeyError, TypeError):
        return []
