"""Units that were dissolved or merged: a nominee of that name is warned about and cannot be awarded.

What was recorded before keeps the old name; work goes on with the successor (`organisation.unit_on`). Source:
Thông tư 15/2025/TT-BNV and Nghị định 129/2025/NĐ-CP; their articles on merged units were not seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Refused
from workflows import organisation
from workflows.tables import Nomination, Unit
from workflows.vocabulary import fold, show_date

SOURCE = "Thông tư 15/2025/TT-BNV; Nghị định 129/2025/NĐ-CP (điều khoản cụ thể chưa đối chiếu)"


def find(session: Session, nomination: Nomination, day: date) -> Unit | None:
    """Return the dissolved unit a collective nominee names, None for people and units that exist on the day.

    Names are compared without diacritics and case; a unit in force of the same name goes first.
    """
    collective = nomination.subject_kind == "collective"
    return _dissolved(session, day).get(fold(nomination.subject)) if collective else None


def warn(session: Session, nomination: Nomination, day: date) -> dict[str, Any] | None:
    """Return the finding that the nominee is a dissolved unit, with its successor; None when it is none."""
    unit = find(session, nomination, day)
    if unit is None:
        return None
    successor = _successor(session, unit, day)
    ended = show_date(unit.valid_until)
    return {
        "key": "dissolved_unit",
        "label": f"đơn vị đã giải thể từ sau ngày {ended}" + (f", nay là {successor}" if successor else ""),
        "label_en": f"the unit was dissolved after {ended}" + (f", now {successor}" if successor else ""),
        "text": "Không tặng thưởng cho đơn vị đã giải thể, sáp nhập.",
        "source": SOURCE,
        "group": 0,
        "veto": False,
    }


def ensure_exist(session: Session, nominations: Iterable[Nomination], day: date) -> None:
    """Raise Refused when one of the nominees to be awarded is a unit that no longer exists."""
    collectives = [nomination for nomination in nominations if nomination.subject_kind == "collective"]
    gone = _dissolved(session, day) if collectives else {}
    for nomination in collectives:
        unit = gone.get(fold(nomination.subject))
        if unit is not None:
            successor = _successor(session, unit, day) or "đơn vị kế thừa"
            raise Refused(
                vi=f"Không thể tặng cho “{nomination.subject}”: đơn vị đã giải thể, không còn từ sau ngày "
                f"{show_date(unit.valid_until)}; hãy lập đề nghị cho {successor}.",
                en=f"'{nomination.subject}' cannot be awarded: the unit was dissolved after "
                f"{show_date(unit.valid_until)}; nominate {successor} instead.",
                source=SOURCE,
            )


def _dissolved(session: Session, day: date) -> dict[str, Unit]:
    """Return the units dissolved before a day by each of their names, names of units in force left out."""
    gone: dict[str, Unit] = {}
    there: set[str] = set()
    for unit in session.scalars(select(Unit).order_by(Unit.code)):
        names = {fold(unit.name), fold(unit.short_name)}
        if organisation.is_dissolved(unit, day):
            gone |= {name: unit for name in names if name not in gone}
        else:
            there |= names
    return {name: unit for name, unit in gone.items() if name not in there}


def _successor(session: Session, unit: Unit, day: date) -> str:
    if unit.successor_code is None:
        return ""
    return organisation.unit_on(session, unit.successor_code, day).name
