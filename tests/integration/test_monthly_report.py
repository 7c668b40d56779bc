"""The centre's report of a month: it goes to the department with the letter, also when there is nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from tests.chain import DIRECTOR, Chain, individual
from workflows.tables import Document

PERIOD = "2026-10"


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain with an open month on 1 October 2026."""
    made = Chain(session, "2026-10-01 09:00")
    made.open_month(PERIOD)
    yield made
    clock.unpin()


def report(chain: Chain) -> Document:
    """Return the report of the month."""
    return chain.session.scalars(select(Document).where(Document.kind == "monthly_report")).one()


def test_the_report_counts_each_office_and_names_those_that_are_missing_or_late(chain: Chain) -> None:
    chain.propose("P1", PERIOD, [individual("Nguyễn An"), individual("Lê Chi", not_criticised=False)])
    chain.propose("P3", PERIOD, [])
    chain.move("2026-10-16 09:00")
    chain.propose("P2", PERIOD, [individual("Phạm Dung")])
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")

    found = report(chain)

    rows = {row["name"]: row for row in found.values["offices"]}
    first = rows["Phòng Thiết kế"]
    assert (first["proposed"], first["accepted"], first["returned"]) == (2, 1, 1)
    assert rows["Phòng Giám sát"]["note"] == "gửi muộn"
    assert rows["Phòng Kiểm định"]["note"] == "Không có đề xuất"
    assert (found.values["total"], found.values["missing"]) == ("2", "Phòng Quy hoạch")
    assert found.values["report_due"] == "20/10/2026"
    assert (found.unit, [one.unit for one in found.recipients]) == ("TTTV", ["SXD"])
    assert str(found.number).endswith("/BC-TTTV")


def test_a_month_without_nominees_is_reported_too(chain: Chain) -> None:
    chain.propose("P3", PERIOD, [])
    chain.review(closed=True)

    chain.do(DIRECTOR, "sign_submission", decision="sign")

    assert report(chain).values["results"] == "Không có đề xuất"
