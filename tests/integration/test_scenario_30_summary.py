"""Scenario 30: two years later Sở Nội vụ asks for a sum-up, counted across cases that have long ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.errors import FormInvalid
from engine.scenarios import Opening
from tests.chain import (
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HOME_AFFAIRS,
    MOVEMENT,
    STAFF,
    Chain,
    Row,
    collective,
    individual,
)
from workflows import movements, scenarios
from workflows.summaries import drafts
from workflows.tables import Document, SummaryReport, SummaryRequest

NUMBER = "1918/SNV-TĐKT"
DEPUTY, HOME_AFFAIRS_DIRECTOR = "cuong.sxd", "tuan.snv"
TWO_NUMBERS = {
    "leadership": "Thực hiện Quyết định số 1477/QĐ-UBND ngày 22/9/2021 của Chủ tịch UBND tỉnh.",
    "propaganda": "Hưởng ứng phong trào phát động tại Quyết định số 1447/QĐ-UBND ngày 22/9/2021.",
}


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the chain in October 2025, when the awards of this scenario are made."""
    yield Chain(session, "2025-10-01 09:00")
    clock.unpin()


def award(row: Row) -> Row:
    return {"decision": "award", "reason": ""}


def award_three(chain: Chain) -> None:
    """Let the department award a collective and two individuals."""
    chain.open_month("2025-10")
    nominees = [
        collective("Phòng Thiết kế", achieved_on="05/09/2025"),
        individual("Nguyễn An", achieved_on="05/09/2025"),
        individual("Lê Chi", achieved_on="05/09/2025"),
    ]
    chain.propose("P1", "2025-10", nominees)
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")
    chain.move("2025-10-20 09:00")
    chain.decide(DEPARTMENT_OFFICE, "appraise", lambda row: {"decision": "recommend", "reason": ""})
    chain.decide(DEPARTMENT_DIRECTOR, "decide", award, decision="approve")


def ask(chain: Chain) -> None:
    """Let Sở Nội vụ register its letter, two years after the awards."""
    chain.move("2027-10-17 09:00")
    letter: dict[str, Any] = {
        "movement": MOVEMENT,
        "number": NUMBER,
        "issued_on": "2027-10-17",
        "since": "2021-08-27",
        "until": "2027-10-17",
        "due_on": "2027-11-05",
    }
    actor: Actor = chain.actor(HOME_AFFAIRS)
    scenarios.begin(chain.session, actor, Opening("summary_request", letter))


def report(chain: Chain) -> SummaryReport:
    return chain.session.scalars(select(SummaryReport).where(SummaryReport.unit_code == "SXD")).one()


def test_scenario_30_awards_are_counted_per_form_and_unit_with_their_money(chain: Chain) -> None:
    award_three(chain)

    ask(chain)
    _task, context, _values = chain.form(DEPARTMENT_OFFICE, "write_report")

    # 0.6 and 0.3 of 2,340,000 đồng, rounded up to ten thousands (NĐ 152/2025 Đ49, Đ54)
    (row,) = context["awards"]
    assert row["form"] == "Giấy khen của Giám đốc Sở"
    assert (row["collectives"], row["individuals"]) == (1, 2)
    assert row["money"] == 1410000 + 2 * 710000
    assert [(row["name"], row["nominated"], row["awarded"]) for row in context["units"]] == [
        ("Phòng Thiết kế", 3, 3)
    ]
    assert context["issues"] == ""


def test_scenario_30_the_draft_has_the_headings_of_seed_002_numbered_rightly(chain: Chain) -> None:
    award_three(chain)
    ask(chain)

    chain.do(DEPARTMENT_OFFICE, "write_report", results="- 100% tiêm vắc xin\n2) 100% cài PC-Covid")
    _task, context, _values = chain.form(DEPUTY, "sign_report")

    lines = str(context["draft_text"]).splitlines()
    headings = [line for line in lines if line.split(". ")[0] in ("I", "II", "III", "IV")]
    assert headings == [
        "I. ĐẶC ĐIỂM, TÌNH HÌNH",
        "II. CÔNG TÁC TRIỂN KHAI THỰC HIỆN",
        "III. KẾT QUẢ ĐẠT ĐƯỢC",
    ]
    results = lines[lines.index("III. KẾT QUẢ ĐẠT ĐƯỢC") + 1 :]
    assert results[:2] == ["1. 100% tiêm vắc xin", "2. 100% cài PC-Covid"]
    assert results[2].startswith("3. Công tác khen thưởng: Giấy khen của Giám đốc Sở: 1 tập thể, 2 cá nhân")


