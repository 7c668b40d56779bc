"""The launch of a movement through its real process: draft, signature by capacity, distribution, receipt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from engine import clock, instances
from engine.clock import local
from engine.errors import FormInvalid
from tests.chain import COORDINATION, DIRECTOR, Chain
from workflows import movements, story
from workflows.tables import Document, Example, Movement, MovementRecipient, MovementVersion, Notice

RECIPIENTS = [
    {"unit": "SXD", "purpose": "report"},
    {"unit": "P1", "purpose": "implement"},
    {"unit": "P2", "purpose": "implement"},
]


@pytest.fixture(autouse=True)
def running_clock() -> Iterator[None]:
    yield
    clock.unpin()


def launch(chain: Chain, **changes: object) -> MovementVersion:
    """Let the coordinating office draft a plan."""
    values = {"office": "TCHC", "center": "TTTV", "title": "Chuyển đổi số"}
    instances.start(chain.session, "movement_launch", values, chain.actor(COORDINATION))
    given = {"contents": "Số hóa hồ sơ\nDùng chữ ký số", "has_award_part": "no", "recipients": RECIPIENTS}
    chain.do(COORDINATION, "draft_plan", **{**given, **changes})
    return chain.session.scalars(select(MovementVersion)).one()


def lines_of(version: MovementVersion) -> list[str]:
    """Return the lines above the signature of a version."""
    assert version.signature is not None
    lines: list[str] = version.signature["lines"]
    return lines


def test_number_and_day_are_blank_until_the_plan_is_signed(session: Session) -> None:
    chain = Chain(session, "2026-10-01 09:00")
    drafted = launch(chain)
    before = (drafted.number, drafted.issued_on, session.scalars(select(Movement.code)).all())

    chain.do(DIRECTOR, "sign_plan", decision="sign")

    assert before[:2] == ("", None)
    assert "01/KH-TTTV" not in before[2]
    assert (drafted.number, drafted.issued_on) == ("01/KH-TTTV", date(2026, 10, 1))
    assert lines_of(drafted) == ["GIÁM ĐỐC"]
    movement = movements.find(session, "01/KH-TTTV")
    assert (movement.title, movement.center) == ("Chuyển đổi số", "TTTV")
    document = session.scalars(select(Document).where(Document.kind == "launch_plan")).one()
    assert document.number == "01/KH-TTTV"


def test_a_deputy_signs_for_the_head_and_others_are_not_offered_the_plan(session: Session) -> None:
    chain = Chain(session, "2026-10-01 09:00")
    drafted = launch(chain)

    with pytest.raises(NoResultFound):
        story.complete(session, "an.p1", "sign_plan", lambda _: {"decision": "sign"})
    chain.do("thu.tttv", "sign_plan", decision="sign")

    assert lines_of(drafted) == ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]


def test_each_recipient_hears_by_purpose_and_units_acknowledge_before_the_plan_holds(
    session: Session,
) -> None:
    chain = Chain(session, "2026-10-01 09:00")
    drafted = launch(chain)
    chain.do(DIRECTOR, "sign_plan", decision="sign")

    chain.do("an.p1", "acknowledge_plan", note="Đã phổ biến")
    waiting = drafted.status
    chain.move("2026-10-07 09:00")
    chain.do("chi.p2", "acknowledge_plan")

    told = {
        row.group_name: row.vi
        for row in session.scalars(select(Notice).where(Notice.kind == "plan_distributed"))
    }
    assert "báo cáo" in told["SXD.office"]
    assert "thực hiện" in told["P1.staff"]
    reminded = session.scalars(select(Notice.group_name).where(Notice.kind == "plan_reminder")).all()
    assert reminded == ["P2.staff"]
    filed = session.scalars(select(MovementRecipient.name).where(MovementRecipient.purpose == "file")).all()
    assert filed == ["VT"]
    assert (waiting, drafted.status, drafted.applies_from) == ("distributed", "in_force", "2026-10")
    acknowledged = session.scalars(select(MovementRecipient).where(MovementRecipient.unit_code == "P1")).one()
    assert (acknowledged.acknowledged_by, acknowledged.note) == ("an.p1", "Đã phổ biến")


def test_the_reporting_dates_of_a_launched_plan_are_those_of_its_months(session: Session) -> None:
    chain = Chain(session, "2026-10-01 09:00")

    with pytest.raises(FormInvalid):
        launch(chain, office_day=20, center_day=16)
    chain.do(
        COORDINATION, "draft_plan", contents="Số hóa", recipients=RECIPIENTS, office_day=12, center_day=18
    )
    chain.do(DIRECTOR, "sign_plan", decision="sign")

    movement = movements.find(session, "01/KH-TTTV")
    office, center = movements.deadlines(session, movement, "2026-11")
    assert [local(moment.late_from).day for moment in (office, center)] == [12, 18]


def test_a_plan_needs_contents_and_somebody_that_carries_it_out(session: Session) -> None:
    chain = Chain(session, "2026-10-01 09:00")

    with pytest.raises(FormInvalid) as empty:
        launch(chain, contents=" ")
    chain.session.rollback()

    assert "contents" in empty.value.messages


def test_two_units_of_one_symbol_have_a_book_each_and_their_movements_names_apart(session: Session) -> None:
    chain = Chain(session, "2026-09-07 09:00")
    rows = [{"unit": "TQ.SXD.QLXD", "purpose": "implement"}]
    for login, office, deputy, recipients in (
        ("hoai.tq.vp", "TQ.SXD", "luyen.tq.sxd", rows),
        ("oanh.vps", "SXD", "cuong.sxd", [{"unit": "TTTV", "purpose": "implement"}]),
    ):
        values = {"office": office, "title": f"Phong trào của {office}"}
        instances.start(session, "construction_launch", values, chain.actor(login))
        chain.do(login, "write_plan", contents="Đoàn kết", recipients=recipients)
        chain.do(deputy, "sign_for_director", decision="sign")

    versions = session.scalars(select(MovementVersion).order_by(MovementVersion.id)).all()
    assert [version.number for version in versions] == ["01/KH-SXD", "01/KH-SXD"]
    assert [version.movement_code for version in versions] == ["01/KH-SXD", "01/KH-SXD (SXD, 2026)"]


def test_a_dissolved_unit_receives_no_plan(session: Session) -> None:
    chain = Chain(session, "2026-10-01 09:00")
    rows = [{"unit": "P5", "purpose": "implement"}]

    with pytest.raises(FormInvalid) as refused:
        launch(chain, recipients=rows)

    assert list(refused.value.messages) == ["recipients.0.unit"]


def test_seed_000_runs_without_award_part_and_praises_good_deeds(session: Session) -> None:
    chain = Chain(session, "2026-09-07 09:00")
    values = {"office": "TQ.SXD", "center": "TQ.UBND", "title": "Ngành Xây dựng đoàn kết, chung sức"}
    instances.start(session, "construction_launch", values, chain.actor("hoai.tq.vp"))
    rows = [{"unit": "BXD", "purpose": "report"}, {"unit": "TQ.SXD.QLXD", "purpose": "implement"}]

    chain.do("hoai.tq.vp", "write_plan", contents="Quán triệt chỉ thị", recipients=rows)
    chain.do("luyen.tq.sxd", "sign_for_director", decision="sign")
    chain.do("ngan.tq.qlxd", "receive_plan")
    chain.do(
        "ngan.tq.qlxd",
        "report_examples",
        examples=[{"subject": "Tổ thẩm định", "deed": "Làm trong hai ngày"}],
    )
    chain.decide("luyen.tq.sxd", "praise_examples", lambda _: {"decision": "praise"})

    version = session.scalars(select(MovementVersion)).one()
    assert lines_of(version) == ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]
    assert version.record["award_forms"] == []
    ministry = session.scalars(select(Notice).where(Notice.group_name == "BXD.staff")).one()
    assert "báo cáo" in ministry.vi
    assert session.scalars(select(Example)).one().status == "praised"
