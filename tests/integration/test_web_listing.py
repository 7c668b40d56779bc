"""Lists taken away as files: nothing is left out, and people stand in them as in the page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, inspect, select

from engine import clock
from engine.tables import ProcessInstance
from tests.site import open_site, sign_in, start_proposal
from web import db, listing

MANY = 10_010  # cases; more than a file was once cut at


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app, clock.pinned(datetime(2026, 10, 5, 9, 0, tzinfo=clock.ZONE)):
        yield app


def multiply_case(site: Flask, copies: int) -> None:
    with site.app_context(), db.transaction() as session:
        case = session.scalars(select(ProcessInstance)).one()
        values = {column.key: getattr(case, column.key) for column in inspect(ProcessInstance).column_attrs}
        rows = [{**values, "id": case.id + number} for number in range(1, copies)]
        session.execute(insert(ProcessInstance), rows)


def test_a_file_holds_every_case_and_people_by_name(site: Flask) -> None:
    start_proposal(sign_in(site, "an.p1"))
    multiply_case(site, MANY)

    text = sign_in(site, "uyen.tt").get("/audit/instances?format=csv").data.decode("utf-8-sig")

    rows = list(csv.reader(io.StringIO(text)))[1:]
    assert len(rows) == MANY
    assert {row[6] for row in rows} == {"Nguyễn Thanh An"}


@pytest.mark.parametrize(
    ("asked", "number", "first", "length"), [(1, 1, 0, 25), (3, 3, 50, 3), (9, 3, 50, 3)]
)
def test_a_page_is_cut_from_rows_in_memory(asked: int, number: int, first: int, length: int) -> None:
    query = listing.Query("", "name", False, asked, {})

    page = listing.page_of(list(range(53)), query)

    assert (page.number, page.pages, page.total) == (number, 3, 53)
    assert list(page.rows) == list(range(first, first + length))
