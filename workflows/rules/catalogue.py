"""The dated rows of the rules: which is in force, its history, new rows checked, carried rows installed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, NotFound, Refused, Text
from engine.handlers import Json
from workflows import names, validity
from workflows.rules import schemas
from workflows.tables import Rule
from workflows.vocabulary import show_date

DATA = Path(__file__).parent.parent / "data" / "rules"
HOUSE = "Quy ước của hệ thống: mỗi quy tắc có nguồn và có đúng một dòng có hiệu lực trong một ngày"
KEY = re.compile(r"(?=.{1,100}$)[a-z][a-z0-9_]*(/[a-z0-9_]+)*", re.ASCII)
NO_KEY = Text(
    "Mã gồm chữ thường không dấu, số, gạch dưới và gạch chéo, nhiều nhất 100 ký tự.",
    "A key has small letters, digits, underscores and slashes, at most 100 of them.",
)
NO_SOURCE = Text(
    "Quy tắc phải có nguồn (điều, khoản, kế hoạch hoặc quy ước nội bộ).",
    "A rule needs its source (article, plan or house rule).",
)
NO_TOPIC = Text("Không có chủ đề này.", "There is no such topic.")
WRONG_ORDER = Text("Ngày hết hiệu lực phải sau ngày có hiệu lực.", "A rule must end after the day it begins.")


@dataclass(frozen=True)
class Draft:
    """A rule as somebody proposes it, not yet checked."""

    topic: str
    key: str
    values: Mapping[str, Any]
    valid_from: date
    source: str
    verified: bool
    valid_until: date | None = None
    note: str = ""
    note_en: str = ""


def find(session: Session, topic: str, key: str, day: date) -> Rule:
    """Return the rule of a topic and key in force on a day; raises NotFound naming all three."""
    found = seek(session, topic, key, day)
    if found is None:
        raise NotFound(kind="rule", key=f"{topic} / {key} / {show_date(day)}")
    return found


def seek(session: Session, topic: str, key: str, day: date) -> Rule | None:
    """Return the rule of a topic and key in force on a day, nothing when there is none."""
    return session.scalars(_in_force(topic, day).where(Rule.key == key)).first()


def list_in_force(session: Session, topic: str, day: date) -> Sequence[Rule]:
    """Return the rules of a topic in force on a day, in the order in which they were written down."""
    return session.scalars(_in_force(topic, day).order_by(Rule.id)).all()


def choices(session: Session, topic: str, day: date) -> list[Json]:
    """Return the rules of a topic in force on a day as choices of a form, under the names they carry."""
    return [
        {"value": rule.key, "label": rule.values["name"]["vi"], "label_en": rule.values["name"]["en"]}
        for rule in list_in_force(session, topic, day)
    ]


def history(session: Session, topic: str, key: str) -> Sequence[Rule]:
    """Return every row a rule ever had, oldest first."""
    query = select(Rule).where(Rule.topic == topic, Rule.key == key)
    return session.scalars(query.order_by(Rule.valid_from)).all()


def decider(session: Session, form: str, day: date) -> str:
    """Return the kind of unit whose head awards a form (topic `decider`); raises NotFound."""
    kind: str = find(session, "decider", form, day).values["unit_kind"]
    return kind


def add(session: Session, draft: Draft, added_by: str = "", at: datetime | None = None) -> Rule:
    """Add a rule.

    Raises FormInvalid for a missing source, an unknown topic or wrong values (paths `values.…`), Refused when
    another row of the topic and key is in force on one of its days; the message names that row.
    """
    check(draft)
    _wait_for_turn(session, draft.topic)
    for other in history(session, draft.topic, draft.key):
        if _overlap(draft, other):
            raise _overlapping(draft, other)
    rule = Rule(**_columns(draft), added_by=added_by, added_at=at)
    session.add(rule)
    session.flush()
    return rule


def succeed(session: Session, draft: Draft, added_by: str, at: datetime) -> Rule:
    """Add a rule that takes over from the one in force on its first day: that one ends where it begins."""
    check(draft)
    _wait_for_turn(session, draft.topic)
    before = seek(session, draft.topic, draft.key, draft.valid_from)
    if before is not None and before.valid_from < draft.valid_from:
        before.valid_until, before.ended_by, before.ended_at = draft.valid_from, added_by, at
        session.flush()
    return add(session, draft, added_by, at)


def read(path: Path) -> list[Draft]:
    """Read one file of carried rules: a list of objects with the columns of a rule; dates as ISO texts."""
    return [
        Draft(
            topic=entry["topic"],
            key=entry["key"],
            values=entry["values"],
            valid_from=date.fromisoformat(entry["valid_from"]),
            valid_until=date.fromisoformat(entry["valid_until"]) if entry.get("valid_until") else None,
            source=entry["source"],
            verified=entry["verified"],
            note=entry.get("note", ""),
            note_en=entry.get("note_en", ""),
        )
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]


def install(session: Session) -> None:
    """Add the carried rules whose topic and key the database does not have yet; others are left alone."""
    known = {(row.topic, row.key) for row in session.execute(select(Rule.topic, Rule.key))}
    session.add_all(Rule(**_columns(draft)) for draft in carried() if (draft.topic, draft.key) not in known)
    session.flush()


@cache
def carried() -> tuple[Draft, ...]:
    """Return all rules that the software carries; checked one by one like those that people add."""
    drafts = tuple(draft for path in sorted(DATA.glob("*.json")) for draft in read(path))
    before: dict[tuple[str, str], list[Draft]] = {}
    for draft in drafts:
        check(draft)
        rows = before.setdefault((draft.topic, draft.key), [])
        for other in rows:
            if _overlap(draft, other):
                raise _overlapping(draft, other)
        rows.append(draft)
    return drafts


def check(draft: Draft) -> None:
    """Raise FormInvalid for a draft without source, of an unknown topic, or with wrong values."""
    messages: dict[str, list[Text]] = {}
    if not draft.source.strip():
        messages["source"] = [NO_SOURCE]
    if not KEY.fullmatch(draft.key):
        messages["key"] = [NO_KEY]
    if draft.valid_until is not None and draft.valid_until <= draft.valid_from:
        messages["valid_until"] = [WRONG_ORDER]
    if draft.topic not in schemas.TOPICS:
        messages["topic"] = [NO_TOPIC]
    else:
        for path, said in schemas.findings(draft.topic, draft.values).items():
            messages[f"values.{path}" if path else "values"] = [said]
    if messages:
        raise FormInvalid(messages)


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        **asdict(draft),
        "values": dict(draft.values),
        "source": names.normalise(draft.source),
        "note": draft.note.strip(),
    }


def _wait_for_turn(session: Session, topic: str) -> None:
    """Let whoever writes second wait for the first, and read afterwards what that one wrote."""
    session.execute(select(Rule.id).where(Rule.topic == topic).order_by(Rule.id).with_for_update())


def _in_force(topic: str, day: date) -> Select[Rule]:
    return select(Rule).where(Rule.topic == topic, validity.holds(Rule, day))


def _overlap(draft: Draft, other: Rule | Draft) -> bool:
    starts_before_end = other.valid_until is None or draft.valid_from < other.valid_until
    ends_after_start = draft.valid_until is None or draft.valid_until > other.valid_from
    return starts_before_end and ends_after_start


def _overlapping(draft: Draft, other: Rule | Draft) -> Refused:
    until_vi = f"đến trước {show_date(other.valid_until)}" if other.valid_until else "chưa có ngày hết"
    until_en = f"until {show_date(other.valid_until)}" if other.valid_until else "with no end"
    start, name = show_date(other.valid_from), f" {other.id}" if isinstance(other, Rule) else ""
    return Refused(
        vi=f"Quy tắc {draft.topic} / {draft.key} từ {show_date(draft.valid_from)} trùng thời gian hiệu lực "
        f"với dòng{name} (từ {start}, {until_vi}; nguồn: {other.source}).",
        en=f"Rule {draft.topic} / {draft.key} from {show_date(draft.valid_from)} overlaps row{name} "
        f"(from {start} {until_en}; source: {other.source}).",
        source=HOUSE,
    )
