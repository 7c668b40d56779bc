"""References to documents inside a text: kind, number, date, issuer, as Vietnamese offices write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

DATE = r"ngày\s+(?P<day>\d{1,2})(?:/|\s+tháng\s+)(?P<month>\d{1,2})(?:/|\s+năm\s+)(?P<year>\d{4})"
REFERENCE = re.compile(
    r"(?P<kind>Quyết định|Kế hoạch|Công văn|Kết luận|Chỉ thị|Nghị quyết|Nghị định|Thông tư|Hướng dẫn|"
    r"Thông báo)"
    r"\s+số\s+(?P<digits>\d+)\s*(?P<mark>[/-])\s*(?P<symbol>[A-ZĐ][A-Za-zĐđ]*(?:[-/][A-ZĐ][A-Za-zĐđ]*)*)"
    rf"(?:\s+{DATE})?"
    r"(?:\s+của\s+(?P<issuer>.+?)(?=\s+(?:về|ban hành|tổ chức|phát động|triển khai|nhằm)\b|[;,.“]|$))?"
)
EARLIER_DATE = re.compile(DATE, re.IGNORECASE)
BASIS = re.compile(r"^(?:Thực hiện|Căn cứ)\b|nhằm triển khai")


@dataclass(frozen=True)
class Reference:
    """One document named in a text: `basis` when the text rests on it, `issued_here` when it is its own."""

    kind: str
    number: str
    symbol: str
    issued_on: str | None
    issuer: str
    basis: bool
    issued_here: bool


def find_references(lines: Sequence[str]) -> list[Reference]:
    """Return the documents named in paragraphs, each number once, in order of appearance."""
    found: dict[str, Reference] = {}
    for line in lines:
        for match in REFERENCE.finditer(line):
            reference = _read(line, match)
            known = found.get(reference.number)
            if known is None or (known.issued_on is None and reference.issued_on is not None):
                found[reference.number] = reference
    return list(found.values())


def _read(line: str, match: re.Match[str]) -> Reference:
    before = line[: match.start()].rstrip()
    issued_here = match["kind"] == "Kế hoạch" and before.endswith("ban hành")
    issued_on = _iso(match) if match["day"] else None
    earlier = EARLIER_DATE.search(before)
    if issued_here and issued_on is None and earlier:
        issued_on = _iso(earlier)
    return Reference(
        kind=match["kind"],
        number=f"{match['digits']}{match['mark']}{match['symbol']}",
        symbol=match["symbol"],
        issued_on=issued_on,
        issuer=(match["issuer"] or "").strip(),
        basis=bool(BASIS.search(line)) and not issued_here,
        issued_here=issued_here,
    )


def _iso(match: re.Match[str]) -> str:
    return f"{match['year']}-{int(match['month']):02d}-{int(match['day']):02d}"
