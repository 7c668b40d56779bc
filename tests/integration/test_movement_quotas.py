"""Quotas of plans: the unit's own row before that of all, the form's before that for every form, by date."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound, Refused
from tests.chain import COORDINATION, DEPARTMENT_OFFICE, DIRECTOR, Chain, individual
from workflows import demo, movement_plans, movements
from workflows.movement_quotas import Quota

MERIT, COMMENDATION = "certificate_of_merit", "certificate_of_commendation"
DAY = date(2026, 3, 1)


def three(session: Session, unit: str, form: str, individuals: int, day: date = DAY) -> None:
    """Add a quota of so many individuals to the plan of Đắk Lắk."""
    movement = movements.find(session, "0125/KH-UBND")
    quota = Quota(None, individuals, None, None, "mục IV")
    movement_plans.add_quota(session, movement, (unit, form), quota, day)


def test_the_carried_plans_limit_by_number_and_by_share(session: Session) -> None:
    demo.load(session)

    by_number = movements.quota(session, "0125/KH-UBND", "P1", MERIT, DAY)
    by_share = movements.quota(session, "157/KH-UBND", "P1", MERIT, DAY)
    before = movements.quota(session, "0125/KH-UBND", "P1", MERIT, date(2025, 11, 17))
    silent = movements.quota(session, "598/KH-TTTV", "P1", MERIT, DAY)

    assert by_number is not None
    assert (by_number.limit("collective"), by_number.limit("individual")) == (1, 3)
    assert by_share is not None
    assert (by_share.limit("collective", 25), by_share.limit("individual", 39)) == (2, 1)
    assert (before, silent) == (None, None)


def test_the_nearest_row_counts(session: Session) -> None:
    demo.load(session)
    three(session, "", MERIT, 4)
    three(session, "P1", "", 5)
    three(session, "P1", MERIT, 6)

    found = [
        movements.quota(session, "0125/KH-UBND", unit, form, DAY)
        for unit, form in (("P1", MERIT), ("P1", COMMENDATION), ("P2", MERIT), ("P2", COMMENDATION))
    ]

    assert [quota.individuals for quota in found if quota is not None] == [6, 5, 4, 3]


def test_a_quota_of_an_unknown_unit_or_form_or_without_source_is_refused(session: Session) -> None:
    demo.load(session)
    movement = movements.find(session, "0125/KH-UBND")

    with pytest.raises(NotFound):
        three(session, "P99", MERIT, 1)
    with pytest.raises(Refused):
        three(session, "P1", "no_such_form", 1)
    with pytest.raises(Refused):
        movement_plans.add_quota(session, movement, ("P1", MERIT), Quota(1, None, None, None, " "), DAY)
    with pytest.raises(Refused):
        movement_plans.add_quota(session, movement, ("P1", MERIT), Quota(None, None, None, None, "IV"), DAY)
    three(session, "P1", MERIT, 1)
    with pytest.raises(Refused):
        three(session, "P1", MERIT, 2)


def test_a_list_beyond_its_quota_warns_the_center_and_the_department_with_the_source(
    session: Session,
) -> None:
    chain = Chain(session, "2026-10-01 09:00")
    movement = movements.find(session, "598/KH-TTTV")
    quota = Quota(None, 1, None, None, "Kế hoạch thử, mục IV")
    movement_plans.add_quota(session, movement, ("P1", COMMENDATION), quota, date(2026, 1, 1))
    chain.open_month("2026-10")
    chain.propose("P1", "2026-10", [individual("Nguyễn An"), individual("Trần Bình")])
    chain.propose("P2", "2026-10", [individual("Lê Chi"), individual("Phạm Dũng")])

    _task, at_center, _values = chain.form(COORDINATION, "review_proposals")
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")
    _task, at_department, _values = chain.form(DEPARTMENT_OFFICE, "appraise")

    for warned in (at_center["quota_warning"], at_department["quota_warning"]):
        assert "2 đề nghị, hạn mức còn 1 (Kế hoạch thử, mục IV)" in warned
        assert warned.count("đề nghị") == 1
    clock.unpin()
