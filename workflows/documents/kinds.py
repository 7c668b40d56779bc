"""The kinds of documents, what each is called and numbered by, and which fields its template may use.

Kinds and their letters: NĐ 30/2020 Đ7 and seeds 000, 002; the letters of the slips (BM.02–BM.04 of the
one-stop set, QĐ 3621/QĐ-BYT) and “-TĐKT” of a công văn are house rules, no source fixes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import NotFound, Text


@dataclass(frozen=True)
class Kind:
    """One kind of document: its names, how its register is written, and its own fields.

    register: pattern over {unit} such as `TTr-{unit}`; empty when it bears no number of its own.
    lists: fields that are lists of rows, each with the names a row has.
    signature: who signs: the `unit` (a collective body by TM.), its `head` as a person (decisions), the
    `desk` that received the papers (slips), or those whom the facts name (minutes, reports of the nominee).
    """

    name: Text
    title: str
    register: str
    fields: tuple[str, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signature: str = "unit"


# What every document has (NĐ 30/2020 Đ8); `left_…` is whoever signs beside the signer: secretary, certifier.
COMMON = (
    "superior",
    "organ",
    "number",
    "number_line",
    "place_date",
    "date_words",
    "title",
    "subject_line",
    "unit_name",
    "signer_name",
    "left_name",
    "intro",
    "closing",
)
COMMON_LISTS: Mapping[str, tuple[str, ...]] = {
    "signature_lines": (),
    "left_lines": (),
    "addressees": (),
    "bases": (),
    "paragraphs": (),
    "attachments": (),
    "recipients": (),
}
NOMINEE = ("index", "subject", "position", "unit", "form", "type", "achievement", "note", "money")
TALLY = ("index", "subject", "form", "yes", "no", "invalid", "base", "percent", "outcome")
REPORT = (
    "subject",
    "position",
    "nominee_unit",
    "form",
    "type",
    "achievement",
    "achieved_on",
    "achievement_ref",
    "initiative_ref",
    "influence",
    "born_on",
    "home",
    "qualification",
    "attestation",
)
REPORT_LISTS = {"criteria": ("index", "label", "answer"), "earlier": ("form", "number", "day")}
BALLOTS = ("ballots_issued", "ballots_returned", "ballots_valid", "ballots_invalid", "method")
ROLL = ("decision_line", "roll_number")
OUTLOOK = ("limits", "proposals")
SLIP = ("subject", "period", "reason", "due", "received", "contact")

KINDS: Mapping[str, Kind] = {
    "submission_letter": Kind(
        Text("Tờ trình", "Submission letter"),
        "TỜ TRÌNH",
        "TTr-{unit}",
        ("period", "total", "note"),
        {"nominees": NOMINEE, "counts": ("form", "collectives", "individuals", "total")},
    ),
    "achievement_report_collective": Kind(
        Text("Báo cáo thành tích tập thể", "Achievement report (collective)"),
        "BÁO CÁO THÀNH TÍCH",
        "",
        REPORT,
        REPORT_LISTS,
        signature="facts",
    ),
    "achievement_report_individual": Kind(
        Text("Báo cáo thành tích cá nhân", "Achievement report (individual)"),
        "BÁO CÁO THÀNH TÍCH",
        "",
        REPORT,
        REPORT_LISTS,
        signature="facts",
    ),
    "achievement_report_short": Kind(
        Text("Báo cáo tóm tắt thành tích", "Short achievement report"),
        "BÁO CÁO TÓM TẮT THÀNH TÍCH",
        "",
        REPORT,
        REPORT_LISTS,
        signature="facts",
    ),
    "council_minutes": Kind(
        Text("Biên bản họp Hội đồng", "Council minutes"),
        "BIÊN BẢN",
        "BB-{unit}",
        ("council", "opened", "closed", "venue", "chair", "secretary", "quorum", "discussion", "conclusion"),
        {
            "members": ("index", "name", "role", "attendance", "reason"),
            "tallies": TALLY,
        },
        signature="facts",
    ),
    "ballot_minutes": Kind(
        Text("Biên bản kiểm phiếu", "Ballot minutes"),
        "BIÊN BẢN KIỂM PHIẾU",
        "BB-{unit}",
        ("council", "opened", "closed", "venue", "chair", "secretary", "members_total", *BALLOTS),
        {"tallies": TALLY, "tellers": ("name", "role")},
        signature="facts",
    ),
    "award_decision": Kind(
        Text("Quyết định khen thưởng", "Award decision"),
        "QUYẾT ĐỊNH",
        "QĐ-{unit}",
        ("authority", "form", "total", "achievement", "money_source", "executors"),
        {"nominees": NOMINEE},
        signature="head",
    ),
    "certificate": Kind(
        Text("Giấy khen, bằng khen", "Certificate"),
        "GIẤY KHEN",
        "",
        ("authority", "form", "award_verb", "subject", "position", "nominee_unit", "achievement", *ROLL),
        signature="head",
    ),
    "supplement_request": Kind(
        Text("Phiếu yêu cầu bổ sung hồ sơ", "Request for supplement"),
        "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ",
        "PYC-{unit}",
        SLIP,
        {"nominees": NOMINEE},
        signature="desk",
    ),
    "refusal_slip": Kind(
        Text("Phiếu từ chối hồ sơ", "Refusal slip"),
        "PHIẾU TỪ CHỐI GIẢI QUYẾT HỒ SƠ",
        "PTC-{unit}",
        SLIP,
        {"nominees": NOMINEE},
        signature="desk",
    ),
    "apology_slip": Kind(
        Text("Phiếu xin lỗi và hẹn lại", "Apology with a new date"),
        "PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ",
        "PXL-{unit}",
        (*SLIP, "new_due"),
        {"nominees": NOMINEE},
        signature="desk",
    ),
    "monthly_report": Kind(
        Text("Báo cáo tháng", "Monthly report"),
        "BÁO CÁO",
        "BC-{unit}",
        ("period", "report_due", "total", "missing", "late", "nothing", "results"),
        {"nominees": NOMINEE, "offices": ("index", "name", "proposed", "accepted", "returned", "note")},
    ),
    "summary_report": Kind(
        Text("Báo cáo tổng kết", "Summary report"),
        "BÁO CÁO",
        "BC-{unit}",
        ("movement_title", "advantages", "difficulties", "leadership", "propaganda", "money_total", *OUTLOOK),
        {
            "results": (),
            "awards": ("index", "form", "collectives", "individuals", "money"),
            "units": ("index", "name", "nominated", "awarded"),
            "remarks": (),
        },
    ),
    "launch_plan": Kind(
        Text("Kế hoạch phát động", "Launch plan"),
        "KẾ HOẠCH",
        "KH-{unit}",
        ("movement_title", "purpose", "starts", "ends", "award_part", "organisation"),
        {"contents": (), "criteria_collective": (), "criteria_individual": ()},
    ),
    "correction_letter": Kind(
        Text("Công văn đính chính", "Letter of correction"),
        "",
        "{unit}-TĐKT",
        ("original", "original_date"),
        {"corrections": ("place", "wrong", "right")},
    ),
    "revocation_decision": Kind(
        Text("Quyết định hủy bỏ, thu hồi", "Revocation decision"),
        "QUYẾT ĐỊNH",
        "QĐ-{unit}",
        ("authority", "original", "original_date", "form", "reason", "executors", "money_total"),
        {"nominees": NOMINEE},
        signature="head",
    ),
}
# What people may change in a document that replaces another, in the order it is asked.
CHANGEABLE = {
    "subject_line": Text("Trích yếu", "Subject"),
    "intro": Text("Đoạn mở đầu", "Opening paragraph"),
    "form": Text("Hình thức khen thưởng", "Form of award"),
    "total": Text("Tổng số tập thể, cá nhân", "Number of nominees"),
    "achievement": Text("Thành tích", "Achievement"),
    "money_source": Text("Nguồn tiền thưởng", "Source of the money"),
    "executors": Text("Trách nhiệm thi hành", "Who carries it out"),
    "period": Text("Kỳ", "Period"),
    "reason": Text("Lý do", "Reason"),
    "due": Text("Thời hạn", "Due"),
    "new_due": Text("Ngày hẹn mới", "New date"),
    "movement_title": Text("Phong trào", "Movement"),
    "purpose": Text("Mục đích, yêu cầu", "Purpose"),
    "award_part": Text("Khen thưởng", "Awards"),
    "organisation": Text("Tổ chức thực hiện", "Organisation"),
    "advantages": Text("Thuận lợi", "Advantages"),
    "difficulties": Text("Khó khăn", "Difficulties"),
    "leadership": Text("Công tác lãnh đạo, chỉ đạo", "Leadership"),
    "propaganda": Text("Công tác tuyên truyền", "Publicity"),
    "limits": Text("Tồn tại, hạn chế", "Shortcomings"),
    "proposals": Text("Kiến nghị", "Proposals"),
    "discussion": Text("Thảo luận", "Discussion"),
    "conclusion": Text("Kết luận", "Conclusion"),
    "note": Text("Ghi chú", "Note"),
    "closing": Text("Đoạn kết", "Closing paragraph"),
    "subject": Text("Cá nhân, tập thể", "Nominee"),
    "position": Text("Chức vụ", "Position"),
}
PURPOSES = {
    "act": Text("để thực hiện", "to act"),
    "report": Text("để báo cáo", "to be informed (superior)"),
    "cooperate": Text("để phối hợp", "to cooperate"),
    "know": Text("để biết", "to know"),
    "": Text("", ""),
    "archive": Text("lưu", "archive"),
}
STATUSES = {
    "draft": Text("Dự thảo", "Draft"),
    "issued": Text("Đã ban hành", "Issued"),
    "replaced": Text("Đã được thay thế", "Replaced"),
    "cancelled": Text("Đã hủy", "Cancelled"),
}


def kind(code: str) -> Kind:
    """Return a kind of document by its code; raises NotFound."""
    if code not in KINDS:
        raise NotFound(kind="document kind", key=code)
    return KINDS[code]


def fields_of(code: str) -> dict[str, tuple[str, ...] | None]:
    """Return the fields a template of a kind may use: None for a single value, else the names of a row."""
    own = kind(code)
    singles: dict[str, tuple[str, ...] | None] = dict.fromkeys((*COMMON, *own.fields))
    return {**singles, **COMMON_LISTS, **own.lists}
