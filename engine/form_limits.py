"""Judge one answer: a marshmallow field that reads what was typed and holds it against the form's limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import re2
from marshmallow import ValidationError, fields
from marshmallow import validate as marshmallow_validate

from engine.errors import Text
from engine.form_fields import EMPTY
from engine.form_layout import Item
from engine.form_values import read, show
from engine.handlers import Json

REQUIRED = Text("Mục này bắt buộc.", "This field is required.")
MUST_TICK = Text("Cần đánh dấu mục này.", "This must be ticked.")
PASSED = Text("Ngày này đã qua.", "This date has passed.")
EMAIL = Text("Địa chỉ thư điện tử không hợp lệ.", "This is not an e-mail address.")
PHONE = Text("Số điện thoại không hợp lệ.", "This is not a telephone number.")
PATTERN = Text("Sai định dạng.", "The format is wrong.")

PHONE_PATTERN = r"^\+?[0-9][0-9 ().-]{6,18}[0-9]$"
_EMAIL = marshmallow_validate.Email()


class Answer(fields.Field[Any]):
    """Read and judge the answer to one item of a layout."""

    def __init__(self, item: Item) -> None:
        self.item = item
        required = item.limits.get("required") is True
        messages: dict[str, Any] = {"required": [REQUIRED], "null": [REQUIRED]}
        super().__init__(required=required, allow_none=not required, error_messages=messages)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Json:
        answer = read(self.item.component, value, self.item.choices)
        refusals = list(judge(self.item, answer))
        if refusals:
            raise ValidationError(refusals)
        return answer


def judge(item: Item, answer: Json) -> list[Text]:
    """Return what is wrong with an answer: one text when it is empty, else one for every limit it breaks."""
    if answer == EMPTY[item.kind]:
        message = MUST_TICK if item.kind == "checkbox" else REQUIRED
        return [message] if item.limits.get("required") is True else []
    found = [rule(answer, item.limits[name]) for name, rule in _RULES.items() if name in item.limits]
    return [text for text in [*found, _judge_form(item, answer)] if text is not None]


def _at_least(answer: Json, limit: Json) -> Text | None:
    bound = _number(limit)
    if bound is None or not isinstance(answer, int | float) or answer >= bound:
        return None
    return Text(f"Phải từ {show(limit)} trở lên.", f"Must be at least {limit}.")


def _at_most(answer: Json, limit: Json) -> Text | None:
    bound = _number(limit)
    if bound is None or not isinstance(answer, int | float) or answer <= bound:
        return None
    return Text(f"Không được quá {show(limit)}.", f"Must be at most {limit}.")


def _long_enough(answer: Json, limit: Json) -> Text | None:
    bound = _number(limit)
    if bound is None or not isinstance(answer, str) or len(answer) >= bound:
        return None
    return Text(f"Cần ít nhất {limit} ký tự.", f"At least {limit} characters are needed.")


def _short_enough(answer: Json, limit: Json) -> Text | None:
    bound = _number(limit)
    if bound is None or not isinstance(answer, str) or len(answer) <= bound:
        return None
    return Text(
        f"Nhiều nhất {limit} ký tự (đang có {len(answer)}).",
        f"At most {limit} characters (there are {len(answer)}).",
    )


def _not_passed(answer: Json, today: Json) -> Text | None:
    moment, bound = str(answer), str(today)
    return (
        PASSED
        if "-" in moment and moment < bound[: 10 if len(moment) == len("2026-10-05") else None]
        else None
    )


_RULES: Mapping[str, Callable[[Json, Json], Text | None]] = {
    "min": _at_least,
    "max": _at_most,
    "minLength": _long_enough,
    "maxLength": _short_enough,
    "today": _not_passed,
}


def _number(limit: Json) -> float | None:
    """Return a limit as a number; form-js keeps some limits as text, and a FEEL limit may be null."""
    if isinstance(limit, bool) or not isinstance(limit, int | float | str):
        return None
    try:
        return float(limit)
    except ValueError:
        return None


def _judge_form(item: Item, answer: Json) -> Text | None:
    rules = item.component.get("validate") or {}
    if not isinstance(answer, str):
        return None
    if rules.get("validationType") == "email":
        return None if _is_email(answer) else EMAIL
    if rules.get("validationType") == "phone":
        return None if compile_pattern(PHONE_PATTERN).search(answer) else PHONE
    if not rules.get("pattern") or compile_pattern(rules["pattern"]).search(answer):
        return None
    message = rules.get("patternErrorMessage")
    return Text(message, message) if message else PATTERN


def _is_email(answer: str) -> bool:
    try:
        _EMAIL(answer)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Any:
    """Return a pattern of RE2, whose time is linear in the text; raise re2.error for what RE2 refuses."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(pattern, options)
