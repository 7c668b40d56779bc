"""Checklists: which papers a nomination needs by form and procedure, which are there, which are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, Text
from workflows import rules
from workflows.dossiers.records import UNKNOWN, ensure_editable
from workflows.rules import words
from workflows.tables import Document, EvidenceFile, Nomination, Rule, SubmissionEntry

# Papers that the system issues itself: the kinds of document that stand for them.
ISSUED = {
    "submission_letter": ("submission_letter",),
    "council_minutes": ("council_minutes",),
    "vote_result": ("ballot_minutes",),
}
GROUND_NEEDED = Text(
    "Thủ tục đơn giản cần một trường hợp áp dụng (Luật 2022 Đ85); không chọn thì theo thủ tục thông thường.",
    "The simplified procedure needs a ground (Law 2022 art. 85); without one the ordinary procedure applies.",
)


@dataclass(frozen=True)
class Item:
    """One paper of a checklist: `state` is there, missing, or optional (not needed for this nomination)."""

    code: str
    name: Text
    state: str
    files: int
    document: str


@dataclass(frozen=True)
class Checklist:
    """The papers of one nomination, by which rule."""

    procedure: str
    sets: Text
    items: tuple[Item, ...]
    source: str
    verified: bool
    note: Text

    def missing(self) -> list[Item]:
        """Return the papers that are needed and not there."""
        return [item for item in self.items if item.state == "missing"]


def checklist(session: Session, nomination: Nomination, today: date) -> Checklist:
    """Return the papers a nomination needs by the rules that hold for it, and which of them are there."""
    return checklists(session, [nomination], today)[nomination.id]


def checklists(session: Session, nominees: Sequence[Nomination], today: date) -> dict[int, Checklist]:
    """Return the checklist of each nomination by its id; the statements do not grow with their number."""
    ids = [nomination.id for nomination in nominees]
    files, issued = _count_files(session, ids), _issued(session, ids)
    known: dict[tuple[str, str, date | None], tuple[str, Rule]] = {}
    found = {}
    for nomination in nominees:
        place = (nomination.form, procedure_of(nomination), nomination.received_on)
        if place not in known:
            known[place] = _find_rule(session, nomination, today)
        procedure, rule = known[place]
        held = {code: files.get((nomination.id, code), 0) for code in _codes(rule)}
        found[nomination.id] = Checklist(
            procedure=procedure,
            sets=Text(rule.values["sets"]["vi"], rule.values["sets"]["en"]),
            items=tuple(_items(nomination, rule, held, issued.get(nomination.id, {}))),
            source=rule.source,
            verified=rule.verified,
            note=words.note_of(rule),
        )
    return found


def describe_missing(found: Checklist) -> Text:
    """Write which papers are missing, or that none is, with the rule that says so."""
    source = found.source if found.verified else f"{found.source}; chưa đối chiếu"
    source_en = found.source if found.verified else f"{found.source}; not verified"
    missing = found.missing()
    if not missing:
        return Text(f"Đủ giấy tờ ({source})", f"Complete ({source_en})")
    vi, en = "; ".join(item.name.vi for item in missing), "; ".join(item.name.en for item in missing)
    return Text(f"Còn thiếu: {vi} ({source})", f"Missing: {en} ({source_en})")


def procedure_of(nomination: Nomination) -> str:
    """Return the procedure that applies: simplified only with a ground (NĐ 98/2023 Đ40), else ordinary."""
    return "simplified" if nomination.procedure == "simplified" and nomination.ground else "ordinary"


def choose_procedure(
    session: Session, nomination: Nomination, procedure: str, ground: str, today: date
) -> None:
    """Choose the procedure; the simplified one needs a ground, a key of topic `simplified_ground`."""
    ensure_editable(nomination)
    known = {rule.key for rule in rules.list_in_force(session, "simplified_ground", today)}
    if procedure not in ("ordinary", "simplified"):
        raise FormInvalid({"procedure": [UNKNOWN]})
    if procedure == "simplified" and ground not in known:
        raise FormInvalid({"ground": [GROUND_NEEDED]})
    nomination.procedure = procedure
    nomination.ground = ground if procedure == "simplified" else ""
    session.flush()


def _find_rule(session: Session, nomination: Nomination, today: date) -> tuple[str, Rule]:
    """Return the procedure that applies and the rule of its papers."""
    law = rules.regime(session, nomination.received_on or today, today, nomination.form)
    procedure = procedure_of(nomination)
    rule = rules.seek(session, "dossier", f"{nomination.form}/{procedure}", law.rules_on)
    if rule is not None:
        return procedure, rule
    # A title has no simplified procedure.
    return "ordinary", rules.find(session, "dossier", f"{nomination.form}/ordinary", law.rules_on)


def _codes(rule: Rule) -> list[str]:
    return [paper["code"] for paper in rule.values["papers"]]


def _items(
    nomination: Nomination, rule: Rule, files: Mapping[str, int], issued: Mapping[str, str]
) -> list[Item]:
    items = []
    for paper in rule.values["papers"]:
        code = paper["code"]
        document = next((issued[kind] for kind in ISSUED.get(code, ()) if kind in issued), "")
        needed = paper["required"] and (
            paper.get("when", "always") != "initiative" or bool(nomination.initiative_ref)
        )
        there = files[code] or document
        items.append(
            Item(
                code=code,
                name=Text(paper["name"]["vi"], paper["name"]["en"]),
                state="there" if there else "missing" if needed else "optional",
                files=files[code],
                document=document,
            )
        )
    return items


def _count_files(session: Session, ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """Return how many files there are, by nomination and paper."""
    query = select(EvidenceFile.nomination_id, EvidenceFile.paper, func.count(EvidenceFile.id)).where(
        EvidenceFile.nomination_id.in_(ids), EvidenceFile.removed_at.is_(None)
    )
    grouped = query.group_by(EvidenceFile.nomination_id, EvidenceFile.paper)
    return {(nomination_id, paper): count for nomination_id, paper, count in session.execute(grouped)}


def _issued(session: Session, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the numbers of documents issued about nominations or submissions they stand in, by kind."""
    issued = select(Document.id, Document.kind, Document.number).where(Document.status == "issued")
    own = issued.add_columns(Document.nomination_id.label("about")).where(Document.nomination_id.in_(ids))
    entered = issued.add_columns(SubmissionEntry.nomination_id.label("about")).join(
        SubmissionEntry, SubmissionEntry.submission_id == Document.submission_id
    )
    both = union(own, entered.where(SubmissionEntry.nomination_id.in_(ids))).subquery()
    found: dict[int, dict[str, str]] = {}
    query = select(both.c.about, both.c.kind, both.c.number).order_by(both.c.id)
    for about, kind, number in session.execute(query):
        found.setdefault(about, {})[kind] = number or ""
    return found
