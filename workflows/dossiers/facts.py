"""The facts about a nomination that its eligibility rests on, as the decision `eligibility` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.handlers import Json
from workflows import awards, criteria, initiatives, rules, suspensions
from workflows.dossiers import records
from workflows.dossiers.words import FIGURES
from workflows.tables import (
    AwardDecision,
    Initiative,
    Nomination,
    NominationSuspension,
    PreviousAward,
    Proposal,
)
from workflows.vocabulary import fold

GRASSROOTS, PROVINCIAL = "emulation_fighter_grassroots", "emulation_fighter_provincial"
# Results of these types are no basis for a merit award (NĐ 152/2025 Đ4k3).
NO_BASIS = ("ad_hoc", "thematic")


def gather(session: Session, nomination: Nomination, day: date) -> dict[str, Json]:
    """Return every fact about a nomination; what nobody recorded is null."""
    form = rules.find(session, "award_form", nomination.form, day)
    claim = awards.claim_of(nomination)
    past = _kept_awards(session, nomination.subject_key)
    bases = records.bases(session, nomination)
    refused = [row for row in past if row.id in bases and row.type in NO_BASIS]
    return {
        "form": nomination.form,
        "type": nomination.type,
        "subject_kind": nomination.subject_kind,
        "subjects": list(form.values["subjects"]),
        "achievement_awarded": awards.earlier_award(session, claim) is not None,
        "influence_enough": criteria.check_influence(form, nomination.influence) is None,
        "initiative_policy": initiatives.policy(session, nomination.initiative_ref, form.values["kind"], day),
        "refused_bases": len(refused),
        "medals_before": sum(row.form == "commemorative_medal" for row in past),
        **_conduct(session, nomination),
        **_streaks(session, nomination, past),
        **_initiatives(session, nomination),
        **_figures(nomination),
    }


def year_of(nomination: Nomination) -> int:
    """Return the year whose results a nomination is about: that of its proposal."""
    return int(nomination.proposal.period[:4])


def _kept_awards(session: Session, subject_key: str) -> list[PreviousAward]:
    """Return the awards recorded of a subject but those whose decision was cancelled here since."""
    cancelled = select(Nomination.form, AwardDecision.number).join(
        AwardDecision, AwardDecision.id == Nomination.award_decision_id
    )
    own = cancelled.where(Nomination.subject_key == subject_key, Nomination.status == "revoked")
    gone = {(form, number) for form, number in session.execute(own)}
    found = records.previous_awards(session, subject_key)
    return [row for row in found if (row.form, row.decision_number) not in gone]


def _conduct(session: Session, nomination: Nomination) -> dict[str, Json]:
    suspended = session.scalar(
        select(NominationSuspension.id)
        .join(Nomination, Nomination.id == NominationSuspension.nomination_id)
        .where(Nomination.subject_key == nomination.subject_key, NominationSuspension.concluded_at.is_(None))
        .limit(1)
    )
    clean_from = suspensions.discipline_end(session, nomination.subject_key)
    last_award = session.scalar(
        select(AwardDecision.decided_on)
        .join(Nomination, Nomination.award_decision_id == AwardDecision.id)
        .where(
            Nomination.subject_key == nomination.subject_key,
            awards.holds_award(),
            Nomination.id != (nomination.id or 0),
        )
        .order_by(AwardDecision.decided_on.desc())
        .limit(1)
    )
    achieved = nomination.achieved_on
    return {
        "under_review": suspended is not None,
        "before_discipline_end": (achieved is not None and clean_from is not None and achieved < clean_from),
        "achieved_before_last_award": (
            achieved is not None and last_award is not None and achieved < last_award
        ),
    }


def _streaks(session: Session, nomination: Nomination, past: Sequence[PreviousAward]) -> dict[str, Json]:
    year = year_of(nomination)
    received = _years(session, nomination, past)
    ratings = {row.year: row.rating for row in records.ratings(session, nomination.subject_key)}
    excellent = [rated for rated, rating in ratings.items() if rating == "excellent"]
    return {
        "grassroots_streak": _run(received.get(GRASSROOTS, ()), year),
        "provincial_streak": _run(received.get(PROVINCIAL, ()), year),
        "excellent_streak": _run(excellent, year),
        "rating": ratings.get(year, ratings.get(year - 1)),
    }


def _years(session: Session, nomination: Nomination, past: Sequence[PreviousAward]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for row in past:
        found.setdefault(row.form, set()).add(row.year)
    own = select(Nomination.form, Proposal.period).join(Nomination.proposal)
    own = own.where(
        Nomination.subject_key == nomination.subject_key,
        awards.holds_award(),
        Nomination.id != (nomination.id or 0),
    )
    for form, period in session.execute(own):
        found.setdefault(form, set()).add(int(period[:4]))
    return found


def _run(years: Iterable[int], year: int) -> int:
    """Return how many years in a row end with the year or, when that has none yet, with the one before."""
    known = set(years)
    last = year if year in known else year - 1
    length = 0
    while last - length in known:
        length += 1
    return length


def _initiatives(session: Session, nomination: Nomination) -> dict[str, Json]:
    own = select(Initiative.key, Initiative.scope).where(
        or_(Initiative.subject_key == nomination.subject_key, Initiative.key == nomination.initiative_key)
    )
    found = {row.key: row.scope for row in session.execute(own)}
    return {
        "initiatives_recognised": len(found),
        "initiative_scope": found.get(fold(nomination.initiative_ref)),
    }


def _figures(nomination: Nomination) -> dict[str, Json]:
    names = [name for figures in FIGURES.values() for name in figures]
    found: dict[str, Json] = {name: nomination.answers.get(name) for name in names}
    leads = found["leads_cluster"]
    found["leads_cluster"] = None if leads is None else leads == 1
    found["gender"] = "female" if nomination.answers.get("female") is True else None
    return found
