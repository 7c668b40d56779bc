"""Long lists: the page of nominees a form shows, the ones it names, or all of them.

A list of more than one page carries `rows_view`, from which its filter and its page numbers are drawn.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session, joinedload

from engine.handlers import Json, ServiceCall, View
from workflows.tables import Nomination, Proposal
from workflows.vocabulary import fold

PAGE = 50  # rows


def read(
    session: Session, call: ServiceCall, chosen: ColumnElement[bool], *order: ColumnElement[object]
) -> tuple[list[Nomination], dict[str, Json]]:
    """Return the chosen nominations that a form asks for, and what its page numbers are drawn from.

    Without a view everything; with one its rows by id, or its page of the rows that match its text. `is_long`
    tells whether there is more than one page, whatever is asked for.
    """
    query = _ordered(select(Nomination).where(chosen), order)
    view = call.view
    if view is None:
        rows = list(session.scalars(query))
        return rows, {"is_long": len(rows) > PAGE}
    total = count(session, chosen)
    long: dict[str, Json] = {"is_long": total > PAGE}
    if view.ids is not None:
        ids = [int(one) for one in view.ids if one.isdecimal()]
        rows = list(session.scalars(query.where(Nomination.id.in_(ids))))
        named: Json = {"page": 0, "pages": 0, "found": len(rows), "total": total, "text": ""}
        return rows, {**long, "rows_view": named} if total > PAGE else long
    if total <= PAGE:
        return list(session.scalars(query)), long
    rows, shown = _page(session, chosen, order, view, total)
    return rows, {**long, "rows_view": shown}


def count(session: Session, chosen: ColumnElement[bool]) -> int:
    """Return how many nominations meet a condition."""
    return session.scalar(select(func.count(Nomination.id)).where(chosen)) or 0


def _page(
    session: Session,
    chosen: ColumnElement[bool],
    order: tuple[ColumnElement[object], ...],
    view: View,
    total: int,
) -> tuple[list[Nomination], Json]:
    words = [Nomination.search_text.contains(word, autoescape=True) for word in fold(view.text).split()]
    matching = and_(chosen, *words)
    found = count(session, matching) if words else total
    pages = max(1, -(-found // PAGE))
    number = min(max(view.page, 1), pages)
    query = _ordered(select(Nomination).where(matching), order)
    shown: Json = {"page": number, "pages": pages, "found": found, "total": total, "text": view.text}
    rows = session.scalars(query.limit(PAGE).offset((number - 1) * PAGE))
    return list(rows), shown


def _ordered(query: Select[Nomination], order: tuple[ColumnElement[object], ...]) -> Select[Nomination]:
    query = query.join(Nomination.proposal).options(
        joinedload(Nomination.proposal), joinedload(Nomination.award)
    )
    return query.order_by(*order, Proposal.office, Nomination.id)
