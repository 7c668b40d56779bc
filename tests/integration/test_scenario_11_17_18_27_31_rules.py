"""Initiatives, checklists, bases, law in flight and money: scenarios 11, 17, 18, 27 and 31."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import FormInvalid, Refused
from engine.handlers import ServiceCall
from tests.chain import (
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HEADS,
    STAFF,
    Chain,
    Row,
    at,
    collective,
    individual,
)
from workflows import awards, eligibility, rules
from workflows.dossiers import checklists, evidence, records
from workflows.tables import AwardDecision, Document, Rule

FIGHTER = {"form": "emulation_fighter_grassroots", "type": "merit"}
MERIT = {"form": "certificate_of_merit", "influence": "city_field"}
INITIATIVE = "SK-2025-07"


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain; each test moves the clock to its own day."""
    yield Chain(session, "2026-05-04 09:00")
    clock.unpin()


def desk(chain: Chain, login: str) -> ServiceCall:
    """Return what the pages hand over when a person writes into a dossier."""
    return ServiceCall(0, "", "", "", {}, {}, chain.actor(login), clock.now())


def send(chain: Chain, signed_at: str) -> None:
    """Close the month and let the director of the centre sign; the department receives at once."""
    chain.review(closed=True)
    chain.move(signed_at)
    chain.do(DIRECTOR, "sign_submission", decision="sign")


def decide(chain: Chain, decided_at: str) -> None:
    """Let the department appraise everything as worthy, and decide on a later day."""
    chain.decide(DEPARTMENT_OFFICE, "appraise", lambda row: {"decision": "recommend", "reason": ""})
    chain.move(decided_at)
    award = {"decision": "award", "reason": ""}
    chain.decide(DEPARTMENT_DIRECTOR, "decide", lambda row: award, decision="approve")


def prepare(chain: Chain, office: str, period: str, nominee: Row) -> None:
    """Let an office open its month and write one nominee; the check has run, the head has not signed."""
    chain.open_proposal(office, period)
    chain.prepare(office, [nominee])


def sign(chain: Chain, office: str) -> None:
    """Let the head of an office sign."""
    chain.do(HEADS[office], "head_review", decision="sign")


def rate(chain: Chain, subject: str, rating: str) -> None:
    """Let the staff record last year's rating of a nominee, as the page of the dossier does."""
    call, nomination = desk(chain, STAFF["P1"]), chain.nomination(subject)
    records.rate(chain.session, call, nomination, 2025, rating, "Quyết định 12/QĐ-TTTV")
    eligibility.check_again(chain.session, call, nomination)
    chain.session.commit()


def test_scenario_11_an_initiative_of_a_title_serves_no_form_and_only_warns_for_another_title(
    chain: Chain,
) -> None:
    chain.open_month("2026-05")
    prepare(chain, "P1", "2026-05", individual("Nguyễn An", **FIGHTER, initiative_ref=INITIATIVE))
    rate(chain, "Nguyễn An", "excellent")
    sign(chain, "P1")
    send(chain, "2026-05-18 09:00")
    decide(chain, "2026-05-25 09:00")
    chain.move("2026-06-01 09:00")
    chain.open_month("2026-06")
    chain.open_proposal("P1", "2026-06")

    with pytest.raises(Refused) as refused:
        chain.prepare(
            "P1",
            [
                individual(
                    "Nguyễn An",
                    achievement="Lập quy trình kiểm tra chốt dùng chung",
                    **MERIT,
                    initiative_ref=INITIATIVE,
                )
            ],
        )
    chain.session.rollback()
    again = individual(
        "Nguyễn An",
        achievement="Lập quy trình kiểm tra chốt dùng chung",
        **FIGHTER,
        initiative_ref=INITIATIVE,
        achieved_on="30/05/2026",
    )
    chain.prepare("P1", [again])

    assert "Chiến sĩ thi đua cơ sở" in refused.value.text("vi")
    assert "5007/BNV-TĐKT" in refused.value.text("vi")
    found = chain.nomination("Nguyễn An").precheck
    assert [entry["key"] for entry in found["failures"]] == []
    assert [entry["key"] for entry in found["warnings"]] == ["initiative_looked_at"]


def test_scenario_17_the_simplified_checklist_needs_a_ground(chain: Chain) -> None:
    prepare(chain, "P4", "2026-05", collective("Tổ hiện trường Phòng 4", type="ad_hoc"))
    call, nomination = desk(chain, STAFF["P4"]), chain.nomination("Tổ hiện trường Phòng 4")
    today = date(2026, 5, 4)
    ordinary = checklists.checklist(chain.session, nomination, today)

    with pytest.raises(FormInvalid) as refused:
        checklists.choose_procedure(chain.session, nomination, "simplified", "", today)
    nomination.procedure = "simplified"
    without_ground = checklists.checklist(chain.session, nomination, today)
    checklists.choose_procedure(chain.session, nomination, "simplified", "ad_hoc_achievement", today)
    upload = evidence.Upload("short_report", "báo cáo.pdf", b"%PDF-1.7 ...")
    evidence.add(chain.session, call, nomination, upload)
    simplified = checklists.checklist(chain.session, nomination, today)

    assert list(refused.value.messages) == ["ground"]
    assert without_ground == ordinary
    assert "council_minutes" in [item.code for item in ordinary.missing()]
    assert [(item.code, item.state) for item in simplified.items] == [
        ("submission_letter", "missing"),
        ("short_report", "there"),
    ]
    assert "Đ40" in simplified.source


