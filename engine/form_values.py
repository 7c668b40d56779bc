"""Read what people type into JSON values, and write JSON values the way people read them.

People write dates as dd/mm/yyyy and numbers with a decimal comma; values hold ISO 8601 and JSON numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from marshmallow import ValidationError

from engine.clock import ZONE
from engine.errors import Text
from engine.form_fields import MAX_TEXT, Component
from engine.handlers import Json

Choices = Sequence[tuple[Json, str]]

INVALID = Text("Giá trị không hợp lệ.", "This value is not valid.")
NOT_TEXT = Text("Cần một đoạn chữ.", "A text is expected.")
TOO_LONG = Text(
    f"Dài quá {MAX_TEXT:,} ký tự.".replace(",", "."),
    f"Longer than {MAX_TEXT:,} characters.",
)
NOT_NUMBER = Text("Cần một số, ví dụ 12 hoặc 8,5.", "A number is expected, for example 12 or 8,5.")
NOT_WHOLE = Text("Cần một số nguyên.", "A whole number is expected.")
NOT_DATE = Text(
    "Ngày phải viết theo dạng ngày/tháng/năm, ví dụ 05/10/2026.",
    "Write the date as day/month/year, for example 05/10/2026.",
)
NOT_TIME = Text(
    "Giờ phải viết theo dạng giờ:phút, ví dụ 08:30.", "Write the time as hour:minute, for example 08:30."
)
NOT_MOMENT = Text(
    "Viết ngày và giờ theo dạng 05/10/2026 08:30.",
    "Write date and time as 05/10/2026 08:30.",
)
NOT_CHOICE = Text("Lựa chọn này không có trong danh sách.", "This choice is not in the list.")

LARGEST = 10**15  # beyond this a float no longer holds every whole number
YEARS = range(1900, 2201)
_VIETNAMESE_DATE = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}[\d:.]*(Z|[+-]\d{2}:\d{2})?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?")
_CONTROL = {code: None for code in range(32) if chr(code) not in "\n\t"} | {127: None}


def read(component: Component, raw: object, choices: Choices = ()) -> Json:
    """Return the JSON value of what was typed; raise marshmallow's ValidationError with a bilingual Text."""
    return READERS[component["type"]](raw, component, choices)


def read_loosely(component: Component, raw: object) -> Json:
    """Return the value for conditions while a form is being filled: what does not read yet is null."""
    if component["type"] in ("radio", "select", "checklist", "taglist"):
        return raw  # type: ignore[return-value]  # the choices are judged when the form is validated
    try:
        return read(component, raw)
    except ValidationError:
        return None


def clean_text(raw: object) -> str:
    """Return a text trimmed, composed (NFC) and without control characters; refuse what is not text."""
    if not isinstance(raw, str):
        raise ValidationError([NOT_TEXT])
    if len(raw) > 4 * MAX_TEXT:
        raise ValidationError([TOO_LONG])
    if any("\ud800" <= character <= "\udfff" for character in raw):
        raise ValidationError([INVALID])
    lines = raw.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROL)
    cleaned = unicodedata.normalize("NFC", lines).strip()
    if len(cleaned) > MAX_TEXT:
        raise ValidationError([TOO_LONG])
    return cleaned


def _read_text(raw: object, component: Component, choices: Choices) -> Json:
    return clean_text(raw)


def _read_line(raw: object, component: Component, choices: Choices) -> Json:
    return " ".join(clean_text(raw).split("\n"))


def _read_number(raw: object, component: Component, choices: Choices) -> Json:
    number = _decimal(raw)
    if number is None:
        return None
    digits = component.get("decimalDigits")
    if digits == 0 and number != number.to_integral_value():
        raise ValidationError([NOT_WHOLE])
    if isinstance(digits, int) and number != round(number, digits):
        raise ValidationError([Text(f"Nhiều nhất {digits} chữ số thập phân.", f"At most {digits} decimals.")])
    return int(number) if number == number.to_integral_value() else float(number)


def _decimal(raw: object) -> Decimal | None:
    if raw is None or raw == "":
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise ValidationError([NOT_NUMBER])
    text = _plain_number(raw) if isinstance(raw, str) else repr(raw)
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValidationError([NOT_NUMBER]) from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise ValidationError([NOT_NUMBER])
    return number


def _plain_number(raw: str) -> str:
    """Return "1.234,5" as "1234.5": dots group thousands, the comma is the decimal sign."""
    text = "".join(raw.split())
    if "," in text or _THOUSANDS.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    if text and not _NUMBER.fullmatch(text):
        raise ValidationError([NOT_NUMBER])
    return text


