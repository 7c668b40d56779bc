"""A running story for the demonstration: last month from proposal to answers, this month under way.

The invented people of `demo` act through the same commands as everybody else, at the moments they would have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine import clock, deployments, forms, instances, tasks, timers
from engine.actors import Actor
from engine.handlers import Json
from engine.tables import ProcessInstance, UserTask
from workflows import organisation_people

MOVEMENT, CENTER = "598/KH-TTTV", "TTTV"
STAFF = {"P1": "an.p1", "P2": "chi.p2", "P3": "giang.p3", "P4": "khanh.p4"}
HEADS = {"P1": "binh.p1", "P2": "dung.p2", "P3": "hai.p3", "P4": "lan.p4"}
COORDINATION, DIRECTOR = "mai.tchc", "nam.tttv"
DEPARTMENT_OFFICE, DEPARTMENT_DIRECTOR = "oanh.vps", "phuc.sxd"
HOME_AFFAIRS, CHAIR = "quynh.snv", "son.ubnd"

Values = dict[str, Any]


def find_task(session: Session, actor: Actor, element: str, business_key: str = "") -> UserTask:
    """Return the oldest open task of an element that the actor could work on."""
    query = tasks.open_for(actor).where(UserTask.element == element)
    if business_key:
        query = query.where(UserTask.business_key == business_key)
    return session.scalars(query.order_by(UserTask.id).limit(1)).one()


def read_form(session: Session, task: UserTask, actor: Actor) -> Values:
    """Return the values that the task's form shows before anybody typed."""
    context = tasks.form_context(session, task, actor)
    return dict(forms.defaults(deployments.form(session, task.form_id or ""), context))


def complete(session: Session, login: str, element: str, answer: Callable[[Values], Values]) -> UserTask:
    """Complete a task with its form as shown, changed by the answer."""
    actor = organisation_people.find_actor(session, login)
    task = find_task(session, actor, element)
    values = read_form(session, task, actor)
    return tasks.complete(session, task.id, {**values, **answer(values)}, actor)


def decide(
    session: Session, login: str, element: str, choose: Callable[[Values], Values], **answers: Any
) -> UserTask:
    """Complete a task that has one row per nominee: `choose` says what changes in each row."""
    return complete(
        session,
        login,
        element,
        lambda values: {"rows": [{**row, **choose(row)} for row in values["rows"]], **answers},
    )


def fire_due(session: Session, moment: datetime) -> None:
    """Fire every timer due until a moment at its own time, as the worker would have done."""
    while found := timers.due(session, moment):
        with clock.pinned(max(found[0].due_at, clock.now())):
            timers.fire(session, found[0].id)


def open_month(session: Session, period: str) -> ProcessInstance:
    """Let the coordinating office open a month."""
    variables: dict[str, Json] = {"movement": MOVEMENT, "period": period, "center": CENTER}
    actor = organisation_people.find_actor(session, COORDINATION)
    return instances.start(session, "center_consolidation", variables, actor, f"{CENTER}/{period}")


def open_proposal(session: Session, office: str, period: str) -> ProcessInstance:
    """Let the staff of an office open its proposal for a month."""
    variables: dict[str, Json] = {
        "movement": MOVEMENT,
        "period": period,
        "office": office,
        "center": CENTER,
    }
    actor = organisation_people.find_actor(session, STAFF[office])
    return instances.start(session, "office_proposal", variables, actor, f"{office}/598/{period}")


def prepare(session: Session, office: str, nominees: Sequence[Values]) -> None:
    """Let the staff of an office write its list; an empty one reports that there is nothing to propose."""
    kind = "proposal" if nominees else "nothing_to_report"
    complete(
        session,
        STAFF[office],
        "prepare_proposal",
        lambda _: {"report_kind": kind, "nominees": list(nominees)},
    )


def sign(session: Session, office: str) -> None:
    """Let the head of an office sign its list."""
    complete(session, HEADS[office], "head_review", lambda _: {"decision": "sign"})


def individual(subject: str, achievement: str, **changes: Any) -> Values:
    """Return a person who meets every criterion of III.1.b, for a Giấy khen."""
    return {
        "subject_kind": "individual",
        "subject": subject,
        "position": "Chuyên viên",
        "type": "thematic",
        "form": "certificate_of_commendation",
        "influence": "department",
        "achievement": achievement,
        "achieved_on": "05/01/2026",
        "achievement_ref": "",
        "initiative_ref": "",
        "report_attested": True,
        "tasks_completed": True,
        "contributed": True,
        "complied": True,
        "not_criticised": True,
    } | changes


def collective(subject: str, achievement: str, **changes: Any) -> Values:
    """Return an office that meets every criterion of III.1.a, for a Giấy khen."""
    return {
        "subject_kind": "collective",
        "subject": subject,
        "type": "thematic",
        "form": "certificate_of_commendation",
        "influence": "department",
        "achievement": achievement,
        "achieved_on": "10/01/2026",
        "achievement_ref": "",
        "initiative_ref": "",
        "report_attested": True,
        "completed_percent": 100,
        "collective_not_criticised": True,
        "quality_assured": True,
        "proactive": True,
        "exemplary": True,
        "violations": 0,
    } | changes