def test_scenario_30_one_decision_under_two_numbers_is_warned_of(chain: Chain) -> None:
    ask(chain)

    with pytest.raises(FormInvalid) as refusal:
        chain.do(DEPARTMENT_OFFICE, "write_report", **TWO_NUMBERS)
    chain.do(DEPARTMENT_OFFICE, "write_report", **TWO_NUMBERS, warnings_confirmed=True)

    (warning,) = refusal.value.messages["warnings_confirmed"]
    assert "1477/QĐ-UBND và 1447/QĐ-UBND" in warning.text("vi")
    assert [entry["vi"] for entry in report(chain).warnings] == [warning.text("vi")]


def test_scenario_30_a_deputy_signs_for_the_head_and_home_affairs_adds_up(chain: Chain) -> None:
    award_three(chain)
    ask(chain)
    chain.do(DEPARTMENT_OFFICE, "write_report", results="100% tiêm vắc xin")

    chain.do(DEPUTY, "sign_report", decision="sign")
    chain.do(HOME_AFFAIRS, "consolidate", remarks="Triển khai kịp thời")
    _task, context, _values = chain.form(HOME_AFFAIRS_DIRECTOR, "sign_summary")
    chain.do(HOME_AFFAIRS_DIRECTOR, "sign_summary", decision="sign")

    signed = report(chain)
    issued = chain.session.get_one(Document, signed.document_id)
    assert (signed.status, signed.late, issued.capacity) == ("submitted", False, "KT")
    assert issued.values["signature_lines"][0] == "KT. GIÁM ĐỐC"
    assert [entry.unit for entry in issued.recipients] == ["SNV"]
    assert "Sở Xây dựng: 100% tiêm vắc xin" in str(context["draft_text"])
    request = chain.session.scalars(select(SummaryRequest)).one()
    assert request.status == "signed"
    assert request.figures is not None
    assert request.figures["units"] == [{"name": "Sở Xây dựng", "nominated": 3, "awarded": 3}]


def test_scenario_30_what_is_still_open_is_named(chain: Chain) -> None:
    award_three(chain)
    chain.move("2025-11-03 09:00")
    chain.open_month("2025-11")
    chain.propose("P2", "2025-11", [individual("Phạm Dung", achieved_on="05/09/2025")])
    said = {"movement": MOVEMENT, "content": "Chưa có mẫu báo cáo"}
    scenarios.begin(chain.session, chain.actor(STAFF["P3"]), Opening("difficulty_report", said))

    ask(chain)
    _task, context, _values = chain.form(DEPARTMENT_OFFICE, "write_report")

    assert "1 đề nghị chưa có kết quả" in str(context["issues"])
    assert "Phòng Kiểm định: Chưa có mẫu báo cáo" in str(context["issues"])
    assert "Tồn tại, vướng mắc: 1 đề nghị" in str(context["draft_text"])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Quyết định số 1477/QĐ-UBND ngày 22/9/2021; Quyết định số 1447/QĐ-UBND ngày 22/9/2021", 1),
        ("Quyết định số 1477/QĐ-UBND ngày 22/9/2021; Quyết định số 1747/QĐ-UBND", 1),
        ("Quyết định số 1477/QĐ-UBND ngày 22/9/2021; Quyết định số 1477/QĐ-UBND ngày 22/9/2021", 0),
        ("Quyết định số 1477/QĐ-UBND ngày 22/9/2021; Quyết định số 1447/QĐ-UBND ngày 23/9/2021", 0),
        ("Quyết định số 1477/QĐ-UBND ngày 22/9/2021; Kế hoạch số 1447/KH-UBND ngày 22/9/2021", 0),
        ("Quyết định số 1477/QĐ-UBND; Quyết định số 1522/QĐ-UBND", 0),
        ("II. CÔNG TÁC TRIỂN KHAI\nII. KẾT QUẢ ĐẠT ĐƯỢC", 1),
    ],
)
def test_numbers_are_compared_by_kind_symbol_and_day(text: str, count: int) -> None:
    warnings = drafts.find_warnings([text])

    assert len(warnings) == count


def test_a_number_is_compared_with_the_decision_the_movement_rests_on(session: Session) -> None:
    movements.install(session)
    known = drafts.read_known(movements.find(session, "692/KH-SXD").record)

    warnings = drafts.find_warnings(["Quyết định số 1447/QĐ-UBND ngày 22/9/2021"], known)

    assert len(warnings) == 1
    assert date(2021, 9, 22).strftime("%-d/%-m/%Y") in warnings[0].vi
