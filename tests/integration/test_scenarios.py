"""The first ten acceptance scenarios, run through the real processes with their real forms and handlers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.errors import FormInvalid, Refused
from engine.tables import ProcessInstance, Timer, UserTask
from tests.chain import (
    CHAIR,
    COORDINATION,
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HEADS,
    HOME_AFFAIRS,
    MOVEMENT,
    STAFF,
    Chain,
    Row,
    at,
    collective,
    individual,
)
from tests.province import answer_from_state, hold_council
from workflows.tables import AwardDecision, Document, InitiativeUse, Movement, Submission

PERIOD = "2026-10"


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain on the morning of 1 October 2026."""
    yield Chain(session, "2026-10-01 09:00")
    clock.unpin()


def award_or_pass_up(row: Row) -> Row:
    """Decide as the Giám đốc Sở does when everybody deserves it."""
    return {"decision": "award" if row["form_label"].startswith("Giấy khen") else "submit_up", "reason": ""}


def send_to_department(chain: Chain) -> None:
    """Close the month and let the director of the centre sign."""
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")


def decide_at_department(chain: Chain) -> None:
    """Let the department appraise everything as worthy and decide."""
    chain.decide(DEPARTMENT_OFFICE, "appraise", lambda row: {"decision": "recommend", "reason": ""})
    chain.decide(DEPARTMENT_DIRECTOR, "decide", award_or_pass_up, decision="approve")


def test_scenario_01_one_of_three_individuals_fails_a_criterion_and_is_named(chain: Chain) -> None:
    chain.open_month(PERIOD)
    chain.open_proposal("P1", PERIOD)
    nominees = [individual("Nguyễn An"), individual("Trần Bình"), individual("Lê Chi", not_criticised=False)]

    chain.prepare("P1", nominees)
    _task, context, _values = chain.form(HEADS["P1"], "head_review")
    shown = {row["subject"]: row["precheck"] for row in context["rows"]}
    chain.do(HEADS["P1"], "head_review", decision="sign")

    assert "không bị phê bình, nhắc nhở" in shown["Lê Chi"]
    assert "III.1.b" in shown["Lê Chi"]
    assert shown["Nguyễn An"] == "Đạt"
    failed = chain.nomination("Lê Chi")
    assert failed.status == "ineligible"
    assert failed.precheck["failures"][0]["group"] == 3
    assert [chain.nomination(name).status for name in ("Nguyễn An", "Trần Bình")] == ["open", "open"]
    _task, context, _values = chain.form(COORDINATION, "review_proposals")
    assert [row["subject"] for row in context["rows"]] == ["Nguyễn An", "Trần Bình"]


def test_scenario_02_a_violation_of_one_worker_vetoes_the_office_but_not_its_people(chain: Chain) -> None:
    chain.open_month(PERIOD)

    chain.propose("P2", PERIOD, [collective("Phòng Giám sát", violations=1), individual("Phạm Dung")])

    office = chain.nomination("Phòng Giám sát")
    assert office.status == "ineligible"
    (failure,) = office.precheck["failures"]
    assert (failure["group"], failure["veto"]) == (4, True)
    assert "III.1.a" in failure["source"]
    assert chain.nomination("Phạm Dung").status == "open"


def test_scenario_02_the_veto_is_counted_from_the_members_whatever_the_list_states(chain: Chain) -> None:
    chain.open_month(PERIOD)

    worker = individual("Phạm Dung", complied=False)
    chain.propose("P2", PERIOD, [collective("Phòng Giám sát", violations=0), worker, individual("Vũ Hà")])

    statuses = {name: chain.nomination(name).status for name in ("Phòng Giám sát", "Phạm Dung", "Vũ Hà")}
    assert statuses == {"Phòng Giám sát": "ineligible", "Phạm Dung": "ineligible", "Vũ Hà": "open"}
    (failure,) = chain.nomination("Phòng Giám sát").precheck["failures"]
    assert (failure["key"], failure["veto"]) == ("violations", True)


