"""Money that comes with an award (NĐ 152/2025 Đ49–Đ54): whole đồng, worked out in integers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from workflows.rules import catalogue

HUNDRED = 100


@dataclass(frozen=True)
class Amount:
    """What one award brings, how that was worked out and where it stands."""

    dong: int
    hundredths: int
    base_salary: int
    household: bool
    source: str
    verified: bool


@dataclass(frozen=True)
class Grant:
    """One award of a subject: its kind (title, form), the period it counts, what it would bring alone."""

    kind: str
    period: str
    dong: int


def amount(session: Session, form: str, subject_kind: str, decided_on: date) -> Amount | None:
    """Return the money of an award decided on a day; nothing when no rule of that day names any.

    Multiplier × base salary of the decision's day, rounded UP (Đ49); a household has 1.5 × an individual's.
    """
    household = subject_kind == "household"
    key = f"{form}/{'individual' if household else subject_kind}"
    multiplier = catalogue.seek(session, "money", key, decided_on)
    counting = catalogue.seek(session, "money_rule", "counting", decided_on)
    salary = catalogue.seek(session, "base_salary", "base", decided_on)
    if multiplier is None or counting is None or salary is None:
        return None
    hundredths: int = multiplier.values["hundredths"]
    share = counting.values["household_hundredths"] if household else HUNDRED
    exact = hundredths * share * salary.values["dong"]  # in ten-thousandths of a đồng
    step = counting.values["round_up_to"]
    return Amount(
        dong=-(-exact // (HUNDRED * HUNDRED * step)) * step,
        hundredths=hundredths,
        base_salary=salary.values["dong"],
        household=household,
        source="; ".join(dict.fromkeys((multiplier.source, salary.source))),
        verified=multiplier.verified and salary.verified and counting.verified,
    )


def payable(grants: Iterable[Grant]) -> int:
    """Return what one subject is paid in đồng for several awards (Đ49).

    Titles of one period: only the highest; of different periods: each. A title and a form together: both.
    """
    forms, highest = 0, dict[str, int]()
    for grant in grants:
        if grant.kind == "title":
            highest[grant.period] = max(highest.get(grant.period, 0), grant.dong)
        else:
            forms += grant.dong
    return forms + sum(highest.values())


def total(amounts: Sequence[Amount | None]) -> int:
    """Return the sum of the amounts that are known, in đồng."""
    return sum(amount.dong for amount in amounts if amount is not None)
