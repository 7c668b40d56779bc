"""Awards: one achievement takes one award, and the decisions that award."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session, joinedload

from engine.clock import local, now
from engine.errors import Refused
from engine.handlers import ServiceCall
from workflows import books, dissolutions, documents, initiatives, rules
from workflows.rules import money
from workflows.tables import Achievement, AwardDecision, Nomination, Submission
from workflows.vocabulary import FORMS, PENDING, fold, label, show_date

ONE_AWARD = "Luật Thi đua, khen thưởng 2022 Đ5k2c"
NUMBERS = "Nghị định 30/2020/NĐ-CP Đ15"
# A decision's level is the kind of unit that decides; that of a people's committee is called province.
LEVELS = {"committee": "province"}


@dataclass(frozen=True)
class Claim:
    """What a nomination asks for: a form for an achievement of a subject, perhaps with an initiative."""

    subject_kind: str
    subject: str
    achievement: str
    achievement_ref: str
    form: str
    initiative_ref: str = ""
    nomination_id: int | None = None

    @property
    def subject_key(self) -> str:
        """Return whose achievement it is."""
        return subject_key(self.subject_kind, self.subject)


def subject_key(subject_kind: str, subject: str) -> str:
    """Return the identity of a subject: its kind and its folded name."""
    return f"{subject_kind}|{fold(subject)}"


def claim_of(nomination: Nomination) -> Claim:
    """Return what a stored nomination asks for."""
    return Claim(
        subject_kind=nomination.subject_kind,
        subject=nomination.subject,
        achievement=nomination.achievement,
        achievement_ref=nomination.achievement_ref,
        form=nomination.form,
        initiative_ref=nomination.initiative_ref,
        nomination_id=nomination.id,
    )


def same_achievement(one: Claim, other: Claim) -> bool:
    """Tell whether two claims are for one achievement of one subject.

    Two references decide when both have one; a reference may also be the number of the earlier nomination;
    else the folded texts are compared.
    """
    if one.subject_key != other.subject_key:
        return False
    if one.achievement_ref.strip() and other.achievement_ref.strip():
        return fold(one.achievement_ref) == fold(other.achievement_ref)
    named = {claim.achievement_ref.strip() for claim in (one, other)} - {""}
    if named & {str(claim.nomination_id) for claim in (one, other) if claim.nomination_id}:
        return True
    return fold(one.achievement) == fold(other.achievement)


def ensure_single_award(session: Session, claims: Sequence[Claim]) -> None:
    """Refuse a second award or form for one achievement: in the list, pending elsewhere or awarded."""
    earlier = _earlier(session, claims, Nomination.status.in_(PENDING) | holds_award())
    for place, claim in enumerate(claims):
        for other in claims[:place]:
            if same_achievement(claim, other):
                raise _twice(claim, other.form)
        _ensure_not_pending(claim, earlier)
    _ensure_not_awarded(claims, earlier)


def ensure_not_awarded(session: Session, claims: Sequence[Claim]) -> None:
    """Refuse an achievement that already has an award, naming decision number and date."""
    _ensure_not_awarded(claims, _earlier(session, claims, holds_award()))


def _ensure_not_awarded(claims: Sequence[Claim], earlier: Mapping[str, Sequence[Nomination]]) -> None:
    for claim in claims:
        award = _find_award(claim, earlier)
        if award is None:
            continue
        number, day = award.number, show_date(award.decided_on)
        raise Refused(
            vi=f"Thành tích này của “{claim.subject}” đã được khen thưởng theo Quyết định số {number} "
            f"ngày {day}; không khen thưởng nhiều lần cho một thành tích.",
            en=f"This achievement of '{claim.subject}' was already awarded by decision {number} of {day}; "
            "one achievement is awarded once.",
            source=ONE_AWARD,
        )


def holds_award() -> ColumnElement[bool]:
    """Return the condition on nominations awarded by a decision that nobody cancelled (Luật 2022 Đ93)."""
    return Nomination.award_decision_id.is_not(None) & (Nomination.status != "revoked")


def earlier_award(session: Session, claim: Claim) -> AwardDecision | None:
    """Return the decision that already awarded the achievement, if there is one that was not cancelled."""
    return _find_award(claim, _earlier(session, [claim], holds_award()))


def award_kind(session: Session, form: str, day: date | None = None) -> str:
    """Return whether an award is a `title` (danh hiệu) or a `form` (hình thức); without a day, today."""
    kind: str = rules.find(session, "award_form", form, day or local(now()).date()).values["kind"]
    return kind


def ensure_initiatives_free(session: Session, claims: Sequence[Claim]) -> None:
    """Refuse initiatives already used, or used twice among the rows or in another pending nomination."""
    seen: set[str] = set()
    for claim in claims:
        ref = fold(claim.initiative_ref)
        if not ref:
            continue
        initiatives.check(session, claim.initiative_ref, award_kind(session, claim.form))
        query = select(Nomination).where(
            Nomination.initiative_key == ref,
            Nomination.status.in_(PENDING),
            Nomination.id != (claim.nomination_id or 0),
        )
        if ref in seen or session.scalars(query).first() is not None:
            raise Refused(
                vi=f"Sáng kiến “{claim.initiative_ref}” đang được dùng cho một đề nghị khác.",
                en=f"Initiative '{claim.initiative_ref}' is already used by another nomination.",
                source=initiatives.ONE_INITIATIVE,
            )
        seen.add(ref)


@dataclass(frozen=True)
class Decision:
    """Number, date and submission of a decision taken here or told by the State."""

    number: str
    decided_on: date
    submission_id: int


def decide(
    session: Session, call: ServiceCall, nominations: Sequence[Nomination], submission: Submission
) -> AwardDecision | None:
    """Award nominations by numbered decisions of the receiving unit, one for each form.

    Each nomination points at its own decision; returned is the last one, nothing for no nominations.
    """
    award: AwardDecision | None = None
    today = local(call.now).date()
    for _, of_form in groupby(sorted(nominations, key=_form), key=_form):
        number = books.take_number(session, "QĐ-{unit}", submission.to_unit, call.now)
        listed = list(of_form)
        award = record(session, call, listed, Decision(number, today, submission.id))
        documents.issue_decision(session, call, award, submission.to_unit, listed)
    return award


def record(
    session: Session, call: ServiceCall, nominations: Sequence[Nomination], decision: Decision
) -> AwardDecision:
    """Record a decision on one form and point its nominations at it; it cites the law that holds for it.

    Raises Refused for a dissolved unit, for an achievement or an initiative awarded in the meantime and for a
    number that another decision of the same year has.
    """
    form, year = nominations[0].form, decision.decided_on.year
    dissolutions.ensure_exist(session, nominations, decision.decided_on)
    ensure_not_awarded(session, [claim_of(nomination) for nomination in nominations])
    decider = select(Submission.to_unit).where(Submission.id == decision.submission_id)
    unit_code = session.scalar(decider) or ""
    query = select(AwardDecision).where(
        AwardDecision.unit_code == unit_code,
        AwardDecision.number == decision.number,
        AwardDecision.number_year == year,
    )
    award = session.scalar(query)
    if award is not None and (award.decided_on, award.form) != (decision.decided_on, form):
        raise Refused(
            vi=f"Số {decision.number} đã là của một quyết định khác, ngày {show_date(award.decided_on)}.",
            en=f"Number {decision.number} belongs to another decision, of {show_date(award.decided_on)}.",
            source=NUMBERS,
        )
    if award is None:
        award = _write(session, call, nominations, decision, unit_code)
    kind = award_kind(session, form, award.rules_on)
    initiatives.use(session, nominations, award, kind)
    for nomination in nominations:
        nomination.award = award
    session.flush()
    achievements = [_achievement(nomination, award) for nomination in nominations]
    session.execute(insert(Achievement), achievements)
    return award


def money_of(session: Session, nomination: Nomination) -> money.Amount | None:
    """Return the money that comes with the award of a nomination, by the rules of the decision's day."""
    if nomination.award is None:
        return None
    return money.amount(session, nomination.form, nomination.subject_kind, nomination.award.decided_on)


