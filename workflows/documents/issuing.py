"""The life of a document: drafted, signed with its number, replaced, corrected, cancelled; never taken back.

A number is taken in the transaction that signs, so that a rollback leaves no gap; a draft never has one and
an issued document keeps its own for ever (NĐ 30/2020 Đ15). An error of content is cured by a new document of
the same kind that replaces, an error of form by a công văn đính chính (Đ18).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, inspect, select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import NotFound, Refused
from engine.handlers import ServiceCall
from workflows import books, organisation, signing
from workflows.documents import templates, wording
from workflows.documents.about import About
from workflows.documents.kinds import KINDS, PURPOSES, Kind
from workflows.documents.kinds import kind as kind_of
from workflows.documents.values import Values, find_place, values_for, write_number
from workflows.tables import Document, Person, Recipient, SigningAuthority
from workflows.vocabulary import fold

NUMBERED = "Nghị định 30/2020/NĐ-CP, Điều 14, 15"
CORRECTED = "Nghị định 30/2020/NĐ-CP, Điều 18"
AS_ABOVE = "Như trên"
DESK_LINE = "NGƯỜI TIẾP NHẬN HỒ SƠ"


def issue(session: Session, call: ServiceCall, kind: str, about: About, signer: str = "") -> Document:
    """Draft and sign a document in one transaction; `signer` is a login, by default who acts.

    Raises Refused when that person may not sign for the unit (NĐ 30/2020 Đ13).
    """
    return sign(session, call, draft(session, call, kind, about), signer)


def draft(session: Session, call: ServiceCall, kind: str, about: About) -> Document:
    """Write a document that has no number yet; what it says is read now and frozen when it is signed."""
    unit = organisation.unit(session, about.unit)
    values = values_for(session, kind, about, local(call.now).date())
    values["recipients"] = wording.list_recipients(
        [(name, PURPOSES[purpose].vi) for name, _, purpose in about.recipients]
    )
    values["subject_line"] = wording.compose(about.subject_line)
    values["title"] = values["title"] or kind_of(kind).title
    values["number"] = about.number
    document = Document(
        kind=kind,
        unit=about.unit,
        status="draft",
        number=None,
        place=find_place(session, unit),
        subject_line=values["subject_line"],
        search_text="",
        values=values,
        template_id=templates.choose(session, kind, about.unit),
        signer="",
        signer_name="",
        capacity="",
        ended_by="",
        reason="",
        instance_id=call.instance_id or None,
        recipients=[
            Recipient(name=wording.compose(name), unit=code, purpose=purpose)
            for name, code, purpose in about.recipients
        ],
        **_links(about),
    )
    session.add(document)
    session.flush()
    return document


def sign(session: Session, call: ServiceCall, document: Document, signer: str = "") -> Document:
    """Number a draft, date it and freeze it; raises Refused when it is none or the person may not sign it."""
    if document.status != "draft":
        raise Refused(
            vi=f"Văn bản {document.number or ''} không còn là dự thảo.",
            en=f"Document {document.number or ''} is no draft any more.",
            source=NUMBERED,
        )
    day, kind = local(call.now).date(), kind_of(document.kind)
    who = find_signer(session, document, signer or call.actor.name, day)
    given = str(document.values["number"])
    if given and _is_used(session, document.unit, given, day.year):
        raise Refused(
            vi=f"Số {given} đã cấp cho một văn bản khác của đơn vị trong năm {day.year}.",
            en=f"Number {given} was given to another document of the unit in {day.year}.",
            source=NUMBERED,
        )
    number = given or (_take(session, document.unit, kind, call.now) if kind.register else "")
    document.status = "issued"
    document.number, document.year = number or None, day.year
    document.issued_on, document.issued_at = day, call.now
    document.signer, document.signer_name, document.capacity = who.login, who.name, who.capacity
    frozen: Values = {**document.values, **write_number(number, document.place, day)}
    if who.lines:
        frozen |= {"signature_lines": list(who.lines), "signer_name": who.name}
    document.values = frozen
    document.search_text = fold(f"{number} {document.subject_line} {who.name} {KINDS[document.kind].name.vi}")
    for recipient in document.recipients:
        if recipient.unit:
            recipient.delivered_at = call.now
    session.flush()
    return document


def repeat(session: Session, first: Document, changes: Sequence[tuple[int, Values]]) -> None:
    """Issue documents without number of their own like a first one, each for another nomination, at once.

    changes: nomination id and the values that differ. Signer, day, place and template are those of the first.
    """
    same = {
        column.key: getattr(first, column.key)
        for column in inspect(Document).columns
        if column.key not in ("id", "values", "subject_line", "search_text", "nomination_id")
    }
    name = KINDS[first.kind].name.vi
    issued = []
    for nomination_id, values in changes:
        frozen = {**first.values, **wording.compose_all(values)}
        line = frozen["subject_line"]
        searched = fold(f"{line} {first.signer_name} {name}")
        own = {"values": frozen, "subject_line": line, "search_text": searched}
        issued.append({**same, **own, "nomination_id": nomination_id})
    if issued:
        session.execute(insert(Document), issued)


def find_signer(session: Session, document: Document, login: str, day: date) -> signing.Block:
    """Return who signs with the lines above the name; raises Refused when the person may not.

    Whoever is not in the organisation cannot sign in either: such a name is the system's, without lines.
    """
    person = session.execute(select(Person.name, Person.position).where(Person.login == login)).first()
    if person is None:
        return signing.Block("", (), login, login, "")
    how = kind_of(document.kind).signature
    if how in ("desk", "facts"):
        return signing.Block("", (DESK_LINE,) if how == "desk" else (), login, person.name, person.position)
    capacity = "TM" if how == "unit" and _has_body(session, document.unit) else None
    return signing.block(session, login, document.unit, day, capacity)


def cancel(session: Session, call: ServiceCall, document: Document, reason: str) -> Document:
    """Cancel a document with a reason; an issued one keeps its number, receivers confirm the recall."""
    _end(call, document, "cancelled", reason)
    session.flush()
    return document


def replace_by(
    session: Session, call: ServiceCall, document: Document, reason: str, changes: Mapping[str, Any]
) -> Document:
    """Issue a new document of the same kind that replaces one with an error of content (Đ18).

    changes: values that differ; the new one has a number of its own, the old one keeps its.
    """
    _ensure_issued(document)
    newer = _copy(session, call, document, {**changes, "number": ""})
    newer.replaces_id = document.id
    sign(session, call, newer)
    _end(call, document, "replaced", reason)
    session.flush()
    return newer


def correct(
    session: Session, call: ServiceCall, document: Document, reason: str, corrections: Sequence[Values]
) -> Document:
    """Issue a công văn đính chính for an error of form; the document itself stays in force (Đ18).

    corrections: rows of `place`, `wrong`, `right`.
    """
    _ensure_issued(document)
    name = KINDS[document.kind].name.vi
    # “Như trên”, “Như Điều 3” speak of the other document's text; here “Như trên” are its receivers
    named = [one for one in document.recipients if not one.name.startswith("Như ")]
    above = [one.unit for one in document.recipients if one.name == AS_ABOVE]
    about = About(
        unit=document.unit,
        subject_line=f"V/v đính chính {name} số {document.number}",
        facts={
            "original": f"{name} số {document.number}",
            "original_date": document.values["date_words"],
            "corrections": list(corrections),
            "addressees": document.values["addressees"] or [one.name for one in named],
        },
        recipients=[
            (AS_ABOVE, next(iter(above), None), ""),
            *((one.name, one.unit, one.purpose) for one in named),
        ],
    )
    letter = draft(session, call, "correction_letter", about)
    for column in LINKS:
        setattr(letter, column, getattr(document, column))
    letter.corrects_id, letter.reason = document.id, reason
    return sign(session, call, letter)


def acknowledge(session: Session, call: ServiceCall, recipient: Recipient) -> Recipient:
    """Record that a unit confirms a document, or the recall of a cancelled one (NĐ 30/2020 Đ18k4, Đ22)."""
    if recipient.document.status == "cancelled":
        recipient.recall_confirmed_at = recipient.recall_confirmed_at or call.now
    recipient.acknowledged_at = recipient.acknowledged_at or call.now
    recipient.acknowledged_by = recipient.acknowledged_by or call.actor.name
    session.flush()
    return recipient


def find(session: Session, document_id: int) -> Document:
    """Return a document; raises NotFound."""
    found = session.get(Document, document_id)
    if found is None:
        raise NotFound(kind="document", key=document_id)
    return found


def _take(session: Session, unit_code: str, kind: Kind, at: datetime) -> str:
    number = books.take_number(session, kind.register, unit_code, at)
    while _is_used(session, unit_code, number, local(at).year):
        # a number that a person typed for an earlier document is passed over, never given twice
        number = books.take_number(session, kind.register, unit_code, at)
    return number


def _is_used(session: Session, unit_code: str, number: str, year: int) -> bool:
    query = select(Document.id).where(
        Document.unit == unit_code, Document.number == number, Document.year == year
    )
    return session.scalar(query.limit(1)) is not None


LINKS = (
    "nomination_id",
    "proposal_id",
    "submission_id",
    "award_decision_id",
    "council_session_id",
    "movement_code",
)


def _links(about: About) -> dict[str, Any]:
    rows = {
        "nomination_id": about.nomination,
        "proposal_id": about.proposal,
        "submission_id": about.submission,
        "award_decision_id": about.decision,
    }
    return {
        **{name: None if row is None else row.id for name, row in rows.items()},
        "council_session_id": about.council_session_id,
        "movement_code": about.movement_code,
    }


def _has_body(session: Session, unit_code: str) -> bool:
    query = select(SigningAuthority.id).where(
        SigningAuthority.unit_code == unit_code, SigningAuthority.capacity == "TM"
    )
    return session.scalar(query.limit(1)) is not None


def _ensure_issued(document: Document) -> None:
    if document.status != "issued":
        raise Refused(
            vi="Chỉ văn bản đang có hiệu lực mới được thay thế, đính chính.",
            en="Only a document in force can be replaced or corrected.",
            source=CORRECTED,
        )


def _end(call: ServiceCall, document: Document, status: str, reason: str) -> None:
    if document.status not in ("draft", "issued"):
        raise Refused(
            vi="Văn bản đã được thay thế hoặc đã hủy.",
            en="The document was replaced or cancelled already.",
            source=CORRECTED,
        )
    document.status, document.reason = status, reason
    document.ended_at, document.ended_by = call.now, call.actor.name


def _copy(session: Session, call: ServiceCall, document: Document, changes: Mapping[str, Any]) -> Document:
    values = {**document.values, **wording.compose_all(dict(changes))}
    copied = Document(
        kind=document.kind,
        unit=document.unit,
        status="draft",
        number=None,
        place=document.place,
        subject_line=values["subject_line"],
        search_text="",
        values=values,
        template_id=templates.choose(session, document.kind, document.unit),
        signer="",
        signer_name="",
        capacity="",
        ended_by="",
        reason="",
        instance_id=document.instance_id,
        recipients=[
            Recipient(name=one.name, unit=one.unit, purpose=one.purpose) for one in document.recipients
        ],
        **{column: getattr(document, column) for column in LINKS},
    )
    session.add(copied)
    session.flush()
    return copied
