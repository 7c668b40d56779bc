"""What FEEL refuses: the one error of the language and the wording of everything it says."""

from __future__ import annotations

from engine.errors import EngineError, Text

# Reasons of refusals and of warnings (a warning explains why a result is null).
TEXTS: dict[str, Text] = {
    # while reading the text
    "empty": Text("biểu thức trống", "the expression is empty"),
    "character": Text("không hiểu ký tự “{found}”", "unexpected character '{found}'"),
    "syntax": Text("sai cú pháp ở “{found}”", "syntax error near '{found}'"),
    "end": Text("biểu thức bị bỏ dở", "the expression ends too early"),
    # limits
    "length": Text("biểu thức dài quá {limit} ký tự", "the expression is longer than {limit} characters"),
    "tokens": Text("biểu thức có quá {limit} từ tố", "the expression has more than {limit} tokens"),
    "names": Text("biểu thức có quá {limit} tên nhiều từ", "more than {limit} names of several words"),
    "depth": Text("biểu thức lồng nhau quá {limit} tầng", "nested deeper than {limit} levels"),
    "steps": Text("tính toán quá {limit} bước", "the evaluation takes more than {limit} steps"),
    "text_size": Text("chuỗi dài quá {limit} ký tự", "a string is longer than {limit} characters"),
    "data_size": Text("dữ liệu có quá {limit} giá trị", "the data have more than {limit} values"),
    "data_depth": Text(
        "dữ liệu lồng nhau quá {limit} tầng", "the data are nested deeper than {limit} levels"
    ),
    "pattern_size": Text("mẫu tìm kiếm dài quá {limit} ký tự", "a pattern is longer than {limit} characters"),
    # results that the asker cannot use
    "host_type": Text("dữ liệu kiểu {found} không phải là JSON", "data of type {found} are not JSON"),
    "not_condition": Text(
        "điều kiện cho kết quả {found}, cần đúng hoặc sai{because}",
        "condition gave {found}, expected true or false{because}",
    ),
    "not_moment": Text(
        "cần ngày, giờ theo ISO 8601, nhận được {found}{because}",
        "expected an ISO 8601 date and time, but got {found}{because}",
    ),
    "not_duration": Text(
        "cần khoảng thời gian như P3D hoặc PT1H, nhận được {found}{because}",
        "expected a duration such as P3D or PT1H, but got {found}{because}",
    ),
    "not_cycle": Text(
        "cần chu kỳ lặp như R5/PT1H, nhận được {found}{because}",
        "expected a repetition such as R5/PT1H, but got {found}{because}",
    ),
    "far_moment": Text("thời điểm nằm ngoài năm 1–9999", "the moment lies outside the years 1-9999"),
    "timer_kind": Text("không có loại hẹn giờ {found}", "there is no timer kind {found}"),
    "assertion": Text("điều kiện của assert không đúng", "the condition of assert is not true"),
    "assertion_cause": Text("{cause}", "{cause}"),
    # warnings: why something is null
    "unknown_name": Text("không có tên “{name}”", "there is no name '{name}'"),
    "no_entry": Text("không có mục “{name}”", "there is no entry '{name}'"),
    "no_property": Text("{kind} không có thuộc tính “{name}”", "{kind} has no property '{name}'"),
    "compare": Text("không so sánh được {left} với {right}", "cannot compare {left} with {right}"),
    "operands": Text("không tính được {left} {sign} {right}", "cannot compute {left} {sign} {right}"),
    "out_of_range": Text("số hoặc thời gian ngoài giới hạn", "a number or time is out of range"),
    "not_function": Text("giá trị được gọi không phải là hàm", "what is called is not a function"),
    "arguments": Text("hàm {name}: tham số không phù hợp", "function {name}: the arguments do not fit"),
    "failed": Text("hàm {name}: không tính được", "function {name}: cannot be computed"),
    "calendar": Text("{cause}", "{cause}"),
    "duplicate": Text("khóa “{name}” bị lặp", "the key '{name}' is repeated"),
    "bad_range": Text("hai đầu của khoảng không phù hợp", "the ends of the range do not fit"),
    "bad_index": Text("không có phần tử thứ {index}", "there is no element number {index}"),
    "bad_condition": Text(
        "điều kiện phải cho đúng hoặc sai, không phải {kind}",
        "a condition must give true or false, not {kind}",
    ),
    "bad_filter": Text("bộ lọc phải cho đúng, sai hoặc số", "a filter must give true, false or a number"),
    "no_conversion": Text("{found} không đổi được thành {wanted}", "{found} does not become {wanted}"),
    "cannot_iterate": Text("không lặp được trên {kind}", "cannot iterate over {kind}"),
    "external": Text("không gọi hàm bên ngoài", "external functions are not called"),
    "unknown_type": Text("không có kiểu này", "there is no such type"),
}


class FeelError(EngineError):
    """Expected a usable FEEL expression, but {reason}.

    `position` counts characters from 0, `line` and `column` from 1; without a position they mean nothing.
    """

    vi = "Biểu thức FEEL “{expression}” (dòng {line}, cột {column}): {reason}."
    en = "FEEL expression '{expression}' (line {line}, column {column}): {reason}."

    def __init__(
        self, reason: str, expression: str = "", position: int | None = None, **values: object
    ) -> None:
        self.reason = reason
        self.expression = expression
        self.position = position
        before = expression[: position or 0]
        self.line = before.count("\n") + 1
        self.column = len(before) - before.rfind("\n")
        super().__init__(
            **values, expression=shorten(expression), reason=reason, line=self.line, column=self.column
        )

    def text(self, language: str = "vi") -> str:
        """Return the filled message; without a position the expression alone is named."""
        values = dict(self.values)
        values["reason"] = describe(self.reason, self.values, language)
        template = self.vi if language == "vi" else self.en
        if self.position is None:
            template = template.replace(" (dòng {line}, cột {column})", "")
            template = template.replace(" (line {line}, column {column})", "")
        return template.format_map(values)


class FeelLimit(FeelError):
    """Expected an evaluation within the limits, but {reason}."""


def shorten(text: str, most: int = 120) -> str:
    """Return the text, cut so that a message stays readable."""
    return text if len(text) <= most else text[: most - 1] + "…"


def describe(code: str, values: dict[str, object], language: str) -> str:
    """Return the wording of a reason or warning, filled with its values.

    A value may itself be a bilingual `Text` or a list of warnings `(code, values)`.
    """
    filled = {name: _told(value, language) for name, value in values.items()}
    return TEXTS[code].text(language).format_map(filled)


def _told(value: object, language: str) -> object:
    if isinstance(value, Text):
        return value.text(language)
    if isinstance(value, tuple):
        return "".join(f" ({describe(code, inner, language)})" for code, inner in value)
    return value
