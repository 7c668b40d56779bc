"""Eligibility by law: what is recorded of a subject decides, by the rules of the day; every rule is named."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments
from engine.actors import SYSTEM, Actor
from engine.handlers import ServiceCall
from tests.integration import handler_calls as calls
from workflows import awards, criteria, demo, eligibility
from workflows.dossiers import facts, records
from workflows.tables import Discipline, Nomination, NominationSuspension, PreviousAward, Submission

MOMENT = calls.at(2026, 9, 10, 9)
AUTUMN = calls.at(2026, 10, 12, 9)
GRASSROOTS, PROVINCIAL = "emulation_fighter_grassroots", "emulation_fighter_provincial"


@pytest.fixture
def world(session: Session) -> Session:
    """Give the demonstration's organisation and rules."""
    demo.load(session)
    return session


def nominate(session: Session, moment: datetime = MOMENT, **changes: Any) -> Nomination:
    """Write and check one nominee of P1; return the nomination, still with the office."""
    row = {**calls.individual("An"), **changes}
    period = f"{moment:%Y-%m}"
    case = calls.open_proposal(session, "P1", moment, period)
    calls.run(session, "proposals.prepare", moment, {**case, "report_kind": "proposal", "nominees": [row]})
    calls.run(session, "proposals.check_criteria", moment, case)
    return session.scalars(select(Nomination).order_by(Nomination.id.desc()).limit(1)).one()


def desk(moment: datetime = MOMENT) -> ServiceCall:
    return ServiceCall(0, "", "", "", {}, {}, Actor("an.p1"), moment)


def outcomes(nomination: Nomination) -> dict[str, str]:
    return {entry["key"]: entry["outcome"] for entry in nomination.precheck["rules"]}


def award(session: Session, nomination: Nomination, form: str, *years: int) -> None:
    for year in years:
        past = records.Past(form, "merit", year, f"{year}/QĐ")
        records.add_previous_award(session, desk(), nomination, past)


@pytest.mark.parametrize(
    ("years", "streak"),
    [
        ((2023, 2024, 2025), 3),
        ((2024, 2025, 2026), 3),
        ((2023, 2025), 1),
        ((2022, 2023, 2024), 0),
        ((), 0),
    ],
)
def test_titles_count_in_a_row_up_to_this_year_or_the_last(
    world: Session, years: tuple[int, ...], streak: int
) -> None:
    nomination = nominate(world, form=PROVINCIAL, type="merit")

    award(world, nomination, GRASSROOTS, *years)

    assert facts.gather(world, nomination, MOMENT.date())["grassroots_streak"] == streak


def test_a_provincial_fighter_needs_three_titles_and_an_initiative_that_reaches_the_province(
    world: Session,
) -> None:
    nomination = nominate(world, form=PROVINCIAL, type="merit", initiative_ref="SK-9")
    before = outcomes(nomination)

    award(world, nomination, GRASSROOTS, 2023, 2024, 2025)
    reach = records.Recognition("SK-9", "province", "Chủ tịch UBND", "QĐ 7", date(2026, 3, 1))
    records.recognise(world, desk(), nomination, reach)
    eligibility.check_again(world, desk(), nomination)

    assert (before["provincial_streak"], before["provincial_initiative"]) == ("missed", "missed")
    assert set(outcomes(nomination).values()) == {"met"}
    assert nomination.status == "draft"


@pytest.mark.parametrize(("share", "outcome"), [("70", "met"), ("69", "missed"), ("", "unknown")])
def test_an_advanced_collective_needs_seventy_percent(world: Session, share: str, outcome: str) -> None:
    row = calls.collective("Phòng Thiết kế", form="advanced_collective", type="merit")
    nomination = nominate(world, **row)

    records.set_figures(world, nomination, {"advanced_share": share, "disciplined_members": "0"})
    eligibility.check_again(world, desk(), nomination)

    assert outcomes(nomination)["advanced_share"] == outcome
    assert nomination.status == ("draft" if outcome == "met" else "ineligible")


