"""A long list in the browser: pages, a filter, what was typed on another page, and a refusal of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from lxml import html
from sqlalchemy import func, select

from engine import clock
from tests import crowd
from tests.browsing import pairs
from tests.chain import at
from tests.site import Visitor, newest_task, open_site, sign_in
from web import db
from workflows import story
from workflows.tables import Nomination

NOMINEES = 120


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """Give a site in which 120 nominations of 12 offices wait for the coordinating office."""
    with open_site(tmp_path) as app, clock.pinned(at(crowd.MOMENT)):
        with app.app_context(), db.transaction() as session:
            story.open_month(session, crowd.PERIOD)
            crowd.send_proposals(session, 12, NOMINEES)
        yield app


def rows_of(text: str) -> list[str]:
    """Return the ids of the rows a page shows, in order."""
    marked = r'name="rows-\d+-_row" value="1">\s*<input type="hidden" name="rows-\d+-id" value="(\d+)"'
    return re.findall(marked, text)


def typed(text: str, **changes: str) -> dict[str, str]:
    """Return what a browser would post for the form of a page, changed."""
    page = html.fromstring(text)
    action = next(str(form.action) for form in page.forms if str(form.action).endswith("/complete"))
    found = dict(pairs(page, action))
    return {name: value for name, value in found.items() if not name.startswith(("_add", "_all"))} | changes


def press(visitor: Visitor, task: int, data: dict[str, str]) -> str:
    """Send the form of a task and return the page that answers."""
    return visitor.post(f"/tasks/{task}/complete", data).text


def test_a_long_list_is_shown_by_pages_and_found_by_words(site: Flask) -> None:
    mai = sign_in(site, "mai.tchc")
    task = newest_task(mai)

    first = mai.get(f"/tasks/{task}").text
    second = press(mai, task, typed(first, _view="2"))
    found = press(mai, task, typed(first, _view="1", _text="q007 3"))

    assert (len(rows_of(first)), len(rows_of(second)), len(rows_of(found))) == (50, 50, 1)
    assert not set(rows_of(first)) & set(rows_of(second))
    assert "Trang 1 / 3, 120 trong 120 dòng" in first
    assert "Trang 2 / 3" in second
    assert "Người Q007 3" in found


def test_what_was_typed_on_one_page_is_sent_from_another_and_the_rest_stays_open(site: Flask) -> None:
    mai = sign_in(site, "mai.tchc")
    task = newest_task(mai)
    first = mai.get(f"/tasks/{task}").text
    reason = "Thiếu xác nhận"

    second = press(
        mai, task, typed(first, **{"rows-0-decision": "set_aside", "rows-0-reason": reason, "_view": "2"})
    )
    back = press(mai, task, typed(second, **{"rows-3-decision": "accept", "_view": "1"}))
    answer = mai.post(f"/tasks/{task}/complete", typed(second, **{"rows-3-decision": "accept"}))

    assert "Đã ghi ở trang khác: 1 dòng" in second
    assert reason in back
    assert answer.status_code == 303
    with site.app_context(), db.reading() as session:
        counted = session.execute(select(Nomination.status, func.count()).group_by(Nomination.status))
        assert {row[0]: row[1] for row in counted} == {"open": 118, "set_aside": 1, "accepted": 1}
        assert session.get_one(Nomination, int(rows_of(first)[0])).reason == reason


def test_a_refusal_shows_the_rows_of_the_answer_wherever_they_were_typed(site: Flask) -> None:
    mai = sign_in(site, "mai.tchc")
    task = newest_task(mai)
    first = mai.get(f"/tasks/{task}").text

    second = press(mai, task, typed(first, **{"rows-0-decision": "set_aside", "_view": "2"}))
    refused = mai.post(f"/tasks/{task}/complete", typed(second, **{"rows-3-decision": "accept"}))

    assert refused.status_code == 422
    assert set(rows_of(refused.text)) == {rows_of(first)[0], rows_of(second)[3]}
    assert "2 dòng đã trả lời trong 120 dòng" in refused.text


def test_the_rest_of_a_long_list_is_accepted_by_its_number(site: Flask) -> None:
    mai = sign_in(site, "mai.tchc")
    task = newest_task(mai)
    first = mai.get(f"/tasks/{task}").text

    asked = mai.post(f"/tasks/{task}/complete", typed(first, rest="accept", closed="1"))
    answer = mai.post(
        f"/tasks/{task}/complete", typed(asked.text, rest="accept", closed="1", rest_count="120")
    )

    assert asked.status_code == 422
    assert 'name="rest_count"' in asked.text
    assert answer.status_code == 303
    with site.app_context(), db.reading() as session:
        assert set(session.scalars(select(Nomination.status))) == {"accepted"}
    nam = sign_in(site, "nam.tttv")
    letter = newest_task(nam)
    shown = nam.get(f"/tasks/{letter}").text
    last = press(nam, letter, typed(shown, _view="3"))
    refused = nam.post(f"/tasks/{letter}/complete", typed(last, decision="return"))
    signed = nam.post(f"/tasks/{letter}/complete", typed(last, decision="sign"))
    assert [page.count("Người Q") >= rows for page, rows in ((shown, 50), (last, 20))] == [True, True]
    assert "Người Q011 9" in last
    assert (refused.status_code, "Người Q011 9" in refused.text) == (422, True)
    assert signed.status_code == 303
