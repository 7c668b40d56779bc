"""Drive what happens at and above the province: letters that come up, the council of the city, the State."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from engine import clock, instances, tasks
from engine.actors import Actor
from engine.tables import UserTask
from tests.chain import DEPARTMENT_DIRECTOR, DEPARTMENT_OFFICE, DIRECTOR, HOME_AFFAIRS, Chain, Row
from workflows import awards, complaints, story
from workflows.tables import CouncilMember, CouncilSession, Initiative, Nomination, PreviousAward
from workflows.vocabulary import fold

INSPECTOR = "lam.tttp"
SECRETARY, PRESIDER = "quynh.snv", "son.ubnd"
MERIT = {"form": "certificate_of_merit", "influence": "city_field"}
TITLE = {"form": "emulation_fighter_provincial", "influence": "city_field"}
ORDER = {"form": "labour_order_third", "influence": "nation"}
STATE = {"form": "state_level", "influence": "nation"}


def bring_up(chain: Chain, period: str, nominees: Sequence[Row], office: str = "P1") -> None:
    """Bring nominees from an office through centre and department to the people's committee."""
    chain.session.info["ballot_key"] = bytes(range(32))
    chain.open_month(period)
    chain.propose(office, period, nominees)
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")
    chain.decide(DEPARTMENT_OFFICE, "appraise", recommend)
    chain.decide(DEPARTMENT_DIRECTOR, "decide", pass_up, decision="approve")


def entitle(chain: Chain, *subjects: str) -> None:
    """Let people have what a CSTĐ tỉnh asks for: three years CSTĐCS and an initiative of the province."""
    for number, subject in enumerate(subjects):
        key = awards.subject_key("individual", subject)
        recorded = {"recorded_by": HOME_AFFAIRS, "recorded_at": clock.now()}
        for year in (2023, 2024, 2025):
            earlier = {"form": "emulation_fighter_grassroots", "type": "merit", "year": year}
            chain.session.add(
                PreviousAward(
                    subject_key=key, decision_number=f"{number}{year}/QĐ-SXD", **earlier, **recorded
                )
            )
        reach = {"scope": "province", "recognised_by": "UBND", "document": f"{number}/QĐ-UBND"}
        day = {"recognised_on": clock.local(clock.now()).date()}
        initiative = f"sk-{fold(subject)}"
        chain.session.add(
            Initiative(key=initiative, name=initiative, subject_key=key, **reach, **day, **recorded)
        )
    chain.session.commit()


def recommend(_row: Row) -> Row:
    """Recommend a nominee."""
    return {"decision": "recommend", "reason": ""}


def pass_up(row: Row) -> Row:
    """Decide as the Giám đốc Sở does when everybody deserves it."""
    own = str(row["form_label"]).startswith("Giấy khen")
    return {"decision": "award" if own else "submit_up", "reason": ""}


def appraise(chain: Chain, **declined: str) -> UserTask:
    """Let Home Affairs recommend everybody but those named with a reason (`Lê_Chi="…"`)."""

    def choose(row: Row) -> Row:
        reason = declined.get(row["subject"].replace(" ", "_"), "")
        return {"decision": "decline" if reason else "recommend", "reason": reason}

    return chain.decide(HOME_AFFAIRS, "appraise", choose)


def post_list(chain: Chain, council_on: str, posted_on: str) -> None:
    """Let Home Affairs record that the list was posted."""
    address = "https://thiduakhenthuong.example.vn/cong-khai"
    chain.do(HOME_AFFAIRS, "post_list", council_on=council_on, posted_on=posted_on, address=address)


def gather_council(chain: Chain, meets_at: str) -> None:
    """Convene the city's council; everybody comes, the vote is open."""
    act(
        chain,
        SECRETARY,
        "convene",
        meets_at=f"{meets_at.replace(' ', 'T')}:00+07:00",
        place="Phòng họp",
        agenda="Xét khen thưởng",
        ballot="secret",
    )
    chain.move(meets_at.replace("08:00", "08:05"))
    act(chain, SECRETARY, "record_attendance", rows=lambda _: {"status": "present"})
    ends = f"{meets_at[:10]}T11:00:00+07:00"
    act(chain, SECRETARY, "open_voting", criteria_read=True, closes_at=ends, discussion="Nhất trí")


