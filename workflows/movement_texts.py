"""Read the text of a plan, report or notice into a movement record; what it does not say stays empty."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workflows import movement_notes
from workflows.movement_documents import Reference, find_references
from workflows.vocabulary import fold

ROMAN = re.compile(r"^([IVX]+)\.\s+(.+)")
NUMBERED = re.compile(r"^(\d+)\.\s+(.+)")
LETTERED = re.compile(r"^([a-zđ])\)\s+(.+)")
DASHED = re.compile(r"^[-–]\s*(.+)")
OWN_NUMBER = re.compile(r"^Số:\s*(\d*)\s*/\s*([A-ZĐ][\wĐ/-]*)")
PLACE_LINE = re.compile(
    r"^(?P<place>[^,\d]+), ngày\s*(?P<day>\d*)\s*tháng\s*(?P<month>\d+)\s*năm\s*(?P<year>\d{4})"
)
NAME = r"[A-ZĐÀ-Ỹ]\w*"
PLACE = re.compile(rf"UBND (?:tỉnh|thành phố) ({NAME}(?: {NAME}){{0,2}})")
ISSUERS = (
    re.compile(r"Giám đốc ((?:Trung tâm|Sở) [^,;.]+?) (?:đã )?ban hành Kế hoạch"),
    re.compile(r"([Ss]ở [A-ZĐ][^,;.]*?) (?:đã )?(?:phát động|báo cáo như sau|ban hành Kế hoạch)"),
)
ISSUED_BY = re.compile(rf"(?:Ông|Bà) ({NAME}(?: {NAME})+) - (Giám đốc|Chủ tịch|Phó Giám đốc|Phó Chủ tịch)")
CAPACITY = re.compile(
    r"^(?:(KT|TM|TL|TUQ)\.\s*)?((?:PHÓ )?(?:GIÁM ĐỐC|CHỦ TỊCH|CHÁNH VĂN PHÒNG)|ỦY BAN NHÂN DÂN)$"
)
MONTHLY = re.compile(r"[Tt]rước ngày (\d{1,2}) hàng tháng")
KINDS = {"KẾ HOẠCH": "plan", "BÁO CÁO": "report"}
TYPES = {"đột xuất": "ad_hoc", "chuyên đề": "thematic"}
FORMS = {
    "giấy khen": "certificate_of_commendation",
    "bằng khen của chủ tịch ubnd": "certificate_of_merit",
    "cấp nhà nước": "state_level",
}


@dataclass(frozen=True)
class Part:
    """One paragraph with the headings it stands under."""

    roman: str
    roman_title: str
    number: str
    number_title: str
    letter: str
    letter_title: str
    text: str


def read_text(text: str) -> dict[str, Any]:
    """Return the record of a text: document, basis, contents, criteria, awards, dates, signature."""
    lines = [line for raw in text.splitlines() if (line := _clean(raw))]
    whole = "\n".join(lines)
    references = find_references(lines)
    parts = list(_split(lines))
    document = _read_document(lines, whole, references)
    record: dict[str, Any] = {
        **document,
        "title": _read_title(lines),
        "basis": [_write(reference) for reference in _basis(references, document["number"])],
        "mentions": [_write(reference) for reference in _mentions(references, document["number"])],
        "purpose": _texts(parts, "mục đích"),
        "requirements": _texts(parts, "yêu cầu"),
        "contents": _read_contents(lines),
        "results": _read_results(lines),
        "criteria": _read_criteria(parts, lines),
        "award_types": _read_types(parts),
        "award_forms": _read_forms(parts, lines),
        "reporting": _read_reporting(lines),
        "recipients": _read_recipients(lines),
        "signature": _read_signature(lines),
        "attachments": re.findall(r"\S+\.pdf", whole),
    }
    return {**record, "notes": movement_notes.collect(record, lines, references)}


def _clean(raw: str) -> str:
    text = unicodedata.normalize("NFC", raw).replace("*", "").replace("\u00a0", " ")
    return " ".join(text.split())


def _split(lines: Sequence[str]) -> Iterator[Part]:
    roman = number = letter = ("", "")
    for line in lines:
        if match := ROMAN.match(line):
            roman, number, letter = (match[1], match[2]), ("", ""), ("", "")
        elif match := NUMBERED.match(line):
            number, letter = (match[1], match[2]), ("", "")
        elif match := LETTERED.match(line):
            letter = (match[1], match[2])
        else:
            yield Part(*roman, *number, *letter, line)


def _read_document(lines: Sequence[str], whole: str, references: Sequence[Reference]) -> dict[str, Any]:
    kind = next((KINDS[line] for line in lines if line in KINDS), "article")
    head = next((match for line in lines if (match := OWN_NUMBER.match(line))), None)
    dated = next((match for line in lines if (match := PLACE_LINE.match(line))), None)
    own = next((reference for reference in references if reference.issued_here), None)
    body = next((match[1] for pattern in ISSUERS if (match := pattern.search(whole))), "")
    body = body[:1].upper() + body[1:]
    number = own.number if own else (f"{head[1]}/{head[2]}" if head and head[1] else "")
    issued_on = own.issued_on if own else None
    month = f"{dated['year']}-{int(dated['month']):02d}" if dated else (issued_on or "")[:7]
    if dated and dated["day"]:
        issued_on = f"{month}-{int(dated['day']):02d}"
    by = ISSUED_BY.search(whole)
    initials = "".join(word if word.isupper() else word[0].upper() for word in body.split())
    return {
        "code": number or "-".join(filter(None, (initials, month))),
        "document_kind": kind,
        "issuing_body": body,
        "place": _read_place(whole, body, dated),
        "number": number,
        "symbol": number.split("/", 1)[1] if number else (head[2] if head else ""),
        "issued_on": issued_on,
        "issued_month": month,
        "issued_by": {"name": by[1], "position": by[2]} if by else None,
    }


def _read_place(whole: str, body: str, dated: re.Match[str] | None) -> str:
    if dated:
        return dated["place"]
    named = PLACE.search(whole) or re.search(rf"{re.escape(body)} ({NAME} {NAME})", whole)
    return named[1] if named else ""


def _read_title(lines: Sequence[str]) -> str:
    for mark in ("với chủ đề", "phong trào thi đua"):
        for line in lines:
            place = line.casefold().find(mark)
            if place >= 0 and (title := _quoted(line[place:])):
                return title
    return ""


def _quoted(text: str) -> str:
    start, depth = text.find("“"), 0
    for place in range(max(start, 0), len(text)):
        depth += (text[place] == "“") - (text[place] == "”")
        if start >= 0 and depth == 0:
            return text[start + 1 : place].strip()
    return ""


def _basis(references: Sequence[Reference], own: str) -> list[Reference]:
    return [entry for entry in references if entry.basis and entry.number != own]


def _mentions(references: Sequence[Reference], own: str) -> list[Reference]:
    known = {entry.number for entry in _basis(references, own)} | {own}
    return [entry for entry in references if entry.number not in known]


def _write(reference: Reference) -> dict[str, Any]:
    return {
        "kind": reference.kind,
        "number": reference.number,
        "issued_on": reference.issued_on,
        "issuer": reference.issuer,
    }


def _texts(parts: Sequence[Part], title: str) -> list[str]:
    found = [part.text for part in parts if part.number_title.casefold() == title]
    return found or [part.text for part in parts if part.text.casefold().startswith(f"{title} của kế hoạch")]


def _read_contents(lines: Sequence[str]) -> list[str]:
    items: list[str] = []
    reading = headed = False
    for line in lines:
        if roman := ROMAN.match(line):
            headed, reading = True, "NỘI DUNG" in roman[2]
        elif not headed and line.endswith(":") and "nội dung" in line:
            reading = True
        elif reading and (match := NUMBERED.match(line) or DASHED.match(line)):
            items.append(match[match.lastindex or 1])
        elif items:
            reading = False
    return items


def _read_results(lines: Sequence[str]) -> list[str]:
    items: list[str] = []
    reading = False
    for line in lines:
        if roman := ROMAN.match(line):
            reading = "KẾT QUẢ" in roman[2]
        elif reading and (match := NUMBERED.match(line)):
            items.append(match[2])
    return items


def _read_criteria(parts: Sequence[Part], lines: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        if part.number_title.casefold() == "tiêu chí thi đua" and part.letter:
            applies_to = "individual" if "cá nhân" in part.letter_title.casefold() else "collective"
            group = 1 + sum(entry["applies_to"] == applies_to for entry in found)
            where = f"mục {part.roman}.{part.number}.{part.letter} nhóm {group}"
            found.append({"applies_to": applies_to, "group": group, "text": part.text, "source": where})
    listed = next((line for line in lines if "tiêu chí thi đua gồm" in line), "")
    sentences = re.split(r"\.\s*(?=[A-ZĐÀ-Ỹ])", listed.split(":", 1)[1].strip(" .")) if ":" in listed else []
    found.extend(
        {"applies_to": "all", "group": number, "text": text, "source": "đoạn tiêu chí thi đua"}
        for number, text in enumerate(sentences, start=1)
    )
    return found


def _read_types(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        {"type": code, "name": part.letter_title, "text": part.text, "source": _place(part)}
        for part in parts
        for word, code in TYPES.items()
        if part.number_title.casefold() == "loại hình khen thưởng" and word in part.letter_title.casefold()
    ]


def _read_forms(parts: Sequence[Part], lines: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        if part.number_title.startswith("Hình thức") and part.letter:
            code = next((code for word, code in FORMS.items() if word in part.letter_title.casefold()), "")
            other = find_references([part.text])
            found.append(
                {
                    "form": code,
                    "name": part.letter_title,
                    "decided_by": part.letter_title.partition(" của ")[2],
                    "text": part.text,
                    "criteria_from": other[0].number if other else "",
                    "source": _place(part),
                }
            )
    told = next((line for line in lines if line.startswith("Về hình thức khen thưởng")), "")
    found.extend(
        {
            "form": "",
            "name": "",
            "decided_by": who,
            "text": told,
            "criteria_from": "",
            "source": "đoạn khen thưởng",
        }
        for who in re.findall(r"đề nghị (Giám đốc Sở|cấp trên) khen thưởng", told)
    )
    return found


def _place(part: Part) -> str:
    return f"mục {part.roman}.{part.number}.{part.letter}"


def _read_reporting(lines: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        for match in MONTHLY.finditer(line):
            rest = line[match.end() :]
            to = re.search(r"về ([^,;.(]+?) \(thông qua ([^)]+)\)", rest)
            sent = re.search(r"gửi ([^,;./(]+)", rest)
            found.append(
                {
                    "day": int(match[1]),
                    "every": "month",
                    "from": re.split(r" căn cứ | là ", line)[0],
                    "to": to[1] if to else (sent[1].strip() if sent else ""),
                    "through": to[2] if to else "",
                }
            )
    return found


def _read_recipients(lines: Sequence[str]) -> list[dict[str, str]]:
    start = next((place for place, line in enumerate(lines) if line.startswith("Nơi nhận")), len(lines))
    found = []
    for line in lines[start + 1 :]:
        match = DASHED.match(line)
        if match is None:
            break
        name = match[1].rstrip(".;")
        noted = re.match(r"(.+?) \(([^)]+)\)$", name)
        filed = re.match(r"Lưu:?\s+(.+)$", name)
        if filed:
            found.append({"name": filed[1], "purpose": "Lưu"})
        else:
            found.append({"name": noted[1] if noted else name, "purpose": noted[2] if noted else ""})
    return found


def _read_signature(lines: Sequence[str]) -> dict[str, str] | None:
    places = [place for place, line in enumerate(lines) if CAPACITY.match(line)]
    if not places or places[-1] + 1 >= len(lines):
        return None
    name = lines[places[-1] + 1]
    if not re.fullmatch(rf"{NAME}(?: {NAME}){{1,4}}", name) or fold(name) == name:
        return None
    block = [match for place in places if (match := CAPACITY.match(lines[place]))]
    return {"capacity": block[0][1] or "", "for": block[0][2], "position": block[-1][2], "name": name}
