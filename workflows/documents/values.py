"""What a document says, read from the rows it is about; the result is frozen when the document is issued."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflows import organisation
from workflows.documents.about import About
from workflows.documents.kinds import fields_of
from workflows.documents.wording import capitals, compose_all, write_date, write_money
from workflows.rules import catalogue, money
from workflows.tables import AwardDecision, Criterion, Movement, Nomination, Unit
from workflows.vocabulary import FORMS, INFLUENCES, TYPES, label, show_date, show_period

DATA = Path(__file__).parent.parent / "data" / "document_bases.json"
Values = dict[str, Any]
# Whose decision it is: the person at the head, not the unit (quyết định cá biệt).
VERBS = {"form": "TẶNG", "title": "TẶNG DANH HIỆU"}  # NĐ 98/2023 Đ104
HEADS = {"committee": "Chủ tịch", "ministry": "Bộ trưởng", "state": "Chủ tịch nước"}


def values_for(session: Session, kind: str, about: About, day: date) -> Values:
    """Return every field of a kind filled from the rows a document is about, letters composed (NFC).

    A field that neither the rows nor `about.facts` know is empty; facts of other names are left out.
    """
    known = fields_of(kind)
    unit = organisation.unit(session, about.unit)
    empty: Values = {name: "" if row is None else [] for name, row in known.items()}
    read = READERS.get(kind, _no_values)(session, about)
    decision = about.decision
    in_force = day if decision is None else decision.rules_on or day
    law = "" if decision is None or not decision.law else f"Căn cứ quy định áp dụng: {decision.law}"
    named = [*bases(in_force), *filter(None, [law])]
    found = {**empty, **_head(session, unit), "bases": named, **read, **about.facts}
    composed: Values = compose_all({name: value for name, value in found.items() if name in known})
    for name, row in known.items():
        if row:
            composed[name] = [_complete(row, index, one) for index, one in enumerate(composed[name], start=1)]
    return composed


def _complete(names: tuple[str, ...], index: int, row: Any) -> Values:
    """Return a row with every name it may have; a plain text stands for who or what the row is about."""
    given = row if isinstance(row, dict) else {"subject" if "subject" in names else names[0]: row}
    return {**dict.fromkeys(names, ""), **({"index": index} if "index" in names else {}), **given}


def bases(day: date) -> list[str]:
    """Return the laws and decrees in force on a day, as “Căn cứ …” names them."""
    found = json.loads(DATA.read_text(encoding="utf-8"))
    return [
        f"Căn cứ {entry['text']}"
        for entry in found
        if entry["valid_from"] <= day.isoformat() and (entry["valid_until"] or "9999") >= day.isoformat()
    ]


def full_name(unit: Unit) -> str:
    """Return the name of a unit without the abbreviation that documents do not use in their heading."""
    return f"Ủy ban nhân dân{unit.name[4:]}" if unit.name.startswith("UBND ") else unit.name


def authority(unit: Unit) -> str:
    """Return who decides for a unit: “Giám đốc Sở Xây dựng”, “Chủ tịch Ủy ban nhân dân thành phố”."""
    name = full_name(unit)
    return name if unit.kind == "state" else f"{HEADS.get(unit.kind, 'Giám đốc')} {name}"


def find_place(session: Session, unit: Unit) -> str:
    """Return the place name on a unit's documents: its own, else that of the nearest unit above it."""
    at: Unit | None = unit
    while at is not None and not at.place:
        at = _parent(session, at)
    return at.place if at is not None else ""


def write_number(number: str, place: str, day: date) -> Values:
    """Return the fields that are known at the signature only: number, place and date."""
    return {
        "number": number,
        "number_line": f"Số: {number}" if number else "",
        "date_words": write_date(day),
        "place_date": f"{place}, {write_date(day)}" if place else capitalise(write_date(day)),
    }


def capitalise(text: str) -> str:
    """Return text with a capital at its beginning only."""
    return text[:1].upper() + text[1:]


def describe_nominees(session: Session, nominations: Sequence[Nomination]) -> list[Values]:
    """Return the rows of a list of nominees, numbered from 1, each under the unit that proposed it."""
    units = organisation.unit_names(session)
    return [
        {
            "index": index,
            "subject": nomination.subject,
            "position": nomination.position,
            "unit": _unit_of(nomination, units),
            "form": label(FORMS, nomination.form),
            "type": label(TYPES, nomination.type),
            "achievement": nomination.achievement,
            "note": "",
            "money": "",
        }
        for index, nomination in enumerate(nominations, start=1)
    ]


def describe_certificates(session: Session, nominations: Sequence[Nomination], day: date) -> list[Values]:
    """Return what differs from one giấy khen to the next; the roll number is the place in the decision."""
    units = organisation.unit_names(session)
    lines = {code: _movement_line(session, one) for code, one in _first_of_movements(nominations).items()}
    verbs = {form: VERBS[_award_kind(session, form, day)] for form in {one.form for one in nominations}}
    return [
        {
            "title": capitals(label(FORMS, nomination.form).split(" của ")[0]),
            "award_verb": verbs[nomination.form],
            "form": label(FORMS, nomination.form),
            "subject": nomination.subject,
            "position": nomination.position,
            "nominee_unit": _unit_of(nomination, units),
            "achievement": lines[nomination.proposal.movement_code],
            "roll_number": str(index),
        }
        for index, nomination in enumerate(nominations, start=1)
    ]


def _first_of_movements(nominations: Sequence[Nomination]) -> dict[str, Nomination]:
    return {nomination.proposal.movement_code: nomination for nomination in reversed(nominations)}


