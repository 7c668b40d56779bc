"""What operators see: request ids, log lines, measures, spans, readiness; and what they never see."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from flask import Flask
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import update

from engine import worker
from engine.tables import UserTask
from tests import databases
from tests.site import open_site, sign_in, start_proposal
from web import db
from web.operability import health, logs, watching

SECRET = "mật khẩu gõ nhầm"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        yield app


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Give the error stream of a process that writes JSON lines."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    kept = list(logging.getLogger().handlers)
    logs.configure({"BANGVANG_LOG_FORMAT": "json"})
    yield stream
    logging.getLogger().handlers[:] = kept
    structlog.reset_defaults()


def told(stream: io.StringIO, event: str) -> list[dict[str, object]]:
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]


def measures(app: Flask, **headers: str) -> str:
    answer = app.test_client().get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def value(text: str, name: str) -> float:
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} "))


def test_a_request_id_is_taken_over_and_sent_back(site: Flask) -> None:
    client = site.test_client()

    kept = client.get("/health", headers={"X-Request-ID": "abc-123.DEF_456"})
    made = [
        client.get("/health", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
        for sent in ("short", "x" * 65, "a b c d e f g", 'quote"quote"', "dấu-tiếng-việt")
    ]

    assert kept.headers["X-Request-ID"] == "abc-123.DEF_456"
    assert {len(name) for name in made} == {32}


def test_every_request_leaves_one_line_without_what_was_typed(site: Flask, lines: io.StringIO) -> None:
    visitor = sign_in(site, "an.p1")
    task = start_proposal(visitor)
    lines.seek(0)
    lines.truncate()

    visitor.client.get(f"/tasks/{task}?q={SECRET}", headers={"X-Request-ID": "line-of-the-test"})
    visitor.post(f"/tasks/{task}/complete", {"note": SECRET})

    first, second = told(lines, "request")[0], told(lines, "request")[-1]
    assert (first["route"], first["status"], first["person"]) == ("/tasks/<int:task_id>", 200, "an.p1")
    assert (first["request_id"], first["task_id"]) == ("line-of-the-test", task)
    assert second["route"] == "/tasks/<int:task_id>/complete"
    assert SECRET not in lines.getvalue()


def test_nothing_sent_begins_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    forged = "x\n2026-01-01 request status=200 \x1b[31m"

    texts = [
        logs.write_text(None, "info", {"event": "problem", "path": forged}),
        logs.write_text(None, "error", {"event": "broke", "exception": f"Error: {forged}"}),
    ]

    assert len(texts[0].splitlines()) == 1
    assert "\x1b" not in texts[0]
    assert all(line.startswith(logs.INDENT) for line in texts[1].splitlines()[1:])


def test_the_measures_count_what_happens_and_name_nobody(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")
    task = start_proposal(visitor)
    with site.test_request_context(method="POST"), db.transaction() as session:
        late = datetime.now(UTC) - timedelta(days=1)
        session.execute(update(UserTask).where(UserTask.id == task).values(due_at=late))

    text = measures(site)

    assert value(text, "bangvang_database_up") == 1
    assert value(text, "bangvang_tasks_open") == 1
    assert value(text, "bangvang_tasks_overdue") == 1
    assert value(text, "bangvang_incidents_open") == 0
    assert 'route="/start/<process_id>",status="303"' in text
    assert "an.p1" not in text
    assert f"/tasks/{task}" not in text


def test_strangers_do_not_read_the_measures(site: Flask) -> None:
    client = site.test_client()

    far = client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.5"})
    proxied = client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    site.config["METRICS_TOKEN"] = "s3cret"
    without, wrong, right = (
        client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": "203.0.113.5"}).status_code
        for headers in ({}, {"Authorization": "Bearer s3cre"}, {"Authorization": "Bearer s3cret"})
    )
    site.config.update(METRICS_TOKEN="", SECURE_COOKIES=True)
    behind = client.get("/metrics")

    assert (far.status_code, proxied.status_code, behind.status_code) == (403, 403, 403)
    assert (without, wrong, right) == (401, 401, 200)


def test_spans_stand_around_request_transaction_and_job(site: Flask) -> None:
    listener = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(listener))
    trace.set_tracer_provider(provider)
    visitor = sign_in(site, "an.p1")
    start_proposal(visitor)
    work = worker.Work(lambda session, number: number, lambda session, number: number, lambda *_: None)
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    site.test_client().get("/health", headers={"traceparent": caller})
    with site.test_request_context():
        watching.watch(work).fire_timer(db.db.session(), 7)

    spans = listener.get_finished_spans()
    by_name = {span.name: span for span in spans}
    asked, moved = by_name["GET /health"], by_name["step"]
    provider.shutdown()
    assert format(asked.context.trace_id, "032x") == "0af7651916cd43dd8448eb211c80319c"
    assert {"POST /start/<process_id>", "transaction", "step", "timer"} <= set(by_name)
    assert moved.context.trace_id == by_name["POST /start/<process_id>"].context.trace_id
    assert "an.p1" not in str([dict(span.attributes or {}) for span in spans])


def test_a_process_lives_before_its_database_is_made_but_is_not_ready(site: Flask) -> None:
    client = site.test_client()

    lives, ready = client.get("/health"), client.get("/ready")

    # the copy that tests use is made without migrations
    assert (lives.status_code, lives.get_json()) == (200, {"status": "up"})
    assert (ready.status_code, ready.get_json()["checks"]["database"]) == (503, "never upgraded")
    assert ready.headers["Retry-After"] == "5"


def test_readiness_fails_while_the_node_is_drained(site: Flask) -> None:
    drained = Path(site.config["INSTANCE"]) / health.DRAINING
    client = site.test_client()

    before = client.get("/ready").get_json()["checks"]["serving"]
    drained.touch()
    during = client.get("/ready").get_json()["checks"]["serving"]
    drained.unlink()
    after = client.get("/ready").get_json()["checks"]["serving"]

    assert (before, during, after) == ("ok", "stopping", "ok")


def test_readiness_fails_when_the_worker_of_the_process_ended(site: Flask) -> None:
    with site.app_context():
        running = worker.start_thread(db.current_queue(), db.session_factory(), worker.Work(*[print] * 3))
    health.watch_worker(site, running)

    before = site.test_client().get("/ready").get_json()["checks"]["worker"]
    worker.stop_thread(running)
    after = site.test_client().get("/ready").get_json()["checks"]["worker"]

    assert (before, after) == ("ok", "ended")


@databases.only_sqlite
def test_a_file_that_cannot_be_opened_is_told_as_an_absence(site: Flask, tmp_path: Path) -> None:
    visitor = sign_in(site, "an.p1")
    file = tmp_path / databases.FILE
    with site.app_context():
        db.db.engine.dispose()
    file.rename(tmp_path / "gone.sqlite3")
    file.mkdir()

    page = visitor.client.get("/tasks/")
    file.rmdir()
    (tmp_path / "gone.sqlite3").rename(file)
    again = visitor.client.get("/tasks/")

    assert (page.status_code, again.status_code) == (503, 200)
    assert "Cơ sở dữ liệu tạm thời chưa trả lời" in page.text
    assert "The database does not answer" in page.text
