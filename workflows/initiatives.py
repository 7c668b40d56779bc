"""Initiatives (sáng kiến): what they served for, and whether they may serve again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local, now
from engine.errors import Refused, Text
from workflows import rules
from workflows.tables import AwardDecision, InitiativeUse, Nomination
from workflows.vocabulary import FORMS, fold, label, show_date

ONE_INITIATIVE = "Công văn 5007/BNV-TĐKT năm 2023, mục III.5.c"


def policy(session: Session, ref: str, kind: str, day: date) -> str:
    """Return what the uses of an initiative so far mean for another award: allow, warn or refuse."""
    uses = session.scalars(select(InitiativeUse).where(InitiativeUse.initiative_ref == fold(ref)))
    found = {
        rules.find(session, "initiative", f"{one.award_kind}/{kind}", day).values["policy"] for one in uses
    }
    return next((one for one in ("refuse", "warn") if one in found), "allow")


def check(session: Session, ref: str, kind: str = "form", day: date | None = None) -> list[Text]:
    """Refuse an initiative that already served, or only warn, as topic `initiative` says for the two kinds.

    kind: title or form, of the award it is to serve now. Returns the warnings.
    """
    found = _uses(session, [fold(ref)]).get(fold(ref), [])
    return _judge(session, ref, found, kind, day or local(now()).date())


def use(session: Session, nominations: Sequence[Nomination], award: AwardDecision, kind: str) -> None:
    """Write which initiatives a decision uses; two nominees of it may name the same one."""
    day = award.rules_on or award.decided_on
    uses = _uses(session, [nomination.initiative_key for nomination in nominations])
    for nomination in nominations:
        key = nomination.initiative_key
        if not key:
            continue
        _judge(session, nomination.initiative_ref, uses.get(key, []), kind, day)
        served = InitiativeUse(
            initiative_ref=key,
            subject=nomination.subject,
            award_kind=kind,
            award_name=label(FORMS, nomination.form),
            decision_number=award.number,
            decided_on=award.decided_on,
        )
        session.add(served)
        uses.setdefault(key, []).append(served)


def _uses(session: Session, keys: Iterable[str]) -> dict[str, list[InitiativeUse]]:
    """Return what initiatives served for, by folded reference, oldest first."""
    query = select(InitiativeUse).where(InitiativeUse.initiative_ref.in_({*keys} - {""}))
    found: dict[str, list[InitiativeUse]] = {}
    for served in session.scalars(query.order_by(InitiativeUse.id)):
        found.setdefault(served.initiative_ref, []).append(served)
    return found


def _judge(session: Session, ref: str, uses: Sequence[InitiativeUse], kind: str, day: date) -> list[Text]:
    warnings: list[Text] = []
    for one in uses:
        served, number, decided = one.award_name, one.decision_number, show_date(one.decided_on)
        vi = f"Sáng kiến “{ref}” đã dùng để xét {served} (Quyết định {number} ngày {decided})."
        en = f"Initiative '{ref}' already served for {served} (decision {number} of {decided})."
        rule = rules.find(session, "initiative", f"{one.award_kind}/{kind}", day)
        if rule.values["policy"] == "refuse":
            raise Refused(vi=vi, en=en, source=rule.source)
        if rule.values["policy"] == "warn":
            warnings.append(Text(f"{vi} Cần Hội đồng xem xét.", f"{en} The council should look at it."))
    return warnings
