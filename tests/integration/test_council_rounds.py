"""Sessions of councils that go back, go without a meeting, and 100 random ones, through the real process."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.actors import Actor
from engine.errors import EngineError, Refused
from engine.operations import returning
from tests.chain import at
from tests.chamber import MORNING, Chamber, choose, deploy, hold
from workflows.tables import WrittenOpinion

MERIT = "certificate_of_merit"


@pytest.fixture
def floor(session: Session) -> Iterator[Session]:
    """Give a session with the council process deployed, on the morning the councils are convened."""
    clock.pin(at(MORNING))
    deploy(session)
    yield session
    clock.unpin()


def test_a_session_sent_back_to_its_convening_begins_a_new_round_with_an_empty_box(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    (nominee,) = chamber.nominate("emulation_fighter_grassroots")
    chamber.start()
    chamber.convene("secret")
    chamber.reply(chamber.logins[1], "written", "no")
    chamber.move("2026-10-10 08:05")
    waiting = chamber.tasks("record_attendance")[0]
    secretary = Actor(chamber.secretary)
    tasks.claim(floor, waiting.id, secretary)

    returning.send_back(floor, waiting.id, "convene", secretary, "Sai ngày họp")
    floor.commit()
    hold(chamber, 3, "secret")

    assert chamber.sitting.round == 2
    assert (chamber.verdict(nominee).yes, chamber.verdict(nominee).no) == (3, 0)


def test_a_vote_cannot_be_recalled(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    chamber.nominate("emulation_fighter_grassroots")
    chamber.start()
    chamber.convene("secret")
    chamber.meet()
    chamber.open_voting()
    done = chamber.vote(chamber.logins[0])

    with pytest.raises(EngineError):
        returning.recall(floor, done.id, Actor(chamber.logins[0]), "Bấm nhầm")
    floor.rollback()
    chamber.vote(chamber.logins[1])
    chamber.vote(chamber.logins[2])
    chamber.close()

    (verdict,) = chamber.sitting.verdicts
    assert (verdict.yes, verdict.no) == (3, 0)


def test_without_a_meeting_members_write_and_the_chair_decides(floor: Session) -> None:
    chamber = Chamber(floor, 4)
    first, second = chamber.nominate(MERIT, 2)
    chamber.start(quota=1, kind="standing")
    ends = {"agenda": "Xin ý kiến", "closes_at": "2026-10-07T17:00+07:00"}
    chamber.do(chamber.secretary, "request_opinions", **ends)
    for login in chamber.logins[:3]:
        chamber.do(login, "give_opinion", choose({first: "yes", second: "no"}))
    chamber.move("2026-10-07 17:01")

    with pytest.raises(Refused, match="quota"):
        chamber.do(chamber.logins[0], "decide_opinions", {"decision": "select"})
    floor.rollback()
    decisions = {
        str(first): {"decision": "select"},
        str(second): {"decision": "leave", "reason": "Chưa đủ thành tích"},
    }
    chamber.do(chamber.logins[0], "decide_opinions", decisions)
    chamber.sign()

    assert (chamber.verdict(first).yes, chamber.verdict(first).outcome) == (3, "selected")
    assert (chamber.verdict(second).no, chamber.verdict(second).outcome) == (3, "failed")
    assert chamber.verdict(second).reason == "Chưa đủ thành tích"
    assert "TT 25/2025/TT-BKHCN" in chamber.verdict(first).source
    assert len(floor.scalars(select(WrittenOpinion)).all()) == 3
    assert chamber.started is not None
    assert chamber.started.status == "completed"


def test_minutes_go_back_to_the_secretary_with_a_reason_until_the_chair_signs(floor: Session) -> None:
    chamber = Chamber(floor, 3)
    chamber.nominate(MERIT)
    chamber.start()
    hold(chamber, 3)
    chamber.do(chamber.secretary, "record_minutes")

    chamber.do(chamber.logins[0], "sign_minutes", decision="return", reason="Thiếu tóm tắt thảo luận")
    shown = chamber.shown("record_minutes")
    chamber.sign()

    assert shown["return_reason"] == "Thiếu tóm tắt thảo luận"
    assert chamber.sitting.status == "ended"


@pytest.mark.parametrize("seed", range(4))
def test_random_councils_through_the_real_process_agree_with_a_count_on_paper(
    floor: Session, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  no secret: the same councils in every run

    for number in range(25):
        size, ballot = chance.randint(1, 5), chance.choice(("open", "secret"))
        form = chance.choice((MERIT, "emulation_fighter_grassroots", "emulation_fighter_provincial"))
        chamber = Chamber(floor, size, code=f"R{seed}N{number}")
        nominees = chamber.nominate(form, chance.randint(1, 3))
        clock.pin(at(MORNING))
        chamber.start()
        chamber.convene("open" if form == MERIT and ballot == "open" else "secret")
        paper = {
            nominee: {login: chance.choice(("yes", "yes", "yes", "no", "blank")) for login in chamber.logins}
            for nominee in nominees
        }
        writers = [login for login in chamber.logins if chance.random() < 0.3]
        for login in writers:
            chamber.reply(login, "written", {nominee: said[login] for nominee, said in paper.items()})
        chamber.meet(absent=writers)
        chamber.open_voting()
        for login in chamber.logins:
            if login not in writers:
                chamber.vote(login, {nominee: said[login] for nominee, said in paper.items()})
        chamber.close()
        fifths, tenths = -(-size * 4 // 5), -(-size * 9 // 10)
        least = {MERIT: size // 2 + 1, "emulation_fighter_grassroots": fifths}.get(form, tenths)
        for nominee, said in paper.items():
            yes, no = list(said.values()).count("yes"), list(said.values()).count("no")
            verdict = chamber.verdict(nominee)
            assert (verdict.yes, verdict.no, verdict.invalid) == (yes, no, size - yes - no)
            assert (verdict.base, verdict.passed) == (size, yes >= least)
