"""Made-up values of every field, for the preview of a template; nobody in them exists."""

from __future__ import annotations

from typing import Any

from workflows.documents.kinds import fields_of
from workflows.documents.kinds import kind as kind_of

SAMPLES: dict[str, Any] = {
    "superior": "ỦY BAN NHÂN DÂN THÀNH PHỐ",
    "organ": "SỞ XÂY DỰNG",
    "unit_name": "Sở Xây dựng",
    "authority": "GIÁM ĐỐC SỞ XÂY DỰNG",
    "number": "01/XX-SXD",
    "number_line": "Số: 01/XX-SXD",
    "place_date": "Đà Nẵng, ngày 05 tháng 8 năm 2026",
    "date_words": "ngày 05 tháng 8 năm 2026",
    "subject_line": "Về việc đề nghị khen thưởng tháng 8/2026",
    "signature_lines": ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"],
    "signer_name": "Nguyễn Văn Mẫu",
    "left_lines": ["THƯ KÝ"],
    "left_name": "Trần Thị Ví Dụ",
    "addressees": ["Chủ tịch Ủy ban nhân dân thành phố"],
    "bases": ["Căn cứ Luật Thi đua, khen thưởng ngày 15 tháng 6 năm 2022"],
    "recipients": ["- Như trên;", "- Sở Nội vụ (để báo cáo);", "- Lưu: VT."],
    "attachments": ["Báo cáo thành tích", "Biên bản họp xét"],
    "subject": "Lê Quang Thử",
    "position": "Chuyên viên",
    "unit": "Phòng Thiết kế",
    "nominee_unit": "Phòng Thiết kế",
    "form": "Giấy khen của Giám đốc Sở",
    "award_verb": "TẶNG",
    "achievement": "Đã có thành tích xuất sắc trong phong trào thi đua",
    "index": 1,
    "roll_number": "1",
    "decision_line": "Quyết định số 01/QĐ-SXD ngày 05 tháng 8 năm 2026",
    "percent": "90,9 %",
    "outcome": "Đạt",
    "money": "1.520.000",
}


def sample_values(kind: str) -> dict[str, Any]:
    """Return values for every field of a kind; a field without a sample shows its own name."""
    values: dict[str, Any] = {}
    for name, row in fields_of(kind).items():
        if row is None:
            values[name] = SAMPLES.get(name, f"«{name}»")
        elif row:
            values[name] = [{**_row(row), "index": index} for index in (1, 2)]
        else:
            values[name] = SAMPLES.get(name, [f"«{name}» 1", f"«{name}» 2"])
    values["title"] = kind_of(kind).title
    return values


def _row(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: SAMPLES.get(name, f"«{name}»") for name in names}
