"""Notes on what a movement's text leaves open or contradicts; nothing is corrected silently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from workflows.movement_documents import Reference

ROMAN = re.compile(r"^([IVX]+)\.\s+([A-ZĐÀ-Ỹ ,]+)$")
Note = dict[str, str]


def collect(record: Mapping[str, Any], lines: Sequence[str], references: Sequence[Reference]) -> list[Note]:
    """Return the notes on a record: code, Vietnamese and English text."""
    return [
        *_missing(record),
        *_headings(lines),
        *_twin_numbers(references),
        *_issuers(references),
        *_imported(record),
    ]


def _missing(record: Mapping[str, Any]) -> list[Note]:
    gaps = (
        (
            "no_number",
            not record["number"],
            "Văn bản không có số; coi là dự thảo hoặc trích đăng.",
            "The text has no number; it is a draft or an excerpt.",
        ),
        (
            "no_date",
            record["issued_on"] is None,
            "Văn bản không ghi đủ ngày ban hành.",
            "The text has no complete date.",
        ),
        (
            "no_award_part",
            not record["award_types"] and not record["award_forms"],
            "Văn bản không có phần khen thưởng.",
            "The text has no part on awards.",
        ),
        (
            "no_reporting_dates",
            not record["reporting"],
            "Văn bản không nêu ngày báo cáo định kỳ.",
            "The text names no reporting dates.",
        ),
        (
            "no_signature",
            record["signature"] is None,
            "Văn bản không có khối chữ ký.",
            "The text has no signature block.",
        ),
    )
    return [_note(code, vi, en) for code, missing, vi, en in gaps if missing]


def _headings(lines: Sequence[str]) -> list[Note]:
    numbers = Counter(match[1] for line in lines if (match := ROMAN.match(line)))
    return [
        _note(
            "repeated_heading",
            f"Số mục {number} được dùng {count} lần.",
            f"Heading number {number} is used {count} times.",
        )
        for number, count in numbers.items()
        if count > 1
    ]


def _twin_numbers(references: Sequence[Reference]) -> list[Note]:
    return [
        _note(
            "conflicting_numbers",
            f"Cùng loại, cùng ngày nhưng ghi hai số khác nhau: {first.number} và {second.number}.",
            f"One document of one day is given two numbers: {first.number} and {second.number}.",
        )
        for first, second in combinations(references, 2)
        if first.issued_on
        and (first.kind, first.symbol, first.issued_on) == (second.kind, second.symbol, second.issued_on)
    ]


def _issuers(references: Sequence[Reference]) -> list[Note]:
    notes = []
    for reference in references:
        body = _initials(reference.issuer)
        if body and body not in re.split(r"[-/]", reference.symbol):
            notes.append(
                _note(
                    "issuer_and_symbol",
                    f"{reference.number} ghi là của “{reference.issuer}” nhưng ký hiệu không khớp.",
                    f"{reference.number} is attributed to '{reference.issuer}'; its symbol does not fit.",
                )
            )
    return notes


def _imported(record: Mapping[str, Any]) -> list[Note]:
    return [
        _note(
            "criteria_elsewhere",
            f"Tiêu chuẩn của “{form['name']}” dẫn sang {form['criteria_from']}; nội dung chưa có, cần nhập.",
            f"The standard of '{form['name']}' is in {form['criteria_from']}, whose text is not given.",
        )
        for form in record["award_forms"]
        if form["criteria_from"]
    ]


def _initials(issuer: str) -> str:
    if "UBND" in issuer:
        return "UBND"
    if issuer.startswith(("Sở ", "Bộ ")):
        return "".join(word[0].upper() for word in issuer.split())
    return ""


def _note(code: str, vi: str, en: str) -> Note:
    return {"code": code, "vi": vi, "en": en}
