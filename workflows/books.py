"""Numbers of documents: one counter per register and year, never reused (NĐ 30/2020 Đ15)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from workflows import rows
from workflows.tables import Book


def take_number(session: Session, symbol: str, at: datetime) -> str:
    """Take the next number of a register for the local year of a moment, e.g. `01/TTr-TTTV`.

    Numbers start at 01 on 1 January; two writers never take the same: the row is locked, its key unique.
    """
    year = local(at).year
    # The row is made first, so that there is one to lock also for the first number of a year.
    rows.add_once(session, Book, symbol=symbol, year=year, last_number=0)
    query = select(Book).where(Book.symbol == symbol, Book.year == year).with_for_update()
    book = session.scalars(query.execution_options(populate_existing=True)).one()
    book.last_number += 1
    session.flush()
    return f"{book.last_number:02d}/{symbol}"
