"""Complaints, denunciations, inspections, disciplines: a nomination stands still until they are concluded.

No award and no nomination while something about the subject is verified; cleared, it goes on with the working
days that were left; disciplined, it ends and achievements count from the end of the discipline
(Nghị định 152/2025/NĐ-CP Đ4k4).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.clock import ZONE, local
from engine.errors import Conflict, FormInvalid, NotAllowed, Refused, Text
from engine.handlers import Json, Registration, ServiceCall
from workflows import (
    calendar,
    calls,
    letters,
    nominations,
    notices,
    organisation,
    routes,
    rulings,
    submissions,
    suspensions,
)
from workflows.suspensions import SUSPEND
from workflows.tables import (
    Consolidation,
    Discipline,
    Nomination,
    NominationSuspension,
    Submission,
    SubmissionEntry,
    Unit,
)
from workflows.vocabulary import PENDING, show_date, show_moment
from workflows.working_time import add_working_days, end_of_day

AUDITORS = "auditors"
# Before the first letter: nominees of a month wait together, so its clock is nobody's alone.
OWN_LEVELS = ("office", "center")
KINDS = {
    "complaint": Text("Khiếu nại đang xác minh", "Complaint being verified"),
    "denunciation": Text("Tố cáo đang xác minh", "Denunciation being verified"),
    "discipline": Text("Đang xem xét kỷ luật", "Discipline being considered"),
    "inspection": Text(
        "Thanh tra, kiểm tra, điều tra khi có dấu hiệu vi phạm", "Inspection or investigation on signs of one"
    ),
    "press": Text("Báo chí nêu có dấu hiệu tiêu cực", "Corruption reported by the press"),
}
NEEDED = Text("Phải ghi.", "This is needed.")
NO_DAY = Text("Ngày không đọc được hoặc ở tương lai.", "The date cannot be read or is in the future.")
ENDS_FIRST = Text("Ngày hết kỷ luật không trước ngày bắt đầu.", "A discipline does not end before it begins.")


def recorder_group(session: Session, actor: Actor, nomination: Nomination) -> str:
    """Return the group in which an actor may record something about a nomination, "" for none.

    Auditors and inspectors; else the desk of the unit where the nomination is or of one above it.
    """
    if AUDITORS in actor.groups:
        return AUDITORS
    inspectors = select(Unit.desk_group).where(Unit.kind == "inspectorate")
    here = nomination.unit_code or nomination.proposal.center
    stops = [routes.stop(session, here), *routes.route(session, here)]
    desks = [*session.scalars(inspectors), *(stop.desk for stop in stops)]
    return next((desk for desk in desks if desk and desk in actor.groups), "")


def ensure_open(session: Session, nomination: Nomination) -> None:
    """Refuse a nomination that has its answer already or stands still already."""
    if nomination.status not in PENDING:
        raise Refused(
            vi=f"Đề nghị cho “{nomination.subject}” đã có kết quả, không còn gì để tạm dừng; "
            "quyết định khen thưởng sai thì đề nghị hủy bỏ.",
            en=f"The nomination of '{nomination.subject}' has its answer, nothing can be suspended; "
            "propose to cancel a wrong award.",
            source=SUSPEND,
        )
    if nomination.status == "suspended":
        raise Refused(
            vi=f"Đề nghị cho “{nomination.subject}” đang tạm dừng rồi.",
            en=f"The nomination of '{nomination.subject}' is suspended already.",
            source=SUSPEND,
        )


def case_variables(session: Session, nomination: Nomination, actor: Actor) -> dict[str, Json]:
    """Return what a case about a nomination starts with; raises NotAllowed and Refused."""
    group = recorder_group(session, actor, nomination)
    if not group:
        raise NotAllowed(
            actor=actor.name,
            operation="record a complaint",
            operation_vi="ghi nhận khiếu nại, tố cáo",
            reason="only inspectors, auditors and the desks that review it may",
            reason_vi="chỉ Thanh tra, kiểm tra nội bộ và bộ phận tiếp nhận của các cấp xét",
        )
    ensure_open(session, nomination)
    return {"nomination": nomination.id, "recorder_group": group}


def record(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record what was reported and suspend the nomination, or put the report aside with a reason.

    What is due stops; its remaining working days are kept.
    """
    nomination = _find(session, call)
    measure = calls.read_text(call, "measure")
    if measure == "dismiss":
        reason = calls.read_text(call, "reason")
        if not reason:
            raise FormInvalid({"reason": [calls.REASON_NEEDED]})
        return {"suspended": False}
    if measure != "suspend":
        raise FormInvalid({"measure": [calls.CHOICE_NEEDED]})
    ensure_open(session, nomination)
    reported_on = _check_report(call)
    task = suspensions.open_task(session, nomination)
    due_at = task.due_at if task else None
    suspension = NominationSuspension(
        nomination_id=nomination.id,
        kind=calls.read_text(call, "kind"),
        summary=calls.read_text(call, "summary"),
        document=calls.read_text(call, "document"),
        document_date=reported_on,
        recorded_by=call.actor.name,
        since=call.now,
        level=nomination.level,
        status_before=nomination.status,
        due_at=due_at,
        remaining_days=suspensions.remaining(session, call.now, due_at),
        instance_id=call.instance_id or None,
    )
    session.add(suspension)
    _leave_drafts(session, nomination)
    nominations.add_step(nomination, call, "suspended", KINDS[suspension.kind])
    nominations.move(nomination, call, "suspended", nomination.level, nomination.holder)
    session.flush()
    if task is not None and nomination.level not in OWN_LEVELS:
        suspensions.stop_clock(session, call, nomination, task)
    _tell_suspended(session, call, nomination, suspension)
    session.flush()
    return {"suspended": True, "suspension": suspension.id}


