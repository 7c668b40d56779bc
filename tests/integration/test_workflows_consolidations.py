"""A centre's month: returns with both dates, versions, missing offices, reminders, one letter upward."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.errors import Conflict, FormInvalid, Refused
from tests.integration import handler_calls as calls
from workflows import nominations, notices
from workflows.tables import Consolidation, Notice, Submission

OCTOBER_10 = calls.at(2026, 10, 10, 9)
OCTOBER_17 = calls.at(2026, 10, 17, 9)


@pytest.fixture
def session() -> Iterator[Session]:
    with calls.world() as opened:
        yield opened


def review(
    session: Session, month: dict[str, object], decisions: dict[str, tuple[str, str]], **more: object
) -> dict:  # type: ignore[type-arg]
    rows = calls.run(session, "consolidations.rows", OCTOBER_10, month)["rows"]
    given = [
        {"id": row["id"], "decision": decisions[row["subject"]][0], "reason": decisions[row["subject"]][1]}
        for row in rows
        if row["subject"] in decisions
    ]
    return calls.run(session, "consolidations.review", OCTOBER_10, {**month, "rows": given, **more})


def test_a_centre_opens_one_consolidation_a_month(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)

    assert month["report_due_at"] == "2026-10-16T00:00:00+07:00"
    assert month["center_due_at"] == "2026-10-20T00:00:00+07:00"
    assert month["report_reminder_at"] == "2026-10-15T08:00:00+07:00"
    assert month["center_reminder_at"] == "2026-10-19T08:00:00+07:00"
    with pytest.raises(Refused, match="2026-10"):
        calls.open_month(session, OCTOBER_10)


def test_a_return_needs_a_reason_and_keeps_both_dates_and_the_first_version(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    case = calls.propose(
        session, "P1", OCTOBER_10, [calls.individual("An"), calls.individual("Bình", report_attested=False)]
    )
    with pytest.raises(FormInvalid) as refusal:
        review(session, month, {"An": ("accept", ""), "Bình": ("return", " ")})

    answer = review(session, month, {"An": ("accept", ""), "Bình": ("return", "Báo cáo chưa có xác nhận")})

    assert set(refusal.value.messages) == {"rows.1.reason"}
    assert answer["closed"] is False
    assert answer["returned"] == [
        {
            "proposal_key": "P1/598/2026-10",
            "supplement_due_at": "2026-10-14T23:59:00+07:00",
            "reason": "Bình: Báo cáo chưa có xác nhận",
        }
    ]
    shown = calls.run(session, "proposals.returned_rows", OCTOBER_10, case)
    assert (shown["report_due_at"], shown["supplement_due_at"]) == ("16/10/2026", "14/10/2026")
    assert [row["subject"] for row in shown["nominees"]] == ["Bình"]

    row = {"id": shown["nominees"][0]["id"], "report_attested": True, "note": "Đã xin xác nhận"}
    calls.run(session, "proposals.supplement", OCTOBER_17, {**case, "nominees": [row]})
    calls.run(session, "proposals.check_criteria", OCTOBER_17, case)
    sent = calls.send(session, case, OCTOBER_17)

    returned = calls.nomination(session, "Bình")
    proposal = calls.proposal(session, case)
    assert (sent["version"], sent["open_count"]) == (2, 2)
    assert [version.content["report_attested"] for version in returned.versions] == [False, True]
    assert (proposal.late, proposal.supplement_late) == (False, True)
    assert [version.number for version in calls.nomination(session, "An").versions] == [1]


def test_closing_needs_a_decision_on_everything_and_sets_aside_what_is_not_supplemented(
    session: Session,
) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An"), calls.individual("Bình")])

    with pytest.raises(FormInvalid):
        review(session, month, {"An": ("accept", ""), "Bình": ("later", "")}, closed=True)
    with pytest.raises(FormInvalid):
        review(session, month, {"An": ("accept", ""), "Bình": ("return", "x")}, closed=True)
    with pytest.raises(Conflict):
        review(session, month, {"An": ("accept", "")}, closed=True)
    review(session, month, {"An": ("accept", ""), "Bình": ("return", "Thiếu xác nhận")})
    answer = review(session, month, {"An": ("accept", "")}, closed=True)

    left = calls.nomination(session, "Bình")
    assert answer == {"returned": [], "closed": True}
    assert left.status == "set_aside"
    assert "chốt danh sách" in nominations.describe_reason(left).vi


def test_nothing_to_report_clears_the_month_and_missing_offices_are_listed(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An")])
    calls.propose(session, "P3", OCTOBER_10, [])

    late = calls.run(session, "consolidations.mark_late_offices", calls.at(2026, 10, 16), month)
    calls.propose(session, "P4", calls.at(2026, 10, 16, 8), [calls.individual("Yên")])
    shown = calls.run(session, "consolidations.missing", OCTOBER_17, month)
    sent = calls.close_and_sign(session, month, OCTOBER_17)
    letter = calls.run(session, "submissions.rows", OCTOBER_17, sent)

    assert late == {"missing_count": 2}
    assert shown["missing_offices"] == "Phòng Giám sát"
    assert letter["missing_offices"] == "Phòng Giám sát"
    assert letter["nothing_offices"] == "Phòng Kiểm định"
    assert letter["late_offices"] == "Phòng Quy hoạch"
    assert sent["nominee_count"] == 2
    assert notices.has(session, "TTTV.director", "offices.missing", "TTTV/2026-10")
    assert not notices.has(session, "P3.head", "offices.missing", "TTTV/2026-10")


def test_the_director_signs_and_the_letter_gets_a_number_and_both_dates(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An")])
    calls.propose(session, "P2", OCTOBER_10, [calls.individual("Em")])
    review(session, month, {"An": ("accept", ""), "Em": ("set_aside", "Chưa rõ kết quả")}, closed=True)
    drafted = calls.run(session, "consolidations.draft_submission", OCTOBER_17, month)

    before = calls.run(session, "submissions.rows", OCTOBER_17, drafted)
    signed = calls.run(
        session, "submissions.sign", OCTOBER_17, {**drafted, "decision": "sign"}, who="nam.tttv"
    )
    after = calls.run(session, "submissions.rows", OCTOBER_17, drafted)

    assert (before["submission_number"], after["submission_number"]) == ("", "01/TTr-TTTV")
    assert (after["report_due_at"], after["center_due_at"]) == ("16/10/2026", "20/10/2026")
    assert signed == {"decision": "sign", "results": [{"proposal_key": "P2/598/2026-10"}]}
    assert calls.nomination(session, "An").level == "department"
    assert session.scalars(select(Consolidation.late)).all() == [False]


def test_a_returned_letter_is_revised_under_one_key_and_numbered_once(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An"), calls.individual("Bình")])
    review(session, month, {"An": ("accept", ""), "Bình": ("accept", "")}, closed=True)
    drafted = calls.run(session, "consolidations.draft_submission", OCTOBER_17, month)
    back = {**drafted, "decision": "return", "reason": "Bỏ Bình"}

    assert calls.run(session, "submissions.sign", OCTOBER_17, back) == {"decision": "return", "results": []}
    shown = calls.run(session, "submissions.rows", OCTOBER_17, drafted)
    rows = [
        {
            "id": row["id"],
            "decision": "keep" if row["subject"] == "An" else "set_aside",
            "reason": "Giám đốc yêu cầu",
        }
        for row in shown["rows"]
    ]
    calls.run(session, "submissions.revise", OCTOBER_17, {**drafted, "rows": rows, "note": "Đã bỏ"})
    again = calls.run(session, "consolidations.draft_submission", OCTOBER_17, month)
    signed = calls.run(session, "submissions.sign", OCTOBER_17, {**again, "decision": "sign"})

    assert shown["return_reason"] == "Bỏ Bình"
    assert (again["submission"], again["nominee_count"]) == (drafted["submission"], 1)
    assert signed["results"] == [{"proposal_key": "P1/598/2026-10"}]
    assert session.scalars(select(Submission.number)).all() == ["01/TTr-TTTV"]


def test_a_closed_month_takes_no_more_nominations(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An")])
    calls.close_and_sign(session, month, OCTOBER_17)

    with pytest.raises(Refused):
        calls.propose(session, "P2", OCTOBER_17, [calls.individual("Em")])
    case = calls.propose(session, "P3", OCTOBER_17, [])
    assert case["open_count"] == 0


def test_reminders_go_to_those_who_have_not_reported(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [])

    calls.run(session, "consolidations.remind_offices", calls.at(2026, 10, 15, 8), month)
    calls.run(session, "consolidations.remind_center", calls.at(2026, 10, 19, 8), month)

    groups = session.execute(select(Notice.kind, Notice.group_name).where(Notice.kind.like("%.reminder")))
    found = sorted((kind, group) for kind, group in groups)
    assert ("center.reminder", "TCHC.staff") in found
    assert [group for kind, group in found if kind == "office.reminder"] == [
        "P2.head", "P2.staff", "P3.head", "P3.staff", "P4.head", "P4.staff",
    ]  # fmt: skip


def test_before_tet_there_is_one_reminder_for_both_dates_and_nothing_is_due_in_the_holiday(
    session: Session,
) -> None:
    month = calls.open_month(session, calls.at(2026, 2, 2, 9), "2026-02")
    calls.run(session, "consolidations.remind_offices", calls.at(2026, 2, 13, 8), month)
    calls.run(session, "consolidations.remind_center", calls.at(2026, 2, 13, 8), month)

    per_group = [notices.list_for(session, [group]) for group in ("P1.staff", "TCHC.staff")]
    assert [[notice.kind for notice in found] for found in per_group] == [["combined.reminder"]] * 2
    assert month["report_reminder_at"] == month["center_reminder_at"] == "2026-02-13T08:00:00+07:00"
    assert {month["report_due_at"], month["center_due_at"]} == {"2026-02-14T00:00:00+07:00"}


def test_a_centre_that_is_late_is_marked_and_told(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)

    answer = calls.run(session, "consolidations.mark_center_late", calls.at(2026, 10, 20), month)

    assert answer == {"center_late": True}
    assert notices.has(session, "TTTV.director", "center.overdue", "TTTV/2026-10")


def test_a_receipt_is_written_into_the_nominations(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    case = calls.propose(session, "P1", OCTOBER_10, [calls.individual("An")])

    calls.run(
        session, "consolidations.record_receipt", OCTOBER_10, {**month, **case}, instance=calls.CENTRES_OWN
    )

    steps = [step.outcome for step in calls.nomination(session, "An").steps]
    assert steps == ["proposed", "eligible", "head_signed", "submitted", "received"]


def test_the_month_reads_its_proposals_and_nominations_in_the_same_number_of_statements(
    session: Session,
) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An")])
    few = count_statements(session, month)

    calls.propose(session, "P2", OCTOBER_10, [calls.individual("Bình"), calls.individual("Chi")])
    calls.propose(session, "P3", OCTOBER_10, [calls.individual("Dũng"), calls.individual("Em")])

    assert count_statements(session, month) == few
    assert few <= 9


def count_statements(session: Session, month: dict[str, Any]) -> int:
    """Return how many statements the form source of the review needs with nothing in memory."""
    session.commit()
    session.expunge_all()
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(session.get_bind(), "after_cursor_execute", note)
    calls.run(session, "consolidations.rows", OCTOBER_10, month)
    event.remove(session.get_bind(), "after_cursor_execute", note)
    return len(seen)


def test_a_result_is_told_in_both_languages_with_its_reason(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An"), calls.individual("Bình")])
    review(session, month, {"An": ("accept", ""), "Bình": ("return", "Thiếu xác nhận")})
    review(session, month, {"An": ("accept", "")}, closed=True)
    drafted = calls.run(session, "consolidations.draft_submission", OCTOBER_17, month)
    calls.run(session, "submissions.sign", OCTOBER_17, {**drafted, "decision": "sign"})

    told = session.scalars(select(Notice).where(Notice.kind == "nomination.decided")).first()

    assert told is not None
    assert told.en == (
        "Result of the nomination of 'Bình' for 10/2026: Set aside. "
        "Reason: The supplement had not arrived when the centre closed its list."
    )
    assert told.vi.endswith("Lý do: Chưa nhận được hồ sơ bổ sung khi Trung tâm chốt danh sách.")
    assert calls.nomination(session, "Bình").steps[-1].reason_en.startswith("The supplement had not")


def test_who_has_a_nomination_since_when_does_not_change_while_the_same_person_has_it(
    session: Session,
) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An")])
    review(session, month, {"An": ("accept", "")}, closed=True)
    drafted = calls.run(session, "consolidations.draft_submission", OCTOBER_17, month)
    had = calls.nomination(session, "An").since

    back = {**drafted, "decision": "return", "reason": "Sắp xếp lại"}
    calls.run(session, "submissions.sign", calls.at(2026, 10, 18, 9), back)
    calls.run(session, "consolidations.draft_submission", calls.at(2026, 10, 19, 9), month)

    kept = calls.nomination(session, "An")
    assert (kept.holder, kept.since) == ("TTTV.director", had)
