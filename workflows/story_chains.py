"""Chapters of the demonstration: the chains of the other seeds, each stopped where something is due.

Dates are counted back from today, so that the story is as old as the months of `story`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine import clock
from engine.scenarios import Opening
from workflows import organisation_people, scenarios
from workflows.story import Values, complete, decide, fire_due

Act = Callable[[Session, date], None]
RECOMMENDED = {"decision": "recommend", "reason": ""}
CONTENTS = "Quán triệt chỉ thị, không để bị động\nỨng dụng công nghệ thông tin\nCải cách thủ tục hành chính"
VINH_PHUC_MET = (
    "report_attested",
    "timely_advice",
    "exemplary",
    "it_reform",
    "punctual",
    "no_alcohol_tobacco",
    "no_private_use",
    "united",
)
TWO_NUMBERS = (
    "Thực hiện Quyết định số 1477/QĐ-UBND ngày 22/9/2021 của Chủ tịch UBND tỉnh; hưởng ứng phong trào phát "
    "động tại Quyết định số 1447/QĐ-UBND ngày 22/9/2021."
)


def play(session: Session) -> None:
    """Play every chapter up to today, the earliest act first; timers due on the way fire."""
    now = clock.local(clock.now())
    acts = sorted(((back, act) for chapter in CHAPTERS for back, act in chapter), key=lambda entry: -entry[0])
    for back, act in acts:
        day = now.date() - timedelta(days=back)
        moment = min(datetime.combine(day, time(10, 0), clock.ZONE), now)
        with clock.pinned(moment):
            act(session, day)
    fire_due(session, now)


def begin(session: Session, login: str, process_id: str, unit: str | None = None, **values: Any) -> None:
    """Let a person start a case as the start page does."""
    scenarios.begin(
        session, organisation_people.find_actor(session, login), Opening(process_id, values, unit)
    )


def answer(session: Session, login: str, element: str, **answers: Any) -> None:
    """Let a person complete a task with the form as it is shown, changed by the answers."""
    complete(session, login, element, lambda _: answers)


def _nominee(kind: str, subject: str, achievement: str, day: date, **changes: Any) -> Values:
    return {
        "subject_kind": kind,
        "subject": subject,
        "position": "Chuyên viên" if kind == "individual" else "",
        "type": "thematic",
        "form": "certificate_of_commendation",
        "influence": "department",
        "achievement": achievement,
        "achieved_on": f"{day - timedelta(days=20):%d/%m/%Y}",
        "achievement_ref": "",
        "initiative_ref": "",
        "report_attested": True,
    } | changes


# Vĩnh Phúc (seed 003): bình xét in the offices; one list is before the director, one before its office


def _planning_office_proposes(session: Session, day: date) -> None:
    met = dict.fromkeys(VINH_PHUC_MET, True)
    begin(session, "tham.vp.th", "vinh_phuc_proposal", period=f"{day:%Y-%m}")
    nominees = [
        _nominee(
            "individual", "Đỗ Minh Sang", "Quy trình đăng ký trực tuyến, bớt nửa thời gian.", day, **met
        ),
        _nominee("individual", "Vũ Thị Lành", "Mô hình hỗ trợ doanh nghiệp, nhiều huyện áp dụng.", day, **met)
        | {"form": "certificate_of_merit", "influence": "city_field"},
    ]
    answer(session, "tham.vp.th", "prepare_proposal", report_kind="proposal", nominees=nominees)


def _planning_office_reviews(session: Session, day: date) -> None:
    decide(
        session,
        "tham.vp.th",
        "peer_review",
        lambda _: {"votes_for": 8, "decision": "select"},
        held_on=f"{day:%d/%m/%Y}",
        members=9,
        present=8,
    )
    answer(session, "tri.vp.th", "head_review", decision="sign")


def _planning_department_appraises(session: Session, _day: date) -> None:
    decide(session, "man.vp.vp", "appraise", lambda _: RECOMMENDED)


def _business_office_prepares(session: Session, day: date) -> None:
    met = dict.fromkeys(VINH_PHUC_MET, True)
    begin(session, "duyen.vp.dkkd", "vinh_phuc_proposal", period=f"{day:%Y-%m}")
    nominee = _nominee("individual", "Kiều Thị Hảo", "Trả kết quả đăng ký trước hạn suốt năm.", day, **met)
    answer(session, "duyen.vp.dkkd", "prepare_proposal", report_kind="proposal", nominees=[nominee])


# GTVT (seed 004): a party cell finds a good example, the union proposes


def _cell_finds_an_example(session: Session, day: date) -> None:
    begin(session, "phuong.gt.cb1", "gtvt_example", period=f"{day:%Y-%m}")
    found = {"type": "ad_hoc", "position": "", "fostered": True, "to_be_spread": True}
    nominee = _nominee(
        "individual", "Hoàng Kim Oanh", "Lập chốt hỗ trợ lái xe đường dài suốt hai tháng.", day, **found
    )
    answer(session, "phuong.gt.cb1", "describe_examples", report_kind="proposal", nominees=[nominee])
    answer(session, "tien.gt.cb1", "head_confirm", decision="sign")


def _transport_department_awards(session: Session, _day: date) -> None:
    decide(session, "trinh.gt.vp", "appraise", lambda _: RECOMMENDED)
    decide(
        session, "hao.gt.sgtvt", "decide", lambda _: {"decision": "award", "reason": ""}, decision="approve"
    )


def _union_proposes(session: Session, day: date) -> None:
    begin(session, "loan.gt.cd", "gtvt_example", period=f"{day:%Y-%m}")
    found = {"type": "ad_hoc", "fostered": True, "to_be_spread": False}
    nominee = _nominee(
        "collective", "Tổ Công đoàn bến xe", "Vận động 300 suất quà cho người lao động.", day, **found
    )
    answer(session, "loan.gt.cd", "describe_examples", report_kind="proposal", nominees=[nominee])
    answer(session, "viet.gt.cd", "head_confirm", decision="sign")


# Tuyên Quang (seed 000): a plan without an award part, signed KT., on its way to the units


def _plan_is_written(session: Session, _day: date) -> None:
    begin(session, "hoai.tq.vp", "construction_launch", "TQ.SXD", title="Ngành Xây dựng đoàn kết, chung sức")
    recipients = [
        {"unit": "BXD", "purpose": "report"},
        {"unit": "TQ.SXD.QLXD", "purpose": "implement"},
        {"unit": "TQ.SXD.TTQH", "purpose": "implement"},
    ]
    answer(session, "hoai.tq.vp", "write_plan", contents=CONTENTS, recipients=recipients)


def _plan_is_signed_for_the_director(session: Session, _day: date) -> None:
    answer(session, "luyen.tq.sxd", "sign_for_director", decision="sign")


def _one_unit_receives(session: Session, _day: date) -> None:
    answer(session, "ngan.tq.qlxd", "receive_plan")


# Quảng Ngãi (seed 002): the sum-up, with one decision under two numbers before the deputy director


def _sum_up_is_asked_for(session: Session, day: date) -> None:
    begin(
        session,
        "suong.qn.snv",
        "summary_request",
        movement="692/KH-SXD",
        number="1918/SNV-TĐKT",
        issued_on=day.isoformat(),
        since="2021-10-04",
        until=day.isoformat(),
        due_on=(day + timedelta(days=25)).isoformat(),
    )
    answer(
        session,
        "mien.qn.qlxd",
        "contribute",
        advantages="Lãnh đạo Sở chỉ đạo kịp thời",
        difficulties="Khối lượng công việc tăng",
        propaganda="Phối hợp Công đoàn cơ sở, Đoàn Thanh niên",
        results="100% công chức tiêm vắc xin\n100% cài đặt PC-Covid",
    )
    answer(session, "nhan.qn.htkt", "contribute", results="Trao 10 triệu đồng cho Công đoàn Viên chức tỉnh")


def _sum_up_is_written(session: Session, _day: date) -> None:
    answer(session, "thao.qn.vp", "write_report", leadership=TWO_NUMBERS, warnings_confirmed=True)
    answer(session, "le.qn.stc", "write_report", results="Thu ngân sách đạt dự toán")
    answer(session, "nghia.qn.stc", "sign_report", decision="sign")


# Đà Nẵng (seed 001) once more: a plan to be signed, a difficulty, the council of the province is called


def _center_drafts_a_plan(session: Session, _day: date) -> None:
    begin(session, "mai.tchc", "movement_launch", title="Chuyển đổi số trong thiết kế")
    recipients = [
        {"unit": "SXD", "purpose": "report"},
        {"unit": "P1", "purpose": "implement"},
        {"unit": "P2", "purpose": "implement"},
    ]
    answer(
        session,
        "mai.tchc",
        "draft_plan",
        contents="Số hóa hồ sơ thiết kế\nDùng chữ ký số",
        has_award_part="no",
        recipients=recipients,
    )


def _office_reports_a_difficulty(session: Session, _day: date) -> None:
    begin(
        session,
        "chi.p2",
        "difficulty_report",
        movement="598/KH-TTTV",
        content="Chưa có mẫu báo cáo thành tích cho tập thể",
    )


def _agencies_agree(session: Session, _day: date) -> None:
    for login in ("nga.thue", "lam.tttp"):
        decide(session, login, "give_agency_opinion", lambda _: {"decision": "agree"}, document="12/CV-LN")


def _council_is_called(session: Session, day: date) -> None:
    """Invite the council of the province to a day ahead; some members have answered."""
    meets_at = datetime.combine(day + timedelta(days=9), time(8, 0), clock.ZONE)
    answer(
        session,
        "quynh.snv",
        "convene",
        meets_at=meets_at.isoformat(timespec="minutes"),
        place="Phòng họp UBND thành phố",
        agenda="Xét đề nghị khen thưởng cấp Nhà nước",
        ballot="secret",
    )
    answer(session, "son.ubnd", "reply", answer="coming")
    answer(session, "kiet.btv", "reply", answer="absent", reason="Đi công tác")


CHAPTERS: Sequence[Sequence[tuple[int, Act]]] = (
    (
        (9, _planning_office_proposes),
        (8, _planning_office_reviews),
        (6, _planning_department_appraises),
        (3, _business_office_prepares),
    ),
    ((12, _cell_finds_an_example), (9, _transport_department_awards), (4, _union_proposes)),
    ((11, _plan_is_written), (10, _plan_is_signed_for_the_director), (7, _one_unit_receives)),
    ((10, _sum_up_is_asked_for), (5, _sum_up_is_written)),
    ((2, _center_drafts_a_plan), (1, _office_reports_a_difficulty)),
    ((4, _agencies_agree), (3, _council_is_called)),
)
