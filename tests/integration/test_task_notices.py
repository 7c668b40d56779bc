"""What people of the house are told about a late task, and who hears it when nobody is in the group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.task_alerts import Alert
from tests.chain import at
from workflows import demo, notices, task_notices
from workflows.tables import Membership, Person

LATE = Alert(
    kind="escalation",
    level=1,
    task_id=7,
    instance_id=1,
    name="Thẩm định hồ sơ",
    subject="Hồ sơ của ông A",
    business_key="P1/1",
    due_at=at("2026-11-02 23:59"),
    holder=None,
    groups=("P1.staff",),
    at=at("2026-11-04 08:00"),
    planned_at=at("2026-11-04 08:00"),
)


@pytest.fixture
def house(session: Session) -> Iterator[Session]:
    """Give the demonstration's organisation on 4 November 2026."""
    clock.pin(LATE.at)
    demo.load(session)
    yield session
    clock.unpin()


def leave(session: Session, login: str) -> None:
    """Let a person be gone: absent for good, or in the group no more."""
    session.scalars(select(Person).where(Person.login == login)).one().active = False


@pytest.mark.parametrize(
    ("group", "gone", "told"),
    [
        ("P1.staff", (), "P1.staff"),
        ("P1.staff", ("an.p1",), "P1.head"),  # the head stands in for the absent staff
        ("P1.staff", ("an.p1", "binh.p1"), "TTTV.director"),  # then who leads the unit above
        ("P1.nobody", (), "P1.head"),
        ("XYZ.staff", (), "administrators"),  # no such unit
        ("administrators", (), "administrators"),
        ("user:an.p1", (), "user:an.p1"),
    ],
)
def test_an_empty_group_is_heard_by_who_leads_its_unit_and_at_last_by_the_administrators(
    house: Session, group: str, gone: tuple[str, ...], told: str
) -> None:
    for login in gone:
        leave(house, login)

    assert list(task_notices.deliver(house, replace(LATE, groups=(group,)))) == [told]


def test_a_membership_that_is_over_does_not_count(house: Session) -> None:
    membership = house.scalars(select(Membership).where(Membership.group_name == "P1.staff")).one()
    membership.valid_until = date(2026, 11, 3)

    assert list(task_notices.deliver(house, LATE)) == ["P1.head"]


@pytest.mark.parametrize(
    ("alert", "vi", "en"),
    [
        (LATE, "quá hạn 02/11/2026 23:59, báo cáo vượt cấp 1", "escalated to level 1"),
        (replace(LATE, kind="reminder", level=0), "đã quá hạn 02/11/2026 23:59", "is overdue since"),
        (replace(LATE, kind="reminder", level=0, at=at("2026-11-01 08:00")), "đến hạn 02/11/2026", "is due"),
        (replace(LATE, kind="reminder", level=0, due_at=None), "chưa có ai nhận", "Nobody has taken"),
    ],
)
def test_each_alert_says_what_it_is_about_in_both_languages(
    house: Session, alert: Alert, vi: str, en: str
) -> None:
    task_notices.deliver(house, alert)
    task_notices.deliver(house, alert)  # the same one is not told twice

    (notice,) = notices.list_for(house, ["P1.staff"])
    assert "“Thẩm định hồ sơ” (Hồ sơ của ông A)" in notice.vi
    assert vi in notice.vi
    assert en in notice.en
