"""What is recorded of a subject beside its nomination: earlier awards, ratings, initiatives, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Refused, Text
from engine.handlers import ServiceCall
from workflows import names
from workflows.dossiers.words import FIGURES, RATINGS, SCOPES
from workflows.tables import Initiative, Nomination, NominationBasis, PreviousAward, YearlyRating
from workflows.vocabulary import EDITABLE, FORMS, TYPES, fold

NEEDED = Text("Phải ghi.", "This is needed.")
UNKNOWN = Text("Hãy chọn một giá trị trong danh sách.", "Choose a value from the list.")
NOT_A_YEAR = Text("Năm không hợp lệ.", "This is not a year.")
NOT_A_NUMBER = Text("Phải là số nguyên không âm.", "This must be a whole number, zero or more.")
NOT_PAST = Text("Ngày không thể ở tương lai.", "The day cannot lie in the future.")
HOUSE = "Quy ước của hệ thống: hồ sơ đã trình không đổi căn cứ"
INITIATIVES = "Quy ước của hệ thống: một sáng kiến ghi cho một chủ thể"


@dataclass(frozen=True)
class Past:
    """An award received before, as a person writes it down."""

    form: str
    type: str
    year: int
    decision_number: str
    decided_on: date | None = None
    as_basis: bool = False


@dataclass(frozen=True)
class Recognition:
    """An initiative with its recognition, as a person writes it down."""

    name: str
    scope: str
    recognised_by: str
    document: str
    recognised_on: date


def ensure_editable(nomination: Nomination) -> None:
    """Refuse a change of the dossier of a nomination that was sent and has not come back."""
    if nomination.status not in EDITABLE:
        raise Refused(
            vi=f"Hồ sơ của “{nomination.subject}” đã trình, không sửa được nữa.",
            en=f"The dossier of '{nomination.subject}' has been submitted and can no longer be changed.",
            source=HOUSE,
        )


def add_previous_award(
    session: Session, call: ServiceCall, nomination: Nomination, past: Past
) -> PreviousAward:
    """Record an award the subject received before; as_basis: this nomination rests on it."""
    ensure_editable(nomination)
    number = names.normalise(past.decision_number)
    messages = {
        **_check_choice("form", past.form, FORMS),
        **_check_choice("type", past.type, TYPES),
        **_check_year(call, past.year),
        **({} if number else {"decision_number": [NEEDED]}),
    }
    _refuse(messages)
    query = select(PreviousAward).where(
        PreviousAward.subject_key == nomination.subject_key,
        PreviousAward.form == past.form,
        PreviousAward.year == past.year,
        PreviousAward.decision_number == number,
    )
    row = session.scalar(query) or PreviousAward(
        subject_key=nomination.subject_key,
        form=past.form,
        type=past.type,
        year=past.year,
        decision_number=number,
        decided_on=past.decided_on,
        recorded_by=call.actor.name,
        recorded_at=call.now,
    )
    session.add(row)
    session.flush()
    if past.as_basis and row.id not in bases(session, nomination):
        session.add(NominationBasis(nomination_id=nomination.id, previous_award_id=row.id))
        session.flush()
    return row


def rate(
    session: Session, call: ServiceCall, nomination: Nomination, year: int, rating: str, document: str
) -> YearlyRating:
    """Record how the subject was rated for a year; a later entry for the year replaces the earlier one."""
    ensure_editable(nomination)
    written = names.normalise(document)
    messages = {
        **_check_choice("rating", rating, RATINGS),
        **_check_year(call, year),
        **({} if written else {"document": [NEEDED]}),
    }
    _refuse(messages)
    query = select(YearlyRating).where(
        YearlyRating.subject_key == nomination.subject_key, YearlyRating.year == year
    )
    row = session.scalar(query) or YearlyRating(subject_key=nomination.subject_key, year=year)
    row.rating, row.document = rating, written
    row.recorded_by, row.recorded_at = call.actor.name, call.now
    session.add(row)
    session.flush()
    return row


def recognise(session: Session, call: ServiceCall, nomination: Nomination, given: Recognition) -> Initiative:
    """Record an initiative with its recognition and reach; naming it again corrects it.

    Raises Refused for one that is recorded of another subject.
    """
    ensure_editable(nomination)
    name = names.normalise(given.name)
    texts = {"name": name, "recognised_by": given.recognised_by.strip(), "document": given.document.strip()}
    messages = {
        **{field: [NEEDED] for field, text in texts.items() if not text},
        **_check_choice("scope", given.scope, SCOPES),
        **({"recognised_on": [NOT_PAST]} if given.recognised_on > local(call.now).date() else {}),
    }
    _refuse(messages)
    row = session.scalar(select(Initiative).where(Initiative.key == fold(name))) or Initiative(
        key=fold(name), subject_key=nomination.subject_key
    )
    if row.subject_key != nomination.subject_key:
        raise Refused(
            vi=f"Sáng kiến “{name}” đã được ghi cho người hoặc tập thể khác.",
            en=f"Initiative '{name}' is already recorded for another person or collective.",
            source=INITIATIVES,
        )
    row.name, row.scope = name, given.scope
    row.recognised_by, row.document = names.normalise(given.recognised_by), names.normalise(given.document)
    row.recognised_on = given.recognised_on
    row.recorded_by, row.recorded_at = call.actor.name, call.now
    session.add(row)
    session.flush()
    return row


def set_figures(session: Session, nomination: Nomination, figures: Mapping[str, str]) -> None:
    """Write the figures that statutory standards ask for; an empty text takes one back."""
    ensure_editable(nomination)
    known = FIGURES.get(nomination.subject_kind, {})
    written = {name: text.strip() for name, text in figures.items() if name in known}
    _refuse({name: [NOT_A_NUMBER] for name, text in written.items() if text and not _is_number(text)})
    kept = {name: value for name, value in nomination.answers.items() if name not in written}
    nomination.answers = {**kept, **{name: int(text) for name, text in written.items() if text}}
    session.flush()


def previous_awards(session: Session, subject_key: str) -> Sequence[PreviousAward]:
    """Return the awards recorded of a subject, newest first."""
    query = select(PreviousAward).where(PreviousAward.subject_key == subject_key)
    return session.scalars(query.order_by(PreviousAward.year.desc(), PreviousAward.id.desc())).all()


def bases(session: Session, nomination: Nomination) -> frozenset[int]:
    """Return the ids of the earlier awards a nomination rests on."""
    query = select(NominationBasis.previous_award_id)
    return frozenset(session.scalars(query.where(NominationBasis.nomination_id == nomination.id)))


def ratings(session: Session, subject_key: str) -> Sequence[YearlyRating]:
    """Return the ratings of a subject, newest first."""
    query = select(YearlyRating).where(YearlyRating.subject_key == subject_key)
    return session.scalars(query.order_by(YearlyRating.year.desc())).all()


def initiatives(session: Session, subject_key: str) -> Sequence[Initiative]:
    """Return the recognised initiatives of a subject, newest first."""
    query = select(Initiative).where(Initiative.subject_key == subject_key)
    return session.scalars(query.order_by(Initiative.recognised_on.desc())).all()


def _check_choice(field: str, value: str, known: Mapping[str, Text]) -> dict[str, list[Text]]:
    return {} if value in known else {field: [UNKNOWN]}


def _check_year(call: ServiceCall, year: int) -> dict[str, list[Text]]:
    return {} if 1945 <= year <= call.now.year else {"year": [NOT_A_YEAR]}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _refuse(messages: Mapping[str, Sequence[Text]]) -> None:
    if messages:
        raise FormInvalid(messages)
