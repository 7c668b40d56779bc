"""Revocation: who was competent to award cancels the award; item and money are recovered (Luật 2022 Đ93)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.clock import local
from engine.errors import FormInvalid, NotAllowed, NotFound, Refused, Text
from engine.handlers import Json, Registration, ServiceCall
from workflows import books, calls, complaints, documents, nominations, notices, organisation, routes
from workflows.routes import STATE, Stop
from workflows.rules import money
from workflows.tables import AwardDecision, Nomination, NominationFlag, Revocation, Submission
from workflows.vocabulary import FORMS, PENDING, label, show_date

LAW = "Luật Thi đua, khen thưởng 2022 Đ93"
GROUNDS = {
    "fraud": Text("Gian dối trong kê khai thành tích", "Fraud in declaring the achievement"),
    "false_information": Text(
        "Cung cấp thông tin sai hoặc làm giả hồ sơ", "False information or a forged dossier"
    ),
    "unlawful_procedure": Text(
        "Thẩm định, xét, đề nghị khen thưởng trái pháp luật",
        "Appraised, approved or proposed against the law",
    ),
    "standard_not_met": Text(
        "Có kết luận, bản án về thời gian tính thành tích làm không đủ tiêu chuẩn",
        "A later conclusion or judgment shows that the standard was not met",
    ),
}
NEEDED = Text("Phải ghi.", "This is needed.")


def competent(session: Session, award: AwardDecision) -> Stop:
    """Return the unit whose head awarded, and so cancels; for a State award the unit that submitted it."""
    submission = _letter(session, award)
    if submission.to_unit == STATE:
        return routes.stop(session, submission.from_unit)
    return routes.stop(session, submission.to_unit)


def case_variables(session: Session, nomination: Nomination, actor: Actor) -> dict[str, Json]:
    """Return what a case of cancelling starts with; raises NotAllowed and Refused."""
    award = _award(nomination)
    if nomination.status == "revoked":
        raise Refused(
            vi=f"Khen thưởng của “{nomination.subject}” đã bị hủy rồi.",
            en=f"The award of '{nomination.subject}' is cancelled already.",
            source=LAW,
        )
    here = competent(session, award)
    group = next((one for one in (here.desk, here.signer) if one in actor.groups), "")
    group = group or complaints.recorder_group(session, actor, nomination)
    if not group:
        raise NotAllowed(
            actor=actor.name,
            operation="propose to cancel an award",
            operation_vi="đề nghị hủy quyết định khen thưởng",
            reason="only the unit that awarded, inspectors and auditors may",
            reason_vi="chỉ cơ quan đã khen thưởng, Thanh tra và kiểm tra nội bộ",
        )
    if under_way(session, nomination) is not None:
        raise Refused(
            vi=f"Việc hủy khen thưởng của “{nomination.subject}” đang được xem xét.",
            en=f"The cancellation of the award of '{nomination.subject}' is under way.",
            source=LAW,
        )
    return {
        "nomination": nomination.id,
        "proposer_group": group,
        "decider_group": here.desk if award.level == "state" else here.signer,
        "desk_group": here.desk,
    }


def propose(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the ground and the conclusion it rests on, or that there is no case after all."""
    nomination = _find(session, call)
    award = _award(nomination)
    wrong: dict[str, list[Text]] = {}
    ground = calls.read_text(call, "ground")
    if ground not in GROUNDS:
        wrong["ground"] = [calls.CHOICE_NEEDED]
    for name in ("evidence", "explanation"):
        if not calls.read_text(call, name):
            wrong[name] = [NEEDED]
    calls.refuse_wrong(wrong)
    found = Revocation(
        nomination_id=nomination.id,
        award_decision_id=award.id,
        status="proposed",
        ground=ground,
        evidence=calls.read_text(call, "evidence"),
        explanation=calls.read_text(call, "explanation"),
        proposed_by=call.actor.name,
        proposed_at=call.now,
        instance_id=call.instance_id or None,
    )
    session.add(found)
    session.flush()
    nominations.add_step(nomination, call, "revocation_proposed", GROUNDS[ground])
    return {"revocation": found.id}


