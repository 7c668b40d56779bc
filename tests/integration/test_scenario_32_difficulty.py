"""Scenario 32: an office reports a difficulty; the plan's second version holds for the months after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, instances
from engine.clock import local
from tests.chain import COORDINATION, DIRECTOR, MOVEMENT, STAFF, Chain, at
from workflows import movement_versions, movements
from workflows.tables import Difficulty, Document, MovementVersion, Notice


@pytest.fixture(autouse=True)
def running_clock() -> Iterator[None]:
    yield
    clock.unpin()


def report(chain: Chain, office: str, content: str) -> Difficulty:
    """Let the staff of an office report a difficulty about the plan."""
    values = {"office": office, "center": "TTTV", "movement": MOVEMENT, "content": content}
    instances.start(chain.session, "difficulty_report", values, chain.actor(STAFF[office]))
    return chain.session.scalars(select(Difficulty).order_by(Difficulty.id.desc()).limit(1)).one()


def test_scenario_32_an_amendment_after_a_difficulty_applies_to_the_months_after_it(session: Session) -> None:
    chain = Chain(session, "2026-10-05 09:00")
    chain.open_month("2026-10")
    difficulty = report(chain, "P1", "Trước ngày 16 quá gấp vì quyết toán ngày 15")

    chain.do(
        COORDINATION, "answer_difficulty", decision="amend", answer="Lùi hạn", office_day=18, center_day=22
    )
    chain.do(DIRECTOR, "sign_amendment", decision="sign")
    chain.move("2026-11-02 09:00")
    chain.open_month("2026-11")

    version = session.scalars(select(MovementVersion).where(MovementVersion.version == 2)).one()
    assert (version.status, version.applies_from, version.number) == ("in_force", "2026-11", "01/KH-TTTV")
    assert difficulty.status == "amended"
    issued = session.scalars(select(Document).where(Document.kind == "launch_plan")).one()
    assert (issued.number, "598/KH-TTTV" in issued.subject_line) == ("01/KH-TTTV", True)
    assert [chain.consolidation(month).center_due_at for month in ("2026-10", "2026-11")] == [
        at("2026-10-20 00:00"),
        at("2026-11-22 00:00"),
    ]
    told = session.scalars(select(Notice.group_name).where(Notice.kind == "plan_amended"))
    assert {"P1.staff", "P2.staff", "P3.staff", "P4.staff"} <= set(told)


def test_a_difficulty_that_is_answered_changes_no_plan(session: Session) -> None:
    chain = Chain(session, "2026-10-05 09:00")
    difficulty = report(chain, "P2", "Chưa có mẫu báo cáo")

    chain.do(COORDINATION, "answer_difficulty", decision="answer", answer="Dùng mẫu 02")

    assert (difficulty.status, difficulty.answer) == ("answered", "Dùng mẫu 02")
    assert session.scalars(select(MovementVersion)).all() == []
    answered = session.scalars(select(Notice).where(Notice.kind == "difficulty_answered")).one()
    assert (answered.group_name, "598/KH-TTTV, mục IV" in answered.vi) == ("P2.staff", True)


def test_what_the_amendment_changes_is_shown_before_it_is_signed(session: Session) -> None:
    chain = Chain(session, "2026-10-05 09:00")
    report(chain, "P1", "Cần thêm nội dung chuyển đổi số")
    chain.do(
        COORDINATION, "answer_difficulty", decision="amend", answer="Bổ sung", new_content="Số hóa hồ sơ"
    )

    _, context, _ = chain.form(DIRECTOR, "sign_amendment")

    assert [row["part"] for row in context["changes"]] == ["Nội dung"]
    assert "Số hóa hồ sơ" in context["changes"][0]["after"]
    assert context["applies_from"] == "tháng 11/2026"


def test_a_returned_amendment_leaves_no_version_behind(session: Session) -> None:
    chain = Chain(session, "2026-12-05 09:00")
    report(chain, "P1", "Quá gấp")
    chain.do(COORDINATION, "answer_difficulty", decision="amend", answer="Lùi", office_day=17, center_day=21)

    chain.do(DIRECTOR, "sign_amendment", decision="return", reason="Chưa cần")

    assert session.scalars(select(MovementVersion)).all() == []
    assert chain.open_tasks(COORDINATION) == ["answer_difficulty"]


def test_the_month_after_december_is_january_of_the_next_year(session: Session) -> None:
    chain = Chain(session, "2026-12-05 09:00")
    report(chain, "P1", "Quá gấp")
    chain.do(COORDINATION, "answer_difficulty", decision="amend", answer="Lùi", office_day=17, center_day=21)

    chain.do(DIRECTOR, "sign_amendment", decision="sign")

    movement = movements.find(session, MOVEMENT)
    days = [
        [entry["day"] for entry in movement_versions.record_of(session, movement, month)["reporting"]]
        for month in ("2026-12", "2027-01")
    ]
    assert days == [[16, 20], [17, 21]]
    assert local(clock.now()).year == 2026
