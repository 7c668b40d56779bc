"""Rules in words: one sentence for the values of a rule, topic by topic, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import Text
from workflows.tables import Rule

Values = Mapping[str, Any]
TOPIC_NAMES = {
    "regime": Text("Hệ thống pháp luật", "Body of law"),
    "award_form": Text("Hình thức, danh hiệu", "Award"),
    "decider": Text("Thẩm quyền và tuyến trình", "Who decides and submits"),
    "dossier": Text("Hồ sơ", "Dossier"),
    "vote": Text("Bỏ phiếu", "Vote"),
    "quorum": Text("Thành phần dự họp", "Quorum"),
    "limit": Text("Thời hạn", "Time limit"),
    "disclosure": Text("Công khai", "Public disclosure"),
    "opinion": Text("Lấy ý kiến", "Opinions"),
    "money": Text("Mức tiền thưởng", "Money"),
    "money_rule": Text("Cách tính tiền thưởng", "How money is worked out"),
    "base_salary": Text("Lương cơ sở", "Base salary"),
    "simplified_ground": Text("Trường hợp thủ tục đơn giản", "Ground of the simplified procedure"),
    "council_route": Text("Hội đồng", "Council"),
    "initiative": Text("Dùng lại sáng kiến", "Use of an initiative"),
    "reporting": Text("Ngày báo cáo", "Reporting date"),
    "principle": Text("Nguyên tắc, tiêu chuẩn", "Principle or standard"),
}
UNITS = {
    "working_day": Text("ngày làm việc", "working days"),
    "calendar_day": Text("ngày (theo lịch)", "calendar days"),
}
BASES = {
    "all_members": Text("tổng số thành viên Hội đồng", "all members of the council"),
    "present": Text("số thành viên dự họp", "members present"),
}
POLICIES = {
    "allow": Text("được dùng", "allowed"),
    "warn": Text("cảnh báo để Hội đồng xem xét", "a warning for the council"),
    "refuse": Text("không được dùng", "refused"),
}
PARTY = {
    "always": Text("ý kiến Ban Thường vụ", "the party committee's opinion"),
    "managed": Text(
        "ý kiến Ban Thường vụ đối với người thuộc diện quản lý",
        "the party committee's opinion for people under its management",
    ),
}
COUNTINGS = {
    "after_event_day": Text("không tính ngày xảy ra sự kiện", "the day of the event not counted"),
    "both_ends": Text("tính cả ngày đầu và ngày cuối", "both ends counted"),
    "clear_days_before": Text("đủ ngày trước", "clear days before"),
}


def describe(rule: Rule) -> Text:
    """Write what a rule says."""
    return DESCRIPTIONS[rule.topic](rule.values)


def note_of(rule: Rule) -> Text:
    """Write the note of a rule; one that a person typed is the same in both languages."""
    return Text(rule.note, rule.note_en or rule.note)


def name_of(rule: Rule) -> Text:
    """Write what a rule is about: its own name when it has one, else its key."""
    name = rule.values.get("name")
    return Text(name["vi"], name["en"]) if isinstance(name, Mapping) else Text(rule.key, rule.key)


def _both(wording: Mapping[str, str]) -> Text:
    return Text(wording["vi"], wording["en"])


def _regime(values: Values) -> Text:
    listed = "; ".join(values["instruments"])
    forms = ", ".join(values["more_favourable"])
    favour = Text(f" Có lợi hơn cho: {forms}.", f" More favourable for: {forms}.") if forms else Text("", "")
    name = _both(values["name"])
    return Text(f"{name.vi} ({listed}).{favour.vi}", f"{name.en} ({listed}).{favour.en}")


def _decider(values: Values) -> Text:
    decided, submitted = _both(values["decided_by"]), _both(values["submitted_by"])
    return Text(
        f"Quyết định: {decided.vi}. Trình: {submitted.vi}.",
        f"Decided by: {decided.en}. Submitted by: {submitted.en}.",
    )


def _dossier(values: Values) -> Text:
    papers = [(paper["name"], paper["required"], paper.get("when", "always")) for paper in values["papers"]]
    vi = "; ".join(name["vi"] + _when(needed, when).vi for name, needed, when in papers)
    en = "; ".join(name["en"] + _when(needed, when).en for name, needed, when in papers)
    return Text(f"{vi}. {values['sets']['vi']}.", f"{en}. {values['sets']['en']}.")


def _when(needed: bool, when: str) -> Text:
    if not needed:
        return Text(" (nếu có)", " (if any)")
    return Text(" (nếu có sáng kiến)", " (with an initiative)") if when == "initiative" else Text("", "")


def _vote(values: Values) -> Text:
    base = BASES[values["base"]]
    share = values["threshold"]
    need = (
        Text(f"quá nửa {base.vi}", f"more than half of {base.en}")
        if share is None
        else Text(f"từ {share}% {base.vi}", f"at least {share}% of {base.en}")
    )
    how = Text("bỏ phiếu kín", "secret ballot") if values["secret"] else Text("biểu quyết", "show of hands")
    written = (
        Text(", tính cả ý kiến bằng văn bản của người vắng", ", absent members' written opinions counted")
        if values["written_counts"]
        else Text("", "")
    )
    return Text(f"{need.vi}; {how.vi}{written.vi}", f"{need.en}; {how.en}{written.en}")


def _quorum(values: Values) -> Text:
    return _both(values["name"])


def _limit(values: Values) -> Text:
    days, unit, start = values["days"], UNITS[values["unit"]], _both(values["counted_from"])
    counting = COUNTINGS[values["counting"]]
    return Text(
        f"{days} {unit.vi} {start.vi} ({counting.vi})", f"{days} {unit.en} {start.en} ({counting.en})"
    )


def _disclosure(values: Values) -> Text:
    if not values["required"]:
        return Text("Không yêu cầu công khai", "No public disclosure required")
    days, unit = values["days"], UNITS[values["unit"]]
    return Text(
        f"Công khai ít nhất {days} {unit.vi} trước khi họp Hội đồng",
        f"Published at least {days} {unit.en} before the council meets",
    )


def _opinion(values: Values) -> Text:
    asked = [PARTY[values["party"]]] if values["party"] in PARTY else []
    if values["inter_agency"]:
        asked.append(Text("hiệp y của cơ quan liên quan", "consent of the agencies concerned"))
    if not asked:
        return Text("Không lấy ý kiến", "No opinions asked")
    vi, en = "; ".join(text.vi for text in asked), "; ".join(text.en for text in asked)
    return Text(f"{vi[0].upper()}{vi[1:]}", f"{en[0].upper()}{en[1:]}")


def _money(values: Values) -> Text:
    times = f"{values['hundredths'] / 100:g}"
    return Text(f"{times.replace('.', ',')} × lương cơ sở", f"{times} × base salary")


def _money_rule(values: Values) -> Text:
    step, share = f"{values['round_up_to']:,}", f"{values['household_hundredths'] / 100:g}"
    return Text(
        f"Làm tròn lên đến {step.replace(',', '.')} đ; hộ gia đình: {share.replace('.', ',')} lần cá nhân",
        f"Rounded up to {step} đồng; a household {share} times an individual",
    )


def _base_salary(values: Values) -> Text:
    dong = f"{values['dong']:,}"
    return Text(f"{dong.replace(',', '.')} đ mỗi tháng", f"{dong} đồng a month")


def _initiative(values: Values) -> Text:
    name, policy = _both(values["name"]), POLICIES[values["policy"]]
    return Text(f"{name.vi}: {policy.vi}", f"{name.en}: {policy.en}")


def _reporting(values: Values) -> Text:
    name, day, month = _both(values["name"]), values["day"], values["month"]
    if month is None:
        return Text(f"{name.vi}: trước ngày {day} hằng tháng", f"{name.en}: before day {day} of each month")
    return Text(f"{name.vi}: trước ngày {day}/{month}", f"{name.en}: before {day}/{month}")


def _ground(values: Values) -> Text:
    name = _both(values["name"])
    return Text(f"({values['number']}) {name.vi}", f"({values['number']}) {name.en}")


DESCRIPTIONS: Mapping[str, Callable[[Values], Text]] = {
    "regime": _regime,
    "award_form": lambda values: _both(values["criteria"]),
    "decider": _decider,
    "dossier": _dossier,
    "vote": _vote,
    "quorum": _quorum,
    "limit": _limit,
    "disclosure": _disclosure,
    "opinion": _opinion,
    "money": _money,
    "money_rule": _money_rule,
    "base_salary": _base_salary,
    "simplified_ground": _ground,
    "council_route": lambda values: _both(values["council"]),
    "initiative": _initiative,
    "reporting": _reporting,
    "principle": lambda values: _both(values["text"]),
}