def _read_moment(raw: object, component: Component, choices: Choices) -> Json:
    if raw is None or raw == "":
        return None
    text = clean_text(raw)
    return _MOMENTS[component.get("subtype", "date")](text) if text else None


def _read_date(text: str) -> str:
    vietnamese, iso = _VIETNAMESE_DATE.fullmatch(text), _ISO_DATE.fullmatch(text)
    parts = vietnamese.groups()[::-1] if vietnamese else iso.groups() if iso else ("0", "0", "0")
    try:
        read_date = date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        raise ValidationError([NOT_DATE]) from None
    if read_date.year not in YEARS:
        raise ValidationError([NOT_DATE])
    return read_date.isoformat()


def _read_time(text: str) -> str:
    found = re.fullmatch(r"(\d{1,2})\s*[:hg]\s*(\d{2})(:\d{2})?", text)
    try:
        return time(int(found[1]), int(found[2])).isoformat("minutes") if found else _refuse(NOT_TIME)
    except ValueError:
        return _refuse(NOT_TIME)


def _read_date_and_time(text: str) -> str:
    if _ISO_MOMENT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return _refuse(NOT_MOMENT)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
        return aware.astimezone(ZONE).isoformat(timespec="minutes")
    day, _, hour = text.rpartition(" ")
    try:
        moment = datetime.combine(
            date.fromisoformat(_read_date(day.strip())), time.fromisoformat(_read_time(hour)), ZONE
        )
    except ValidationError:
        return _refuse(NOT_MOMENT)
    return moment.isoformat(timespec="minutes")


def _refuse(message: Text) -> str:
    raise ValidationError([message])


def _read_checkbox(raw: object, component: Component, choices: Choices) -> Json:
    known: Mapping[object, bool] = {
        "": False,
        "0": False,
        "false": False,
        "1": True,
        "true": True,
        "on": True,
    }
    if raw is None or isinstance(raw, bool):
        return bool(raw)
    if not isinstance(raw, str) or raw not in known:
        raise ValidationError([INVALID])
    return known[raw]


def _read_choice(raw: object, component: Component, choices: Choices) -> Json:
    if raw is None or raw == "":
        return None
    # Browsers send text: the value of the list with the same writing is meant.
    for value, _ in choices:
        if same_choice(value, raw):
            return value
    raise ValidationError([NOT_CHOICE])


def _read_several(raw: object, component: Component, choices: Choices) -> Json:
    if not isinstance(raw, list):
        raise ValidationError([INVALID])
    chosen: list[Json] = []
    for one in raw[: len(choices) + 1]:
        value = _read_choice(one, component, choices)
        if value is not None and value not in chosen:
            chosen.append(value)
    return chosen


Reader = Callable[[object, Component, Choices], Json]
READERS: Mapping[str, Reader] = {
    "textfield": _read_line,
    "textarea": _read_text,
    "number": _read_number,
    "datetime": _read_moment,
    "checkbox": _read_checkbox,
    "radio": _read_choice,
    "select": _read_choice,
    "checklist": _read_several,
    "taglist": _read_several,
}
_MOMENTS: Mapping[str, Callable[[str], str]] = {
    "date": _read_date,
    "time": _read_time,
    "datetime": _read_date_and_time,
}


def same_choice(value: Json, raw: object) -> bool:
    """Tell whether what came in means this value of a list."""
    if isinstance(raw, str):
        return write_choice(value) == raw
    return value == raw and isinstance(value, bool) == isinstance(raw, bool)


def write_choice(value: Json) -> str:
    """Return the text a choice has in the page."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def show(value: Json, language: str = "vi") -> str:
    """Return a value the way people read it: dd/mm/yyyy, decimal comma, có or không, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return {"vi": ("Không", "Có")}.get(language, ("No", "Yes"))[value]
    if isinstance(value, int | float):
        return format(Decimal(repr(value)), "f").replace(".", ",")
    if isinstance(value, list):
        return ", ".join(show(one, language) for one in value)
    return show_moment(value) if isinstance(value, str) else ""


def show_moment(text: str) -> str:
    """Return an ISO date as dd/mm/yyyy and an ISO date-time as dd/mm/yyyy HH:MM local, other text as is."""
    if found := _ISO_DATE.fullmatch(text):
        return "/".join(found.groups()[::-1])
    if not _ISO_MOMENT.fullmatch(text):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment.astimezone(ZONE) if moment.tzinfo else moment).strftime("%d/%m/%Y %H:%M")
