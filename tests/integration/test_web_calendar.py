"""The calendar page, the time of a task on its page, the inbox with what was put aside, and the feeds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select

from engine import clock, deployments, history, instances, timers
from engine.actors import Actor
from engine.deadline_tables import TaskDeadline
from engine.tables import UserTask
from tests.builders import Z, a_process
from tests.chain import at
from tests.site import Visitor, open_site, sign_in
from web import db
from workflows.tables import CalendarChange, FeedToken, Notice, Person

STAFF, HEAD, OTHER_HEAD, ADMINISTRATOR = "an.p1", "binh.p1", "dung.p2", "vinh.it"
LIMITED = {
    "bv:dueInWorkingDays": "20",
    "bv:remindBefore": "1",
    "bv:escalateAfter": "1",
    "bv:escalateTo": "P1.head",
    "bv:subject": "Hồ sơ của ông A",
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """Open the house on Monday 2 November 2026 with one task of 20 working days for P1."""
    clock.pin(at("2026-11-02 09:00"))
    with open_site(tmp_path) as app:
        yield app
    clock.unpin()


@pytest.fixture
def task(site: Flask) -> int:
    properties = Z.properties(*(Z.property(name=name, value=text) for name, text in LIMITED.items()))
    process = a_process("appraisal", "Thẩm định").start()
    process.user_task("appraise", properties, candidateGroups="P1.staff").end()
    starter = Actor(STAFF, frozenset({"P1.staff"}))
    with site.app_context(), db.transaction() as session:
        deployments.deploy(session, [process.file()], starter)
        instance = instances.start(session, "appraisal", {}, starter)
        query = select(UserTask.id).where(UserTask.instance_id == instance.id)
        return session.scalars(query).one()


def due_of(site: Flask, task: int) -> str:
    with site.app_context():
        found = db.db.session.get_one(UserTask, task).due_at
        return "" if found is None else clock.written(found)


def fire(site: Flask, moment: str) -> None:
    """Let the worker fire what is due until a moment, each at its time."""
    with site.app_context(), db.transaction() as session:
        for timer in timers.due(session, at(moment)):
            if timer.task_id is not None:
                clock.pin(max(timer.due_at, clock.now()))
                timers.fire(session, timer.id)
    clock.pin(at(moment))


def test_the_month_shows_days_off_with_their_source_and_what_is_due_for_me(site: Flask, task: int) -> None:
    page = sign_in(site, STAFF).get("/calendar/?month=2026-11").text
    year = sign_in(site, STAFF).get("/calendar/?year=2026").text

    assert "Ngày Văn hóa Việt Nam" in page
    assert "Chưa quyết định" in page
    assert "Nghị quyết 80-NQ/TW" in page
    assert f'href="/tasks/{task}"' in page
    assert "21 ngày làm việc" in page
    assert year.count('class="month small"') == 12
    assert "Làm bù cho ngày 31/8/2026" in year


@pytest.mark.parametrize(
    "query", ["month=1066-01", "month=x", "year=99999", "calendar=NOPE", "month=2031-05"]
)
def test_any_address_shows_a_calendar(site: Flask, query: str) -> None:
    assert sign_in(site, STAFF).client.get(f"/calendar/?{query}").status_code == 200


def test_the_page_speaks_english(site: Flask) -> None:
    visitor = sign_in(site, STAFF)
    visitor.post("/language", {"language": "en", "back": "/calendar/"})

    page = visitor.get("/calendar/?month=2026-11").text

    assert "Working calendar" in page
    assert "Undecided" in page


def test_switching_24_november_on_moves_the_running_task_and_keeps_a_version(site: Flask, task: int) -> None:
    before = due_of(site, task)
    change = {
        "day": "2026-11-24",
        "kind": "holiday",
        "name": "Ngày Văn hóa Việt Nam",
        "source": "Luật sửa đổi Đ112",
        "active": "1",
        "verified": "1",
    }

    answer = sign_in(site, ADMINISTRATOR).post("/calendar/days", change)

    assert (answer.status_code, before, due_of(site, task)) == (303, "30/11/2026 23:59", "01/12/2026 23:59")
    page = sign_in(site, STAFF).get(f"/tasks/{task}").text
    assert "Tính lại hạn của" in page
    with site.app_context():
        (version,) = db.db.session.scalars(select(CalendarChange)).all()
        assert (version.actor, version.recomputed, version.source) == (ADMINISTRATOR, 1, "Luật sửa đổi Đ112")


@pytest.mark.parametrize(
    ("address", "sent", "words"),
    [
        (
            "days",
            {"day": "2026-12-24", "kind": "holiday", "name": "Nghỉ", "source": " "},
            "văn bản làm căn cứ",
        ),
        ("days", {"day": "24.12.", "kind": "holiday", "name": "Nghỉ", "source": "TB"}, "cần một ngày"),
        ("days", {"day": "2026-12-24", "kind": "make_up", "name": "Bù", "source": "TB"}, "thứ bảy"),
        ("days", {"day": "2031-12-24", "kind": "holiday", "name": "Nghỉ", "source": "TB"}, "2031"),
        ("days/remove", {"day": "2026-12-24", "source": "TB"}, "không có trong bảng"),
        ("years", {"year": "2026", "days": "2026-12-24; holiday; x; TB"}, "đã có trong lịch"),
        ("years", {"year": "2031", "days": "2031-01-01; holiday; x; TB"}, "ít nhất 11"),
        ("years", {"year": "2031", "days": "năm mới"}, "Dòng 1"),
        ("hours", {"code": "P1", "begins-1": "11:00", "ends-1": "07:00", "source": "QĐ"}, "nối tiếp nhau"),
        ("hours", {"code": "P1", "begins-1": "8", "ends-1": "x", "source": "QĐ"}, "nối tiếp nhau"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_keeps_what_was_typed(
    site: Flask, address: str, sent: dict[str, str], words: str
) -> None:
    answer = sign_in(site, ADMINISTRATOR).post(f"/calendar/{address}", sent)

    assert answer.status_code in (409, 422)
    assert words in answer.text
    with site.app_context():
        assert db.db.session.scalars(select(CalendarChange)).all() == []


def test_staff_do_not_change_the_calendar(site: Flask) -> None:
    visitor = sign_in(site, STAFF)

    assert "Sửa lịch" not in visitor.get("/calendar/").text
    assert visitor.post("/calendar/days", {"day": "2026-12-24"}).status_code == 403


def test_a_unit_has_hours_weekend_and_days_of_its_own(site: Flask) -> None:
    admin = sign_in(site, ADMINISTRATOR)
    hours = {"code": "P1", "begins-1": "07:00", "ends-1": "11:30", "weekend": "6", "source": "QĐ 12"}

    first = admin.post("/calendar/hours", hours)
    day = {"calendar": "P1", "day": "2026-11-05", "kind": "holiday", "name": "Nghỉ riêng", "source": "QĐ 13"}
    second = admin.post("/calendar/days", day)

    assert (first.status_code, second.status_code) == (303, 303)
    page = admin.get("/calendar/?calendar=P1&month=2026-11").text
    assert "Nghỉ riêng" in page
    assert "07:00–11:30" in page
    assert "Nghỉ riêng" not in admin.get("/calendar/?month=2026-11").text


def test_the_task_page_says_how_its_date_was_counted_and_what_will_be_sent(site: Flask, task: int) -> None:
    page = sign_in(site, STAFF).get(f"/tasks/{task}").text

    assert "20 ngày làm việc kể từ 02/11/2026" in page
    assert "27/11/2026 08:00" in page
    assert "Báo cáo vượt cấp 1 lên Phòng Thiết kế (trưởng phòng)" in page


def test_the_head_of_the_unit_changes_a_date_with_a_reason_and_others_may_not(site: Flask, task: int) -> None:
    sent = {"due": "2026-12-10", "reason": "chờ ý kiến"}

    refused = sign_in(site, STAFF).post(f"/tasks/{task}/due", sent)
    stranger = sign_in(site, OTHER_HEAD).post(f"/tasks/{task}/due", sent)
    without = sign_in(site, HEAD).post(f"/tasks/{task}/due", {"due": "2026-12-10", "reason": ""})
    changed = sign_in(site, HEAD).post(f"/tasks/{task}/due", sent)

    assert [one.status_code for one in (refused, stranger, without, changed)] == [403, 403, 422, 303]
    assert due_of(site, task) == "10/12/2026 23:59"
    with site.app_context():
        assert db.db.session.get_one(TaskDeadline, task).by_hand


def test_the_clock_stops_and_goes_on_by_the_head_s_hand(site: Flask, task: int) -> None:
    head = sign_in(site, HEAD)
    clock.pin(at("2026-11-10 09:00"))

    head.post(f"/tasks/{task}/pause", {"reason": "chờ giải trình"})
    paused = sign_in(site, STAFF).get(f"/tasks/{task}").text
    clock.pin(at("2026-12-01 09:00"))
    answer = head.post(f"/tasks/{task}/resume", {"reason": "đã có"})

    assert "Dừng tính từ 10/11/2026 09:00; còn 14 ngày làm việc" in paused
    assert (answer.status_code, due_of(site, task)) == (303, "21/12/2026 23:59")


def test_what_i_put_aside_is_hidden_from_me_only_and_shows_again_when_it_is_due(
    site: Flask, task: int
) -> None:
    mine, other = sign_in(site, STAFF), f'href="/tasks/{task}"'

    mine.post(f"/tasks/{task}/snooze", {"until": "2027-01-04"})
    hidden, kept = mine.get("/tasks/?scope=group").text, mine.get("/tasks/?scope=aside").text
    clock.pin(at("2026-12-01 08:00"))
    due = mine.get("/tasks/?scope=group").text

    assert (other in hidden, other in kept, other in due) == (False, True, True)


def test_an_escalated_task_is_marked_in_the_inbox_and_the_head_is_told(site: Flask, task: int) -> None:
    fire(site, "2026-12-02 09:00")

    staff, head = sign_in(site, STAFF), sign_in(site, HEAD)

    assert "đã được báo cáo vượt cấp" in staff.get("/tasks/?scope=group").text
    assert "Báo cáo vượt cấp 1" in head.get("/tasks/?scope=group").text
    assert "quá hạn 30/11/2026" in head.get("/notices/").text
    assert "đến hạn 30/11/2026" in staff.get("/notices/").text
    with site.app_context():
        session = db.db.session()
        kinds = [
            event.kind for event in history.of_instance(session, session.get_one(UserTask, task).instance_id)
        ]
        assert "escalation.delivered" in kinds
        assert {notice.kind for notice in session.scalars(select(Notice))} >= {
            "task_reminder",
            "task_escalation",
        }


def make_feed(visitor: Visitor, unit: str = "") -> str:
    """Open a feed through the page; return the path of its secret address."""
    page = visitor.post("/calendar/feeds", {"unit": unit}).text
    found = re.search(r"http://[^/]+(/calendar/feed/[\w-]+\.ics)", page)
    assert found is not None, page
    return found[1]


def test_a_feed_opens_without_sign_in_and_holds_my_tasks_and_the_days_off(site: Flask, task: int) -> None:
    address = make_feed(sign_in(site, STAFF))

    answer = site.test_client().get(address)

    events = {str(event["uid"]): event for event in Calendar.from_ical(answer.data).walk("VEVENT")}
    mine = events[f"task-{task}@bang-vang"]
    assert answer.mimetype == "text/calendar"
    assert (str(mine["summary"]), mine["dtstart"].dt.isoformat()) == ("appraise", "2026-11-30")
    assert mine["dtend"].dt - mine["dtstart"].dt == timedelta(days=1)
    assert str(mine["url"]).endswith(f"/tasks/{task}")
    assert "day-2026-09-02@bang-vang" in events
    assert "day-2026-11-24@bang-vang" not in events  # undecided


def test_a_revoked_feed_opens_nothing_and_a_secret_is_kept_as_a_hash_only(site: Flask, task: int) -> None:
    visitor = sign_in(site, STAFF)
    address = make_feed(visitor)
    secret = address.rpartition("/")[2].removesuffix(".ics")
    with site.app_context():
        (row,) = db.db.session.scalars(select(FeedToken)).all()
        number, kept = row.id, row.hash

    stranger = sign_in(site, HEAD).post(f"/calendar/feeds/{number}/revoke")
    visitor.post(f"/calendar/feeds/{number}/revoke")

    assert secret not in kept
    assert stranger.status_code == 404
    assert site.test_client().get(address).status_code == 404
    assert site.test_client().get("/calendar/feed/guess.ics").status_code == 404


def test_a_unit_feed_is_for_its_people_as_long_as_they_are_its_people(site: Flask, task: int) -> None:
    address = make_feed(sign_in(site, HEAD), "P1")
    refused = sign_in(site, OTHER_HEAD).post("/calendar/feeds", {"unit": "P1"})
    shown = site.test_client().get(address)
    with site.app_context(), db.transaction() as session:
        session.scalars(select(Person).where(Person.login == HEAD)).one().active = False
    gone = site.test_client().get(address)

    assert (refused.status_code, shown.status_code, gone.status_code) == (403, 200, 404)
    assert f"task-{task}@bang-vang".encode() in shown.data