def test_scenario_03_a_returned_dossier_keeps_its_instance_its_first_version_and_both_dates(
    chain: Chain,
) -> None:
    chain.open_month(PERIOD)
    started = chain.propose(
        "P1", PERIOD, [individual("Nguyễn An"), individual("Trần Bình", report_attested=False)]
    )
    reason = "Báo cáo thành tích của ông Bình thiếu xác nhận"

    with pytest.raises(FormInvalid) as invalid:
        chain.review(Trần_Bình=("return", ""))
    chain.review(Trần_Bình=("return", reason))
    proposal = chain.proposal("P1", PERIOD)
    task, context, values = chain.form(STAFF["P1"], "supplement")
    rows = [{**row, "report_attested": True} for row in values["nominees"]]
    chain.do(STAFF["P1"], "supplement", nominees=rows)
    chain.do(HEADS["P1"], "head_review", decision="sign")

    assert any(path.endswith(".reason") for path in invalid.value.messages)
    assert reason in str(context["return_reason"])
    assert task.instance_id == started.id
    assert proposal.report_due_at == at("2026-10-16 00:00")
    assert proposal.supplement_due_at is not None
    assert task.due_at == proposal.supplement_due_at
    assert (context["report_due_at"], bool(context["supplement_due_at"])) == ("16/10/2026", True)
    versions = chain.nomination("Trần Bình").versions
    assert [version.number for version in versions] == [1, 2]
    assert [version.content["report_attested"] for version in versions] == [False, True]
    assert proposal.version == 2
    slip = chain.session.scalars(select(Document).where(Document.kind == "supplement_request")).one()
    assert slip.unit == "TTTV"
    assert reason in str(slip.values)


def test_scenario_04_a_report_on_the_15th_is_in_time_and_one_on_the_16th_is_late_but_accepted(
    chain: Chain,
) -> None:
    chain.open_month(PERIOD)
    chain.move("2026-10-15 16:30")
    chain.propose("P1", PERIOD, [individual("Nguyễn An")])
    chain.move("2026-10-16 08:00")
    urged = chain.open_tasks(DIRECTOR)

    chain.propose("P2", PERIOD, [individual("Phạm Dung")])

    assert chain.proposal("P1", PERIOD).late is False
    assert chain.proposal("P2", PERIOD).late is True
    assert urged == ["urge_offices"]
    _task, context, _values = chain.form(DIRECTOR, "urge_offices")
    assert "Phòng Thiết kế" not in str(context["missing_offices"])
    assert "Phòng Kiểm định" in str(context["missing_offices"])
    _task, context, _values = chain.form(COORDINATION, "review_proposals")
    late = {row["subject"]: row["late"] for row in context["rows"]}
    assert "muộn" in late["Phạm Dung"].lower() or "chậm" in late["Phạm Dung"].lower()
    assert late["Nguyễn An"] == "Đúng hạn"


def test_scenario_05_a_date_on_a_sunday_reminds_on_friday_and_a_policy_moves_lateness(chain: Chain) -> None:
    clock.pin(at("2026-08-03 09:00"))
    chain.open_month("2026-08")
    chain.move("2026-08-13 23:59")
    before = chain.notices("office.reminder")
    chain.move("2026-08-14 08:00")
    reminded = chain.notices("office.reminder")
    chain.move("2026-08-15 20:00")
    chain.propose("P1", "2026-08", [individual("Nguyễn An")])
    chain.move("2026-08-17 08:00")
    chain.propose("P2", "2026-08", [individual("Phạm Dung")])

    assert before == []
    assert {notice.group_name for notice in reminded} >= {"P1.staff", "P2.head", "P4.staff"}
    assert {clock.local(notice.at).strftime("%d/%m %H:%M") for notice in reminded} == {"14/08 08:00"}
    assert chain.proposal("P1", "2026-08").late is False
    assert chain.proposal("P2", "2026-08").late is True


def test_scenario_05_with_the_next_working_day_policy_monday_is_in_time(chain: Chain) -> None:
    clock.pin(at("2026-08-03 09:00"))
    movement = chain.session.scalars(select(Movement).where(Movement.code == MOVEMENT)).one()
    movement.deadline_policy = "next_working_day"
    chain.open_month("2026-08")
    chain.move("2026-08-17 08:00")

    chain.propose("P2", "2026-08", [individual("Phạm Dung")])

    assert chain.proposal("P2", "2026-08").late is False