def conclude(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the conclusion: cleared, it goes on with the days that were left; disciplined, it ends."""
    suspension, nomination = _open_suspension(session, call)
    verdict = calls.read_text(call, "verdict")
    if verdict not in ("cleared", "disciplined"):
        raise FormInvalid({"verdict": [calls.CHOICE_NEEDED]})
    document = calls.read_text(call, "conclusion_document")
    if not document:
        raise FormInvalid({"conclusion_document": [NEEDED]})
    if verdict == "disciplined":
        _discipline(session, call, nomination, document)
    suspension.conclusion = verdict
    suspension.conclusion_document = document
    suspension.conclusion_note = calls.read_text(call, "note")
    suspension.concluded_by, suspension.concluded_at = call.actor.name, call.now
    if verdict == "disciplined":
        return {"cleared": False, "results": submissions.name_proposals([nomination])}
    restart = _resume(session, call, nomination, suspension)
    session.flush()
    return {"cleared": True, **restart}


def case(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominee and what is recorded about it (form source of every task of the process)."""
    nomination = _find(session, call)
    found = suspensions.current(session, nomination)
    units = organisation.unit_names(session)
    shown = {**nominations.row(nomination, units)}
    shown.pop("reason")
    return {
        **shown,
        "nominee": f"{nomination.subject} – {units.get(nomination.proposal.office, '')}",
        "suspended_since": show_moment(found.since) if found else "",
        "suspension_kind": KINDS[found.kind].vi if found else "",
        "suspension_summary": found.summary if found else "",
        "suspension_document": found.document if found else "",
        "remaining_days": suspensions.describe_remaining(found).vi if found else "",
        "missing_supplement": suspensions.name_missing(nomination),
    }


def sign_supplementary(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the centre's director submit a cleared nominee whose month was sent without it."""
    nomination = _find(session, call)
    if call.variables.get("sign") is not True:
        raise FormInvalid({"sign": [Text("Phải ký để trình.", "Sign to submit.")]})
    letter = letters.send_directly(session, call, nomination.proposal, [nomination.id])
    message = f"submission.to_{letter.level}"
    return {"restart_message": message, "submission": letter.id, "submission_key": letter.key}


def _find(session: Session, call: ServiceCall) -> Nomination:
    return nominations.find(session, calls.read_integer(call, "nomination"))


def _open_suspension(session: Session, call: ServiceCall) -> tuple[NominationSuspension, Nomination]:
    nomination = _find(session, call)
    found = suspensions.current(session, nomination)
    if found is None or nomination.status != "suspended":
        raise Conflict(
            expected="a nomination that is suspended",
            found=f"it is {nomination.status}",
            found_vi="đề nghị không còn ở trạng thái tạm dừng",
        )
    return found, nomination


def _check_report(call: ServiceCall) -> date | None:
    wrong: dict[str, list[Text]] = {}
    if calls.read_text(call, "kind") not in KINDS:
        wrong["kind"] = [calls.CHOICE_NEEDED]
    if not calls.read_text(call, "summary"):
        wrong["summary"] = [NEEDED]
    day = read_past(call.variables, "document_date", local(call.now).date(), wrong)
    calls.refuse_wrong(wrong)
    return day


def read_past(
    values: Mapping[str, Json], name: str, today: date, wrong: dict[str, list[Text]]
) -> date | None:
    """Return a day that may be left out but not lie in the future; what is wrong is noted under its name."""
    try:
        day = calls.read_day(values.get(name))
    except ValueError:
        wrong[name] = [NO_DAY]
        return None
    if day is not None and day > today:
        wrong[name] = [NO_DAY]
    return day


def _leave_drafts(session: Session, nomination: Nomination) -> None:
    """Take a suspended nominee out of letters that are not signed yet: others of the letter go on."""
    session.flush()
    drafts = select(Submission.id).where(Submission.status == "draft")
    session.execute(
        delete(SubmissionEntry).where(
            SubmissionEntry.nomination_id == nomination.id, SubmissionEntry.submission_id.in_(drafts)
        )
    )


def _rejoin_draft(session: Session, nomination: Nomination) -> bool:
    """Put a cleared nominee back into the letter of its month that waits for a signature, if it does."""
    proposal = nomination.proposal
    draft = session.scalar(
        select(Submission.id).where(
            Submission.status == "draft",
            Submission.from_unit == proposal.center,
            Submission.period == proposal.period,
        )
    )
    if draft is not None:
        session.add(SubmissionEntry(submission_id=draft, nomination_id=nomination.id))
        session.flush()
    return draft is not None


def _discipline(session: Session, call: ServiceCall, nomination: Nomination, document: str) -> None:
    wrong: dict[str, list[Text]] = {}
    days: dict[str, date] = {}
    for name in ("discipline_began", "discipline_ends"):
        try:
            day = calls.read_day(call.variables.get(name))
        except ValueError:
            day = None
        if day is None:
            wrong[name] = [NEEDED]
        else:
            days[name] = day
    reason = calls.read_text(call, "reason")
    if not reason:
        wrong["reason"] = [calls.REASON_NEEDED]
    if not wrong and days["discipline_ends"] < days["discipline_began"]:
        wrong["discipline_ends"] = [ENDS_FIRST]
    calls.refuse_wrong(wrong)
    session.add(
        Discipline(
            subject_key=nomination.subject_key,
            began_on=days["discipline_began"],
            ends_on=days["discipline_ends"],
            document=document,
            nomination_id=nomination.id,
        )
    )
    counted = show_date(days["discipline_ends"])
    nomination.reason = f"{reason} (Thành tích tính từ ngày hết kỷ luật {counted}, {SUSPEND})"
    nominations.add_step(nomination, call, "not_awarded", nomination.reason)
    nominations.move(nomination, call, "not_awarded", nomination.level, "")
    session.flush()
    rulings.tell(session, call, nomination)


def _resume(
    session: Session, call: ServiceCall, nomination: Nomination, suspension: NominationSuspension
) -> dict[str, Json]:
    """Put a cleared nomination back; say where its review must begin again, "" where it just rejoins."""
    if suspension.remaining_days is not None:
        today = local(call.now).date()
        due_on = add_working_days(calendar.load(session), today, suspension.remaining_days)
        suspension.new_due_at = (
            datetime.combine(due_on, time(0), ZONE)
            if suspension.due_at is not None and local(suspension.due_at).time() == time(0)
            else end_of_day(due_on)
        )
    new_due = suspensions.describe_new_due(suspension)
    nominations.add_step(nomination, call, "resumed", new_due)
    nominations.move(nomination, call, suspension.status_before, nomination.level, nomination.holder)
    session.flush()
    _tell(session, call, nomination, "nomination.resumed", suspension.id, new_due)
    if suspension.status_before == "returned" and _await_supplement(session, call, nomination):
        return {"restart": ""}
    task = suspensions.open_task(session, nomination)
    if task is not None and (suspension.status_before != "accepted" or _rejoin_draft(session, nomination)):
        suspensions.let_clock_go_on(session, call, task)
        return {"restart": ""}
    if nomination.level in OWN_LEVELS:
        signer = routes.stop(session, nomination.proposal.center).signer
        return {"restart": "center", "signer_group": signer}
    letter = suspensions.letter_here(session, nomination)
    desk = routes.stop(session, letter.to_unit).desk or nomination.holder
    nomination.recommendation = nomination.recommendation_reason = ""  # the new case appraises it anew
    nominations.move(nomination, call, "open", nomination.level, desk)
    message = suspensions.message_to_restart(session, nomination)
    return {
        "restart": "review",
        "restart_message": message,
        "submission": letter.id,
        "submission_key": letter.key,
    }


def _await_supplement(session: Session, call: ServiceCall, nomination: Nomination) -> bool:
    """Leave a nominee that lacks a supplement where it is still asked for; tell whether that is somewhere.

    With the office while it supplements the others, else with the centre, which may return it again.
    """
    proposal = nomination.proposal
    if proposal.status == "returned":
        return True
    month = select(Consolidation.id).where(
        Consolidation.center == proposal.center,
        Consolidation.period == proposal.period,
        Consolidation.status == "open",
    )
    if session.scalar(month) is None:
        return False
    desk = routes.stop(session, proposal.center).desk
    nominations.move(nomination, call, "open", "center", desk, proposal.center)
    session.flush()
    return True


def _tell_suspended(
    session: Session, call: ServiceCall, nomination: Nomination, suspension: NominationSuspension
) -> None:
    kind, left = KINDS[suspension.kind], suspensions.describe_remaining(suspension)
    said = Text(f"{kind.vi}. {left.vi} ({SUSPEND})", f"{kind.en}. {left.en} ({SUSPEND})")
    session.flush()
    _tell(session, call, nomination, "nomination.suspended", suspension.id, said)


def _tell(
    session: Session, call: ServiceCall, nomination: Nomination, kind: str, about: int, said: Text
) -> None:
    office = nomination.proposal.office
    head = {"nomination.suspended": ("Tạm dừng", "Suspended"), "nomination.resumed": ("Tiếp tục", "Resumed")}
    vi, en = head[kind]
    letter = notices.Letter(
        kind=kind,
        about=str(about),
        vi=f"{vi} xét đề nghị cho “{nomination.subject}”: {said.vi}.",
        en=f"{en}: the nomination of '{nomination.subject}'. {said.en}.",
    )
    groups = [f"{office}.head", f"{office}.staff", nomination.holder]
    notices.send(session, call, [group for group in groups if group], letter)


HANDLERS: Mapping[str, Registration] = {
    "complaints.record": Registration(record),
    "complaints.conclude": Registration(conclude),
    "complaints.case": Registration(case),
    "complaints.sign_supplementary": Registration(sign_supplementary),
}
