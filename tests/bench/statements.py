"""Count what one completed task costs the database: statements and commits, by SQLAlchemy's own events.

The request is the real one: POST of the completion route through the application, with the signed-in person
loaded, form parsed and judged, listeners called, history and next task written, job rows of the queue
included. BEGIN, PRAGMA and SAVEPOINT are counted apart: they are no round trip on an embedded database.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from lxml import html
from sqlalchemy import Engine, event

from engine import clock
from tests.bench import bare, plain
from tests.bench.figures import Figure
from tests.browsing import pairs
from tests.site import Visitor, newest_task, open_site, sign_in, start_proposal

SUBJECT = "SQL per completed task (POST of the completion route, everything included)"
CONTROL = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK TO")
MOMENT = datetime(2026, 10, 5, 9, 0, tzinfo=clock.ZONE)
HEAD = "binh.p1"
NOMINEE = {
    "subject_kind": "individual",
    "subject": "Nguyễn Hồng Ánh",
    "type": "thematic",
    "form": "certificate_of_commendation",
    "influence": "department",
    "achievement": "Thiết kế chốt kiểm soát trước hạn",
    "achieved_on": "20/09/2026",
    **dict.fromkeys(
        ("report_attested", "tasks_completed", "contributed", "complied", "not_criticised"), "true"
    ),
}
NAMES = ("Nguyễn Hồng Ánh", "Trần Văn Bảy", "Lê Thị Cúc")


@dataclass
class Count:
    """What was sent to the database while somebody watched."""

    statements: list[str] = field(default_factory=list)
    control: list[str] = field(default_factory=list)
    commits: int = 0


@contextmanager
def watching() -> Iterator[Count]:
    """Count everything that any engine of this process sends to its database."""
    count = Count()

    def send(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        text = " ".join(statement.split())
        if text.upper().startswith(CONTROL):
            count.control.append(text)
        else:
            rows = f"  [× {len(parameters)} rows]" if many and isinstance(parameters, list) else ""
            count.statements.append(text + rows)

    def commit(_connection: Any) -> None:
        count.commits += 1

    event.listen(Engine, "before_cursor_execute", send)
    event.listen(Engine, "commit", commit)
    try:
        yield count
    finally:
        event.remove(Engine, "before_cursor_execute", send)
        event.remove(Engine, "commit", commit)


def count_completion(visitor: Visitor, task: int, **answers: str) -> Count:
    """Complete a task with the form as the page shows it, changed by the answers; return what it cost."""
    address = f"/tasks/{task}/complete"
    shown = dict(pairs(html.fromstring(visitor.get(f"/tasks/{task}").text), address))
    with watching() as count:
        answer = visitor.client.post(address, data=shown | answers)
    if answer.status_code != 303:
        raise RuntimeError(answer.text)
    return count


def count_plain(app: Flask) -> Count:
    """Return what the second completion of the plain process costs: the first one fills the caches."""
    plain.deploy(app)
    worker = sign_in(app, plain.WORKER)
    (first,) = plain.start(app, 1)
    count_completion(worker, first)
    (second,) = plain.tasks_of(app)
    return count_completion(worker, second)


def propose(nominees: int) -> dict[str, str]:
    """Return what the form of a proposal sends for so many nominees."""
    sent = {"report_kind": "proposal", "nominees-_rows": str(nominees)}
    for place, name in enumerate(NAMES[:nominees]):
        row = {**NOMINEE, "subject": name, "_row": "1"}
        sent |= {f"nominees-{place}-{key}": value for key, value in row.items()}
    return sent


def count_head_review(app: Flask, nominees: int = 1) -> dict[str, Count]:
    """Return what the head's review costs, once returned to the staff and once signed."""
    staff, head = sign_in(app, plain.WORKER), sign_in(app, HEAD)
    first = start_proposal(staff)
    answer = staff.post(f"/tasks/{first}/complete", propose(nominees))
    if answer.status_code != 303:
        raise RuntimeError(answer.text)
    found: dict[str, Count] = {}
    for decision, reason in (("return", "Thiếu số liệu"), ("return", "Thiếu số liệu"), ("sign", "")):
        found[decision] = count_completion(head, newest_task(head), decision=decision, reason=reason)
        if decision == "return":
            count_completion(staff, newest_task(staff))
    return found


def measure() -> tuple[list[Figure], dict[str, Count]]:
    """Return the figures, and by name what was sent."""
    with tempfile.TemporaryDirectory() as name, clock.pinned(MOMENT):
        folder = Path(name)
        engine = bare.prepare(f"sqlite:///{folder}/bare.sqlite3", cases=1)
        with watching() as reference:
            bare.transact(engine, 1)
        engine.dispose()
        with open_site(folder) as app:
            reviews = count_head_review(app)
            counts = {"task without form": count_plain(app)}
        counts |= {f"head_review, {decision}": count for decision, count in reviews.items()}
    figures: list[Figure] = []
    for name, count in counts.items():
        figures += _figures(name, count, reference)
    return figures, {"reference": reference, **counts}


def _figures(name: str, count: Count, reference: Count) -> list[Figure]:
    of = "in a bare transaction"
    return [
        Figure(
            SUBJECT, f"{name}: statements", len(count.statements), "", len(reference.statements), of, "≤ 8"
        ),
        Figure(SUBJECT, f"{name}: commits", count.commits, "", reference.commits, of, "1"),
        Figure(
            SUBJECT, f"{name}: BEGIN, PRAGMA, SAVEPOINT", len(count.control), "", len(reference.control), of
        ),
    ]


def listing(counts: dict[str, Count]) -> str:
    """Return every statement that was sent, in order, so that waste can be seen."""
    lines: list[str] = []
    for name, count in counts.items():
        lines += ["", f"{name}: {len(count.statements)} statements, {count.commits} commits"]
        lines += [f"  {number:2}. {text}" for number, text in enumerate(count.statements, 1)]
        lines.append(f"      and {', '.join(count.control)}")
    return "\n".join(lines)
