"""A household (hộ gia đình) goes the way of everybody else and is paid 1.5 times an individual (Đ49)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from tests.chain import Chain, Row, individual
from tests.integration.test_scenario_11_17_18_27_31_rules import decide, send
from workflows import awards, statistics
from workflows.documents.reports import report_kind
from workflows.tables import Document


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain in May 2026."""
    yield Chain(session, "2026-05-04 09:00")
    clock.unpin()


def household(subject: str) -> Row:
    """Return a household; no criterion of the plan is written for one."""
    row = individual(subject, position="")
    answers = {"report_attested", "tasks_completed", "contributed", "complied", "not_criticised"}
    return {name: value for name, value in row.items() if name not in answers} | {"subject_kind": "household"}


def test_a_household_is_checked_awarded_counted_and_paid_by_its_own_rule(chain: Chain) -> None:
    chain.open_month("2026-05")
    chain.propose("P1", "2026-05", [household("Hộ bà Lê Thị Tư"), individual("Nguyễn An")])

    precheck = chain.nomination("Hộ bà Lê Thị Tư").precheck
    send(chain, "2026-05-18 09:00")
    decide(chain, "2026-05-25 09:00")

    assert precheck["failures"] == []
    assert {entry["key"]: entry["outcome"] for entry in precheck["rules"]}["subject_kind"] == "met"
    home, person = chain.nomination("Hộ bà Lê Thị Tư"), chain.nomination("Nguyễn An")
    assert (home.status, person.status) == ("awarded", "awarded")
    amounts = [awards.money_of(chain.session, one) for one in (person, home)]
    assert [amount.dong for amount in amounts if amount] == [710_000, 1_060_000]  # 0.3 and 0.45 of 2,340,000
    cells = statistics.count(chain.session, statistics.Choice())
    assert [(one.collectives, one.individuals, one.dong) for one in statistics.decisions(cells)] == [
        (0, 2, 1_770_000)
    ]
    letter = chain.session.scalars(select(Document).where(Document.kind == "submission_letter")).first()
    assert letter is not None
    assert [row["total"] for row in letter.values["counts"]] == [2]
    assert report_kind(home) == "achievement_report_individual"


def test_a_title_for_individuals_is_none_for_a_household(chain: Chain) -> None:
    chain.open_proposal("P1", "2026-05")

    chain.prepare("P1", [{**household("Hộ bà Lê Thị Tư"), "form": "advanced_worker", "type": "merit"}])

    nominee = chain.nomination("Hộ bà Lê Thị Tư")
    assert nominee.status == "ineligible"
    assert "subject_kind" in {entry["key"] for entry in nominee.precheck["failures"]}
