"""Statistics: awards per form, unit, movement and month, money, and dates kept; each table with its bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from web import charts, listing, names
from web.accounts import current_actor, language_now
from web.charts import Bar
from web.db import db
from web.pages.nominations import visible_offices
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import movements, statistics
from workflows.statistics import Cell, Choice, Kept, Line
from workflows.tables import Proposal
from workflows.vocabulary import FORMS, label, show_period

blueprint = Blueprint("statistics", __name__, url_prefix="/statistics")

FILTERS = ("movement", "form", "year", "office")
COUNTS: Sequence[LazyString] = (
    lazy_gettext("Đề nghị"),
    lazy_gettext("Được tặng"),
    lazy_gettext("Không tặng"),
    lazy_gettext("Không đủ tiêu chí"),
    lazy_gettext("Đang xem xét"),
    lazy_gettext("Tiền thưởng (đồng)"),
)
KEPT = {
    "proposal": lazy_gettext("Báo cáo tháng của phòng"),
    "consolidation": lazy_gettext("Báo cáo tháng của Trung tâm"),
    "task": lazy_gettext("Việc có hạn"),
}


@dataclass(frozen=True)
class Table:
    """One table of the page: rows as a file takes them away, and the bars beside them."""

    key: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    chart: Markup


@blueprint.get("/")
@open_to(SIGNED_IN)
def show() -> ResponseReturnValue:
    """Show the tables; one of them as a file when asked (`format`, `table`)."""
    session = db.session()
    query = listing.read_query(("name",), "name", FILTERS)
    offices = visible_offices(session, current_actor())
    choice = Choice(offices=offices, **query.filters)
    tables = list_tables(session, choice)
    if listing.wants_file():
        wanted = request.args.get("table")
        table = next((one for one in tables if one.key == wanted), tables[0])
        return listing.write_file(f"thong-ke-{table.key}", table.header, table.rows)
    return render_template(
        "statistics/page.html",
        tables=tables,
        query=query,
        write=write_number,
        **_choices(session, offices),
    )


def list_tables(session: Session, choice: Choice) -> list[Table]:
    """Return every table of a choice in the words of the person's language."""
    cells, language = statistics.count(session, choice), language_now()
    return [
        _count("form", _("Theo hình thức"), _("Hình thức"), cells, lambda code: label(FORMS, code, language)),
        _count("office", _("Theo đơn vị"), _("Đơn vị"), cells, names.unit),
        _count("movement", _("Theo phong trào"), _("Phong trào"), cells, str),
        _months(cells, language),
        _decisions(cells, language),
        _kept(statistics.list_kept(session, choice), session),
    ]


def _count(key: str, title: str, first: str, cells: Sequence[Cell], say: Any) -> Table:
    lines = statistics.fold(cells, lambda cell: str(getattr(cell, key)))
    bars = [
        Bar(say(line.code), line.nominated, f"{line.awarded} / {line.nominated}", line.awarded)
        for line in lines
    ]
    rows = [(say(line.code), *_counts(line)) for line in lines]
    header = [first, *(str(words) for words in COUNTS)]
    return Table(key, title, header, rows, charts.draw(title, bars))


def _counts(line: Line) -> tuple[int, ...]:
    return (line.nominated, line.awarded, line.declined, line.ineligible, line.pending, line.dong)


def _months(cells: Sequence[Cell], language: str) -> Table:
    lines, title = statistics.months(cells), _("Theo tháng quyết định")
    rows = [(show_period(line.code, language), line.awarded, line.dong) for line in lines]
    bars = [Bar(show_period(line.code, language), line.awarded, str(line.awarded)) for line in lines]
    header = [_("Tháng"), _("Được tặng"), _("Tiền thưởng (đồng)")]
    return Table("month", title, header, rows, charts.draw(title, bars))


def _decisions(cells: Sequence[Cell], language: str) -> Table:
    found, title = statistics.decisions(cells), _("Tiền thưởng theo quyết định")
    rows = [
        (one.number, one.day, label(FORMS, one.form, language), one.collectives, one.individuals, one.dong)
        for one in found
    ]
    bars = [Bar(one.number, one.dong, write_number(one.dong)) for one in found]
    header = [
        _("Số quyết định"),
        _("Ngày quyết định"),
        _("Hình thức"),
        _("Tập thể"),
        _("Cá nhân, hộ gia đình"),
        _("Tiền thưởng (đồng)"),
    ]
    return Table("decision", title, header, rows, charts.draw(title, bars))


def _kept(found: Sequence[Kept], session: Session) -> Table:
    title, processes = _("Giữ đúng hạn"), names.processes(session)

    def say(one: Kept) -> str:
        return processes.get(one.code, one.code) if one.kind == "task" else names.unit(one.code)

    rows = [(str(KEPT[one.kind]), say(one), one.on_time, one.late) for one in found]
    bars = [
        Bar(say(one), one.on_time + one.late, f"{one.on_time} / {one.on_time + one.late}", one.on_time)
        for one in found
    ]
    header = [_("Hạn"), _("Của"), _("Đúng hạn"), _("Quá hạn")]
    return Table("deadline", title, header, rows, charts.draw(title, bars))


def write_number(number: int) -> str:
    """Return a whole number in groups of three: 1.410.000 in Vietnamese, 1,410,000 in English."""
    text = f"{number:,}"
    return text.replace(",", ".") if language_now() == "vi" else text


def _choices(session: Session, offices: frozenset[str] | None) -> Mapping[str, list[tuple[str, str]]]:
    language = language_now()
    held = select(Proposal.office, Proposal.period, Proposal.movement_code).distinct()
    if offices is not None:
        held = held.where(Proposal.office.in_(sorted(offices)))
    rows = session.execute(held).all()
    titles = {row.code: row.title for row in movements.list_all(session)}
    return {
        "forms": [(code, text.text(language)) for code, text in FORMS.items()],
        "offices": sorted({(row.office, names.unit(row.office)) for row in rows}),
        "years": [(year, year) for year in sorted({row.period[:4] for row in rows}, reverse=True)],
        "movements": [
            (code, f"{code}: {titles.get(code, '')}"[:80])
            for code in sorted({row.movement_code for row in rows})
        ],
    }
