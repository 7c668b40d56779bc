"""Which body of law a dossier falls under: that of its receipt, unless a later one is more favourable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from engine.errors import Text
from workflows.rules import catalogue
from workflows.vocabulary import show_date

KEY = "law"


@dataclass(frozen=True)
class Regime:
    """Say which rules hold for a dossier: all its rules are those in force on `rules_on`."""

    code: str
    name: Text
    rules_on: date
    received_on: date
    decided_on: date
    source: str
    verified: bool

    def describe(self) -> Text:
        """Write both dates and the law that was chosen, as the decision cites them."""
        received, decided = show_date(self.received_on), show_date(self.decided_on)
        return Text(
            f"Hồ sơ tiếp nhận ngày {received}, quyết định ngày {decided}: áp dụng {self.name.vi} "
            f"(quy định có hiệu lực ngày {show_date(self.rules_on)})",
            f"Dossier received on {received}, decided on {decided}: {self.name.en} applies "
            f"(rules in force on {show_date(self.rules_on)})",
        )


def regime(session: Session, received_on: date, decided_on: date, form: str = "") -> Regime:
    """Return the law for a dossier received on one day and decided on another.

    The rules at receipt hold, unless those at decision are marked more favourable for the form (transition of
    Luật 06/2026/QH16 as a secondary source tells it; the original was not seen).
    """
    at_decision = catalogue.find(session, "regime", KEY, decided_on)
    favoured = set(at_decision.values["more_favourable"])
    rules_on = decided_on if favoured & {"all", form} else min(received_on, decided_on)
    chosen = catalogue.find(session, "regime", KEY, rules_on)
    name = chosen.values["name"]
    return Regime(
        code=chosen.values["code"],
        name=Text(name["vi"], name["en"]),
        rules_on=rules_on,
        received_on=received_on,
        decided_on=decided_on,
        source=chosen.source,
        verified=chosen.verified,
    )
