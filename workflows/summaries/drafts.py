"""The text of a sum-up: its headings in order, numbered by position, and what looks wrong in it.

The outline is that of seed 002 (báo cáo tổng kết, Sở Xây dựng Quảng Ngãi), whose numbering slips: "II" twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from engine.errors import Text
from workflows.movement_documents import Reference, find_references
from workflows.movement_notes import ROMAN

# Sections with the field that holds the text of each part; the last one is a list of results.
OUTLINE: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("ĐẶC ĐIỂM, TÌNH HÌNH", (("Thuận lợi", "advantages"), ("Khó khăn", "difficulties"))),
    (
        "CÔNG TÁC TRIỂN KHAI THỰC HIỆN",
        (
            ("Công tác lãnh đạo, chỉ đạo, phát động phong trào thi đua", "leadership"),
            ("Công tác tuyên truyền", "propaganda"),
        ),
    ),
    ("KẾT QUẢ ĐẠT ĐƯỢC", ()),
)
FIELDS = ("advantages", "difficulties", "leadership", "propaganda", "results")
_ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def number_section(number: int) -> str:
    """Return a small number in Roman figures."""
    text = ""
    for value, sign in _ROMAN:
        text += sign * (number // value)
        number %= value
    return text


def write(content: Mapping[str, str], figures: Mapping[str, Any]) -> list[str]:
    """Return the paragraphs of a report: sections I, II, III, numbered parts, awards and open issues last."""
    lines: list[str] = []
    for number, (title, parts) in enumerate(OUTLINE, 1):
        lines.append(f"{number_section(number)}. {title}")
        texts = [f"{name}: {content.get(field, '')}" for name, field in parts]
        if not parts:
            texts = [*split_lines(content.get("results", "")), *_computed(figures)]
        lines += [f"{place}. {text}" for place, text in enumerate(texts, 1)]
    return lines


def split_lines(text: str) -> list[str]:
    """Return the lines of a text that say something, without the dashes and numbers before them."""
    found = (re.sub(r"^\s*(?:[-–•+]|\d+[.)])\s*", "", line).strip() for line in text.splitlines())
    return [line for line in found if line]


def _computed(figures: Mapping[str, Any]) -> list[str]:
    awards = [
        f"{row['form']}: {row['collectives']} tập thể, {row['individuals']} cá nhân, hộ gia đình "
        f"({row['money']} đồng)"
        for row in figures.get("awards", ())
    ]
    issues = figures.get("issues", ())
    return [
        "Công tác khen thưởng: " + ("; ".join(awards) if awards else "không có hình thức nào được tặng"),
        "Tồn tại, vướng mắc: " + ("; ".join(issues) if issues else "không có"),
    ]


def find_warnings(texts: Sequence[str], known: Sequence[Reference] = ()) -> list[Text]:
    """Return what looks wrong in texts: one document under two numbers, a heading number used twice.

    `known` are documents that the movement itself rests on. House rule, no source: two numbers are taken for
    one document when kind and symbol agree and either the day is the same or, with a day missing, the numbers
    differ by one figure or by two figures that changed places.
    """
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [*_twins([*find_references(lines), *known]), *_repeated(lines)]


def _twins(references: Sequence[Reference]) -> list[Text]:
    found: dict[frozenset[str], Text] = {}
    for one, two in combinations(references, 2):
        if one.number != two.number and _is_same_document(one, two):
            day = one.issued_on or two.issued_on
            said = f" ngày {_show(day)}" if day else ""
            found.setdefault(
                frozenset((one.number, two.number)),
                Text(
                    f"{one.kind}{said} được ghi hai số: {one.number} và {two.number}; hãy đối chiếu bản gốc.",
                    f"One document bears two numbers: {one.number} and {two.number}; compare the original.",
                ),
            )
    return list(found.values())


def _is_same_document(one: Reference, two: Reference) -> bool:
    if (one.kind, one.symbol) != (two.kind, two.symbol):
        return False
    if one.issued_on and two.issued_on:
        return one.issued_on == two.issued_on
    return _is_slip(*(re.split(r"[/-]", reference.number)[0] for reference in (one, two)))


def _is_slip(one: str, two: str) -> bool:
    """Tell whether two numbers differ by one figure, or by two neighbours that changed places."""
    if len(one) != len(two) or len(one) < 2:
        return False
    places = [place for place in range(len(one)) if one[place] != two[place]]
    swapped = len(places) == 2 and places[1] == places[0] + 1 and sorted(one) == sorted(two)
    return len(places) == 1 or swapped


def _repeated(lines: Sequence[str]) -> list[Text]:
    numbers = Counter(match[1] for line in lines if (match := ROMAN.match(line)))
    return [
        Text(f"Số mục {number} được dùng {count} lần.", f"Heading number {number} is used {count} times.")
        for number, count in numbers.items()
        if count > 1
    ]


def _show(day: str) -> str:
    year, month, of_month = day.split("-")
    return f"{int(of_month)}/{int(month)}/{year}"


def read_known(record: Mapping[str, Any]) -> list[Reference]:
    """Return the documents a movement's record says it rests on."""
    return [
        replace(
            Reference(entry["kind"], entry["number"], "", entry["issued_on"], entry["issuer"], True, False),
            symbol=re.split(r"[/-]", entry["number"], maxsplit=1)[-1],
        )
        for entry in record.get("basis", ())
    ]