def _unit_of(nomination: Nomination, units: Mapping[str, str]) -> str:
    name = units.get(nomination.proposal.office, nomination.proposal.office)
    # an office that is proposed as a collective is not named twice
    return "" if name == nomination.subject else name


def _award_kind(session: Session, form: str, day: date) -> str:
    rule = catalogue.seek(session, "award_form", form, day)
    return "form" if rule is None else str(rule.values["kind"])


def _head(session: Session, unit: Unit) -> Values:
    parent = None if unit.kind in HEADS else _parent(session, unit)
    return {
        "superior": capitals(full_name(parent)) if parent is not None else "",
        "organ": capitals(full_name(unit)),
        "unit_name": full_name(unit),
        "authority": capitals(authority(unit)),
    }


def _parent(session: Session, unit: Unit) -> Unit | None:
    if unit.parent_code is None:
        return None
    return session.scalar(select(Unit).where(Unit.code == unit.parent_code))


def _no_values(session: Session, about: About) -> Values:
    return {"nominees": describe_nominees(session, about.nominations)} if about.nominations else {}


def _letter(session: Session, about: About) -> Values:
    counted: Counter[tuple[str, bool]] = Counter(
        (nomination.form, nomination.subject_kind == "collective") for nomination in about.nominations
    )
    counts = [
        {
            "form": label(FORMS, form),
            "collectives": counted[form, True],
            "individuals": counted[form, False],
            "total": counted[form, True] + counted[form, False],
        }
        for form in dict.fromkeys(nomination.form for nomination in about.nominations)
    ]
    submission = about.submission
    return {
        "nominees": describe_nominees(session, about.nominations),
        "counts": counts,
        "total": str(len(about.nominations)),
        "period": show_period(submission.period) if submission is not None else "",
        "note": submission.note if submission is not None else "",
        "attachments": ["Báo cáo thành tích có xác nhận", "Biên bản họp xét khen thưởng"],
    }


def _decision(session: Session, about: About) -> Values:
    first = about.nominations[0] if about.nominations else None
    nominees = describe_nominees(session, about.nominations)
    if about.decision is not None:
        paid = {
            (one.form, one.subject_kind): money.amount(
                session, one.form, one.subject_kind, about.decision.decided_on
            )
            for one in {(one.form, one.subject_kind): one for one in about.nominations}.values()
        }
        for row, nomination in zip(nominees, about.nominations, strict=True):
            amount = paid[nomination.form, nomination.subject_kind]
            row["money"] = "" if amount is None else write_money(amount.dong)
    return {
        "nominees": nominees,
        "total": str(len(about.nominations)),
        "form": label(FORMS, first.form) if first is not None else "",
        "achievement": _lower(_movement_line(session, first)),
    }


def _certificate(session: Session, about: About) -> Values:
    nomination, decision = about.nomination, about.decision
    if nomination is None or decision is None:
        return {}
    (described,) = describe_certificates(session, [nomination], decision.decided_on)
    return {
        **described,
        "decision_line": f"Quyết định số {decision.number} {write_date(decision.decided_on)}",
    }


def _report(session: Session, about: About) -> Values:
    nomination = about.nomination
    if nomination is None:
        return {}
    units = organisation.unit_names(session)
    asked = session.execute(
        select(Criterion.key, Criterion.label, Criterion.kind)
        .where(
            Criterion.movement_code == nomination.proposal.movement_code,
            Criterion.subject_kind == nomination.subject_kind,
        )
        .order_by(Criterion.group_number, Criterion.position)
    ).all()
    answers = [
        (text, _answer(nomination.answers.get(key))) for key, text, _ in asked if key in nomination.answers
    ]
    return {
        "subject": nomination.subject,
        "position": nomination.position,
        "nominee_unit": units.get(nomination.proposal.office, nomination.proposal.office),
        "form": label(FORMS, nomination.form),
        "type": label(TYPES, nomination.type),
        "achievement": nomination.achievement,
        "achieved_on": show_date(nomination.achieved_on),
        "achievement_ref": nomination.achievement_ref,
        "initiative_ref": nomination.initiative_ref,
        "influence": label(INFLUENCES, nomination.influence),
        "attestation": "XÁC NHẬN CỦA CẤP TRÌNH",
        "earlier": _earlier(session, nomination),
        "criteria": [
            {"index": index, "label": text, "answer": answer}
            for index, (text, answer) in enumerate(answers, start=1)
        ],
    }


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _earlier(session: Session, nomination: Nomination) -> list[Values]:
    query = (
        select(AwardDecision)
        .join(Nomination, Nomination.award_decision_id == AwardDecision.id)
        .where(Nomination.subject_key == nomination.subject_key, Nomination.id != nomination.id)
        .order_by(AwardDecision.decided_on)
    )
    return [
        {"form": label(FORMS, award.form), "number": award.number, "day": show_date(award.decided_on)}
        for award in session.scalars(query)
    ]


def _answer(value: object) -> str:
    if isinstance(value, bool):
        return "Đạt" if value else "Không đạt"
    return "" if value is None else str(value)


def _movement_line(session: Session, nomination: Nomination | None) -> str:
    if nomination is None:
        return ""
    title = session.scalar(select(Movement.title).where(Movement.code == nomination.proposal.movement_code))
    return (
        f"Đã có thành tích xuất sắc trong phong trào thi đua “{title}”" if title else nomination.achievement
    )


READERS: Mapping[str, Callable[[Session, About], Values]] = {
    "submission_letter": _letter,
    "award_decision": _decision,
    "certificate": _certificate,
    "achievement_report_collective": _report,
    "achievement_report_individual": _report,
    "achievement_report_short": _report,
}