def money_for(session: Session, subject_key: str) -> int:
    """Return what a subject is paid in đồng for all its awards; titles of one year count once (Đ49)."""
    query = select(Nomination).where(Nomination.subject_key == subject_key, holds_award())
    grants = []
    for nomination in session.scalars(query):
        amount = money_of(session, nomination)
        if amount is not None and nomination.award is not None:
            kind = award_kind(session, nomination.form, nomination.award.decided_on)
            grants.append(money.Grant(kind, nomination.proposal.period[:4], amount.dong))
    return money.payable(grants)


def deciders(session: Session, today: date) -> Callable[[Nomination], str]:
    """Return which kind of unit decides on a nomination, by the law that holds for it if decided today."""
    known: dict[tuple[str, date], str] = {}

    def decider_of(nomination: Nomination) -> str:
        place = nomination.form, nomination.received_on or today
        if place not in known:
            law = rules.regime(session, place[1], today, nomination.form)
            known[place] = rules.decider(session, nomination.form, law.rules_on)
        return known[place]

    return decider_of


def received_on(session: Session, nominations: Sequence[Nomination], submission_id: int) -> date | None:
    """Return when the dossiers of a decision came in: the earliest receipt, else that of the submission."""
    days = [nomination.received_on for nomination in nominations if nomination.received_on is not None]
    submission = session.get(Submission, submission_id)
    if submission is not None and submission.received_at is not None:
        days.append(local(submission.received_at).date())
    return min(days, default=None)


