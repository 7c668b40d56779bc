"""What whoever decides must know of a nominee beside its dossier: opinions, objections, complaints.

What a complaint says and who wrote it is shown nowhere here: denouncers stay unnamed. Who sent an objection
is named to those who sign only. Forms show these facts in a table of their own, whose rows no answer carries
on into variables and history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Text
from engine.handlers import Json
from workflows import complaints, disclosures, opinions, organisation
from workflows.tables import (
    Disclosure,
    DisclosureEntry,
    Nomination,
    NominationSuspension,
    Objection,
    Opinion,
)
from workflows.vocabulary import show_date


def table(session: Session, nominees: Sequence[Nomination], *, senders: bool = False) -> list[Json]:
    """Return one row (subject, said) for everything said of nominees, in their order.

    senders: name who objected; without it only that and what was objected.
    """
    names = {nominee.id: nominee.subject for nominee in nominees}
    said: dict[int, list[Text]] = {nominee: [] for nominee in names}
    for nominee, fact in _facts(session, list(names), senders):
        said[nominee].append(fact)
    return [{"subject": names[nominee], "said": fact.vi} for nominee, facts in said.items() for fact in facts]


def _facts(session: Session, ids: Sequence[int], senders: bool) -> Iterator[tuple[int, Text]]:
    units = organisation.unit_names(session)
    asked = select(Opinion).where(Opinion.nomination_id.in_(ids)).order_by(Opinion.id)
    for opinion in session.scalars(asked):
        yield opinion.nomination_id, opinions.write(opinion, units)
    listed = select(DisclosureEntry.nomination_id, Disclosure).join(
        Disclosure, Disclosure.id == DisclosureEntry.disclosure_id
    )
    posted = listed.where(DisclosureEntry.nomination_id.in_(ids), Disclosure.posted_on.is_not(None))
    for nominee, one in session.execute(posted.order_by(Disclosure.id)):
        day = show_date(one.posted_on)
        yield nominee, Text(f"Công khai từ {day} tại {one.address}", f"Published {day} at {one.address}")
    for objection in disclosures.objections(session, ids):
        yield objection.nomination_id, _write_objection(objection, senders)
    stopped = select(NominationSuspension).where(NominationSuspension.nomination_id.in_(ids))
    for suspension in session.scalars(stopped.order_by(NominationSuspension.id)):
        yield suspension.nomination_id, _write_suspension(suspension)


def _write_objection(objection: Objection, senders: bool) -> Text:
    day = show_date(objection.received_on)
    by, by_en = (f" của {objection.sender}", f" of {objection.sender}") if senders else ("", "")
    return Text(
        f"Phản ánh{by} ({day}): {objection.content}", f"Objection{by_en} ({day}): {objection.content}"
    )


def _write_suspension(suspension: NominationSuspension) -> Text:
    kind, since = complaints.KINDS[suspension.kind], show_date(local(suspension.since).date())
    ended = ("chưa kết luận", "not concluded")
    if suspension.conclusion:
        paper = suspension.conclusion_document
        ended = {
            "cleared": (f"kết luận không vi phạm ({paper})", f"cleared ({paper})"),
            "disciplined": (f"kết luận có vi phạm ({paper})", f"disciplined ({paper})"),
        }[suspension.conclusion]
    return Text(
        f"Đã tạm dừng từ {since}: {kind.vi}; {ended[0]}", f"Suspended on {since}: {kind.en}; {ended[1]}"
    )
