"""How an office writes: dates in words, names in capitals, the heading, the lines of “Nơi nhận”."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

# What XML cannot carry: a template would not open with it.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_date(day: date) -> str:
    """Write a day as documents do: days below 10 and months 1, 2 take a zero (NĐ 30/2020 Phụ lục I, GK)."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def write_money(amount: int) -> str:
    """Write an amount in đồng with dots between thousands: 1.520.000 đồng."""
    return f"{amount:,} đồng".replace(",", ".")


def capitals(text: str) -> str:
    """Return text in capitals, letters composed."""
    return compose(text).upper()


def compose(text: str) -> str:
    """Return text with letters composed (NFC), blanks collapsed, and nothing that XML cannot carry."""
    plain = CONTROL.sub("", unicodedata.normalize("NFC", text))
    return "\n".join(" ".join(line.split()) for line in plain.splitlines()).strip()


def compose_all(value: Any) -> Any:
    """Return values with every text composed, whatever they are nested in."""
    if isinstance(value, str):
        return compose(value)
    if isinstance(value, Mapping):
        return {str(key): compose_all(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [compose_all(inner) for inner in value]
    return value


def list_recipients(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Write the lines of “Nơi nhận” from names with purposes in words; the archive stands last.

    “- Sở Nội vụ (để báo cáo);” … “- Lưu: VT.” as in seeds 000 and 002.
    """
    written = [f"- {name} ({purpose});" if purpose else f"- {name};" for name, purpose in lines]
    return [*written, "- Lưu: VT."]