MERIT = {"form": "certificate_of_merit", "influence": "city_field"}
STATE = {"form": "state_level", "influence": "nation"}
LAST_MONTH: dict[str, list[Values]] = {
    "P1": [
        individual("Nguyễn Minh Khôi", "Vẽ xong mẫu chốt kiểm soát ở bảy cửa ngõ thành phố trong ba ngày."),
        individual("Phan Bảo Ngọc", "Lập thiết kế bệnh viện dã chiến 1.700 giường, dùng ở ba nơi.", **MERIT),
        individual("Lưu Đức Tín", "Tham gia khảo sát hiện trường các chốt kiểm soát.", not_criticised=False),
    ],
    "P2": [
        collective("Phòng Giám sát", "Giám sát liên tục bốn công trình phòng dịch, không chậm tiến độ."),
        individual("Trương Hải Yến", "Đề xuất mô hình giám sát từ xa được nhiều tỉnh áp dụng.", **STATE),
    ],
    "P3": [],
    "P4": [individual("Châu Gia Hân", "Vận động và chuyển 40 suất thiết bị bảo hộ cho các chốt kiểm soát.")],
}
THIS_MONTH: dict[str, list[Values]] = {
    "P1": [
        individual("Đinh Thu Phương", "Số hóa hồ sơ thiết kế, rút thời gian tra cứu còn một phần ba."),
        individual("Vương Nhật Quang", "Lập quy trình kiểm tra mẫu chốt dùng chung cho các quận.", **MERIT),
        individual("Tô Khánh Linh", "Hỗ trợ cài đặt phần mềm khai báo cho khách hàng.", complied=False),
    ],
    "P2": [collective("Phòng Giám sát", "Hoàn thành giám sát năm công trình, phát hiện hai sai sót lớn.")],
    "P3": [],
}


def play(session: Session) -> None:
    """Play last month to its end and this month up to today; both keep to the calendar as far as they can."""
    today = clock.local(clock.now()).date()
    first = today.replace(day=1)
    last = (first - timedelta(days=1)).replace(day=1)
    play_last_month(session, last)
    # after the reporting dates the story is told for the coming month, whose dates are still ahead
    this = first if today.day < 10 else (first + timedelta(days=32)).replace(day=1)
    _play_this_month(session, f"{this:%Y-%m}")


def play_last_month(session: Session, first: date) -> None:
    """Play the month that begins on a day: Bằng khen are decided, what needs a council is being prepared."""
    period = f"{first:%Y-%m}"
    for day, act in (
        (1, lambda: _open_all(session, period, LAST_MONTH)),
        (8, lambda: _review_last_month(session)),
        (9, lambda: _supplement(session)),
        (14, lambda: decide(session, COORDINATION, "review_proposals", _accept, closed=True)),
        (15, lambda: complete(session, DIRECTOR, "sign_submission", lambda _: {"decision": "sign"})),
        (20, lambda: _decide_at_department(session)),
        (24, lambda: _decide_above(session)),
        (26, lambda: _acknowledge(session)),
    ):
        moment = datetime.combine(first.replace(day=day), time(9, 30), clock.ZONE)
        fire_due(session, moment)
        with clock.pinned(moment):
            act()


def _open_all(session: Session, period: str, proposals: dict[str, list[Values]]) -> None:
    open_month(session, period)
    for office, nominees in proposals.items():
        open_proposal(session, office, period)
        prepare(session, office, nominees)
        sign(session, office)


def _accept(_row: Values) -> Values:
    return {"decision": "accept", "reason": ""}


def _review_last_month(session: Session) -> None:
    def choose(row: Values) -> Values:
        if row["subject"] == "Châu Gia Hân":
            return {"decision": "return", "reason": "Báo cáo thành tích chưa ghi số lượng và nơi nhận"}
        return {"decision": "later", "reason": ""}

    decide(session, COORDINATION, "review_proposals", choose)


def _supplement(session: Session) -> None:
    complete(session, STAFF["P4"], "supplement", lambda _: {})
    sign(session, "P4")


def _decide_at_department(session: Session) -> None:
    decide(session, DEPARTMENT_OFFICE, "appraise", lambda _: {"decision": "recommend", "reason": ""})

    def choose(row: Values) -> Values:
        own = row["form_label"].startswith("Giấy khen")
        return {"decision": "award" if own else "submit_up", "reason": ""}

    decide(session, DEPARTMENT_DIRECTOR, "decide", choose, decision="approve")


def _decide_above(session: Session) -> None:
    decide(session, HOME_AFFAIRS, "appraise", lambda _: {"decision": "recommend", "reason": ""})
    decide(session, CHAIR, "decide_merit", lambda _: {"decision": "award", "reason": ""})


def _acknowledge(session: Session) -> None:
    """Let the heads of offices whose nominees all have their answers tell them."""
    for head in HEADS.values():
        actor = organisation_people.find_actor(session, head)
        waiting = tasks.open_for(actor).where(UserTask.element == "acknowledge_results")
        if session.scalars(waiting).first() is not None:
            complete(session, head, "acknowledge_results", lambda _: {"informed": True})


def _play_this_month(session: Session, period: str) -> None:
    open_month(session, period)
    for office, nominees in THIS_MONTH.items():
        open_proposal(session, office, period)
        prepare(session, office, nominees)
    sign(session, "P1")
    sign(session, "P3")
    open_proposal(session, "P4", period)
