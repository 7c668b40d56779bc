"""The words of the domain: what each code is called in Vietnamese and English; how text is folded."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime

from engine.clock import local
from engine.errors import Text

SUBJECT_KINDS = {
    "individual": Text("Cá nhân", "Individual"),
    "collective": Text("Tập thể", "Collective"),
}
TYPES = {
    "ad_hoc": Text("Đột xuất", "Ad hoc"),
    "thematic": Text("Chuyên đề", "Thematic"),
}
FORMS = {
    "certificate_of_commendation": Text(
        "Giấy khen của Giám đốc Sở", "Certificate of commendation (department)"
    ),
    "certificate_of_merit": Text("Bằng khen của Chủ tịch UBND", "Certificate of merit (people's committee)"),
    "state_level": Text("Cấp Nhà nước", "State level"),
}
INFLUENCES = {
    "department": Text("Tại Sở Xây dựng", "Within the department"),
    "city_field": Text("Trong một lĩnh vực của thành phố", "In one field of the city"),
    "nation": Text("Trong cả nước", "Nation-wide"),
}
LEVELS = {
    "office": Text("Phòng", "Office"),
    "center": Text("Trung tâm", "Centre"),
    "department": Text("Sở Xây dựng", "Department"),
    "province": Text("UBND thành phố", "People's committee"),
    "state": Text("Cấp Nhà nước", "State"),
}
STATUSES = {
    "draft": Text("Đang soạn", "Being prepared"),
    "ineligible": Text("Không đủ tiêu chí", "Does not meet the criteria"),
    "open": Text("Đang xem xét", "Under consideration"),
    "returned": Text("Trả lại để bổ sung", "Returned for supplement"),
    "accepted": Text("Đã chấp nhận, chờ trình", "Accepted, to be submitted"),
    "set_aside": Text("Để lại, không trình", "Set aside"),
    "declined": Text("Không tặng", "Declined"),
    "awarded": Text("Đã tặng", "Awarded"),
    "withdrawn": Text("Đã rút", "Withdrawn"),
}
PENDING = ("open", "returned", "accepted")
OUTCOMES = {
    "proposed": Text("Phòng đưa vào danh sách", "Put on the list by the office"),
    "changed": Text("Sửa nội dung", "Changed"),
    "eligible": Text("Đạt tiêu chí", "Meets the criteria"),
    "ineligible": Text("Không đạt tiêu chí", "Does not meet the criteria"),
    "head_signed": Text("Trưởng phòng ký", "Signed by the head of office"),
    "head_returned": Text("Trưởng phòng trả lại", "Returned by the head of office"),
    "submitted": Text("Gửi Trung tâm", "Sent to the centre"),
    "received": Text("Trung tâm tiếp nhận", "Received by the centre"),
    "returned": Text("Trả lại để bổ sung", "Returned for supplement"),
    "supplemented": Text("Đã bổ sung", "Supplemented"),
    "accepted": Text("Trung tâm chấp nhận", "Accepted by the centre"),
    "set_aside": Text("Trung tâm để lại", "Set aside by the centre"),
    "director_returned": Text(
        "Giám đốc Trung tâm trả lại tờ trình", "Submission returned by the centre's director"
    ),
    "submitted_to_department": Text("Trình Sở Xây dựng", "Submitted to the department"),
    "received_by_department": Text("Sở tiếp nhận", "Received by the department"),
    "appraised": Text("Thẩm định", "Appraised"),
    "sent_back": Text("Trả lại thẩm định", "Sent back to appraisal"),
    "submitted_to_province": Text("Trình UBND thành phố", "Submitted to the people's committee"),
    "received_by_province": Text("Sở Nội vụ tiếp nhận", "Received by Home Affairs"),
    "submitted_to_state": Text("Trình cấp Nhà nước", "Submitted to the State"),
    "awarded": Text("Tặng thưởng", "Awarded"),
    "declined": Text("Không tặng", "Declined"),
    "withdrawn": Text("Rút khỏi danh sách", "Withdrawn from the list"),
}
RECOMMENDATIONS = {
    "": Text("", ""),
    "award": Text("Đề nghị tặng", "Recommends the award"),
    "submit_up": Text("Đề nghị trình cấp trên", "Recommends submission upward"),
    "decline": Text("Đề nghị không tặng", "Recommends against"),
}

# Reasons that the system gives itself; a reason that a person typed has no code and is shown as typed.
REASONS = {
    "not_supplemented": Text(
        "Chưa nhận được hồ sơ bổ sung khi Trung tâm chốt danh sách.",
        "The supplement had not arrived when the centre closed its list.",
    ),
}


def label(words: dict[str, Text], code: str, language: str = "vi") -> str:
    """Return what a code is called, or the code itself when it has no name."""
    return words[code].text(language) if code in words else code


def fold(text: str) -> str:
    """Return text in lower case without diacritics, spaces collapsed, for search and comparison."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return " ".join(plain.casefold().split())


def show_date(day: date | None) -> str:
    """Write a day as dd/mm/yyyy; nothing for no day."""
    return f"{day:%d/%m/%Y}" if day else ""


def show_moment(moment: datetime | None) -> str:
    """Write a moment in local time as dd/mm/yyyy hh:mm; nothing for no moment."""
    return f"{local(moment):%d/%m/%Y %H:%M}" if moment else ""


def show_period(period: str, language: str = "vi") -> str:
    """Write a period "YYYY-MM" as "tháng M/YYYY", in English as "M/YYYY"."""
    year, month = period.split("-")
    return Text(f"tháng {int(month)}/{year}", f"{int(month)}/{year}").text(language)
