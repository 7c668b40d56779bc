"""An office's month: criteria named, veto, one achievement one award, initiatives, versions, lateness."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, Refused
from tests.integration import handler_calls as calls
from workflows import movements, nominations
from workflows.tables import InitiativeUse

OCTOBER_10 = calls.at(2026, 10, 10, 9)


@pytest.fixture
def session() -> Iterator[Session]:
    with calls.world() as opened:
        yield opened


def test_one_of_three_who_was_criticised_stays_recorded_and_is_not_sent(session: Session) -> None:
    rows = [
        calls.individual("An"),
        calls.individual("Bình"),
        calls.individual("Cường", not_criticised=False),
    ]

    case = calls.propose(session, "P1", OCTOBER_10, rows)

    failed = calls.nomination(session, "Cường")
    assert (case["eligible_count"], case["failed_count"], case["open_count"]) == (2, 1, 2)
    assert (failed.status, failed.level, failed.versions) == ("ineligible", "office", [])
    shown = nominations.row(failed, {})["precheck"]
    assert shown == "Không đạt tiêu chí “không bị phê bình, nhắc nhở” (598/KH-TTTV mục III.1.b nhóm 3)"
    assert calls.nomination(session, "An").status == "open"


def test_a_violation_of_one_member_vetoes_the_office_but_not_its_people(session: Session) -> None:
    calls.propose(
        session, "P2", OCTOBER_10, [calls.collective("Phòng 2", violations=1), calls.individual("Em")]
    )

    office = calls.nomination(session, "Phòng 2")
    assert [(entry["group"], entry["veto"]) for entry in office.precheck["failures"]] == [(4, True)]
    assert office.status == "ineligible"
    assert calls.nomination(session, "Em").status == "open"


def test_a_violator_on_the_list_vetoes_the_office_whatever_the_office_states(session: Session) -> None:
    rows = [calls.collective("Phòng 2", violations=0), calls.individual("Em", complied=False)]

    case = calls.propose(session, "P2", OCTOBER_10, rows)

    assert case["failed_count"] == 2
    assert calls.nomination(session, "Phòng 2").precheck["failures"][0]["key"] == "violations"


def test_wrong_fields_are_named_by_row_and_nothing_is_kept(session: Session) -> None:
    case = calls.open_proposal(session, "P1", OCTOBER_10)
    rows = [calls.individual("An"), calls.individual("", influence="moon", achieved_on="2026-11-01")]

    with pytest.raises(FormInvalid) as refusal:
        calls.run(
            session, "proposals.prepare", OCTOBER_10, {**case, "report_kind": "proposal", "nominees": rows}
        )

    assert set(refusal.value.messages) == {
        "nominees.1.subject",
        "nominees.1.influence",
        "nominees.1.achieved_on",
    }
    assert calls.proposal(session, case).nominations == []


def test_a_proposal_without_nominees_must_say_that_there_is_nothing(session: Session) -> None:
    case = calls.open_proposal(session, "P1", OCTOBER_10)

    with pytest.raises(FormInvalid) as refusal:
        calls.run(
            session, "proposals.prepare", OCTOBER_10, {**case, "report_kind": "proposal", "nominees": []}
        )

    assert "nominees" in refusal.value.messages


def test_the_form_follows_the_influence_when_it_is_left_open(session: Session) -> None:
    rows = [calls.individual("An", form=""), calls.individual("Bình", form="", influence="city_field")]

    calls.propose(session, "P1", OCTOBER_10, rows)

    assert calls.nomination(session, "An").form == "certificate_of_commendation"
    assert calls.nomination(session, "Bình").form == "certificate_of_merit"


def test_a_form_wider_than_the_influence_is_not_eligible(session: Session) -> None:
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An", form="state_level")])

    failures = calls.nomination(session, "An").precheck["failures"]
    assert [entry["key"] for entry in failures] == ["influence"]
    assert "598/KH-TTTV mục III.3.c" in failures[0]["source"]


def test_both_forms_for_one_achievement_are_refused_with_the_article(session: Session) -> None:
    case = calls.open_proposal(session, "P1", OCTOBER_10)
    rows = [
        calls.individual("An", achievement_ref="TT-7"),
        calls.individual("An", achievement_ref="tt-7", form="certificate_of_merit", influence="city_field"),
    ]

    with pytest.raises(Refused) as refusal:
        calls.run(
            session, "proposals.prepare", OCTOBER_10, {**case, "report_kind": "proposal", "nominees": rows}
        )

    assert refusal.value.source == "Luật Thi đua, khen thưởng 2022 Đ5k2c"
    assert "Bằng khen" in refusal.value.text("vi")
    assert "Giấy khen" in refusal.value.text("vi")


def test_an_achievement_pending_elsewhere_is_refused_and_another_is_not(session: Session) -> None:
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An", achievement_ref="TT-7")])
    case = calls.open_proposal(session, "P2", OCTOBER_10)
    values = {**case, "report_kind": "proposal"}

    again = calls.individual("An", achievement_ref="TT-7")
    with pytest.raises(Refused, match="P1/598/2026-10"):
        calls.run(session, "proposals.prepare", OCTOBER_10, {**values, "nominees": [again]})

    other = calls.individual("An", achievement_ref="TT-8")
    calls.run(session, "proposals.prepare", OCTOBER_10, {**values, "nominees": [other]})
    assert len(calls.proposal(session, case).nominations) == 1


def test_an_initiative_used_for_a_title_cannot_serve_a_form(session: Session) -> None:
    used = InitiativeUse(
        initiative_ref="sk-01",
        subject="An",
        award_kind="title",
        award_name="Chiến sĩ thi đua cơ sở 2025",
        decision_number="12/QĐ-SXD",
        decided_on=date(2025, 12, 1),
    )
    session.add(used)
    session.flush()

    with pytest.raises(Refused) as refusal:
        calls.propose(session, "P1", OCTOBER_10, [calls.individual("An", initiative_ref="SK-01")])

    assert "5007/BNV-TĐKT" in refusal.value.source


def test_the_head_needs_a_reason_to_return_and_the_list_can_then_be_changed(session: Session) -> None:
    case = calls.open_proposal(session, "P1", OCTOBER_10)
    values = {
        **case,
        "report_kind": "proposal",
        "nominees": [calls.individual("An"), calls.individual("Bình")],
    }
    calls.run(session, "proposals.prepare", OCTOBER_10, values)
    calls.run(session, "proposals.check_criteria", OCTOBER_10, case)

    with pytest.raises(FormInvalid) as refusal:
        calls.run(session, "proposals.decide", OCTOBER_10, {**case, "decision": "return"})
    calls.run(session, "proposals.decide", OCTOBER_10, {**case, "decision": "return", "reason": "Bỏ Bình"})
    draft = calls.run(session, "proposals.draft", OCTOBER_10, case)
    calls.run(session, "proposals.prepare", OCTOBER_10, {**values, "nominees": draft["nominees"][:1]})

    assert set(refusal.value.messages) == {"reason"}
    assert draft["return_reason"] == "Bỏ Bình"
    assert [row["subject"] for row in draft["nominees"]] == ["An", "Bình"]
    assert calls.nomination(session, "Bình").status == "withdrawn"
    assert [row["subject"] for row in calls.run(session, "proposals.rows", OCTOBER_10, case)["rows"]] == [
        "An"
    ]


def test_an_office_opens_one_proposal_a_month(session: Session) -> None:
    calls.open_proposal(session, "P1", OCTOBER_10)

    with pytest.raises(Refused, match="P1/598/2026-10"):
        calls.open_proposal(session, "P1", OCTOBER_10)


def test_a_start_with_unknown_movement_month_and_office_names_all_three(session: Session) -> None:
    with pytest.raises(FormInvalid) as refusal:
        calls.run(
            session, "proposals.open", OCTOBER_10, {"movement": "1/KH", "office": "P9", "period": "10/2026"}
        )

    assert set(refusal.value.messages) == {"movement", "office", "period"}


def test_a_plan_without_reporting_dates_takes_no_proposals(session: Session) -> None:
    start = {"movement": "83/KH-SKHĐT", "office": "P1", "period": "2026-10"}

    with pytest.raises(Refused) as refusal:
        calls.run(session, "proposals.open", OCTOBER_10, start)

    assert refusal.value.source == "83/KH-SKHĐT"


def test_withdrawing_what_was_returned_keeps_what_the_centre_accepted(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    case = calls.propose(session, "P1", OCTOBER_10, [calls.individual("An"), calls.individual("Bình")])
    rows = calls.run(session, "consolidations.rows", OCTOBER_10, month)["rows"]
    given = [
        {"id": rows[0]["id"], "decision": "accept"},
        {"id": rows[1]["id"], "decision": "return", "reason": "x"},
    ]
    calls.run(session, "consolidations.review", OCTOBER_10, {**month, "rows": given})

    nothing = {**case, "report_kind": "nothing_to_report", "nominees": []}
    calls.run(session, "proposals.prepare", OCTOBER_10, nothing)
    calls.run(session, "proposals.check_criteria", OCTOBER_10, case)
    sent = calls.send(session, case, OCTOBER_10)

    assert (sent["version"], sent["open_count"]) == (2, 1)
    assert calls.proposal(session, case).report_kind == "proposal"
    assert calls.nomination(session, "An").status == "accepted"
    assert calls.nomination(session, "Bình").status == "withdrawn"


@pytest.mark.parametrize(
    ("moment", "policy", "late"),
    [
        (calls.at(2026, 10, 15, 17), "previous_working_day", False),
        (calls.at(2026, 10, 16, 8), "previous_working_day", True),
        (calls.at(2026, 8, 15, 10), "previous_working_day", False),
        (calls.at(2026, 8, 17, 8), "previous_working_day", True),
        (calls.at(2026, 8, 17, 8), "next_working_day", False),
        (calls.at(2026, 8, 18, 8), "next_working_day", True),
        (calls.at(2026, 2, 14, 10), "previous_working_day", False),
        (calls.at(2026, 2, 16, 10), "previous_working_day", True),
    ],
)
def test_a_report_is_in_time_or_marked_late_and_accepted(
    session: Session, moment: object, policy: str, late: bool
) -> None:
    movements.find(session, calls.MOVEMENT).deadline_policy = policy
    period = f"{moment:%Y-%m}"

    case = calls.propose(session, "P1", moment, [calls.individual("An")], period)  # type: ignore[arg-type]

    assert calls.proposal(session, case).late is late
    assert calls.nomination(session, "An").status == "open"
