"""Verify the history of many cases from its export alone, beside hashing the same records, nothing else."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from statistics import median

from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import deployments, instances, tasks
from engine.actors import Actor
from engine.audit import checkpoints, formats, verification
from engine.audit import log as audit_log
from engine.tables import Base, HistoryEvent, UserTask
from tests.bench.figures import MILLISECONDS, Figure, spend_in_turns
from tests.builders import a_process

SUBJECT = "history, processor time"
CASES = 400
REPEATS = 3
NORA = Actor("nora", frozenset({"staff"}))


def fill(session: Session) -> int:
    """Let many short cases be done; return how many events that makes."""
    process = a_process("short").start().user_task("a").user_task("b").script("c", "=1 + 1", "n").end()
    deployments.deploy(session, [process.file()], NORA)
    for number in range(CASES):
        instances.start(session, "short", {"number": number}, NORA)
    while found := session.scalars(select(UserTask.id).where(UserTask.status == "open").limit(100)).all():
        for task in found:
            tasks.complete(session, task, {"note": "Đã xem hồ sơ"}, NORA)
    return session.scalar(select(func.count()).select_from(HistoryEvent)) or 0


def measure() -> list[Figure]:
    """Return events per second of verifying, and of the export that is verified."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with tempfile.TemporaryDirectory() as folder, Session(engine) as session:
        session.info["audit_key"] = Path(folder) / "audit.pem"
        events = fill(session)
        while checkpoints.is_behind(session):
            checkpoints.make(session)
        records = list(audit_log.records(session))
        report = verification.verify(records)
        if report.findings:
            raise RuntimeError(str(report.findings[0]))

        def hash_all() -> None:
            for record in records:
                hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=False).encode()).digest()

        def count_xes() -> int:
            return sum(1 for _ in formats.write_xes(session))

        acts = [
            lambda: verification.verify(records),
            hash_all,
            lambda: list(audit_log.records(session)),
            lambda: verification.verify(audit_log.records(session)),
            count_xes,
        ]
        times = [median(one.processor for one in found) for found in spend_in_turns(acts, REPEATS)]
    engine.dispose()
    verified, hashed, exported, live, xes = (events / taken * MILLISECONDS for taken in times)
    of = "JSON and SHA-256 alone"
    return [
        Figure(SUBJECT, f"verify {events:,} events of an export", verified, "/s", hashed, of, "≥ 50,000 /s"),
        Figure(SUBJECT, "verify them on the live database", live, "/s", hashed, of, "≥ 50,000 /s"),
        Figure(SUBJECT, "read them from the database", exported, "/s", hashed, of),
        Figure(SUBJECT, "export them as XES, streamed", xes, "/s", hashed, of, "≥ 20,000 /s"),
    ]