def test_a_title_of_individuals_is_not_for_a_collective(world: Session) -> None:
    nomination = nominate(world, **calls.collective("Phòng Thiết kế", form="advanced_worker", type="merit"))

    assert outcomes(nomination)["subject_kind"] == "missed"


def test_who_is_under_review_is_not_nominated(world: Session) -> None:
    nomination = nominate(world)
    world.add(
        NominationSuspension(
            nomination_id=nomination.id,
            kind="denunciation",
            summary="đơn tố cáo",
            document="12/TB-TTT",
            recorded_by="tttp",
            since=MOMENT,
            level="office",
            status_before="draft",
        )
    )

    eligibility.check_again(world, desk(), nomination)

    assert outcomes(nomination)["under_review"] == "missed"
    assert "NĐ 152/2025/NĐ-CP Đ4k4" in criteria.describe(nomination.precheck).vi


def test_an_achievement_before_the_end_of_a_discipline_does_not_count(world: Session) -> None:
    nomination = nominate(world, achieved_on="2026-02-01")
    world.add(
        Discipline(
            subject_key=nomination.subject_key,
            began_on=date(2025, 6, 1),
            ends_on=date(2026, 6, 1),
            document="QĐ 4",
        )
    )

    eligibility.check_again(world, desk(), nomination)

    assert outcomes(nomination)["discipline_restart"] == "missed"


def test_the_rules_of_the_day_are_named_and_those_not_read_are_marked(world: Session) -> None:
    before = nominate(world).precheck["rules"]
    world.scalars(select(Nomination)).one().received_on = None

    after = eligibility.assess(world, world.scalars(select(Nomination)).one(), AUTUMN)

    assert all(entry["verified"] for entry in before if entry["key"] == "under_review")
    assert not any(entry["verified"] for entry in after)
    assert all("06/2026/QH16" in entry["source"] for entry in after if entry["key"] == "under_review")


def test_the_version_of_the_decision_deployed_last_is_the_one_that_decides(world: Session) -> None:
    carried = eligibility.CARRIED.read_bytes()
    stricter = carried.replace(b"facts.under_review = false", b"facts.under_review = true")
    nomination = nominate(world)

    deployments.deploy(world, [("eligibility.dmn", stricter)], SYSTEM)
    eligibility.check_again(world, desk(), nomination)

    assert carried != stricter
    assert outcomes(nomination)["under_review"] == "missed"


def test_criteria_of_the_plan_that_are_met_are_listed_beside_the_rules_of_law(world: Session) -> None:
    precheck = nominate(world).precheck

    assert [entry["key"] for entry in precheck["met"]] == [
        "tasks_completed",
        "contributed",
        "complied",
        "not_criticised",
    ]
    assert precheck["failures"] == []
    assert {entry["key"] for entry in precheck["rules"]} >= {"one_achievement", "proportionate"}


def test_an_award_that_was_cancelled_counts_for_nothing(world: Session) -> None:
    nomination = nominate(world, form=PROVINCIAL, type="merit")
    earlier = nominate(
        world, calls.at(2026, 8, 10, 9), form=GRASSROOTS, type="merit", achievement="Việc khác"
    )
    letter = Submission(
        key="SXD/việc khác",
        level="department",
        from_unit="P1",
        to_unit="SXD",
        center="TTTV",
        period="2026-08",
        version=1,
        report={},
        instance_id=0,
    )
    world.add(letter)
    world.flush()
    decision = awards.Decision("01/QĐ-SXD", date(2026, 8, 20), letter.id)
    awards.record(world, desk(calls.at(2026, 8, 20, 9)), [earlier], decision)
    recorded = {"recorded_by": "snv", "recorded_at": MOMENT, "decision_number": decision.number}
    key = nomination.subject_key
    world.add(PreviousAward(subject_key=key, form=GRASSROOTS, type="merit", year=2026, **recorded))
    world.flush()
    counted = facts.gather(world, nomination, MOMENT.date())["grassroots_streak"]

    earlier.status = "revoked"

    assert counted == 1
    assert facts.gather(world, nomination, MOMENT.date())["grassroots_streak"] == 0
    assert awards.money_for(world, earlier.subject_key) == 0
