"""From the department to the State: a decision per nominee, numbers, answers, one achievement one award."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, FormInvalid, Refused
from tests.integration import handler_calls as calls
from workflows import awards, initiatives, nominations, notices
from workflows.tables import AwardDecision, InitiativeUse, Submission

OCTOBER_10 = calls.at(2026, 10, 10, 9)
OCTOBER_17 = calls.at(2026, 10, 17, 9)
OCTOBER_25 = calls.at(2026, 10, 25, 9)
CHOICES = {"An": "award", "Bình": "submit_up", "Chi": "submit_up", "Em": "decline"}


@pytest.fixture
def session() -> Iterator[Session]:
    with calls.world() as opened:
        yield opened


@pytest.fixture
def at_department(session: Session) -> dict[str, Any]:
    """Bring An (Giấy khen), Bình (Bằng khen), Chi (State) of P1 and Em of P2 to the department."""
    month = calls.open_month(session, OCTOBER_10)
    rows = [
        calls.individual("An", initiative_ref="SK-9"),
        calls.individual("Bình", form="certificate_of_merit", influence="city_field"),
        calls.individual("Chi", form="state_level", influence="nation"),
    ]
    calls.propose(session, "P1", OCTOBER_10, rows)
    calls.propose(session, "P2", OCTOBER_10, [calls.individual("Em")])
    case = calls.close_and_sign(session, month, OCTOBER_17)
    calls.run(session, "departments.receive", OCTOBER_17, case, instance=901)
    return case


def appraise(session: Session, case: dict[str, Any]) -> None:
    rows = calls.run(session, "departments.rows", OCTOBER_17, case)["rows"]
    given = calls.decide_all(rows, "recommend")
    given[-1] = {**given[-1], "decision": "decline", "reason": "Thành tích chưa rõ"}
    calls.run(session, "departments.appraise", OCTOBER_17, {**case, "rows": given}, instance=901)


def recommend_all(session: Session, case: dict[str, Any], moment: Any = OCTOBER_17) -> None:
    calls.run(session, "departments.appraise", moment, {**case, "rows": [], "rest": "recommend"})


def decide(session: Session, case: dict[str, Any], moment: Any = OCTOBER_17, **more: Any) -> dict[str, Any]:
    recommend_all(session, case, moment)
    rows = calls.run(session, "departments.rows", moment, case)["rows"]
    given = [
        {
            "id": row["id"],
            "decision": CHOICES[row["subject"]],
            "reason": "Chưa đủ" if row["subject"] == "Em" else "",
        }
        for row in rows
    ]
    values = {**case, "decision": "approve", "rows": given, **more}
    return calls.run(session, "departments.decide", moment, values, who="phuc.sxd", instance=901)


def to_province(session: Session, case: dict[str, Any]) -> dict[str, Any]:
    decided = decide(session, case)
    upward = {"submission": decided["upward_submission"], "center": "TTTV", "period": "2026-10"}
    calls.run(session, "provinces.receive", OCTOBER_17, upward, instance=902)
    return upward


def test_the_department_shows_the_choices_open_for_each_form(
    session: Session, at_department: dict[str, Any]
) -> None:
    appraise(session, at_department)

    rows = calls.run(session, "departments.rows", OCTOBER_17, at_department)["rows"]

    assert {row["subject"]: [choice["value"] for choice in row["choices"]] for row in rows} == {
        "An": ["award", "decline"],
        "Bình": ["submit_up", "decline"],
        "Chi": ["submit_up", "decline"],
        "Em": ["award", "decline"],
    }
    assert rows[3]["recommendation"] == "Đề nghị không tặng: Thành tích chưa rõ"


def test_the_director_awards_declines_and_submits_each_nominee(
    session: Session, at_department: dict[str, Any]
) -> None:
    decided = decide(session, at_department)

    an, em = calls.nomination(session, "An"), calls.nomination(session, "Em")
    assert decided["results"] == [{"proposal_key": "P1/598/2026-10"}, {"proposal_key": "P2/598/2026-10"}]
    assert (decided["upward_count"], decided["submission_key_up"]) == (2, "UBND/SXD/TTTV/2026-10")
    assert nominations.describe_result(an).vi == "Đã tặng, số 01/QĐ-SXD ngày 17/10/2026"
    assert (em.status, em.reason) == ("declined", "Chưa đủ")
    assert notices.has(session, "P2.head", "nomination.decided", str(em.id))
    assert session.scalars(select(InitiativeUse.initiative_ref)).all() == ["sk-9"]


def test_declining_without_a_reason_or_awarding_a_form_of_another_level_is_refused(
    session: Session, at_department: dict[str, Any]
) -> None:
    recommend_all(session, at_department)
    rows = calls.run(session, "departments.rows", OCTOBER_17, at_department)["rows"]
    values = {**at_department, "decision": "approve"}

    given = calls.decide_all(rows, "award")
    given[0] = {**given[0], "decision": "decline"}
    with pytest.raises(FormInvalid) as refusal:
        calls.run(session, "departments.decide", OCTOBER_17, {**values, "rows": given})
    with pytest.raises(Conflict):
        calls.run(session, "departments.decide", OCTOBER_17, {**values, "rows": given[:2]})

    assert set(refusal.value.messages) == {"rows.0.reason", "rows.1.decision", "rows.2.decision"}
    assert session.scalars(select(AwardDecision)).all() == []


def test_a_submission_sent_back_to_appraisal_decides_nothing(
    session: Session, at_department: dict[str, Any]
) -> None:
    appraise(session, at_department)
    with pytest.raises(FormInvalid) as refusal:
        calls.run(session, "departments.decide", OCTOBER_17, {**at_department, "decision": "return"})
    back = {**at_department, "decision": "return", "return_reason": "Thẩm định lại Bình"}

    answer = calls.run(session, "departments.decide", OCTOBER_17, back)

    assert set(refusal.value.messages) == {"return_reason"}
    assert (answer["decision"], answer["results"], answer["upward_count"]) == ("return", [], 0)
    shown = calls.run(session, "departments.rows", OCTOBER_17, at_department)
    assert (shown["return_reason"], len(shown["rows"])) == ("Thẩm định lại Bình", 4)


def test_the_province_decides_merit_and_records_the_answer_of_the_state(
    session: Session, at_department: dict[str, Any]
) -> None:
    upward = to_province(session, at_department)
    rows = calls.run(session, "provinces.rows", OCTOBER_17, upward)["rows"]
    counts = calls.run(
        session, "provinces.appraise", OCTOBER_17, {**upward, "rows": calls.decide_all(rows, "recommend")}
    )
    merit = calls.run(session, "provinces.merit_rows", OCTOBER_17, upward)["rows"]
    given = {**upward, "rows": calls.decide_all(merit, "award")}
    merit_answer = calls.run(session, "provinces.decide_merit", OCTOBER_17, given, instance=902)
    state = calls.run(session, "provinces.state_rows", OCTOBER_17, upward)["rows"]
    with pytest.raises(FormInvalid):
        calls.run(session, "provinces.sign_state", OCTOBER_17, {**upward, "sign": False})
    calls.run(session, "provinces.sign_state", OCTOBER_17, {**upward, "sign": True}, instance=902)
    answer = [
        {
            "id": state[0]["id"],
            "decision": "awarded",
            "decision_number": "5/QĐ-CTN",
            "decision_date": "2026-10-24",
        }
    ]
    future = [{**answer[0], "decision_date": "2026-12-24"}]

    with pytest.raises(FormInvalid) as refusal:
        calls.run(session, "provinces.record_state", OCTOBER_25, {**upward, "rows": future})
    state_answer = calls.run(
        session, "provinces.record_state", OCTOBER_25, {**upward, "rows": answer}, instance=902
    )

    assert (counts["merit_count"], counts["state_count"], counts["results"]) == (1, 1, [])
    assert (
        merit_answer["merit_results"] == state_answer["state_results"] == [{"proposal_key": "P1/598/2026-10"}]
    )
    assert set(refusal.value.messages) == {"rows.0.decision_date"}
    assert nominations.describe_result(calls.nomination(session, "Bình")).vi.startswith(
        "Đã tặng, số 01/QĐ-UBND"
    )
    assert (
        nominations.describe_result(calls.nomination(session, "Chi")).vi
        == "Đã tặng, số 5/QĐ-CTN ngày 24/10/2026"
    )
    assert sorted(filter(None, session.scalars(select(Submission.number)))) == [
        "01/TTr-SXD", "01/TTr-TTTV", "01/TTr-UBND",
    ]  # fmt: skip


def test_one_declined_at_the_province_is_answered_at_once(
    session: Session, at_department: dict[str, Any]
) -> None:
    upward = to_province(session, at_department)
    rows = calls.run(session, "provinces.rows", OCTOBER_17, upward)["rows"]
    given = [
        {
            "id": row["id"],
            "decision": "decline" if row["subject"] == "Chi" else "recommend",
            "reason": "Chưa đủ",
        }
        for row in rows
    ]

    answer = calls.run(session, "provinces.appraise", OCTOBER_17, {**upward, "rows": given})

    assert (answer["merit_count"], answer["state_count"]) == (1, 0)
    assert answer["results"] == [{"proposal_key": "P1/598/2026-10"}]
    assert calls.nomination(session, "Chi").status == "declined"


def test_the_office_counts_down_its_open_nominations_and_sees_every_result(
    session: Session, at_department: dict[str, Any]
) -> None:
    case = {"proposal": calls.nomination(session, "An").proposal_id}
    decide(session, at_department)

    assert calls.run(session, "proposals.record_results", OCTOBER_17, case) == {"open_count": 2}
    shown = calls.run(session, "proposals.results", OCTOBER_17, case)["rows"]
    assert [(row["subject"], row["status_label"], row["decision_number"]) for row in shown] == [
        ("An", "Đã tặng", "01/QĐ-SXD"),
        ("Bình", "Đang xem xét", ""),
        ("Chi", "Đang xem xét", ""),
    ]


def test_an_achievement_already_awarded_is_blocked_next_month_and_another_is_not(
    session: Session, at_department: dict[str, Any]
) -> None:
    decide(session, at_department)
    november = calls.at(2026, 11, 5, 9)
    case = calls.open_proposal(session, "P1", november, "2026-11")
    values = {**case, "report_kind": "proposal"}

    with pytest.raises(Refused) as refusal:
        calls.run(session, "proposals.prepare", november, {**values, "nominees": [calls.individual("An")]})
    other = calls.individual("An", achievement="Một thành tích khác hẳn của An trong tháng mười")
    calls.run(session, "proposals.prepare", november, {**values, "nominees": [other]})

    assert "01/QĐ-SXD ngày 17/10/2026" in refusal.value.text("vi")
    assert refusal.value.source == awards.ONE_AWARD


def test_a_used_initiative_warns_only_when_title_follows_title(
    session: Session, at_department: dict[str, Any]
) -> None:
    decide(session, at_department)
    used = session.scalars(select(InitiativeUse)).one()

    with pytest.raises(Refused):
        initiatives.check(session, "SK-9", "title")
    used.award_kind = "title"
    warnings = initiatives.check(session, "SK-9", "title")

    assert len(warnings) == 1
    assert "01/QĐ-SXD" in warnings[0].text("vi")


def test_a_nomination_tells_its_way_from_the_office_to_the_state(
    session: Session, at_department: dict[str, Any]
) -> None:
    upward = to_province(session, at_department)
    rows = calls.run(session, "provinces.rows", OCTOBER_17, upward)["rows"]
    calls.run(
        session, "provinces.appraise", OCTOBER_17, {**upward, "rows": calls.decide_all(rows, "recommend")}
    )
    calls.run(session, "provinces.sign_state", OCTOBER_17, {**upward, "sign": True}, instance=902)

    told = calls.nomination(session, "Chi")

    assert [(step.level, step.outcome) for step in told.steps] == [
        ("office", "proposed"),
        ("office", "eligible"),
        ("office", "head_signed"),
        ("office", "submitted"),
        ("center", "accepted"),
        ("center", "submitted_to_department"),
        ("department", "received_by_department"),
        ("department", "appraised"),
        ("department", "submitted_to_province"),
        ("province", "received_by_province"),
        ("province", "appraised"),
        ("province", "submitted_to_state"),
    ]
    assert (told.level, told.holder) == ("state", "SNV.staff")
    assert {901, 902} <= {step.instance_id for step in told.steps}
    assert told.versions[0].content["subject"] == "Chi"
