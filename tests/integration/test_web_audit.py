"""Auditors in the pages: find a case, read everything that happened; and error pages in both languages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from babel.messages import extract, pofile
from flask import Flask
from sqlalchemy import select

from engine import clock, deployments, incidents, instances, jobs
from engine.actors import SYSTEM
from engine.tables import Incident, Job
from tests.builders import a_process
from tests.site import Visitor, open_site, sign_in, start_proposal
from web import db, timeline_words

WEB = Path(__file__).parent.parent.parent / "web"
CATALOG = WEB / "translations" / "en" / "LC_MESSAGES" / "messages.po"
ENGINE = WEB.parent / "engine"
NOUNS = (
    "instance|element|loop|task|job|timer|subscription|signal|condition|message|call|incident|variables|error|"
    "escalation|failure|decision|compensation|transaction|gateway|history|tokens"
)
KIND = re.compile(rf'"((?:{NOUNS})\.[a-z_]+)"')
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app, clock.pinned(datetime(2026, 10, 5, 9, 0, tzinfo=clock.ZONE)):
        yield app


def read_csv(visitor: Visitor, address: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(visitor.get(address).data.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("key=P1/598", 1),
        ("key=P9", 0),
        ("process=office_proposal", 1),
        ("process=center_consolidation", 0),
        ("status=active", 1),
        ("status=completed", 0),
        ("person=an.p1", 1),
        ("person=chi.p2", 0),
        ("from=05/10/2026&to=05/10/2026", 1),
        ("from=06/10/2026", 0),
        ("to=31/12/9999", 1),
        ("to=04/10/2026", 0),
        ("q=Lập danh sách", 1),
        ("q=không có chữ này", 0),
        ("q=598&person=an.p1&status=active", 1),
        ("q=report_due_at", 0),
        ("q=report_due_at&events=1", 1),
        ("q=report_due_at&process=office_proposal", 1),
        ("q=report_due_at&from=05/10/2026", 1),
    ],
)
def test_cases_are_found_by_what_is_known_of_them(site: Flask, query: str, found: int) -> None:
    start_proposal(sign_in(site, "an.p1"))
    auditor = sign_in(site, "uyen.tt")

    rows = read_csv(auditor, f"/audit/instances?{query}&format=csv")

    assert len(rows) - 1 == found


def test_a_wrong_day_is_said_to_be_wrong(site: Flask) -> None:
    auditor = sign_in(site, "uyen.tt")

    page = auditor.get("/audit/instances?from=2026-10-05")

    assert "Ngày phải viết dạng ngày/tháng/năm" in page.text


def test_a_case_shows_every_event_by_sequence_with_before_and_after(site: Flask) -> None:
    an, auditor = sign_in(site, "an.p1"), sign_in(site, "uyen.tt")
    task_id = start_proposal(an)
    an.post(f"/tasks/{task_id}/claim")

    rows = read_csv(auditor, "/audit/instances/1?format=csv")
    page = auditor.get("/audit/instances/1").text

    assert [int(row[0]) for row in rows[1:]] == list(range(1, len(rows)))
    claimed = next(row for row in rows if row[4] == "task.claimed")
    assert claimed[2] == "Nguyễn Thanh An"
    assert claimed[3] == "Nhận việc “Lập danh sách đề nghị”"
    assert "Nguyễn Thanh An" in claimed[6]
    assert "05/10/2026 09:00:00 +0700" in page
    assert "bv-current" in page
    assert "bv-done" in page


def test_what_was_typed_is_read_with_the_labels_of_its_form(site: Flask) -> None:
    an, auditor = sign_in(site, "an.p1"), sign_in(site, "uyen.tt")
    task_id = start_proposal(an)
    an.post(f"/tasks/{task_id}/complete", {"report_kind": "nothing_to_report", "_submit": "1"})

    page = auditor.get("/audit/instances/1").text
    rows = read_csv(auditor, "/audit/instances/1?format=csv")

    assert "Nội dung báo cáo: <ins>Báo cáo không có đề xuất</ins>" in page
    assert any("report_kind" in row[6] and "nothing_to_report" in row[6] for row in rows)
    assert "Phòng Thiết kế (chuyên viên)" in page


@pytest.mark.parametrize(
    ("language", "said"),
    [("vi", ("Bước tự động “mail” lỗi: no connection", "số lần thử còn lại", "Khắc phục sự cố ở bước")),
     ("en", ("Job &#39;mail&#39; failed: no connection", "retries left", "resolved"))],
)  # fmt: skip
def test_an_incident_is_told_in_the_words_of_the_reader(
    site: Flask, language: str, said: tuple[str, ...]
) -> None:
    with site.app_context(), db.transaction() as session:
        process = a_process("mailing").start().service_task("mail", "mail").end()
        deployments.deploy(session, [process.file()], SYSTEM)
        case = instances.start(session, "mailing", {}, SYSTEM).id
        for _ in range(3):
            jobs.fail(session, session.scalars(select(Job.id)).one(), "no connection")
        incidents.retry(session, session.scalars(select(Incident.id)).one(), SYSTEM)
    auditor = sign_in(site, "uyen.tt")
    auditor.post("/language", {"language": language})

    page = auditor.get(f"/audit/instances/{case}").text

    for words in said:
        assert words in page


def test_what_the_engine_keeps_with_an_event_has_words() -> None:
    kept = {"kind", "vi", "en", "type", "retries", "error", "users", "left", "interval", "occurrence", "code"}
    kept |= {"instance", "index"}

    assert kept <= set(timeline_words.DATA_WORDS)


def test_every_kind_of_event_that_the_engine_records_has_a_sentence() -> None:
    sources = [path.read_text("utf-8") for path in sorted(ENGINE.rglob("*.py"))]

    recorded = {kind for source in sources for kind in KIND.findall(source)}

    assert len(recorded) > 40
    assert recorded - set(timeline_words.SENTENCES) == set()


def test_an_unknown_case_is_not_found(site: Flask) -> None:
    auditor = sign_in(site, "uyen.tt")

    page = auditor.get("/audit/instances/4711")

    assert page.status_code == 404
    for words in ("Chuyện gì xảy ra", "Đã giữ lại gì", "Làm gì tiếp"):
        assert words in page.text


def test_a_program_gets_problem_details(site: Flask) -> None:
    auditor = sign_in(site, "uyen.tt")

    answer = auditor.get("/audit/instances/4711", headers={"Accept": "application/json"})

    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert {"type", "title", "status", "detail", "instance"} <= set(answer.json)
    assert answer.json["status"] == 404


def test_an_unexpected_error_shows_no_trace_and_keeps_nothing(tmp_path: Path) -> None:
    with open_site(tmp_path) as app:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        visitor = sign_in(app, "an.p1")

        def fail() -> str:
            raise RuntimeError("the secret of the house")

        fail.audiences = frozenset({"signed in"})  # type: ignore[attr-defined]
        app.view_functions["notices.show"] = fail
        page = visitor.get("/notices/")

        assert page.status_code == 500
        assert "secret" not in page.text
        assert "Traceback" not in page.text
        assert "Hệ thống gặp lỗi" in page.text


def test_the_pages_speak_english_to_who_asks_for_it(site: Flask) -> None:
    if not CATALOG.with_suffix(".mo").exists():
        pytest.skip("translations are not compiled: pybabel compile -d web/translations")
    visitor = sign_in(site, "an.p1")

    visitor.post("/language", {"language": "en"})

    page = visitor.get("/tasks/").text
    assert '<html lang="en">' in page
    assert "My tasks" in page
    assert "Việc của tôi" not in page


def test_every_text_of_the_pages_has_an_english_translation() -> None:
    keywords = {**extract.DEFAULT_KEYWORDS, "lazy_gettext": None, "_": None}
    found = extract.extract_from_dir(WEB, METHODS, keywords=keywords)
    texts = {entry[2][0] if isinstance(entry[2], tuple) else entry[2] for entry in found}
    with CATALOG.open("rb") as file:
        catalog = pofile.read_po(file)

    known = {
        message.id[0] if isinstance(message.id, tuple) else message.id
        for message in catalog
        if message.string
    }

    assert texts - known == set()
