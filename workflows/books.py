"""Numbers of documents: one counter per unit, kind and year, never reused (NĐ 30/2020 Đ15)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from workflows import rows
from workflows.tables import Book, Unit


def take_number(session: Session, pattern: str, unit_code: str, at: datetime) -> str:
    """Take a unit's next number of a kind of document for the local year of a moment, e.g. `01/TTr-TTTV`.

    pattern: how the symbol of the kind is written, such as `TTr-{unit}`.
    Numbers start at 01 on 1 January; two writers never take the same: the row is locked, its key unique. The
    book is the unit's own: two sở of two provinces share a symbol, never a counter.
    """
    year, register = local(at).year, pattern.format(unit=unit_code)
    # The row is made first, so that there is one to lock also for the first number of a year.
    rows.add_once(session, Book, symbol=register, year=year, last_number=0)
    printed = select(Unit.symbol).where(Unit.code == unit_code).scalar_subquery()
    query = select(Book, printed).where(Book.symbol == register, Book.year == year).with_for_update(of=Book)
    book, symbol = session.execute(query.execution_options(populate_existing=True)).one()
    book.last_number += 1
    session.flush()
    return f"{book.last_number:02d}/{pattern.format(unit=symbol or unit_code)}"
