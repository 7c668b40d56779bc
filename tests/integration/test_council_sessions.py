"""Sessions of councils at their edges, through the real process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.actors import Actor
from engine.errors import BadInput, FormInvalid, Refused
from tests.chain import at
from tests.chamber import MORNING, Chamber, choose, deploy, hold
from workflows import councils
from workflows.tables import CouncilMember, Notice, VoteCast

MERIT = "certificate_of_merit"


@pytest.fixture
def floor(session: Session) -> Iterator[Session]:
    """Give a session with the council process deployed, on the morning the councils are convened."""
    clock.pin(at(MORNING))
    deploy(session)
    yield session
    clock.unpin()


def test_a_quota_of_nought_selects_nobody_and_fails_nobody(floor: Session) -> None:
    chamber = Chamber(floor, 5)
    nominees = chamber.nominate(MERIT, 2)
    chamber.start(quota=0)

    hold(chamber, 5)
    chamber.sign()

    assert [chamber.verdict(nominee).outcome for nominee in nominees] == ["not_selected"] * 2
    assert all(chamber.verdict(nominee).passed for nominee in nominees)
    assert chamber.tasks("break_tie") == []


@pytest.mark.parametrize("quota", [-1, 1.5, "two", {"individual": True}])
def test_a_quota_that_is_no_whole_number_is_refused(floor: Session, quota: object) -> None:
    chamber = Chamber(floor, 3)
    chamber.nominate(MERIT)

    with pytest.raises(BadInput):
        chamber.start(quota=quota)  # type: ignore[arg-type]


def test_half_of_an_even_council_is_no_majority(floor: Session) -> None:
    chamber = Chamber(floor, 6)
    (nominee,) = chamber.nominate(MERIT)
    chamber.start()

    hold(chamber, 3)

    verdict = chamber.verdict(nominee)
    assert (verdict.yes, verdict.base, verdict.strict, verdict.outcome) == (3, 6, True, "failed")
    assert verdict.verified is False


def test_everybody_absent_is_no_quorum_unless_enough_have_written(floor: Session) -> None:
    chamber = Chamber(floor, 5)
    (nominee,) = chamber.nominate(MERIT)
    chamber.start()

    chamber.convene()
    chamber.meet(absent=chamber.logins)
    adjourned = (chamber.sitting.round, len(chamber.tasks("convene")))
    chamber.convene(meets_at="2026-10-12T08:00+07:00")
    for login in chamber.logins[1:]:
        chamber.reply(login, "written")
    chamber.meet(absent=chamber.logins, moment="2026-10-12 08:05")
    chamber.do(chamber.secretary, "open_voting", criteria_read=True, closes_at="2026-10-12T11:00+07:00")

    assert adjourned == (2, 1)
    assert chamber.tasks("vote") == []
    chamber.close()
    chamber.sign()
    assert len(floor.scalars(select(VoteCast)).all()) == 4
    assert (chamber.verdict(nominee).yes, chamber.verdict(nominee).base) == (4, 5)
    assert chamber.sitting.status == "ended"


def test_the_deputy_presides_and_breaks_the_tie_when_the_chair_is_absent(floor: Session) -> None:
    chamber = Chamber(floor, 5)
    first, second = chamber.nominate(MERIT, 2)
    chamber.start(quota=1)
    chamber.convene()
    chamber.meet(absent=[chamber.logins[0]])
    chamber.open_voting()
    for login in chamber.logins[1:]:
        chamber.vote(login)
    chamber.close()

    with pytest.raises(FormInvalid):
        chamber.do(chamber.logins[1], "break_tie", {"choice": "yes"})
    floor.rollback()
    chamber.do(chamber.logins[1], "break_tie", choose({first: "no", second: "yes"}))
    chamber.sign()

    assert chamber.sitting.presider == chamber.logins[1]
    assert [chamber.verdict(one).outcome for one in (first, second)] == ["not_selected", "selected"]


def test_women_come_first_and_then_no_tie_is_left_for_the_chair(floor: Session) -> None:
    chamber = Chamber(floor, 4)
    man, woman = chamber.nominate(MERIT, 2, women=(1,))
    chamber.start(quota=1)

    hold(chamber, 4)

    assert chamber.tasks("break_tie") == []
    assert chamber.verdict(woman).outcome == "selected"
    assert chamber.verdict(woman).settled_by == "women"
    assert chamber.verdict(man).outcome == "not_selected"


def test_members_of_the_day_of_the_meeting_vote_whoever_was_invited(floor: Session) -> None:
    chamber = Chamber(floor, 5)
    (nominee,) = chamber.nominate(MERIT)
    chamber.start()
    chamber.convene()
    leaver = chamber.council.members[4]
    leaver.valid_until = date(2026, 10, 9)
    chamber.add_person("hd.new")
    newcomers = [
        CouncilMember(
            council_id=chamber.council.id,
            login=login,
            role="member",
            valid_from=date(2026, 10, 10),
            source="Quyết định kiện toàn",
        )
        for login in ("hd.new", "hd.other")
    ]
    chamber.add_person("hd.other")
    floor.add_all(newcomers)
    floor.commit()
    floor.expire(chamber.council, ["members"])

    chamber.meet()
    chamber.open_voting()

    voters = {task.assignee for task in chamber.tasks("vote")}
    assert voters == {*chamber.logins[:4], "hd.new", "hd.other"}
    assert chamber.sitting.base == 6
    assert nominee


def test_a_member_who_voted_in_secret_and_then_left_means_convening_again(floor: Session) -> None:
    chamber = Chamber(floor, 5)
    chamber.nominate("emulation_fighter_grassroots")
    chamber.start()
    chamber.convene("secret")
    chamber.reply(chamber.logins[4], "written")
    chamber.council.members[4].valid_until = date(2026, 10, 9)
    floor.commit()

    chamber.meet()

    assert chamber.sitting.round == 2
    assert "không còn là thành viên" in chamber.sitting.return_reason
    assert floor.scalars(select(VoteCast)).all() == []


def test_a_written_substitute_votes_where_the_profile_knows_one(floor: Session) -> None:
    chamber = Chamber(floor, 3, profile={"quorum_rule": "two_thirds", "substitutes": True})
    (nominee,) = chamber.nominate(MERIT)
    chamber.add_person("deputy.head")
    chamber.start()
    chamber.convene()
    sent = {"status": "substitute", "substitute": "deputy.head", "substitute_document": "12/GUQ"}

    with pytest.raises(FormInvalid, match="substitute"):
        chamber.meet(**{chamber.logins[1]: {**sent, "substitute": chamber.logins[0]}})
    floor.rollback()
    chamber.meet(**{chamber.logins[1]: sent})
    chamber.open_voting()
    for login in (chamber.logins[0], "deputy.head", chamber.logins[2]):
        chamber.vote(login)
    chamber.close()

    assert (chamber.verdict(nominee).yes, chamber.verdict(nominee).base) == (3, 3)
    assert {vote.voter for vote in floor.scalars(select(VoteCast))} >= {"deputy.head"}


def test_a_profile_without_substitutes_refuses_one(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    chamber.nominate(MERIT)
    chamber.add_person("deputy.head")
    chamber.start()
    chamber.convene()
    sent = {"status": "substitute", "substitute": "deputy.head", "substitute_document": "12/GUQ"}

    with pytest.raises(FormInvalid):
        chamber.meet(**{chamber.logins[1]: sent})


def test_a_member_who_has_voted_in_writing_and_comes_all_the_same_does_not_vote_again(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    (nominee,) = chamber.nominate(MERIT)
    chamber.start()
    chamber.convene("secret")
    chamber.reply(chamber.logins[1], "written", "no")

    chamber.meet()
    chamber.open_voting()
    voters = {task.assignee for task in chamber.tasks("vote")}
    for login in sorted(voters, key=str):
        chamber.vote(str(login))
    chamber.close()

    assert voters == {chamber.logins[0], chamber.logins[2]}
    assert (chamber.verdict(nominee).yes, chamber.verdict(nominee).no) == (2, 1)


def test_a_council_without_chair_and_deputy_cannot_be_convened(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    chamber.nominate(MERIT)
    for member in chamber.council.members[:2]:
        member.valid_until = date(2026, 9, 30)
    floor.commit()

    with pytest.raises(Refused, match="neither chair nor deputy"):
        chamber.start()


def test_guests_are_invited_and_neither_vote_nor_count(floor: Session) -> None:
    chamber = Chamber(floor, 3, guests=2)
    chamber.nominate(MERIT)
    chamber.start()

    chamber.convene()
    asked = {task.assignee for task in chamber.tasks("reply")}
    chamber.meet()
    chamber.open_voting()

    invited = set(floor.scalars(select(Notice.group_name).where(Notice.kind == "council_invitation")))
    assert invited == {f"user:{login}" for login in (*chamber.logins, *chamber.guest_logins)}
    assert asked == set(chamber.logins)
    assert {task.assignee for task in chamber.tasks("vote")} == set(chamber.logins)
    assert chamber.sitting.base == 3


def test_two_open_sessions_of_one_council_keep_apart(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    (one,) = chamber.nominate(MERIT)
    chamber.start()
    first, first_instance = chamber.sitting, chamber.started
    chamber.convene("secret")
    (two,) = chamber.nominate(MERIT)
    chamber.start()
    second, second_instance = chamber.sitting, chamber.started
    hold(chamber, 1, "secret")

    chamber.started = first_instance
    chamber.meet(moment="2026-10-10 08:10")
    chamber.do(chamber.secretary, "open_voting", criteria_read=True, closes_at="2026-10-10T11:00+07:00")
    for login in chamber.logins:
        chamber.vote(login)
    chamber.close()

    assert first.id != second.id
    assert first_instance is not second_instance
    (kept,), (other,) = councils.verdicts(floor, first.id), councils.verdicts(floor, second.id)
    assert (kept.nomination_id, kept.yes, kept.passed) == (one, 3, True)
    assert (other.nomination_id, other.yes, other.passed) == (two, 1, False)


def test_a_secret_form_cannot_be_voted_on_openly_and_the_refusal_names_its_source(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    chamber.nominate("emulation_flag")
    chamber.start()

    with pytest.raises(FormInvalid) as refused:
        chamber.convene("open")

    (message,) = refused.value.messages["ballot"]
    assert "NĐ 98/2023 Đ30k7" in message.text("vi")


def test_the_time_ends_the_vote_and_whoever_has_not_voted_counts_in_the_base(floor: Session) -> None:
    chamber = Chamber(floor, 4)
    (nominee,) = chamber.nominate(MERIT)
    chamber.start()
    chamber.convene()
    chamber.meet()
    chamber.open_voting()
    chamber.vote(chamber.logins[0])
    chamber.vote(chamber.logins[1])

    with pytest.raises(FormInvalid):
        chamber.close(reason="")
    floor.rollback()
    chamber.move("2026-10-10 11:01")
    assert chamber.tasks("vote") == []
    chamber.close(reason="")

    assert (chamber.verdict(nominee).yes, chamber.verdict(nominee).base) == (2, 4)
    assert chamber.verdict(nominee).passed is False


def test_a_vote_is_personal_even_when_the_task_was_handed_over(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    chamber.nominate(MERIT)
    chamber.start()
    chamber.convene()
    chamber.meet()
    chamber.open_voting()
    task = next(one for one in chamber.tasks("vote") if one.assignee == chamber.logins[0])
    task.assignee = "stranger"
    floor.flush()
    rows = [{**row, "choice": "yes"} for row in chamber.shown("vote")["rows"]]

    with pytest.raises(Refused, match="in person"):
        tasks.complete(floor, task.id, {"rows": rows}, Actor("stranger"))
