"""Who may open what: every page says so, strangers sign in, and nothing is changed by looking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError

from engine import clock
from engine.tables import Deployment
from tests.site import open_site, sign_in, start_proposal
from web import accounts, db
from web.pages.sign_in import own_address
from web.security import audiences_of
from workflows.tables import Membership

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        yield app


def test_every_page_says_who_may_open_it(site: Flask) -> None:
    endpoints = {rule.endpoint for rule in site.url_map.iter_rules()} - {"static"}

    silent = [endpoint for endpoint in endpoints if not audiences_of(site, endpoint)]

    assert silent == []


def test_a_page_that_says_nothing_is_refused_to_everybody(tmp_path: Path) -> None:
    with open_site(tmp_path) as app:
        app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
        visitor = sign_in(app, "vinh.it")

        answer = visitor.get("/forgotten")

        assert answer.status_code == 403
        assert "secret" not in answer.text


def test_strangers_sign_in_and_come_back_to_the_page_they_wanted(site: Flask) -> None:
    client = site.test_client()

    first = client.get("/movements/?q=covid")
    token = re.search(r'csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    answer = client.post("/sign-in", data={"name": "an.p1", "password": "bangvang", "csrf_token": token[1]})

    assert (first.status_code, first.headers["Location"]) == (303, "/sign-in")
    assert answer.headers["Location"] == "/movements/?q=covid"


def test_a_wrong_password_is_refused_and_five_of_them_pause_the_sign_in(site: Flask) -> None:
    client = site.test_client()
    token = re.search(r'csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    wrong = {"name": "an.p1", "password": "khong-phai", "csrf_token": token[1]}

    answers = [client.post("/sign-in", data=wrong).status_code for _ in range(6)]
    right = client.post("/sign-in", data={**wrong, "password": "bangvang"})

    assert answers == [422, 422, 422, 422, 422, 429]
    assert right.status_code == 429
    with site.app_context(), clock.pinned(clock.now() + accounts.PAUSE + timedelta(seconds=1)):
        assert accounts.verify("an.p1", "bangvang")


def test_a_post_without_the_token_changes_nothing(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")
    task_id = start_proposal(visitor)

    answer = visitor.client.post(f"/tasks/{task_id}/claim")

    assert answer.status_code == 400
    assert "chưa ai nhận" in visitor.get(f"/tasks/{task_id}").text


def test_staff_open_neither_design_nor_audit_pages(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    statuses = {
        page: visitor.get(page).status_code for page in ("/designer/", "/designer/lists", "/audit/instances")
    }

    assert set(statuses.values()) == {403}


def test_an_auditor_changes_nothing_anywhere(site: Flask) -> None:
    task_id = start_proposal(sign_in(site, "an.p1"))
    auditor = sign_in(site, "uyen.tt")
    values = {"task_id": task_id, "process_id": "office_proposal", "change": "cancel"}
    own = {
        "sign_in.enter",
        "sign_in.leave",
        "sign_in.choose_language",
        "calendar.make_feed",
        "calendar.revoke_feed",
        "oauth.grant",
        "account.make",
        "account.revoke",
    }
    # The one exception: what internal control finds it reports, and others verify and decide. A nominee under
    # complaint or inspection is not awarded (NĐ 152/2025/NĐ-CP Đ4k4), a wrong award is cancelled (Luật Thi
    # đua, khen thưởng 2022 Đ93); both begin with a report that names who wrote it.
    own |= {"cases.begin_complaint", "cases.begin_revocation"}

    with site.test_request_context():
        adapter = site.url_map.bind("localhost")
        # What programs may do is another table's: test_web_every_route.py.
        pages = [rule for rule in site.url_map.iter_rules() if not rule.rule.startswith("/v2/")]
        rules = [rule for rule in pages if rule.methods & UNSAFE and rule.endpoint not in own]
        addresses = [
            (rule.endpoint, adapter.build(rule.endpoint, {key: values.get(key, 1) for key in rule.arguments}))
            for rule in rules
        ]
    token = {"X-CSRFToken": auditor.token()}
    answers = {
        endpoint: auditor.client.open(
            address, method="PUT" if endpoint == "designer.save" else "POST", headers=token
        ).status_code
        for endpoint, address in addresses
    }

    assert len(answers) >= 10
    assert set(answers.values()) == {403}, answers


def test_looking_can_never_write(site: Flask) -> None:
    with site.test_request_context(method="GET"):
        session = db.db.session()
        session.add(Deployment(at=clock.now(), actor="nobody"))

        with pytest.raises(DBAPIError, match=r"read-?only"):
            session.flush()


def test_a_lost_membership_works_at_once(site: Flask) -> None:
    visitor = sign_in(site, "thao.it")
    before = visitor.get("/designer/").status_code

    with site.app_context(), db.transaction() as session:
        session.execute(delete(Membership).where(Membership.group_name == "designers"))

    assert (before, visitor.get("/designer/").status_code) == (200, 403)


def test_pages_keep_scripts_and_frames_of_others_out(site: Flask) -> None:
    staff = sign_in(site, "an.p1").get("/tasks/").headers
    designer = sign_in(site, "thao.it").get("/designer/").headers

    assert "script-src 'self';" in staff["Content-Security-Policy"]
    assert "unsafe" not in staff["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in staff["Content-Security-Policy"]
    assert "script-src 'self';" in designer["Content-Security-Policy"]
    assert staff["X-Content-Type-Options"] == "nosniff"
    assert staff["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_no_address_of_another_site_is_followed_after_signing_in(site: Flask, wanted: str) -> None:
    with site.test_request_context():
        assert own_address(wanted) == "/"


def test_signing_out_ends_the_session(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    visitor.post("/sign-out")

    assert visitor.client.get("/tasks/").headers["Location"] == "/sign-in"
    assert visitor.client.get("/sign-out").status_code == 405


def test_the_clock_can_be_held_only_where_tests_are_allowed(site: Flask) -> None:
    client = site.test_client()

    answer = client.put("/v2/clock", json={"timestamp": 1_760_000_000_000})
    held = clock.now()
    client.post("/v2/clock/reset")

    assert answer.status_code == 204
    assert held == datetime.fromtimestamp(1_760_000_000, clock.ZONE)


@pytest.mark.parametrize("number", ["999999", str(2**63), "9" * 40])
def test_a_number_that_names_nothing_leads_nowhere(site: Flask, number: str) -> None:
    statuses = {
        sign_in(site, login).get(path).status_code
        for login, path in (
            ("an.p1", f"/tasks/{number}"),
            ("an.p1", f"/nominations/{number}"),
            ("an.p1", f"/movements/{number}"),
            ("uyen.tt", f"/audit/instances/{number}"),
            ("thao.it", f"/designer/versions/{number}.bpmn"),
        )
    }

    assert statuses == {404}
