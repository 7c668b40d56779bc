"""What whoever decides must know of a nominee beside its dossier: opinions, publication, objections."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.errors import Text
from workflows import disclosures, opinions
from workflows.tables import Nomination
from workflows.vocabulary import show_date


def describe(session: Session, nomination: Nomination) -> Text:
    """Write what the council and the chairman must know of: opinions, publication, objections."""
    said = [opinions.describe(session, one) for one in opinions.of_nomination(session, nomination)]
    for one in disclosures.of_nomination(session, nomination):
        if one.posted_on is not None:
            day = show_date(one.posted_on)
            said.append(Text(f"Công khai từ {day} tại {one.address}", f"Published {day} at {one.address}"))
    for objection in disclosures.objections(session, [nomination.id]):
        day = show_date(objection.received_on)
        said.append(
            Text(
                f"Phản ánh của {objection.sender} ({day}): {objection.content}",
                f"Objection of {objection.sender} ({day}): {objection.content}",
            )
        )
    return Text("\n".join(text.vi for text in said), "\n".join(text.en for text in said))