def decide(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Cancel the award by a numbered decision of the same competence, or keep it with the reason.

    A State award is cancelled by the State: its number and date are typed in as it told them.
    """
    found = _case(session, call)
    nomination = nominations.find(session, found.nomination_id)
    verdict, today = calls.read_text(call, "verdict"), local(call.now).date()
    if verdict not in ("cancel", "keep"):
        raise FormInvalid({"verdict": [calls.CHOICE_NEEDED]})
    if verdict == "keep":
        reason = calls.read_text(call, "reason")
        if not reason:
            raise FormInvalid({"reason": [calls.REASON_NEEDED]})
        found.status, found.reason = "refused", reason
        session.flush()
        return {"cancelled": False}
    award = session.get_one(AwardDecision, found.award_decision_id)
    found.number, found.decided_on = _number(session, call, award, today)
    found.number_year = found.decided_on.year
    found.status, found.decided_by = "decided", call.actor.name
    worth = money.amount(session, award.form, nomination.subject_kind, award.decided_on)
    found.money_amount = worth.dong if worth is not None else None
    _cancel(session, call, nomination, found)
    return {"cancelled": True}


def recover_item(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that the certificate, medal or flag came back, or what became of it."""
    found = _case(session, call)
    found.item_recovered_on = _read_past(call, "item_recovered_on")
    found.item_note = calls.read_text(call, "item_note")
    _finish(session, call, found, Text("Hiện vật khen thưởng", "Award item"))
    return {}


def recover_money(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that the money was paid back."""
    found = _case(session, call)
    found.money_recovered_on = _read_past(call, "money_recovered_on")
    amount = f"{found.money_amount or 0:,}".replace(",", ".")
    _finish(session, call, found, Text(f"Tiền thưởng {amount} đồng", f"Money, {amount} đồng"))
    return {}


def case(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the award and what is held against it (form source of every task of the process)."""
    nomination = _find(session, call)
    award, units = _award(nomination), organisation.unit_names(session)
    found = latest(session, nomination)
    return {
        "nominee": f"{nomination.subject} – {units.get(nomination.proposal.office, '')}",
        "form_label": label(FORMS, nomination.form),
        "award_number": award.number,
        "award_date": show_date(award.decided_on),
        "is_state": _letter(session, award).to_unit == STATE,
        "ground_label": GROUNDS[found.ground].vi if found else "",
        "evidence_text": found.evidence if found else "",
        "explanation_text": found.explanation if found else "",
        "revocation_number": (found.number or "") if found else "",
        "amount": f"{found.money_amount or 0:,}".replace(",", ".") if found else "",
    }


def latest(session: Session, nomination: Nomination) -> Revocation | None:
    """Return the newest case of cancelling the award of a nomination."""
    query = select(Revocation).where(Revocation.nomination_id == nomination.id)
    return session.scalars(query.order_by(Revocation.id.desc())).first()


def under_way(session: Session, nomination: Nomination) -> Revocation | None:
    """Return the case that waits for a decision, if there is one."""
    found = latest(session, nomination)
    return found if found is not None and found.status == "proposed" else None


def flags(session: Session, nomination: Nomination) -> Sequence[NominationFlag]:
    """Return the marks on a nomination, oldest first."""
    query = select(NominationFlag).where(NominationFlag.nomination_id == nomination.id)
    return session.scalars(query.order_by(NominationFlag.id)).all()


def related(session: Session, nomination: Nomination) -> Sequence[Nomination]:
    """Return the nominations that lean on a cancelled one: of the same subject, or with its initiative.

    Those declined or withdrawn are left out: nothing has to be looked at there.
    """
    same = [Nomination.subject_key == nomination.subject_key]
    if nomination.initiative_key:
        same.append(Nomination.initiative_key == nomination.initiative_key)
    query = select(Nomination).where(
        or_(*same), Nomination.id != nomination.id, Nomination.status.in_((*PENDING, "awarded"))
    )
    return session.scalars(query.order_by(Nomination.id)).all()


def _cancel(session: Session, call: ServiceCall, nomination: Nomination, found: Revocation) -> None:
    award = session.get_one(AwardDecision, found.award_decision_id)
    day, ground = show_date(found.decided_on), GROUNDS[found.ground]
    said = Text(
        f"Quyết định số {found.number} ngày {day} hủy Quyết định số {award.number}: {ground.vi} ({LAW})",
        f"Decision {found.number} of {day} cancels decision {award.number}: {ground.en} ({LAW})",
    )
    nomination.reason = said.vi
    nominations.add_step(nomination, call, "revoked", said)
    nominations.move(nomination, call, "revoked", nomination.level, "")
    for other in related(session, nomination):
        _flag(session, call, other, nomination)
    session.flush()
    office = nomination.proposal.office
    letter = notices.Letter(
        kind="award.revoked",
        about=str(found.id),
        vi=f"“{nomination.subject}”: {said.vi}.",
        en=f"'{nomination.subject}': {said.en}.",
    )
    notices.send(session, call, [f"{office}.head", f"{office}.staff"], letter)
    _issue(session, call, nomination, found)


def _issue(session: Session, call: ServiceCall, nomination: Nomination, found: Revocation) -> None:
    """Issue the decision as a document, unless it is the State's, which issues its own."""
    award = session.get_one(AwardDecision, found.award_decision_id)
    submission = _letter(session, award)
    if submission.to_unit == STATE:
        return
    about = documents.About(
        unit=submission.to_unit,
        subject_line=f"Hủy bỏ Quyết định số {award.number}",
        nomination=nomination,
        decision=award,
        number=found.number or "",
        facts={
            "original": award.number,
            "original_date": show_date(award.decided_on),
            "form": label(FORMS, award.form),
            "reason": f"{GROUNDS[found.ground].vi}; {found.evidence}",
            "nominees": [nomination.subject],
        },
    )
    documents.issue(session, call, "revocation_decision", about)


def _flag(session: Session, call: ServiceCall, other: Nomination, cancelled: Nomination) -> None:
    said = Text(
        f"Khen thưởng của “{cancelled.subject}” (đề nghị số {cancelled.id}) đã bị hủy; cần xem lại",
        f"The award of '{cancelled.subject}' (nomination {cancelled.id}) was cancelled; look at this again",
    )
    flag = NominationFlag(
        nomination_id=other.id,
        kind="revoked_relation",
        about=cancelled.id,
        vi=said.vi,
        en=said.en,
        at=call.now,
    )
    session.add(flag)
    nominations.add_step(other, call, "flagged", said)


def _number(session: Session, call: ServiceCall, award: AwardDecision, today: date) -> tuple[str, date]:
    unit = _letter(session, award).to_unit
    if unit != STATE:
        return books.take_number(session, "QĐ-{unit}", unit, call.now), today
    number = calls.read_text(call, "decision_number")
    if not number:
        raise FormInvalid({"decision_number": [NEEDED]})
    return number, _read_past(call, "decided_on")


def _finish(session: Session, call: ServiceCall, found: Revocation, what: Text) -> None:
    nomination = nominations.find(session, found.nomination_id)
    nominations.add_step(nomination, call, "recovered", what)
    if found.item_recovered_on and found.money_recovered_on:
        found.status = "recovered"
    session.flush()


def _read_past(call: ServiceCall, name: str) -> date:
    wrong: dict[str, list[Text]] = {}
    day = complaints.read_past(call.variables, name, local(call.now).date(), wrong)
    if day is None and name not in wrong:
        wrong[name] = [NEEDED]
    calls.refuse_wrong(wrong)
    return day or local(call.now).date()


def _award(nomination: Nomination) -> AwardDecision:
    if nomination.award is None:
        raise Refused(
            vi=f"“{nomination.subject}” không có quyết định khen thưởng nào để hủy.",
            en=f"There is no award of '{nomination.subject}' to cancel.",
            source=LAW,
        )
    return nomination.award


def _letter(session: Session, award: AwardDecision) -> Submission:
    found = session.get(Submission, award.submission_id) if award.submission_id else None
    if found is None:
        raise NotFound(kind="submission", key=award.submission_id)
    return found


def _find(session: Session, call: ServiceCall) -> Nomination:
    return nominations.find(session, calls.read_integer(call, "nomination"))


def _case(session: Session, call: ServiceCall) -> Revocation:
    return session.get_one(Revocation, calls.read_integer(call, "revocation"))


HANDLERS: Mapping[str, Registration] = {
    "revocations.propose": Registration(propose),
    "revocations.decide": Registration(decide),
    "revocations.recover_item": Registration(recover_item),
    "revocations.recover_money": Registration(recover_money),
    "revocations.case": Registration(case),
}
