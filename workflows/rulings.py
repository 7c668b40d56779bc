"""Rulings: what a level says about each nominee, read from its form and written into the nominations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Conflict, Text
from engine.handlers import Json, ServiceCall
from workflows import awards, calls, nominations, notices
from workflows.routes import Stop
from workflows.tables import Nomination, Submission
from workflows.vocabulary import show_period

Choices: TypeAlias = Callable[[Nomination], tuple[str, ...]]
CHOICE_LABELS = {
    "award": Text("Tặng", "Award"),
    "submit_up": Text("Trình cấp trên", "Submit upward"),
    "decline": Text("Không tặng", "Decline"),
}


@dataclass(frozen=True)
class Ruling:
    """One decision on one nominee, with its reason and the row it stands in."""

    nomination: Nomination
    decision: str
    reason: str
    entry: Mapping[str, Any]
    path: str


def read(
    call: ServiceCall,
    nominees: Sequence[Nomination],
    choices: Choices,
    reason_for: tuple[str, ...] = ("decline",),
    rest: str = "",
) -> list[Ruling]:
    """Return one ruling for every nominee; raises FormInvalid per row, Conflict for another list.

    rest: what is said of the nominees that have no row: `recommend`, or `follow` what was recommended; with
    nothing every nominee needs a row.
    """
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    known = {nomination.id for nomination in nominees}
    if not set(given) <= known or (set(given) != known and not rest):
        raise Conflict(
            expected="a decision on every nominee of the list",
            found="the list on the page is not the present one",
            found_vi="danh sách trên trang không khớp danh sách hiện tại, phải quyết định từng đề nghị",
        )
    messages: dict[str, list[Text]] = {}
    rulings = []
    for nomination in nominees:
        if nomination.id not in given:
            rulings.append(_unsaid(nomination, rest))
            continue
        index, entry = given[nomination.id]
        messages.update(calls.check_row(entry, f"rows.{index}", choices(nomination), reason_for))
        reason = str(entry.get("reason") or "").strip()
        rulings.append(Ruling(nomination, str(entry.get("decision")), reason, entry, f"rows.{index}"))
    calls.refuse_wrong(messages)
    return rulings


def unnamed(call: ServiceCall, nominees: Sequence[Nomination]) -> list[Nomination]:
    """Return the nominees that the form has no row for."""
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    return [nomination for nomination in nominees if nomination.id not in given]


def recommend(call: ServiceCall, ruling: Ruling, positive: str) -> None:
    """Record an appraisal: what is recommended, and why when it is not."""
    nominations.add_step(ruling.nomination, call, "appraised", _appraise(ruling, positive))


def recommend_all(session: Session, call: ServiceCall, taken: Sequence[Ruling], choose: Choices) -> None:
    """Record many appraisals as `recommend` does, by a constant number of statements."""
    said = [(one.nomination, "appraised", _appraise(one, choose(one.nomination)[0])) for one in taken]
    nominations.add_each(session, call, said)


def choices_at(session: Session, here: Stop, now: datetime) -> Choices:
    """Return which decisions a unit may take on a nominee: award its forms, pass others up, or decline."""
    decider_of = awards.deciders(session, local(now).date())

    def choose(nomination: Nomination) -> tuple[str, ...]:
        own = decider_of(nomination) == here.kind
        return ("award" if own else "submit_up", "decline")

    return choose


def rows(nominees: Sequence[Nomination], units: Mapping[str, str], choose: Choices) -> list[Json]:
    """Return nominees as rows that each carry the `choices` open where they are."""
    return [
        {
            **nominations.row(nomination, units),
            "choices": [
                {
                    "value": choice,
                    "label": CHOICE_LABELS[choice].vi,
                    "label_en": CHOICE_LABELS[choice].en,
                }
                for choice in choose(nomination)
            ],
        }
        for nomination in nominees
    ]


def award(
    session: Session, call: ServiceCall, nominees: Sequence[Nomination], submission: Submission
) -> None:
    """Award nominees by one numbered decision for each form and tell their offices."""
    awards.decide(session, call, nominees, submission)
    _finish(session, call, nominees)


def finish_award(session: Session, call: ServiceCall, nomination: Nomination, number: str) -> None:
    """Close an awarded nomination and tell its office."""
    _finish(session, call, [nomination])


def decline(session: Session, call: ServiceCall, ruling: Ruling) -> None:
    """Close a declined nomination with its reason and tell its office."""
    decline_all(session, call, [ruling])


def decline_all(session: Session, call: ServiceCall, taken: Sequence[Ruling]) -> None:
    """Close declined nominations with their reasons and tell their offices."""
    for ruling in taken:
        ruling.nomination.reason = ruling.reason
        nominations.move(ruling.nomination, call, "declined", ruling.nomination.level, "")
    said = [(ruling.nomination, "declined", ruling.reason) for ruling in taken]
    nominations.add_each(session, call, said)
    tell_all(session, call, [ruling.nomination for ruling in taken])


def tell(session: Session, call: ServiceCall, nomination: Nomination) -> None:
    """Tell an office the result of one of its nominations, with the reason."""
    tell_all(session, call, [nomination])


def tell_all(session: Session, call: ServiceCall, nominees: Sequence[Nomination]) -> None:
    """Tell offices the results of their nominations, with the reasons, by one statement."""
    letters = []
    for nomination in nominees:
        office = nomination.proposal.office
        letters.append(([f"{office}.head", f"{office}.staff"], _write_result(nomination)))
    notices.send_all(session, call, letters)


def _finish(session: Session, call: ServiceCall, nominees: Sequence[Nomination]) -> None:
    for nomination in nominees:
        nomination.reason = ""
        nominations.move(nomination, call, "awarded", nomination.level, "")
    said = [
        (
            nomination,
            "awarded",
            nominations.name_decision(nomination.award.number if nomination.award else ""),
        )
        for nomination in nominees
    ]
    nominations.add_each(session, call, said)
    tell_all(session, call, nominees)


def _appraise(ruling: Ruling, positive: str) -> Text:
    nomination = ruling.nomination
    nomination.recommendation = "decline" if ruling.decision == "decline" else positive
    nomination.recommendation_reason = ruling.reason if ruling.decision == "decline" else ""
    return nominations.describe_recommendation(nomination)


def _write_result(nomination: Nomination) -> notices.Letter:
    result, why = nominations.describe_result(nomination), nominations.describe_reason(nomination)
    period = nomination.proposal.period
    month, month_en = show_period(period), show_period(period, "en")
    reason, reason_en = (f" Lý do: {why.vi}", f" Reason: {why.en}") if why.vi else ("", "")
    return notices.Letter(
        kind="nomination.decided",
        about=str(nomination.id),
        vi=f"Kết quả đề nghị {month} cho “{nomination.subject}”: {result.vi}.{reason}",
        en=f"Result of the nomination of '{nomination.subject}' for {month_en}: {result.en}.{reason_en}",
    )


def _unsaid(nomination: Nomination, rest: str) -> Ruling:
    if rest == "follow":
        return Ruling(nomination, nomination.recommendation, nomination.recommendation_reason, {}, "rest")
    return Ruling(nomination, rest, "", {}, "rest")
