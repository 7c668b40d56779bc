"""Plans that designers enter: a movement from a form or a pasted text, a later version, quotas of units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, FormInvalid, Refused, Text
from workflows import calls, movement_versions, movements, names, organisation
from workflows.movement_quotas import Quota
from workflows.tables import Criterion, Movement, MovementQuota, MovementVersion
from workflows.vocabulary import FORMS, SUBJECT_KINDS, read_day

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
NUMBER = re.compile(r"\d{1,9}", re.ASCII)  # what a column of whole numbers holds
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
CRITERION_KINDS = ("boolean", "number", "count")
POLICIES = ("previous_working_day", "strict", "next_working_day")
NEEDED = Text("Không được để trống.", "Must not be empty.")
NOT_A_DAY = Text("Ngày không hợp lệ.", "This is not a date.")
NAMES = ("code", "title", "issuing_body")
RULE = "Quy định về danh mục của hệ thống: mỗi dòng có căn cứ, không chồng thời hạn"


@dataclass(frozen=True)
class Issue:
    """How a later version was issued: its number and day, why, and the first month it holds for."""

    number: str
    issued_on: date
    reason: str
    applies_from: str


def create(session: Session, values: Mapping[str, str]) -> Movement:
    """Add a movement from a form: fields, or the pasted text of its plan; raises FormInvalid."""
    record = _read(values)
    wrong = {key: [NEEDED] for key in ("code", "title", "issuing_body", "contents") if not record.get(key)}
    wrong |= _check_names(record)
    if values.get("deadline_policy", POLICIES[0]) not in POLICIES:
        wrong["deadline_policy"] = [Text("Chọn một cách tính.", "Choose one of the policies.")]
    center = values.get("center", "")
    if center and not any(
        unit.code == center for unit in organisation.units_on(session, organisation.today())
    ):
        wrong["center"] = [Text("Không có đơn vị này.", "There is no such unit.")]
    if session.scalar(select(Movement.id).where(Movement.code == record.get("code", ""))) is not None:
        wrong["code"] = [Text("Đã có phong trào mang số này.", "There is a movement of this number.")]
    calls.refuse_wrong(wrong)
    policy = values.get("deadline_policy", POLICIES[0])
    return movements.add(session, {**record, "center": center or None, "deadline_policy": policy})


def revise(session: Session, movement: Movement, values: Mapping[str, str], issue: Issue) -> MovementVersion:
    """Record a later version that was issued on paper; it holds from a month after those of earlier versions.

    Raises FormInvalid by field, Conflict for a month that an earlier version already holds for.
    """
    history = movement_versions.history(session, movement.code)
    wrong = {key: [NEEDED] for key in ("number", "reason") if not getattr(issue, key).strip()}
    if not MONTH.fullmatch(issue.applies_from):
        wrong["applies_from"] = [Text("Tháng viết dạng 2026-11.", "Write the month as 2026-11.")]
    calls.refuse_wrong(wrong)
    if any(row.applies_from >= issue.applies_from for row in history if row.status == "in_force"):
        raise Conflict(
            expected="a month after those of earlier versions",
            found=f"a version already holds from {issue.applies_from} or later",
            found_vi=f"đã có bản kế hoạch áp dụng từ {issue.applies_from} hoặc sau đó",
        )
    read = _read(values)
    calls.refuse_wrong(_check_names(read))
    kept = {
        key: read[key]
        for key in ("title", "contents", "criteria", "award_forms", "reporting")
        if read.get(key)
    }
    number, base = movement_versions.follow(session, movement)
    version = MovementVersion(
        movement_code=movement.code,
        version=number,
        unit_code=movement.center,
        status="in_force",
        record={**base, **kept},
        reason=issue.reason.strip(),
        number=issue.number.strip(),
        issued_on=issue.issued_on,
        applies_from=issue.applies_from,
    )
    session.add(version)
    session.flush()
    return version


def add_quota(session: Session, movement: Movement, place: tuple[str, str], quota: Quota, day: date) -> None:
    """Add a quota of a unit and form ("" = every one) from a day on; the row before ends the day before.

    Raises Refused for a row without source or without any number, and for one that begins no later than the
    row before it.
    """
    unit_code, form = place
    numbers = (quota.collectives, quota.individuals, quota.collective_percent, quota.individual_percent)
    if not quota.source.strip() or all(number is None for number in numbers):
        _refuse(
            "Chỉ tiêu phải có số lượng hoặc tỷ lệ, và căn cứ.",
            "A quota needs a number or share and a source.",
        )
    if form and form not in FORMS:
        _refuse(f"Không có hình thức “{form}”.", f"There is no form '{form}'.")
    if unit_code:
        organisation.unit(session, unit_code)
    same = session.scalars(
        select(MovementQuota)
        .where(
            MovementQuota.movement_code == movement.code,
            MovementQuota.unit_code == unit_code,
            MovementQuota.form == form,
        )
        .order_by(MovementQuota.valid_from.desc())
    ).first()
    if same is not None and same.valid_from >= day:
        _refuse("Thời hạn chồng lên dòng đã có.", "The validity overlaps a row that is there.")
    if same is not None and (same.valid_until is None or same.valid_until >= day):
        same.valid_until = date.fromordinal(day.toordinal() - 1)
    session.add(
        MovementQuota(
            movement_code=movement.code,
            unit_code=unit_code,
            form=form,
            collectives=quota.collectives,
            individuals=quota.individuals,
            collective_percent=quota.collective_percent,
            individual_percent=quota.individual_percent,
            source=quota.source.strip(),
            valid_from=day,
        )
    )
    session.flush()


def add_criterion(session: Session, movement: Movement, values: Mapping[str, str], day: date) -> None:
    """Add a measurable criterion of a kind of subject from a day on; the one before of its key ends there.

    boolean: has to be met; number: at least the bound; count: at most the bound. Raises FormInvalid by field,
    Refused for one that begins no later than the one before it.
    """
    needed = ("subject_kind", "key", "kind", "label", "text", "source")
    wrong = {key: [NEEDED] for key in needed if not values.get(key, "").strip()}
    kind, bound = values.get("kind", ""), values.get("bound", "").strip()
    if values.get("subject_kind") not in SUBJECT_KINDS or kind not in CRITERION_KINDS:
        wrong["kind"] = [Text("Chọn đối tượng và cách đo.", "Choose subject and measure.")]
    if kind != "boolean" and not NUMBER.fullmatch(bound):
        wrong["bound"] = [Text("Ghi mức bằng số.", "Write the bound as a number.")]
    if not KEY.fullmatch(values.get("key", "")):
        wrong["key"] = [Text("Mã gồm chữ thường, số, gạch dưới.", "A key has small letters, digits, _.")]
    calls.refuse_wrong(wrong)
    of_kind = select(Criterion).where(
        Criterion.movement_code == movement.code, Criterion.subject_kind == values["subject_kind"]
    )
    same = session.scalars(
        of_kind.where(Criterion.key == values["key"]).order_by(Criterion.valid_from.desc())
    ).first()
    if same is not None and same.valid_from >= day:
        _refuse("Thời hạn chồng lên dòng đã có.", "The validity overlaps a row that is there.")
    if same is not None and (same.valid_until is None or same.valid_until > day):
        same.valid_until = day  # the first day on which it no longer holds
    texts = {key: values[key].strip() for key in needed}
    session.add(
        Criterion(
            movement_code=movement.code,
            group_number=int(values["group"]) if NUMBER.fullmatch(values.get("group", "")) else 1,
            position=len(session.scalars(of_kind).all()),
            bound=int(bound) if kind != "boolean" else None,
            mandatory=values.get("mandatory") == "yes",
            veto=values.get("veto") == "yes",
            valid_from=day,
            **texts,
        )
    )
    session.flush()


def _read(values: Mapping[str, str]) -> dict[str, Any]:
    """Return a record: what the pasted text says, the fields of the form going first."""
    pasted = values.get("plan_text", "").strip()
    record = movements.read_text(pasted) if pasted else {}
    lines = [line.strip() for line in values.get("contents", "").splitlines()]
    typed: dict[str, Any] = {
        "code": values.get("code", "").strip(),
        "number": values.get("code", "").strip(),
        "title": names.normalise(values.get("title", "")),
        "issuing_body": names.normalise(values.get("issuing_body", "")),
        "issued_on": _read_issue_day(values.get("issued_on", "")),
        "contents": [line for line in lines if line],
    }
    empty: dict[str, Any] = {"issued_on": None, "contents": []}
    return {**empty, **record, **{key: value for key, value in typed.items() if value}}


def _check_names(record: Mapping[str, Any]) -> dict[str, list[Text]]:
    return {key: said for key in NAMES if (said := names.check(str(record.get(key, ""))))}


def _read_issue_day(text: str) -> str:
    """Return a day that was typed as a record holds it, 2026-10-01; "" for none; raises FormInvalid."""
    try:
        return read_day(text).isoformat() if text.strip() else ""
    except ValueError:
        raise FormInvalid({"issued_on": [NOT_A_DAY]}) from None


def _refuse(vi: str, en: str) -> NoReturn:
    raise Refused(vi=vi, en=en, source=RULE)
