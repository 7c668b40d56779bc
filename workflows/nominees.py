"""Nominees as an office writes them: the rows of its form checked and turned into nominations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Text
from engine.handlers import Json, ServiceCall
from workflows import awards, calls, names, nominations
from workflows.criteria import FORM_OF_INFLUENCE
from workflows.tables import Nomination, Proposal
from workflows.vocabulary import EDITABLE, FORMS, INFLUENCES, SUBJECT_KINDS, TYPES, fold

TEXTS = (
    "subject",
    "position",
    "type",
    "form",
    "influence",
    "achievement",
    "achievement_ref",
    "initiative_ref",
)
NAMES = ("subject", "position")
CHOICES = {"subject_kind": SUBJECT_KINDS, "type": TYPES, "form": FORMS, "influence": INFLUENCES}
NEEDED = {
    "subject": Text("Phải ghi tên tập thể hoặc cá nhân.", "Name the collective or the individual."),
    "achievement": Text("Phải ghi tóm tắt thành tích.", "Summarise the achievement."),
}
UNKNOWN_CHOICE = Text("Hãy chọn một giá trị trong danh sách.", "Choose a value from the list.")
NOT_A_DAY = Text("Ngày không hợp lệ.", "This is not a date.")
FUTURE_DAY = Text("Ngày đạt thành tích không thể ở tương lai.", "An achievement cannot lie in the future.")
NOT_EDITABLE = Text("Đề nghị này không còn sửa được.", "This nomination can no longer be changed.")
NONE_NAMED = Text(
    "Phải có ít nhất một đề nghị, hoặc chọn báo cáo không có đề xuất.",
    "Name at least one nominee, or report that there is nothing to propose.",
)


def editable(proposal: Proposal) -> list[Nomination]:
    """Return the nominations the office may still change."""
    return [nomination for nomination in proposal.nominations if nomination.status in EDITABLE]


def complete(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with every text filled, names written in one way, and the form its influence leads to."""
    filled = {**row, **{name: str(row.get(name) or "").strip() for name in TEXTS}}
    filled |= {name: names.normalise(filled[name]) for name in NAMES}
    filled["subject_kind"] = str(row.get("subject_kind") or "individual")
    filled["form"] = filled["form"] or FORM_OF_INFLUENCE.get(filled["influence"], "")
    return filled


def check(call: ServiceCall, rows: Sequence[Mapping[str, Any]], path: str) -> None:
    """Refuse rows with missing or unknown values; raises FormInvalid with paths like `nominees.0.subject`."""
    messages: dict[str, list[Text]] = {}
    for index, row in enumerate(rows):
        where = f"{path}.{index}"
        messages.update(_check_texts(row, where))
        for name, words in CHOICES.items():
            if row[name] not in words:
                messages[f"{where}.{name}"] = [UNKNOWN_CHOICE]
        messages.update(_check_day(call, row, where))
    if messages:
        raise FormInvalid(messages)


def write(session: Session, call: ServiceCall, proposal: Proposal, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make the nominations an office may change equal to the rows: change, add, withdraw."""
    known = {nomination.id: nomination for nomination in editable(proposal)}
    given = nominations.parse_ids(rows)
    wrong = {f"nominees.{index}.id": [NOT_EDITABLE] for key, (index, _) in given.items() if key not in known}
    calls.refuse_wrong(wrong)
    for nomination in known.values():
        if nomination.id not in given:
            withdraw(nomination, call)
    for row in rows:
        key = str(row.get("id") or "")
        if key:
            change(nomination := known[int(key)], row)
            nominations.add_step(nomination, call, "changed")
        else:
            add(session, call, proposal, row)
    session.flush()


def add(session: Session, call: ServiceCall, proposal: Proposal, row: Mapping[str, Any]) -> Nomination:
    """Add one nomination to a proposal."""
    nomination = Nomination(
        proposal=proposal,
        subject_kind=row["subject_kind"],
        precheck={},
        status="draft",
        level="office",
        unit_code=proposal.office,
        holder=f"{proposal.office}.head",
        since=call.now,
        version=0,
        recommendation="",
        recommendation_reason="",
        reason="",
        answers={},
    )
    change(nomination, row)
    session.add(nomination)
    nominations.add_step(nomination, call, "proposed")
    return nomination


def change(nomination: Nomination, row: Mapping[str, Any]) -> None:
    """Write what a row says into a nomination; answers that the row does not carry stay."""
    nomination.subject_kind = row["subject_kind"]
    nomination.subject = row["subject"]
    nomination.position = row["position"]
    nomination.type = row["type"]
    nomination.form = row["form"]
    nomination.influence = row["influence"]
    nomination.achievement = row["achievement"]
    nomination.achieved_on = calls.read_day(row.get("achieved_on"))
    nomination.achievement_ref = row["achievement_ref"]
    nomination.initiative_ref = row["initiative_ref"]
    nomination.initiative_key = fold(row["initiative_ref"])
    nomination.subject_key = awards.subject_key(row["subject_kind"], row["subject"])
    nomination.answers = {**nomination.answers, **_answers(row)}
    nomination.search_text = nominations.search_text(nomination)


def withdraw(nomination: Nomination, call: ServiceCall) -> None:
    """Take a nomination off the list; it stays recorded."""
    nominations.add_step(nomination, call, "withdrawn")
    nominations.move(nomination, call, "withdrawn", "office", "")


def claim(row: Mapping[str, Any]) -> awards.Claim:
    """Return what a row asks for, to be held against other claims."""
    key = str(row.get("id") or "")
    return awards.Claim(
        subject_kind=row["subject_kind"],
        subject=row["subject"],
        achievement=row["achievement"],
        achievement_ref=row["achievement_ref"],
        form=row["form"],
        initiative_ref=row["initiative_ref"],
        nomination_id=int(key) if key.isdecimal() else None,
    )


def form_row(nomination: Nomination) -> dict[str, Json]:
    """Return a nomination as a row of the form that edits it, with the result of the last check."""
    return {"id": str(nomination.id), **nominations.content(nomination)}


def _answers(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {"id", "subject_kind", "achieved_on", *TEXTS}
    return {
        name: value
        for name, value in row.items()
        if name not in known and (isinstance(value, (bool, int, float)) or value is None)
    }


def _check_texts(row: Mapping[str, Any], where: str) -> dict[str, list[Text]]:
    missing = {f"{where}.{name}": [message] for name, message in NEEDED.items() if not row[name]}
    return missing | {f"{where}.{name}": wrong for name in NAMES if (wrong := names.check(row[name]))}


def _check_day(call: ServiceCall, row: Mapping[str, Any], where: str) -> dict[str, list[Text]]:
    try:
        day = calls.read_day(row.get("achieved_on"))
    except ValueError:
        return {f"{where}.achieved_on": [NOT_A_DAY]}
    if day is not None and day > local(call.now).date():
        return {f"{where}.achieved_on": [FUTURE_DAY]}
    return {}
