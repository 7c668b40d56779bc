"""The loader on the real texts, against the records that the product carries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workflows.movement_documents import find_references
from workflows.movement_texts import read_text
from workflows.movements import DATA

SEEDS = Path(__file__).parents[2].parent / "shared" / "seeds"
CARRIED = {
    "000": "SXD-2021-09",
    "001": "598-KH-TTTV",
    "002": "692-KH-SXD",
    "003": "83-KH-SKHDT",
    "004": "SGTVT",
}
# What is carried word for word; texts are carried in our own condensed words and only counted.
EXACT = (
    "code", "document_kind", "issuing_body", "place", "number", "symbol", "issued_on", "issued_month",
    "issued_by", "title", "basis", "mentions", "reporting", "recipients", "signature", "attachments", "notes",
)  # fmt: skip
COUNTED = ("purpose", "requirements", "contents", "results")


def seed(number: str) -> dict[str, Any]:
    """Read one of the five source texts with the loader."""
    found = sorted(SEEDS.glob(f"{number}_*.txt")) if SEEDS.is_dir() else []
    if not found:
        pytest.skip(f"the source texts are not here: expected {SEEDS}/{number}_*.txt")
    return read_text(found[0].read_text(encoding="utf-8"))


def carried(number: str) -> dict[str, Any]:
    """Return the carried record of one of the five."""
    record: dict[str, Any] = json.loads((DATA / f"{CARRIED[number]}.json").read_text(encoding="utf-8"))
    return record


def shapes(record: dict[str, Any]) -> dict[str, Any]:
    """Return criteria, types and forms without their texts."""
    return {
        name: [{key: value for key, value in entry.items() if key != "text"} for entry in record[name]]
        for name in ("criteria", "award_types", "award_forms")
    }


@pytest.mark.parametrize("number", sorted(CARRIED))
def test_the_carried_record_is_what_the_loader_reads(number: str) -> None:
    read, ours = seed(number), carried(number)

    assert {key: ours[key] for key in EXACT} == {key: read[key] for key in EXACT}
    assert {key: len(ours[key]) for key in COUNTED} == {key: len(read[key]) for key in COUNTED}
    assert shapes(ours) == shapes(read)


def test_every_carried_record_belongs_to_a_source_text() -> None:
    assert sorted(path.stem for path in DATA.glob("*.json")) == sorted(CARRIED.values())


def test_the_plan_of_the_centre_gives_dates_types_forms_and_criteria() -> None:
    record = seed("001")

    assert (record["number"], record["issued_on"]) == ("598/KH-TTTV", "2021-08-27")
    assert record["issued_by"] == {"name": "Trần Văn Nam", "position": "Giám đốc"}
    assert [(entry["day"], entry["to"], entry["through"]) for entry in record["reporting"]] == [
        (16, "Trung tâm", "Phòng Tổ chức - Hành chính"),
        (20, "Sở Xây dựng", ""),
    ]
    assert [entry["type"] for entry in record["award_types"]] == ["ad_hoc", "thematic"]
    assert [(entry["form"], entry["criteria_from"]) for entry in record["award_forms"]] == [
        ("certificate_of_commendation", ""),
        ("certificate_of_merit", "154/KH-UBND"),
        ("state_level", "154/KH-UBND"),
    ]
    assert [(entry["applies_to"], entry["group"]) for entry in record["criteria"]] == [
        ("collective", 1), ("collective", 2), ("collective", 3), ("collective", 4),
        ("individual", 1), ("individual", 2), ("individual", 3),
    ]  # fmt: skip
    assert "issuer_and_symbol" in {note["code"] for note in record["notes"]}


def test_a_draft_has_no_number_and_no_day_but_recipients_with_purpose_and_a_deputy() -> None:
    record = seed("000")

    assert (record["number"], record["issued_on"], record["issued_month"]) == ("", None, "2021-09")
    assert record["place"] == "Tuyên Quang"
    assert [entry["purpose"] for entry in record["recipients"]] == ["Báo cáo", "", "t/hiện", "", "Lưu"]
    assert record["signature"] == {
        "capacity": "KT",
        "for": "GIÁM ĐỐC",
        "position": "PHÓ GIÁM ĐỐC",
        "name": "Trần Văn Luận",
    }
    assert record["award_forms"] == record["reporting"] == []


def test_a_report_flags_the_repeated_heading_and_the_two_numbers_of_one_decision() -> None:
    codes = {note["code"]: note["vi"] for note in seed("002")["notes"]}

    assert "1477/QĐ-UBND và 1447/QĐ-UBND" in codes["conflicting_numbers"]
    assert "Số mục II" in codes["repeated_heading"]


def test_what_a_notice_does_not_say_stays_empty() -> None:
    record = seed("004")

    assert (record["number"], record["issued_on"], record["basis"], record["signature"]) == (
        "",
        None,
        [],
        None,
    )
    assert record["attachments"] == ["1727.pdf"]
    assert len(record["contents"]) == 6


def test_the_author_of_an_article_is_not_taken_for_a_signer() -> None:
    record = seed("003")

    assert record["signature"] is None
    assert [entry["decided_by"] for entry in record["award_forms"]] == ["Giám đốc Sở", "cấp trên"]


@pytest.mark.parametrize(
    ("text", "number", "issued_on", "issuer"),
    [
        ("Thực hiện Quyết định số 988/QĐ-BXD ngày 31/8/2021 của Bộ Xây dựng về", "988/QĐ-BXD", "2021-08-31",
         "Bộ Xây dựng"),
        ("Căn cứ Kế hoạch số 83 /KH-SKHĐT ngày 17 tháng 9 năm 2021", "83/KH-SKHĐT", "2021-09-17", ""),
        ("theo Kết luận số 608-KL/TU ngày 01/9/2021 của Ban Thường vụ Tỉnh ủy về", "608-KL/TU", "2021-09-01",
         "Ban Thường vụ Tỉnh ủy"),
        ("tại Điểm b Kế hoạch số 154/KH-UBND thành phố.", "154/KH-UBND", None, ""),
    ],
)  # fmt: skip
def test_a_reference_is_read_with_number_date_and_issuer(
    text: str, number: str, issued_on: str | None, issuer: str
) -> None:
    found = find_references([text])

    assert [(entry.number, entry.issued_on, entry.issuer) for entry in found] == [(number, issued_on, issuer)]


def test_an_empty_text_gives_an_empty_record() -> None:
    record = read_text("")

    assert (record["code"], record["title"], record["contents"], record["signature"]) == ("", "", [], None)