def test_scenario_06_in_the_month_of_tet_one_reminder_serves_both_dates(chain: Chain) -> None:
    clock.pin(at("2026-02-02 09:00"))
    chain.open_month("2026-02")
    due = [clock.local(timer.due_at) for timer in chain.session.scalars(select(Timer))]
    chain.move("2026-02-13 18:00")

    combined = chain.notices("combined.reminder")

    assert {clock.local(notice.at).strftime("%d/%m/%Y") for notice in combined} == {"13/02/2026"}
    groups = [notice.group_name for notice in combined]
    assert sorted(groups) == sorted(set(groups))
    assert "TCHC.staff" in groups
    assert "P1.staff" in groups
    assert chain.notices("office.reminder") == []
    assert chain.notices("center.reminder") == []
    reminders = [moment for moment in due if moment.hour == 8]
    assert all(moment.date().isoformat() == "2026-02-13" for moment in reminders)


def test_scenario_07_nothing_to_report_clears_the_month_and_missing_offices_are_listed(chain: Chain) -> None:
    chain.open_month(PERIOD)
    chain.propose("P1", PERIOD, [individual("Nguyễn An")])
    reported = chain.propose("P3", PERIOD, [])
    chain.move("2026-10-17 09:00")

    chain.review(closed=True)
    _task, context, _values = chain.form(DIRECTOR, "sign_submission")

    assert reported.status == "completed"
    assert "Phòng Kiểm định" not in str(context["missing_offices"])
    assert "Phòng Giám sát" in str(context["missing_offices"])
    assert "Phòng Quy hoạch" in str(context["missing_offices"])
    assert "Phòng Kiểm định" in str(context["nothing_offices"])


def test_scenario_08_the_centre_consolidates_signs_and_the_department_receives(chain: Chain) -> None:
    month = chain.open_month(PERIOD)
    for office, subject in (("P1", "Nguyễn An"), ("P2", "Phạm Dung"), ("P4", "Đỗ Khánh")):
        chain.propose(office, PERIOD, [individual(subject)])
    chain.propose("P3", PERIOD, [])
    with pytest.raises(Refused):
        chain.open_month(PERIOD)
    chain.session.rollback()
    chain.move("2026-10-17 09:00")

    task, context, _values = chain.form(COORDINATION, "review_proposals")
    send_to_department(chain)

    assert task.due_at == at("2026-10-20 00:00")
    assert (context["report_due_at"], context["center_due_at"]) == ("16/10/2026", "20/10/2026")
    assert [row["subject"] for row in context["rows"]] == ["Nguyễn An", "Phạm Dung", "Đỗ Khánh"]
    parents = chain.session.scalars(
        select(ProcessInstance).where(ProcessInstance.process_id == "center_consolidation")
    ).all()
    assert [parent.id for parent in parents] == [month.id]
    assert month.status == "completed"
    received = chain.session.scalars(
        select(ProcessInstance).where(ProcessInstance.process_id == "department_review")
    ).one()
    assert received.status == "active"
    assert chain.open_tasks(DEPARTMENT_OFFICE) == ["appraise"]
    assert chain.consolidation(PERIOD).late is False
    assert chain.nomination("Đỗ Khánh").level == "department"
    letter = chain.session.scalars(select(Submission)).one()
    issued = chain.session.scalars(select(Document).where(Document.kind == "submission_letter")).one()
    assert (letter.from_unit, letter.to_unit, letter.number) == ("TTTV", "SXD", issued.number)


def test_scenario_09_the_form_decides_the_route_and_two_forms_for_one_achievement_are_refused(
    chain: Chain,
) -> None:
    chain.open_month(PERIOD)
    merit = {"form": "certificate_of_merit", "influence": "city_field"}
    chain.open_proposal("P1", PERIOD)
    same = individual("Nguyễn An")

    with pytest.raises(Refused) as refused:
        chain.prepare("P1", [same, {**same, **merit}])
    chain.session.rollback()
    chain.prepare("P1", [same, individual("Trần Bình", **merit)])
    chain.do(HEADS["P1"], "head_review", decision="sign")
    send_to_department(chain)
    decide_at_department(chain)

    assert "Đ5k2c" in refused.value.source
    assert chain.nomination("Nguyễn An").status == "awarded"
    decided = chain.session.scalars(select(AwardDecision)).one()
    assert decided.form == "certificate_of_commendation"
    assert chain.nomination("Trần Bình").level == "province"
    assert chain.open_tasks(HOME_AFFAIRS) == ["appraise"]


