"""Checklists: which papers a nomination needs by form and procedure, which are there, which are missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, Text
from workflows import rules
from workflows.dossiers import evidence
from workflows.dossiers.records import UNKNOWN, ensure_editable
from workflows.rules import words
from workflows.tables import Document, Nomination, Rule, SubmissionEntry

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
    law = rules.regime(session, nomination.received_on or today, today, nomination.form)
    procedure = procedure_of(nomination)
    rule = rules.seek(session, "dossier", f"{nomination.form}/{procedure}", law.rules_on)
    if rule is None:  # a title has no simplified procedure
        procedure = "ordinary"
        rule = rules.find(session, "dossier", f"{nomination.form}/{procedure}", law.rules_on)
    return Checklist(
        procedure=procedure,
        sets=Text(rule.values["sets"]["vi"], rule.values["sets"]["en"]),
        items=tuple(_items(session, nomination, rule)),
        source=rule.source,
        verified=rule.verified,
        note=words.note_of(rule),
    )


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


def _items(session: Session, nomination: Nomination, rule: Rule) -> list[Item]:
    found = evidence.files(session, nomination)
    issued = _issued(session, nomination)
    items = []
    for paper in rule.values["papers"]:
        code = paper["code"]
        count = sum(file.paper == code for file in found)
        document = next((issued[kind] for kind in ISSUED.get(code, ()) if kind in issued), "")
        needed = paper["required"] and (
            paper.get("when", "always") != "initiative" or bool(nomination.initiative_ref)
        )
        items.append(
            Item(
                code=code,
                name=Text(paper["name"]["vi"], paper["name"]["en"]),
                state="there" if count or document else "missing" if needed else "optional",
                files=count,
                document=document,
            )
        )
    return items


def _issued(session: Session, nomination: Nomination) -> dict[str, str]:
    """Return the numbers of documents issued about a nomination or a submission it stands in, by kind."""
    entries = select(SubmissionEntry.submission_id).where(SubmissionEntry.nomination_id == nomination.id)
    query = select(Document.kind, Document.number).where(
        Document.status == "issued",
        (Document.nomination_id == nomination.id) | Document.submission_id.in_(entries),
    )
    return {row.kind: row.number or "" for row in session.execute(query.order_by(Document.id))}
