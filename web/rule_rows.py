"""What a nomination was held against, as its pages list it: each rule hit or missed, with its source."""

from __future__ import annotations

from typing import Any

from web.accounts import language_now
from workflows.tables import Nomination


def read(nomination: Nomination) -> list[dict[str, Any]]:
    """Return every rule a nomination was held against: the plan's criteria, then those of law."""
    found = nomination.precheck or {}
    vietnamese = language_now() == "vi"
    rows = []
    for kind, outcome in (("failures", "missed"), ("warnings", "missed"), ("met", "met"), ("rules", "")):
        for entry in found.get(kind, []):
            if kind in ("failures", "warnings") and entry.get("by_law"):
                continue  # told among the rules of law
            rows.append(
                {
                    "text": entry["label"] if vietnamese else entry.get("label_en", entry["label"]),
                    "outcome": entry.get("outcome", outcome),
                    "warns": kind == "warnings" or entry.get("effect") in ("warn", "drop_basis"),
                    "source": entry["source"],
                    "verified": entry.get("verified", True),
                    "found": _figure(entry.get("found")),
                    "needed": _figure(entry.get("needed")),
                }
            )
    return rows


def _figure(value: object) -> str:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
