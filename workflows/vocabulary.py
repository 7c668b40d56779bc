"""The words of the domain: what each code is called in Vietnamese and English; how text is folded."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from engine import clock
from engine.errors import Text

WRITTEN_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)

SUBJECT_KINDS = {
    "individual": Text("Cá nhân", "Individual"),
    "collective": Text("Tập thể", "Collective"),
    "household": Text("Hộ gia đình", "Household"),
}
TYPES = {
    "ad_hoc": Text("Đột xuất", "Ad hoc"),
    "thematic": Text("Chuyên đề", "Thematic"),
    "merit": Text("Công trạng", "Merit"),
}
FORMS = {
    "certificate_of_commendation": Text(
        "Giấy khen của Giám đốc Sở", "Certificate of commendation (department)"
    ),
    "certificate_of_merit": Text("Bằng khen của Chủ tịch UBND", "Certificate of merit (people's committee)"),
    "state_level": Text("Cấp Nhà nước", "State level"),
    "prime_minister_certificate": Text(
        "Bằng khen của Thủ tướng Chính phủ", "Certificate of merit of the Prime Minister"
    ),
    "labour_order_third": Text("Huân chương Lao động hạng Ba", "Labour Order, third class"),
    "labour_order_second": Text("Huân chương Lao động hạng Nhì", "Labour Order, second class"),
    "labour_order_first": Text("Huân chương Lao động hạng Nhất", "Labour Order, first class"),
    "government_emulation_flag": Text("Cờ thi đua của Chính phủ", "Emulation flag of the Government"),
    "emulation_flag": Text("Cờ thi đua của UBND tỉnh", "Emulation flag of the province"),
    "advanced_worker": Text("Lao động tiên tiến", "Advanced worker"),
    "advanced_collective": Text("Tập thể lao động tiên tiến", "Advanced labour collective"),
    "outstanding_collective": Text("Tập thể lao động xuất sắc", "Outstanding labour collective"),
    "emulation_fighter_grassroots": Text("Chiến sĩ thi đua cơ sở", "Emulation fighter, grassroots"),
    "emulation_fighter_provincial": Text("Chiến sĩ thi đua cấp tỉnh", "Emulation fighter, provincial"),
    "emulation_fighter_national": Text("Chiến sĩ thi đua toàn quốc", "Emulation fighter, national"),
    "commemorative_medal": Text("Kỷ niệm chương", "Commemorative medal"),
}
INFLUENCES = {
    "department": Text("Trong phạm vi Sở", "Within the department"),
    "city_field": Text("Trong một lĩnh vực của thành phố", "In one field of the city"),
    "nation": Text("Trong cả nước", "Nation-wide"),
}
LEVELS = {
    "office": Text("Phòng", "Office"),
    "center": Text("Trung tâm", "Centre"),
    "department": Text("Sở", "Department"),
    "province": Text("UBND thành phố", "People's committee"),
    "state": Text("Cấp Nhà nước", "State"),
}
UNIT_KINDS = {
    "office": Text("Phòng", "Office"),
    "coordination_office": Text("Phòng đầu mối", "Coordinating office"),
    "center": Text("Trung tâm", "Centre"),
    "department_office": Text("Văn phòng Sở", "Department's office"),
    "department": Text("Sở", "Department"),
    "home_affairs": Text("Sở Nội vụ", "Home affairs department"),
    "committee": Text("Ủy ban nhân dân", "People's committee"),
    "ministry": Text("Bộ", "Ministry"),
    "party_cell": Text("Chi bộ", "Party cell"),
    "union": Text("Công đoàn", "Union"),
    "youth_union": Text("Đoàn Thanh niên", "Youth union"),
    "cluster": Text("Cụm, khối thi đua", "Emulation cluster"),
    "agency": Text("Cơ quan được hiệp y", "Agency asked for its opinion"),
    "inspectorate": Text("Thanh tra", "Inspectorate"),
    "party_committee": Text("Cấp ủy", "Party committee"),
    "state": Text("Nhà nước", "State"),
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
    "suspended": Text("Tạm dừng xem xét", "Suspended"),
    "not_selected": Text("Đạt phiếu, vượt hạn mức", "Passed, beyond the quota"),
    "not_awarded": Text("Không khen thưởng do vi phạm", "Not awarded for a violation"),
    "revoked": Text("Đã hủy khen thưởng", "Award cancelled"),
}
# While its office has it, a nomination and its dossier may be changed.
EDITABLE = ("draft", "ineligible", "returned")
PENDING = ("open", "returned", "accepted", "suspended")
OUTCOMES = {
    "proposed": Text("Phòng đưa vào danh sách", "Put on the list by the office"),
    "changed": Text("Sửa nội dung", "Changed"),
    "eligible": Text("Đạt tiêu chí", "Meets the criteria"),
    "ineligible": Text("Không đạt tiêu chí", "Does not meet the criteria"),
    "peer_selected": Text("Được bình xét chọn", "Selected by peer review"),
    "peer_left": Text("Bình xét không chọn", "Not selected by peer review"),
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
    "submitted_to_department": Text("Trình Sở", "Submitted to the department"),
    "received_by_department": Text("Sở tiếp nhận", "Received by the department"),
    "appraised": Text("Thẩm định", "Appraised"),
    "sent_back": Text("Trả lại thẩm định", "Sent back to appraisal"),
    "submitted_to_province": Text("Trình UBND thành phố", "Submitted to the people's committee"),
    "received_by_province": Text("Sở Nội vụ tiếp nhận", "Received by Home Affairs"),
    "submitted_to_state": Text("Trình cấp Nhà nước", "Submitted to the State"),
    "submitted_above": Text("Trình cấp trên", "Submitted upward"),
    "received_above": Text("Cấp trên tiếp nhận", "Received by the unit above"),
    "awarded": Text("Tặng thưởng", "Awarded"),
    "declined": Text("Không tặng", "Declined"),
    "council_selected": Text("Hội đồng đồng ý đề nghị", "Selected by the council"),
    "council_not_selected": Text("Hội đồng: đạt phiếu, vượt hạn mức", "Council: passed, beyond the quota"),
    "council_failed": Text("Hội đồng: không đạt phiếu", "Council: not enough votes"),
    "withdrawn": Text("Rút khỏi danh sách", "Withdrawn from the list"),
    "suspended": Text("Tạm dừng xem xét", "Suspended"),
    "resumed": Text("Tiếp tục xem xét", "Taken up again"),
    "not_awarded": Text("Không khen thưởng do vi phạm", "Not awarded for a violation"),
    "disclosed": Text("Đăng công khai", "Published"),
    "objected": Text("Có ý kiến phản ánh", "An objection was recorded"),
    "opinion_asked": Text("Xin ý kiến", "Opinion asked"),
    "opinion_given": Text("Có ý kiến trả lời", "Opinion given"),
    "opinion_silent": Text("Hết hạn, không có ý kiến", "No opinion in time"),
    "state_received": Text("Bộ Nội vụ nhận đủ hồ sơ", "The ministry has the full dossier"),
    "state_step": Text("Tiến độ cấp Nhà nước", "Progress at the State"),
    "revocation_proposed": Text("Đề nghị hủy quyết định khen thưởng", "Cancellation proposed"),
    "revoked": Text("Hủy quyết định khen thưởng", "Award cancelled"),
    "recovered": Text("Thu hồi", "Recovered"),
    "flagged": Text("Cần xem lại", "To be looked at"),
    "apologised": Text("Xin lỗi, hẹn lại", "Late, with a new day"),
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


def read_day(text: str) -> date:
    """Return a day that a person wrote as 30/06/2025 or 2025-06-30; raises ValueError."""
    told = WRITTEN_DAY.fullmatch(text.strip())
    if told is None:
        raise ValueError(text)
    year, month, day = told.group(1, 2, 3) if told[1] else told.group(6, 5, 4)
    return date(int(year), int(month), int(day))


def show_moment(moment: datetime | None) -> str:
    """Write a moment in local time as dd/mm/yyyy hh:mm; nothing for no moment."""
    return clock.written(moment)


def show_period(period: str, language: str = "vi") -> str:
    """Write a period "YYYY-MM" as "tháng M/YYYY", in English as "M/YYYY"."""
    year, month = period.split("-")
    return Text(f"tháng {int(month)}/{year}", f"{int(month)}/{year}").text(language)