def _write(
    session: Session,
    call: ServiceCall,
    nominations: Sequence[Nomination],
    decision: Decision,
    unit_code: str,
) -> AwardDecision:
    form = nominations[0].form
    received = received_on(session, nominations, decision.submission_id)
    law = rules.regime(session, received or decision.decided_on, decision.decided_on, form)
    kind = rules.decider(session, form, law.rules_on)
    award = AwardDecision(
        unit_code=unit_code,
        number=decision.number,
        number_year=decision.decided_on.year,
        decided_on=decision.decided_on,
        form=form,
        level=LEVELS.get(kind, kind),
        received_on=received,
        rules_on=law.rules_on,
        regime=law.code,
        law=law.describe().vi,
        signed_by=call.actor.name,
        instance_id=call.instance_id or None,
        submission_id=decision.submission_id,
    )
    session.add(award)
    session.flush()
    return award


def _form(nomination: Nomination) -> str:
    return nomination.form


def _achievement(nomination: Nomination, award: AwardDecision) -> dict[str, Any]:
    return {
        "subject_key": nomination.subject_key,
        "summary": nomination.achievement,
        "reference": nomination.achievement_ref,
        "achieved_on": nomination.achieved_on,
        "nomination_id": nomination.id,
        "award_decision_id": award.id,
    }


def _earlier(
    session: Session, claims: Sequence[Claim], which: ColumnElement[bool]
) -> dict[str, list[Nomination]]:
    """Return the nominations of the subjects of claims that the condition chooses, by subject; one query."""
    keys = {claim.subject_key for claim in claims}
    if not keys:
        return {}
    query = select(Nomination).where(Nomination.subject_key.in_(keys), which)
    found: dict[str, list[Nomination]] = {}
    for nomination in session.scalars(query.options(joinedload(Nomination.award))):
        found.setdefault(nomination.subject_key, []).append(nomination)
    return found


def _find_award(claim: Claim, earlier: Mapping[str, Sequence[Nomination]]) -> AwardDecision | None:
    known = (one for one in earlier.get(claim.subject_key, ()) if one.id != claim.nomination_id)
    others = [one for one in known if one.award is not None and one.status != "revoked"]
    return next((one.award for one in others if same_achievement(claim, claim_of(one))), None)


def _ensure_not_pending(claim: Claim, earlier: Mapping[str, Sequence[Nomination]]) -> None:
    known = (one for one in earlier.get(claim.subject_key, ()) if one.id != claim.nomination_id)
    for other in (one for one in known if one.status in PENDING):
        if same_achievement(claim, claim_of(other)):
            key = other.proposal.key
            raise _twice(claim, other.form, f" (hồ sơ {key})", f" (dossier {key})")


def _twice(claim: Claim, other_form: str, where_vi: str = "", where_en: str = "") -> Refused:
    forms = sorted({label(FORMS, claim.form), label(FORMS, other_form)})
    return Refused(
        vi=f"Một thành tích của “{claim.subject}” được đề nghị nhiều lần{where_vi}: {', '.join(forms)}. "
        "Không tặng nhiều hình thức, nhiều lần cho một thành tích.",
        en=f"One achievement of '{claim.subject}' is nominated more than once{where_en}; "
        "one achievement takes one award in one form.",
        source=ONE_AWARD,
    )