def hold_council(chain: Chain, meets_at: str, against: Mapping[str, int] | None = None) -> CouncilSession:
    """Hold the session of the city's council: everybody comes and votes yes, so many first members no."""
    gather_council(chain, meets_at)
    return vote_and_sign(chain, against or {})


def vote_and_sign(chain: Chain, no_votes: Mapping[str, int]) -> CouncilSession:
    """Let every member vote, so many first members no, then count and sign the minutes."""
    session = chain.session
    found = session.scalars(select(CouncilSession).order_by(CouncilSession.id.desc()).limit(1)).one()
    voting = select(CouncilMember.login).where(
        CouncilMember.council_id == found.council_id, CouncilMember.role != "guest"
    )
    for index, login in enumerate(session.scalars(voting.order_by(CouncilMember.id)).all()):
        act(chain, login, "vote", rows=_ballot(index, no_votes))
    task = mine(chain, SECRETARY, "close_voting")
    people = tasks.form_context(session, task, Actor(SECRETARY))["people"]
    tellers = [people[0]["value"]]
    act(chain, SECRETARY, "close_voting", tellers=tellers, reason="Đã đủ phiếu")
    act(chain, SECRETARY, "record_minutes")
    act(chain, found.presider or PRESIDER, "sign_minutes", decision="sign")
    return found


def answer_from_state(chain: Chain, day: str, answer: Row) -> None:
    """Let the State receive, submit and answer everybody on one day, and Home Affairs pass it on."""
    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on=day)
    step = {"measure": "decided", "step_on": day}
    act(chain, HOME_AFFAIRS, "record_appraisal", lambda _: {"decision": "submit_up"}, **step)
    dates = {"answered_on": day, "told_on": day}
    act(chain, HOME_AFFAIRS, "record_prime_minister", lambda _: answer, **dates)
    act(chain, HOME_AFFAIRS, "inform_nominees", told=True)


def mine(chain: Chain, login: str, element: str) -> UserTask:
    """Return the oldest open task of an element that a person may do, offered to a group or in person."""
    actor = chain.actor(login)
    query = select(UserTask).where(UserTask.element == element, UserTask.status == "open")
    found = chain.session.scalars(query.order_by(UserTask.id)).all()
    return next(task for task in found if tasks.may_act(task, actor))


def act(
    chain: Chain, login: str, element: str, rows: Callable[[Row], Row] | None = None, **answers: Any
) -> UserTask:
    """Complete a task with its form as shown, its rows changed by a function and the rest by the answers."""
    task, actor = mine(chain, login, element), chain.actor(login)
    values = story.read_form(chain.session, task, actor)
    if rows is not None:
        shown = values.get("rows") or tasks.form_context(chain.session, task, actor).get("rows", [])
        values["rows"] = [{**row, **rows(row)} for row in shown]
    done = tasks.complete(chain.session, task.id, {**values, **answers}, actor)
    chain.session.commit()
    return done


def report(chain: Chain, subject: str, login: str = INSPECTOR, **answers: Any) -> Nomination:
    """Let somebody open a case on a nominee and record a denunciation."""
    nomination = chain.nomination(subject)
    actor = chain.actor(login)
    variables = complaints.case_variables(chain.session, nomination, actor)
    instances.start(chain.session, "complaint_suspension", variables, actor)
    given = {"measure": "suspend", "kind": "denunciation", "document": "15/TTTP", "summary": "Đang xác minh"}
    act(chain, login, "record_complaint", **{**given, **answers})
    return nomination


def _ballot(index: int, no_votes: Mapping[str, int]) -> Callable[[Row], Row]:
    return lambda row: {"choice": "no" if index < no_votes.get(row["subject"], 0) else "yes"}


def show(chain: Chain, login: str, element: str) -> Mapping[str, Any]:
    """Return what the form of somebody's oldest open task of an element shows."""
    return tasks.form_context(chain.session, mine(chain, login, element), chain.actor(login))
