"""Criteria of a movement as dated rows, and the check that names each one that is not met with its source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Text
from workflows import validity
from workflows.tables import Criterion, Rule
from workflows.vocabulary import INFLUENCES, label

DATA = Path(__file__).parent / "data" / "criteria"
# The form that is proposed when only the reach is given (598/KH-TTTV III.3.a; for b and c the ladder of the
# central guidance). What a form demands is in its row of topic `award_form`.
FORM_OF_INFLUENCE = {
    "department": "certificate_of_commendation",
    "city_field": "certificate_of_merit",
    "nation": "state_level",
}
REACH = {influence: rank for rank, influence in enumerate(FORM_OF_INFLUENCE)}
PASSED = Text("Đạt", "Meets the criteria")


def read(path: Path) -> list[dict[str, Any]]:
    """Read one file of criteria into rows with every column filled."""
    table = json.loads(path.read_text(encoding="utf-8"))
    return [
        {
            "movement_code": table["movement_code"],
            "subject_kind": entry["subject_kind"],
            "group_number": entry["group"],
            "position": position,
            "key": entry["key"],
            "kind": entry["kind"],
            "bound": entry.get("bound"),
            "mandatory": entry["mandatory"],
            "veto": entry.get("veto", False),
            "label": entry["label"],
            "text": entry["text"],
            "source": entry["source"],
            "valid_from": date.fromisoformat(table["valid_from"]),
            "valid_until": None,
        }
        for position, entry in enumerate(table["criteria"])
    ]


def install(session: Session) -> None:
    """Add the carried criteria of movements that have none in the database yet."""
    known = set(session.scalars(select(Criterion.movement_code)))
    for path in sorted(DATA.glob("*.json")):
        session.add_all(Criterion(**row) for row in read(path) if row["movement_code"] not in known)
    session.flush()


def in_force(session: Session, movement_code: str, day: date) -> Sequence[Criterion]:
    """Return the criteria of a movement in force on a day, in the order of the plan."""
    return session.scalars(
        select(Criterion)
        .where(
            Criterion.movement_code == movement_code,
            validity.holds(Criterion, day),
        )
        .order_by(Criterion.position)
    ).all()


def evaluate(
    criteria: Sequence[Criterion], subject_kind: str, answers: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Check answers against the criteria of a kind of subject.

    Returns {"failures": […], "warnings": […], "met": […]}. Each finding holds key, label, text, source, group
    and veto. A criterion without an answer is not met. One that is not mandatory only warns.
    """
    findings: dict[str, list[dict[str, Any]]] = {"failures": [], "warnings": [], "met": []}
    for criterion in criteria:
        if criterion.subject_kind != subject_kind:
            continue
        missed = "failures" if criterion.mandatory else "warnings"
        findings["met" if _met(criterion, answers.get(criterion.key)) else missed].append(
            {
                "key": criterion.key,
                "label": criterion.label,
                "text": criterion.text,
                "source": criterion.source,
                "group": criterion.group_number,
                "veto": criterion.veto,
            }
        )
    return findings


def check_influence(form: Rule, influence: str) -> dict[str, Any] | None:
    """Return a finding when a form asks for a wider influence than the achievement has, else nothing.

    form: its row of topic `award_form`, whose `influence` says how far the achievement must reach.
    """
    needed = form.values.get("influence", "")
    if not needed or REACH.get(influence, -1) >= REACH[needed]:
        return None
    return {
        "key": "influence",
        "label": f"phạm vi ảnh hưởng từ mức “{label(INFLUENCES, needed)}”",
        "label_en": f"influence at least “{label(INFLUENCES, needed, 'en')}”",
        "text": "Thành tích đến đâu khen thưởng đến đó: hình thức phải phù hợp phạm vi ảnh hưởng.",
        "source": f"{form.values['influence_source']}; Luật Thi đua, khen thưởng 2022 Đ5k2",
        "group": 0,
        "veto": False,
    }


def describe(precheck: Mapping[str, Any] | None) -> Text:
    """Write the result of a check for people: "Đạt", or every criterion that is not met with its source.

    In English the criteria of a plan stay quoted in the plan's own words.
    """
    if not precheck:
        return Text("Chưa kiểm tra", "Not checked yet")
    return Text(
        _say_findings(precheck, "label", PASSED.vi, "Không đạt tiêu chí", "Lưu ý"),
        _say_findings(precheck, "label_en", PASSED.en, "Does not meet the criteria", "Note"),
    )


def _say_findings(precheck: Mapping[str, Any], words: str, passed: str, failed: str, note: str) -> str:
    failures, warnings = (
        [(entry.get(words, entry["label"]), entry["source"]) for entry in precheck[kind]]
        for kind in ("failures", "warnings")
    )
    text = f"{failed} " + "; ".join(f"“{name}” ({source})" for name, source in failures)
    noted = "; ".join(f"{name} ({source})" for name, source in warnings)
    return (text if failures else passed) + (f". {note}: {noted}" if warnings else "")


def _met(criterion: Criterion, answer: Any) -> bool:
    if criterion.kind == "boolean":
        return answer is True
    if isinstance(answer, bool) or not isinstance(answer, (int, float)) or criterion.bound is None:
        return False
    return answer >= criterion.bound if criterion.kind == "number" else answer <= criterion.bound
