"""What somebody could do to a history who owns the database: past the triggers, with every hash made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Table, delete, select, update

from engine import history
from engine.audit import chain, merkle, signing
from engine.tables import Base

EVENTS: Table = Base.metadata.tables["history_event"]
LEAVES: Table = Base.metadata.tables["audit_leaf"]
CHECKPOINTS: Table = Base.metadata.tables["audit_checkpoint"]
CASES: Table = Base.metadata.tables["process_instance"]
TASKS: Table = Base.metadata.tables["user_task"]
CANDIDATES: Table = Base.metadata.tables["candidate_group"]
VARIABLES: Table = Base.metadata.tables["variable"]


def change_event(connection: Connection, case: int, number: int, **values: object) -> None:
    """Change columns of one event."""
    change = update(EVENTS).where(EVENTS.c.instance_id == case, EVENTS.c.sequence == number)
    connection.execute(change.values(**values))


def delete_event(connection: Connection, case: int, number: int) -> None:
    """Delete one event."""
    connection.execute(delete(EVENTS).where(EVENTS.c.instance_id == case, EVENTS.c.sequence == number))


def forge(connection: Connection, case: int, number: int, previous: bytes | None = None) -> bytes:
    """Change who acted in one event and compute its hash as the engine would; the row of the case follows."""
    query = select(EVENTS).where(EVENTS.c.instance_id == case, EVENTS.c.sequence == number)
    event = connection.execute(query).one()
    prev = event.prev if previous is None else previous
    entry = {
        "inst": case,
        "n": number,
        "prev": prev.hex(),
        "at": history.say_moment(event.at),
        "actor": "mia",
        "on_behalf_of": event.on_behalf_of,
        "groups": event.actor_groups,
        "kind": event.kind,
        "element": event.element,
    }
    digest = chain.digest(entry, chain.cover(event.data, event.salts))
    change_event(connection, case, number, actor="mia", prev=prev, hash=digest)
    row = update(CASES).where(CASES.c.id == case, CASES.c.events == number)
    connection.execute(row.values(head=digest))
    return digest


def count_events(connection: Connection, case: int) -> int:
    """Return how many events the row of a case tells of."""
    found: int = connection.execute(select(CASES.c.events).where(CASES.c.id == case)).scalar_one()
    return found


def rewrite(connection: Connection, case: int, key: Ed25519PrivateKey | None) -> None:
    """Forge a whole case, its places in the log, and every checkpoint; sign them if there is a key."""
    head = b""
    for number in range(1, count_events(connection, case) + 1):
        head = forge(connection, case, number, head)
        leaf = update(LEAVES).where(LEAVES.c.instance_id == case, LEAVES.c.sequence == number)
        connection.execute(leaf.values(hash=head))
    leaves = connection.execute(select(LEAVES.c.hash).order_by(LEAVES.c.leaf_index)).scalars().all()
    before = ""
    for row in connection.execute(select(CHECKPOINTS).order_by(CHECKPOINTS.c.size)).all():
        forged = _sign_anew(row.body, leaves[: row.size], before, key)
        before = signing.fingerprint(forged)
        connection.execute(update(CHECKPOINTS).where(CHECKPOINTS.c.size == row.size).values(body=forged))


def _sign_anew(
    body: Mapping[str, Any], leaves: Sequence[bytes], before: str, key: Ed25519PrivateKey | None
) -> dict[str, Any]:
    frontier: list[bytes] = []
    for size, leaf in enumerate(leaves):
        merkle.append(frontier, size, leaf)
    forged = {**body, "root": merkle.root(frontier).hex(), "prev": before}
    if key is None:
        return forged
    return signing.sign({name: forged[name] for name in ("log", "size", "root", "prev", "at")}, key)


def cut(connection: Connection, case: int, since: int) -> None:
    """Take the last events of a case away and let its row agree."""
    query = select(EVENTS.c.hash).where(EVENTS.c.instance_id == case, EVENTS.c.sequence == since - 1)
    head = connection.execute(query).scalar_one()
    connection.execute(delete(EVENTS).where(EVENTS.c.instance_id == case, EVENTS.c.sequence >= since))
    connection.execute(update(CASES).where(CASES.c.id == case).values(head=head, events=since - 1))


def forget_checkpoint(connection: Connection, size: int) -> None:
    """Take the last checkpoint away with all that it alone covers."""
    connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.size == size))
    covered = select(CHECKPOINTS.c.size).order_by(CHECKPOINTS.c.size.desc()).limit(1)
    left = connection.execute(covered).scalar_one()
    connection.execute(delete(LEAVES).where(LEAVES.c.leaf_index >= left))


def delete_case(connection: Connection, case: int) -> None:
    """Delete everything that tells of a case but its places in the log."""
    tasks = select(TASKS.c.id).where(TASKS.c.instance_id == case)
    connection.execute(delete(CANDIDATES).where(CANDIDATES.c.task_id.in_(tasks)))
    for table in (EVENTS, TASKS, VARIABLES):
        connection.execute(delete(table).where(table.c.instance_id == case))
    connection.execute(delete(CASES).where(CASES.c.id == case))