def test_scenario_18_a_thematic_award_is_no_basis_of_merit_but_the_dossier_goes_on(chain: Chain) -> None:
    chain.open_month("2026-05")
    prepare(chain, "P1", "2026-05", individual("Nguyễn An", **MERIT | {"type": "merit"}))
    before = chain.nomination("Nguyễn An").status
    call, nomination = desk(chain, STAFF["P1"]), chain.nomination("Nguyễn An")
    movement = records.Past("certificate_of_commendation", "thematic", 2025, "08/QĐ-SXD", as_basis=True)
    fighter = [records.Past(FIGHTER["form"], "merit", year, f"1{year}/QĐ-SXD") for year in (2024, 2025)]
    for past in (movement, *fighter):
        records.add_previous_award(chain.session, call, nomination, past)
    eligibility.check_again(chain.session, call, nomination)
    chain.session.commit()

    sign(chain, "P1")

    found = {entry["key"]: entry for entry in chain.nomination("Nguyễn An").precheck["rules"]}
    assert before == "ineligible"
    assert found["thematic_not_basis"]["outcome"] == "missed"
    assert "NĐ 152/2025/NĐ-CP Đ4k3" in found["thematic_not_basis"]["source"]
    assert (found["merit_streak"]["outcome"], found["merit_streak"]["found"]) == ("met", 2)
    assert chain.nomination("Nguyễn An").status == "open"


@pytest.mark.parametrize(
    ("favoured", "regime", "rules_on"),
    [
        ([], "law_2022_decree_152", date(2026, 9, 28)),
        (["certificate_of_commendation"], "law_2026", date(2026, 10, 15)),
        (["certificate_of_merit"], "law_2022_decree_152", date(2026, 9, 28)),
    ],
)
def test_scenario_27_the_law_of_the_receipt_holds_unless_the_new_one_is_more_favourable(
    chain: Chain, favoured: list[str], regime: str, rules_on: date
) -> None:
    newest = rules.find(chain.session, "regime", "law", date(2026, 10, 15))
    newest.values = {**newest.values, "more_favourable": favoured}
    chain.move("2026-09-01 09:00")
    chain.open_month("2026-09")
    chain.propose("P1", "2026-09", [individual("Nguyễn An")])
    send(chain, "2026-09-28 09:00")

    decide(chain, "2026-10-15 10:00")

    award = chain.session.scalars(select(AwardDecision)).one()
    assert (award.received_on, award.decided_on) == (date(2026, 9, 28), date(2026, 10, 15))
    assert (award.regime, award.rules_on) == (regime, rules_on)
    assert "tiếp nhận ngày 28/09/2026, quyết định ngày 15/10/2026" in award.law
    paper = chain.session.scalars(select(Document).where(Document.kind == "award_decision")).one()
    assert award.law in str(paper.values)


@pytest.mark.parametrize(
    ("decided_at", "period", "dong"),
    [("2026-06-20 09:00", "2026-06", 1_410_000), ("2026-07-20 09:00", "2026-07", 1_520_000)],
)
def test_scenario_31_the_base_salary_of_the_decision_day_counts_and_is_rounded_up(
    chain: Chain, decided_at: str, period: str, dong: int
) -> None:
    chain.move(f"{period}-01 09:00")
    chain.open_month(period)
    chain.propose("P2", period, [collective("Phòng Giám sát")])
    send(chain, f"{period}-17 09:00")

    decide(chain, decided_at)

    nomination = chain.nomination("Phòng Giám sát")
    amount = awards.money_of(chain.session, nomination)
    assert amount is not None
    assert nomination.award is not None
    assert (nomination.award.decided_on, amount.dong) == (at(decided_at).date(), dong)
    assert "NĐ 152/2025/NĐ-CP" in amount.source


def test_the_rule_that_ended_is_the_one_a_later_row_took_over_from(chain: Chain) -> None:
    old = rules.find(chain.session, "limit", "supplement", date(2026, 5, 4))
    draft = rules.Draft(
        "limit", "supplement", {**old.values, "days": 5}, date(2026, 6, 1), "Quyết định 5/QĐ-TTTV", True
    )

    new = rules.succeed(chain.session, draft, "TCHC.staff", clock.now())

    assert (old.valid_until, old.ended_by) == (date(2026, 6, 1), "TCHC.staff")
    assert rules.find(chain.session, "limit", "supplement", date(2026, 6, 1) - timedelta(days=1)) is old
    assert chain.session.scalars(select(Rule).where(Rule.id == new.id)).one().values["days"] == 5
