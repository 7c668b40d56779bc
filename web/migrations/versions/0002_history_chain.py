"""the history is chained, append-only and signed.

Events that are there already are chained as they are: whoever upgrades vouches for them, from then on the
chain does. They name no groups, since nobody wrote them down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

import engine.tables
from engine.audit import append_only, canonical, chain

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHUNK = 1_000
EVENT_COLUMNS = (
    "id",
    "instance_id",
    "sequence",
    "at",
    "kind",
    "element",
    "actor",
    "on_behalf_of",
    "actor_groups",
    "prev",
    "hash",
)
ERASABLE = ("data", "salts")
AUDIT_TABLES = {
    "audit_leaf": ("leaf_index", "event_id", "instance_id", "sequence", "hash"),
    "audit_checkpoint": ("size", "body", "frontier"),
}
INSTANCES = sa.table("process_instance", sa.column("id"), sa.column("head", sa.LargeBinary))
EVENTS = sa.table(
    "history_event",
    sa.column("id"),
    sa.column("instance_id"),
    sa.column("sequence"),
    sa.column("at", engine.tables.UtcDateTime()),
    sa.column("kind", sa.Text),
    sa.column("element", sa.Text),
    sa.column("actor", sa.Text),
    sa.column("on_behalf_of", sa.Text),
    sa.column("data", sa.Text),
    sa.column("salts", sa.LargeBinary),
    sa.column("prev", sa.LargeBinary),
    sa.column("hash", sa.LargeBinary),
)


def upgrade() -> None:
    """Apply the change."""
    add_chain()
    chain_history()
    add_audit_tables()
    protect_history()


def downgrade() -> None:
    """Take the change back."""
    unprotect("history_event", ERASABLE)
    for table in AUDIT_TABLES:
        op.drop_table(table)
        drop_function(table)
    for column in ("hash", "prev", "salts", "actor_groups"):
        op.drop_column("history_event", column)
    op.drop_column("process_instance", "head")


def add_chain() -> None:
    """Add the columns of the chain; no table is copied, so that what refers to it stays as it is."""
    nothing = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''::bytea")
    op.add_column(
        "process_instance", sa.Column("head", sa.LargeBinary(), nullable=False, server_default=nothing)
    )
    op.add_column("history_event", sa.Column("actor_groups", engine.tables.Json(), nullable=True))
    for name in ("salts", "prev", "hash"):
        op.add_column(
            "history_event", sa.Column(name, sa.LargeBinary(), nullable=False, server_default=nothing)
        )


def chain_history() -> None:
    """Chain the events of every instance in their order."""
    connection = op.get_bind()
    change = EVENTS.update().where(EVENTS.c.id == sa.bindparam("event"))
    change = change.values({name: sa.bindparam(name) for name in ("data", "salts", "prev", "hash")})
    close = INSTANCES.update().where(INSTANCES.c.id == sa.bindparam("instance"))
    close = close.values(head=sa.bindparam("head"))
    for instance, events in groupby(read_events(connection), key=lambda event: event.instance_id):
        head, changes = b"", []
        for event in events:
            data, covered, salts = seal(json.loads(event.data))
            found = digest(event, head, covered)
            changes.append({"event": event.id, "data": data, "salts": salts, "prev": head, "hash": found})
            head = found
        connection.execute(change, changes)
        connection.execute(close, {"instance": instance, "head": head})


def read_events(connection: sa.Connection) -> Iterator[Any]:
    """Return every event by instance and number, a chunk at a time: what is read is changed behind."""
    query = sa.select(EVENTS).order_by(EVENTS.c.instance_id, EVENTS.c.sequence).limit(CHUNK)
    place = (0, 0)
    while True:
        after = sa.tuple_(EVENTS.c.instance_id, EVENTS.c.sequence) > sa.tuple_(*map(sa.literal, place))
        rows = connection.execute(query.where(after)).all()
        yield from rows
        if len(rows) < CHUNK:
            return
        place = (rows[-1].instance_id, rows[-1].sequence)


def seal(data: Any) -> tuple[str, str, bytes]:
    """Return data as it is stored and as it is hashed, with its salts; every value fits."""
    fitting = canonical.fit(data)
    covered, salts = chain.seal(fitting)
    return json.dumps(fitting, ensure_ascii=False, separators=(",", ":")), covered, salts


def digest(event: Any, head: bytes, covered: str) -> bytes:
    """Return the hash of an event that follows another one."""
    entry = {
        "inst": event.instance_id,
        "n": event.sequence,
        "prev": head.hex(),
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": event.actor,
        "on_behalf_of": event.on_behalf_of,
        "groups": None,
        "kind": event.kind,
        "element": event.element,
    }
    return chain.digest(entry, covered)


def add_audit_tables() -> None:
    """Add the log over all instances and its signed checkpoints."""
    op.create_table(
        "audit_leaf",
        sa.Column(
            "leaf_index",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_audit_leaf")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_leaf_event_id")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column(
            "size",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("body", engine.tables.Json(), nullable=False),
        sa.Column("frontier", engine.tables.Json(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
    )


def protect_history() -> None:
    """Let the database refuse to change what is there."""
    dialect = op.get_bind().dialect.name
    statements = append_only.triggers(dialect, "history_event", EVENT_COLUMNS, ERASABLE)
    for table, columns in AUDIT_TABLES.items():
        statements += append_only.triggers(dialect, table, columns)
    for statement in statements:
        op.execute(statement)


def unprotect(table: str, erasable: tuple[str, ...]) -> None:
    """Take the triggers of a table away that stays."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    names = ["kept", "deleted", *(["erased"] if erasable else []), *([] if sqlite else ["emptied"])]
    for name in names:
        op.execute(f"DROP TRIGGER {table}_{name}" + ("" if sqlite else f" ON {table}"))
    drop_function(table)


def drop_function(table: str) -> None:
    """Remove what the triggers of a table called on PostgreSQL."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"DROP FUNCTION {table}_append_only()")
