"""Awards: one achievement one award, initiatives used once, and the decisions that award."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Refused, Text
from engine.handlers import ServiceCall
from workflows import books
from workflows.tables import AwardDecision, InitiativeUse, Nomination, Submission
from workflows.vocabulary import FORMS, PENDING, fold, label, show_date

ONE_AWARD = "Luật Thi đua, khen thưởng 2022 Đ5k2c"
ONE_INITIATIVE = "Công văn 5007/BNV-TĐKT năm 2023, mục III.5.c"
NUMBERS = "Nghị định 30/2020/NĐ-CP Đ15"
# The level that decides each form (598/KH-TTTV III.3).
DECIDED_AT = {
    "certificate_of_commendation": "department",
    "certificate_of_merit": "province",
    "state_level": "state",
}


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
    for place, claim in enumerate(claims):
        for other in claims[:place]:
            if same_achievement(claim, other):
                raise _twice(claim, other.form)
        ensure_not_awarded(session, claim)
        _ensure_not_pending(session, claim)


def ensure_not_awarded(session: Session, claim: Claim) -> None:
    """Refuse an achievement that already has an award, naming decision number and date."""
    query = select(Nomination).where(
        Nomination.subject_key == claim.subject_key,
        Nomination.award_decision_id.is_not(None),
        Nomination.id != (claim.nomination_id or 0),
    )
    for earlier in session.scalars(query):
        if earlier.award is None or not same_achievement(claim, claim_of(earlier)):
            continue
        number, day = earlier.award.number, show_date(earlier.award.decided_on)
        raise Refused(
            vi=f"Thành tích này của “{claim.subject}” đã được khen thưởng theo Quyết định số {number} "
            f"ngày {day}; không khen thưởng nhiều lần cho một thành tích.",
            en=f"This achievement of '{claim.subject}' was already awarded by decision {number} of {day}; "
            "one achievement is awarded once.",
            source=ONE_AWARD,
        )


def check_initiative(session: Session, ref: str, award_kind: str = "form") -> list[Text]:
    """Refuse an initiative that already served another kind of award; for title after title only warn.

    award_kind: title (danh hiệu) or form (hình thức). Returns the warnings.
    """
    warnings: list[Text] = []
    if not ref.strip():
        return warnings
    uses = session.scalars(select(InitiativeUse).where(InitiativeUse.initiative_ref == fold(ref)))
    for use in uses:
        served, number, day = use.award_name, use.decision_number, show_date(use.decided_on)
        vi = f"Sáng kiến “{ref}” đã dùng để xét {served} (Quyết định {number} ngày {day})."
        en = f"Initiative '{ref}' already served for {served} (decision {number} of {day})."
        if use.award_kind != "title" or award_kind != "title":
            raise Refused(vi=vi, en=en, source=ONE_INITIATIVE)
        warnings.append(Text(f"{vi} Cần Hội đồng xem xét.", f"{en} The council should look at it."))
    return warnings


def ensure_initiatives_free(session: Session, claims: Sequence[Claim]) -> None:
    """Refuse initiatives already used, or used twice among the rows or in another pending nomination."""
    seen: set[str] = set()
    for claim in claims:
        ref = fold(claim.initiative_ref)
        if not ref:
            continue
        check_initiative(session, claim.initiative_ref)
        query = select(Nomination).where(
            Nomination.initiative_key == ref,
            Nomination.status.in_(PENDING),
            Nomination.id != (claim.nomination_id or 0),
        )
        if ref in seen or session.scalars(query).first() is not None:
            raise Refused(
                vi=f"Sáng kiến “{claim.initiative_ref}” đang được dùng cho một đề nghị khác.",
                en=f"Initiative '{claim.initiative_ref}' is already used by another nomination.",
                source=ONE_INITIATIVE,
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
    """Award nominations of one form by one numbered decision of the receiving unit; nothing for none."""
    if not nominations:
        return None
    number = books.take_number(session, f"QĐ-{submission.to_unit}", call.now)
    return record(session, call, nominations, Decision(number, local(call.now).date(), submission.id))


def record(
    session: Session, call: ServiceCall, nominations: Sequence[Nomination], decision: Decision
) -> AwardDecision:
    """Record a decision and point its nominations at it.

    Raises Refused for an achievement or an initiative awarded in the meantime and for a number that another
    decision of the same year has.
    """
    form, year = nominations[0].form, decision.decided_on.year
    for nomination in nominations:
        ensure_not_awarded(session, claim_of(nomination))
    query = select(AwardDecision).where(
        AwardDecision.number == decision.number, AwardDecision.number_year == year
    )
    award = session.scalar(query)
    if award is not None and (award.decided_on, award.form) != (decision.decided_on, form):
        raise Refused(
            vi=f"Số {decision.number} đã là của một quyết định khác, ngày {show_date(award.decided_on)}.",
            en=f"Number {decision.number} belongs to another decision, of {show_date(award.decided_on)}.",
            source=NUMBERS,
        )
    if award is None:
        award = AwardDecision(
            number=decision.number,
            number_year=year,
            decided_on=decision.decided_on,
            form=form,
            level=DECIDED_AT[form],
            signed_by=call.actor.name,
            instance_id=call.instance_id or None,
            submission_id=decision.submission_id,
        )
        session.add(award)
        session.flush()
    for nomination in nominations:
        # Again, one by one: two nominees of this very decision may name the same initiative.
        check_initiative(session, nomination.initiative_ref)
        nomination.award = award
        _use_initiative(session, nomination, award)
    session.flush()
    return award


def _use_initiative(session: Session, nomination: Nomination, award: AwardDecision) -> None:
    if nomination.initiative_key:
        session.add(
            InitiativeUse(
                initiative_ref=nomination.initiative_key,
                subject=nomination.subject,
                award_kind="form",
                award_name=label(FORMS, nomination.form),
                decision_number=award.number,
                decided_on=award.decided_on,
            )
        )


def _ensure_not_pending(session: Session, claim: Claim) -> None:
    query = select(Nomination).where(
        Nomination.subject_key == claim.subject_key,
        Nomination.status.in_(PENDING),
        Nomination.id != (claim.nomination_id or 0),
    )
    for other in session.scalars(query):
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
