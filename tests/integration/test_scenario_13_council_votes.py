"""Scenarios 13, 14, 15 and 22: a council counts votes on all its members, through the real process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from tests.chain import at
from tests.chamber import MORNING, Chamber, deploy, make
from workflows import movement_quotas, rules
from workflows.tables import AwardDecision, Document, Nomination

GRASSROOTS, PROVINCIAL = "emulation_fighter_grassroots", "emulation_fighter_provincial"


@pytest.fixture
def chamber_session(session: Session) -> Iterator[Session]:
    """Give a session with the council process deployed, on the morning the councils are convened."""
    clock.pin(at(MORNING))
    deploy(session)
    yield session
    clock.unpin()


def award(session: Session, nominee: int) -> None:
    """Let a nominee have been awarded before."""
    decided = {"number": f"{nominee}/QĐ", "decided_on": date(2026, 9, 1)}
    decision = make(AwardDecision, form="certificate_of_merit", **decided)
    session.add(decision)
    session.flush()
    found = session.get(Nomination, nominee)
    assert found is not None
    found.award_decision_id, found.status = decision.id, "awarded"
    session.flush()


def run(chamber: Chamber, yes: int, *, absent: int = 0, written: int = 0, ballot: str = "secret") -> None:
    """Hold a session: the last members are absent, some of them write yes; the first vote yes."""
    chamber.convene(ballot)
    away = chamber.logins[len(chamber.logins) - absent :]
    for login in away[:written]:
        chamber.reply(login, "written", "yes")
    chamber.meet(absent=away)
    chamber.open_voting()
    present = [login for login in chamber.logins if login not in away]
    for index, login in enumerate(present):
        chamber.vote(login, "yes" if index < yes else "no")
    chamber.close()


@pytest.mark.parametrize(
    ("written", "yes", "percent", "passed"), [(2, 10, "90,9", True), (1, 9, "81,8", True)]
)
def test_scenario_13_written_yes_of_absent_members_counts_in_the_votes(
    chamber_session: Session, written: int, yes: int, percent: str, passed: bool
) -> None:
    chamber = Chamber(chamber_session, 11)
    (nominee,) = chamber.nominate(GRASSROOTS)
    chamber.start()

    run(chamber, 8, absent=2, written=written)

    verdict = chamber.verdict(nominee)
    assert (verdict.yes, verdict.base, verdict.percent) == (yes, 11, percent)
    assert (verdict.passed, verdict.threshold, verdict.strict) == (passed, 80, False)
    assert "NĐ 98/2023 Đ30k7" in verdict.source


def test_scenario_13_without_written_opinions_eight_of_nine_present_are_not_enough(
    chamber_session: Session,
) -> None:
    chamber = Chamber(chamber_session, 11)
    (nominee,) = chamber.nominate(GRASSROOTS)
    chamber.start()

    run(chamber, 8, absent=2)

    verdict = chamber.verdict(nominee)
    assert (verdict.yes, verdict.no, verdict.base, verdict.percent) == (8, 1, 11, "72,7")
    assert (verdict.passed, verdict.outcome) == (False, "failed")


@pytest.mark.parametrize(("yes", "percent", "passed"), [(18, "90,0", True), (17, "85,0", False)])
def test_scenario_14_reaching_ninety_percent_is_enough_and_less_is_not(
    chamber_session: Session, yes: int, percent: str, passed: bool
) -> None:
    chamber = Chamber(chamber_session, 20)
    (nominee,) = chamber.nominate(PROVINCIAL)
    chamber.start()

    run(chamber, yes)
    chamber.sign()

    verdict = chamber.verdict(nominee)
    assert rules.find(chamber_session, "vote", PROVINCIAL, date(2026, 10, 10)).values["threshold"] == 90
    assert (verdict.yes, verdict.percent, verdict.passed) == (yes, percent, passed)
    assert chamber.started is not None
    assert chamber.started.status == "completed"
    kinds = {document.kind for document in chamber_session.query(Document)}
    assert kinds == {"council_minutes", "ballot_minutes"}


def test_scenario_15_fifteen_of_twenty_are_no_quorum_until_one_more_has_written(
    chamber_session: Session,
) -> None:
    chamber = Chamber(chamber_session, 20)
    chamber.nominate("certificate_of_merit")
    chamber.start()
    away = chamber.logins[15:]

    chamber.convene("open")
    chamber.meet(absent=away)
    first = (chamber.sitting.status, chamber.sitting.return_reason, len(chamber.tasks("open_voting")))
    again = {"meets_at": "2026-10-12T08:00+07:00"}
    chamber.convene("open", **again)
    chamber.reply(away[0], "written")
    chamber.meet(absent=away, moment="2026-10-12 08:05")

    assert first[0] == "preparing"
    assert "15/20 thành viên, cần từ 4/5" in first[1]
    assert "86/2025" in first[1]
    assert first[2] == 0
    assert chamber.sitting.round == 2
    assert "16/20" in chamber.sitting.quorum_note
    assert len(chamber.tasks("open_voting")) == 1


def test_scenario_15_in_the_two_thirds_profile_fifteen_of_twenty_are_enough(
    chamber_session: Session,
) -> None:
    chamber = Chamber(chamber_session, 20, profile={"quorum_rule": "two_thirds"})
    chamber.nominate("certificate_of_merit")
    chamber.start()

    chamber.convene("open")
    chamber.meet(absent=chamber.logins[15:])

    assert len(chamber.tasks("open_voting")) == 1
    assert "TT 25/2025/TT-BKHCN" in chamber.sitting.quorum_note


def vote_five(chamber: Chamber, nominees: Sequence[int]) -> None:
    """Let ten members vote: 10, 8, 8, 8 and 7 yes; all five pass."""
    first, woman, man, other, last = nominees
    for index, login in enumerate(chamber.logins):
        eight = "yes" if index < 8 else "no"
        seven = "yes" if index < 7 else "no"
        chamber.vote(login, {first: "yes", woman: eight, man: eight, other: eight, last: seven})
    chamber.close()


def test_scenario_22_the_quota_of_the_plan_ranks_by_votes_then_women_then_the_chair(
    chamber_session: Session,
) -> None:
    movement_quotas.install(chamber_session)
    chamber = Chamber(chamber_session, 10)
    nominees = chamber.nominate("certificate_of_merit", 5, women=(1,), movement="0125/KH-UBND")
    first, woman, man, other, last = nominees
    chamber.start()

    warned = chamber.shown("convene")["quota_warning"]
    chamber.convene("open")
    chamber.meet()
    chamber.open_voting()
    vote_five(chamber, nominees)
    chamber.do(chamber.logins[0], "break_tie", {str(man): {"choice": "no"}, str(other): {"choice": "yes"}})
    chamber.sign()

    outcomes = {nominee: chamber.verdict(nominee).outcome for nominee in nominees}
    assert outcomes == {
        first: "selected",
        woman: "selected",
        other: "selected",
        man: "not_selected",
        last: "not_selected",
    }
    assert all(chamber.verdict(nominee).passed for nominee in nominees)
    assert "5 đề nghị, hạn mức còn 3" in warned
    assert "0125/KH-UBND Đắk Lắk" in warned


def test_scenario_22_places_of_the_plan_that_were_awarded_before_are_used_up(
    chamber_session: Session,
) -> None:
    movement_quotas.install(chamber_session)
    chamber = Chamber(chamber_session, 10)
    for nominee in chamber.nominate("certificate_of_merit", 3, movement="0125/KH-UBND"):
        award(chamber_session, nominee)
    (late,) = chamber.nominate("certificate_of_merit", movement="0125/KH-UBND")
    chamber.start()

    run(chamber, 10, ballot="open")

    assert (chamber.verdict(late).outcome, chamber.verdict(late).passed) == ("not_selected", True)


def test_scenario_22_beyond_the_quota_votes_rank_then_women_then_the_chair(chamber_session: Session) -> None:
    chamber = Chamber(chamber_session, 10)
    first, woman, man, other, last = chamber.nominate("certificate_of_merit", 5, women=(1,))
    chamber.start(quota={"collective": 1, "individual": 3})
    chamber.convene("open")
    chamber.meet()
    chamber.open_voting()

    # three places; after the woman one place is left for two men
    vote_five(chamber, (first, woman, man, other, last))
    asked = {row["id"] for row in chamber.shown("break_tie")["rows"]}
    chamber.do(chamber.logins[0], "break_tie", {str(man): {"choice": "no"}, str(other): {"choice": "yes"}})
    chamber.sign()

    assert asked == {str(man), str(other)}
    outcomes = {nominee: chamber.verdict(nominee).outcome for nominee in (first, woman, man, other, last)}
    assert outcomes == {
        first: "selected",
        woman: "selected",
        other: "selected",
        man: "not_selected",
        last: "not_selected",
    }
    assert all(chamber.verdict(nominee).passed for nominee in outcomes)
    assert (chamber.verdict(other).settled_by, chamber.verdict(other).rank) == ("chair", 3)
    assert chamber.verdict(man).rank == 4


def test_whoever_votes_no_openly_stands_in_the_minutes_and_in_secret_nobody_does(
    chamber_session: Session,
) -> None:
    said, titles = {}, {}
    for code, ballot in (("HDA", "open"), ("HDB", "secret")):
        chamber = Chamber(chamber_session, 5, code)
        chamber.nominate("certificate_of_merit")
        chamber.start()
        run(chamber, 3, ballot=ballot)
        said[ballot] = chamber.shown("record_minutes")["dissent"]
        chamber.sign()
        written = select(Document).where(Document.council_session_id == chamber.sitting.id)
        papers = {one.kind: one.values for one in chamber_session.scalars(written)}
        titles[ballot] = papers["ballot_minutes"]["title"], papers["council_minutes"]["paragraphs"]

    assert said["open"] == "Không đồng ý với individual HDA 0: HDA.M4, HDA.M5."
    assert titles["open"] == ("BIÊN BẢN KẾT QUẢ BIỂU QUYẾT", [said["open"]])
    assert said["secret"] == ""
    assert titles["secret"] == ("BIÊN BẢN KIỂM PHIẾU", [])