def test_scenario_10_an_achievement_already_awarded_is_blocked_another_one_is_not(chain: Chain) -> None:
    chain.open_month(PERIOD)
    chain.propose("P1", PERIOD, [individual("Nguyễn An", achievement_ref="TT-2026-07")])
    send_to_department(chain)
    decide_at_department(chain)
    chain.do(HEADS["P1"], "acknowledge_results", informed=True)
    number = chain.session.scalars(select(AwardDecision.number)).one()
    chain.move("2026-11-02 09:00")
    chain.open_month("2026-11")
    chain.open_proposal("P1", "2026-11")

    with pytest.raises(Refused) as refused:
        chain.prepare("P1", [individual("Nguyễn An", achievement_ref="TT-2026-07")])
    chain.session.rollback()
    other = individual(
        "Nguyễn An",
        achievement_ref="TT-2026-11",
        achievement="Lập phương án điều phối vật tư cho bệnh viện dã chiến",
    )
    chain.prepare("P1", [other])

    assert number in refused.value.text("vi")
    assert "/2026" in refused.value.text("vi")
    assert chain.open_tasks(HEADS["P1"]) == ["head_review"]


def test_an_initiative_already_used_is_refused(chain: Chain) -> None:
    chain.session.add(
        InitiativeUse(
            initiative_ref="sk-12",
            subject="Nguyễn An",
            award_kind="title",
            award_name="Chiến sĩ thi đua cơ sở 2025",
            decision_number="12/QĐ-SXD",
            decided_on=at("2025-12-20 00:00").date(),
        )
    )
    chain.open_proposal("P1", PERIOD)
    merit = {"form": "certificate_of_merit", "influence": "city_field", "initiative_ref": "SK-12"}

    with pytest.raises(Refused) as refused:
        chain.prepare("P1", [individual("Nguyễn An", **merit)])

    assert "5007/BNV-TĐKT" in refused.value.source


def test_the_whole_chain_brings_every_answer_back_to_the_office(chain: Chain) -> None:
    chain.open_month(PERIOD)
    state = {"form": "state_level", "influence": "nation"}
    merit = {"form": "certificate_of_merit", "influence": "city_field"}
    first = [
        individual("Nguyễn An"),
        individual("Trần Bình", **merit),
        individual("Lê Chi", not_criticised=False),
    ]
    office = chain.propose("P1", PERIOD, first)
    chain.propose("P2", PERIOD, [individual("Phạm Dung", **state), collective("Phòng Giám sát")])
    chain.review(closed=True, Phòng_Giám_sát=("set_aside", "Trùng thành tích với đợt trước"))
    chain.do(DIRECTOR, "sign_submission", decision="sign")
    decide_at_department(chain)

    chain.decide(HOME_AFFAIRS, "appraise", lambda row: {"decision": "recommend", "reason": ""})
    assert chain.open_tasks(CHAIR) == ["decide_merit"]
    chain.decide(CHAIR, "decide_merit", lambda row: {"decision": "award", "reason": ""})
    chain.move("2026-10-16 09:00")  # the agencies asked have stayed silent
    hold_council(chain, "2026-10-20 08:00")
    chain.do(CHAIR, "sign_state_submission", sign=True)
    declined = {"decision": "declined", "reason": "Phạm vi ảnh hưởng chưa đến toàn quốc"}
    answer_from_state(chain, "2026-10-20", declined)

    results = {
        name: chain.nomination(name)
        for name in ("Nguyễn An", "Trần Bình", "Lê Chi", "Phạm Dung", "Phòng Giám sát")
    }
    assert {name: found.status for name, found in results.items()} == {
        "Nguyễn An": "awarded",
        "Trần Bình": "awarded",
        "Lê Chi": "ineligible",
        "Phạm Dung": "declined",
        "Phòng Giám sát": "set_aside",
    }
    assert results["Phạm Dung"].reason == declined["reason"]
    for head, subjects in ((HEADS["P1"], 3), (HEADS["P2"], 2)):
        _task, context, _values = chain.form(head, "acknowledge_results")
        assert len(context["rows"]) == subjects
        chain.do(head, "acknowledge_results", informed=True)
    assert office.status == "completed"
    running = select(ProcessInstance).where(ProcessInstance.status == "active")
    assert chain.session.scalars(running).all() == []
    assert chain.session.scalars(select(UserTask).where(UserTask.status == "open")).all() == []
    assert "nomination_decided" in history.completed_elements(history.of_instance(chain.session, office.id))
