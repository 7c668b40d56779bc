"""Honour roll and statistics: what was awarded stands there by decision, cancelled awards are marked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from engine import clock
from engine.tables import UserTask
from tests.site import open_site, sign_in
from web import charts, db, sheets
from workflows import story
from workflows.tables import Nomination

TODAY = datetime(2026, 10, 28, 9, 0, tzinfo=clock.ZONE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Give a site on which last month of the story has been played to its end."""
    with open_site(tmp_path_factory.mktemp("figures")) as app, clock.pinned(TODAY):
        with app.app_context(), db.transaction() as session:
            story.play_last_month(session, date(2026, 9, 1))
        yield app


def read_sheet(content: bytes) -> list[tuple[object, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [tuple(cell.value for cell in row) for row in sheet.iter_rows()]


def test_the_roll_names_each_award_with_its_decision_and_number(site: Flask) -> None:
    page = sign_in(site, "chi.p2").get("/honours/").text

    assert "Phòng Giám sát" in page
    assert "QĐ-SXD" in page
    assert "QĐ-UBND" in page


def revoke_merit(site: Flask) -> str:
    """Cancel the one Bằng khen of the story; return whose it was."""
    with site.app_context(), db.transaction() as session:
        query = select(Nomination).where(
            Nomination.award_decision_id.is_not(None), Nomination.form == "certificate_of_merit"
        )
        one = session.scalars(query).one()
        one.status = "revoked"
        return one.subject


def test_a_cancelled_award_stays_in_the_roll_and_is_marked(site: Flask) -> None:
    visitor = sign_in(site, "chi.p2")
    name = revoke_merit(site)

    listed = visitor.get("/honours/?form=certificate_of_merit").text
    printed = visitor.get("/honours/print?form=certificate_of_merit").text

    assert name in listed
    assert "đã hủy" in listed
    assert "đã hủy" in printed


def test_a_cancelled_award_counts_neither_as_awarded_nor_with_its_money(site: Flask) -> None:
    revoke_merit(site)

    rows = read_sheet(sign_in(site, "uyen.tt").get("/statistics/?format=xlsx&table=form").data)[1:]

    counts = {str(row[0]): row[1:] for row in rows}
    _nominated, awarded, *_rest, dong = counts["Bằng khen của Chủ tịch UBND"]
    assert (awarded, dong) == (0, 0)


def test_a_filter_stands_in_the_address_and_in_the_link_to_print(site: Flask) -> None:
    visitor = sign_in(site, "chi.p2")

    page = visitor.get("/honours/?form=certificate_of_commendation&year=2026").text
    empty = visitor.get("/honours/?year=2025").text

    assert "/honours/print?form=certificate_of_commendation&amp;year=2026" in page
    assert "QĐ-UBND" not in page
    assert "Không có khen thưởng nào khớp bộ lọc" in empty


def test_the_roll_as_a_sheet_keeps_days_as_days(site: Flask) -> None:
    answer = sign_in(site, "chi.p2").get("/honours/?format=xlsx")

    header, *rows = read_sheet(answer.data)
    assert str(answer.mimetype).endswith("spreadsheetml.sheet")
    assert header[8] == "Ngày quyết định"
    assert rows
    assert all(isinstance(row[8], datetime) for row in rows)


def test_statistics_count_nominations_awards_and_money(site: Flask) -> None:
    header, *rows = read_sheet(sign_in(site, "uyen.tt").get("/statistics/?format=xlsx&table=form").data)

    counts = {str(row[0]): row[1:] for row in rows}
    nominated, awarded, *_rest, dong = counts["Giấy khen của Giám đốc Sở"]
    assert header[1:3] == ("Đề nghị", "Được tặng")
    assert isinstance(nominated, int)
    assert isinstance(awarded, int)
    assert nominated >= awarded > 0
    assert isinstance(dong, int)
    assert dong % 10_000 == 0
    assert dong > 0


def test_statistics_of_an_office_leave_the_others_out(site: Flask) -> None:
    rows = read_sheet(sign_in(site, "chi.p2").get("/statistics/?format=xlsx&table=office").data)[1:]

    assert [row[0] for row in rows] == ["Phòng Giám sát"]


def test_an_open_task_counts_as_late_while_it_is_overdue(site: Flask) -> None:
    def late_tasks() -> int:
        rows = read_sheet(sign_in(site, "uyen.tt").get("/statistics/?format=xlsx&table=deadline").data)[1:]
        return sum(int(str(row[3])) for row in rows if row[0] == "Việc có hạn")

    before = late_tasks()
    with site.app_context(), db.transaction() as session:
        overdue = (UserTask.status == "open") & (UserTask.due_at < TODAY)
        one = session.scalars(select(UserTask).where(overdue).limit(1)).one()
        one.due_at = TODAY + timedelta(days=1)

    assert late_tasks() == before - 1


def test_charts_need_neither_script_nor_style(site: Flask) -> None:
    page = sign_in(site, "uyen.tt").get("/statistics/")

    assert page.text.count("<svg") > 3
    assert " style=" not in page.text
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]


def test_a_text_like_a_formula_stays_text_in_a_sheet() -> None:
    content = sheets.write("x", ["a"], [["=1+1"], ["\x00b"], [TODAY], [date(2026, 10, 1)], [7]])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [(cell.data_type, cell.value) for cell in cells[:2]] == [("s", "=1+1"), ("s", "b")]
    assert cells[2].value == TODAY.replace(tzinfo=None)
    assert cells[3].is_date
    assert cells[4].value == 7


def test_bars_are_as_long_as_their_values_and_their_texts_are_escaped() -> None:
    drawn = charts.draw("Theo đơn vị", [charts.Bar("<b>P1</b>", 4, "4"), charts.Bar("P2", 2, "1 / 2", 1)])

    assert "<b>" not in drawn
    assert 'width="318.0"' in drawn
    assert 'width="159.0"' in drawn
    assert 'width="79.5"' in drawn
    assert charts.draw("Không có", []) == ""
