"""Check a form before it is deployed: everything the server would not show or judge is refused by name.

Each rule names what is wrong and the remedy, in both languages; `{part}` is the component, `{found}` the
detail.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import re2

from engine.errors import Readable
from engine.form_expressions import TEMPLATE, body, find_refusal, is_expression
from engine.form_fields import (
    CHOOSING,
    EMPTY,
    SHOWN,
    Component,
    children,
    identifies_rows,
    is_fixed,
    is_hidden,
    is_input,
    key_of,
    label,
    walk,
    walk_level,
)
from engine.form_limits import compile_pattern

MAX_COMPONENTS = 300
MAX_DEPTH = 6
MAX_CHOICES = 1_000
MAX_WORDS = 20_000
SCHEMA_VERSIONS = range(1, 20)

_ID = re.compile(r"[A-Za-z_][\w.-]{0,99}")
_KEY = re.compile(r"[^\W\d_]\w{0,63}")
_LIMITS = ("required", "min", "max", "minLength", "maxLength")
_TEXTS = ("label", "description", "text", "dateLabel", "timeLabel")
_DATES = ("date", "time", "datetime")

# rule: (what is wrong vi, en, remedy vi, en)
RULES: Mapping[str, tuple[str, str, str, str]] = {
    "form.shape": (
        "Biểu mẫu phải là một đối tượng JSON có danh sách components.",
        "A form is a JSON object with a list of components.",
        "Lưu lại biểu mẫu từ trình soạn biểu mẫu.",
        "Save the form again from the form editor.",
    ),
    "form.id": (
        "Mã biểu mẫu “{found}” không hợp lệ.",
        "The form's id '{found}' is not valid.",
        "Dùng chữ không dấu, số và dấu gạch dưới.",
        "Use letters, digits and underscores.",
    ),
    "form.version": (
        "schemaVersion {found} chưa được hỗ trợ.",
        "schemaVersion {found} is not supported.",
        "Lưu biểu mẫu với schemaVersion 19 trở xuống.",
        "Save the form with schemaVersion 19 or lower.",
    ),
    "form.size": (
        "Biểu mẫu quá lớn: {found}.",
        "The form is too large: {found}.",
        "Chia biểu mẫu thành nhiều bước.",
        "Split the form into several steps.",
    ),
    "component.type": (
        "“{part}”: loại thành phần “{found}” không được hỗ trợ.",
        "'{part}': components of type '{found}' are not supported.",
        "Thay bằng ô chữ, số, ngày, lựa chọn, danh sách hoặc bảng.",
        "Use a text, number, date, choice, list or table instead.",
    ),
    "component.setting": (
        "“{part}”: thiết lập “{found}” không được hỗ trợ.",
        "'{part}': the setting '{found}' is not supported.",
        "Bỏ thiết lập này.",
        "Remove the setting.",
    ),
    "component.label": (
        "“{part}” chưa có nhãn.",
        "'{part}' has no label.",
        "Ghi nhãn để người dùng trình đọc màn hình biết mục này là gì.",
        "Give it a label, so that people with a screen reader know what it is.",
    ),
    "key.bad": (
        "“{part}”: khóa “{found}” không hợp lệ.",
        "'{part}': the key '{found}' is not valid.",
        "Khóa bắt đầu bằng chữ, chỉ gồm chữ, số, gạch dưới, không có dấu chấm.",
        "A key begins with a letter and holds letters, digits and underscores, no dots.",
    ),
    "key.duplicate": (
        "Khóa “{found}” được dùng nhiều lần.",
        "The key '{found}' is used more than once.",
        "Đặt cho mỗi mục một khóa riêng.",
        "Give every field its own key.",
    ),
    "feel.unreadable": (
        "“{part}”: biểu thức FEEL không đọc được ({found}).",
        "'{part}': the FEEL expression cannot be read ({found}).",
        "Sửa biểu thức.",
        "Correct the expression.",
    ),
    "limit.bad": (
        "“{part}”: giới hạn {found} phải là số hoặc biểu thức.",
        "'{part}': the limit {found} must be a number or an expression.",
        "Ghi một số, hoặc biểu thức bắt đầu bằng dấu =.",
        "Give a number, or an expression that begins with =.",
    ),
    "pattern.unreadable": (
        "“{part}”: mẫu kiểm tra không đọc được ({found}).",
        "'{part}': the pattern cannot be read ({found}).",
        "Dùng biểu thức chính quy kiểu RE2 (không nhìn trước, không tham chiếu ngược).",
        "Use a regular expression of RE2 (no look-around, no back-references).",
    ),
    "choices.missing": (
        "“{part}” chưa có danh sách lựa chọn.",
        "'{part}' has no choices.",
        "Ghi values, valuesKey hoặc valuesExpression.",
        "Give values, valuesKey or valuesExpression.",
    ),
    "choices.bad": (
        "“{part}”: lựa chọn {found} không hợp lệ hoặc bị lặp.",
        "'{part}': the choice {found} is not valid or is repeated.",
        "Mỗi lựa chọn cần một giá trị riêng (chữ, số, đúng/sai) và một nhãn.",
        "Every choice needs its own value (text, number, true/false) and a label.",
    ),
    "list.id": (
        "Danh sách “{part}” không cho thêm bớt dòng nhưng thiếu ô ẩn “id”.",
        "The list '{part}' fixes its rows but has no hidden field 'id'.",
        "Thêm ô chữ khóa id với thuộc tính hidden = true, để ý kiến không rơi nhầm dòng.",
        "Add a textfield with key id and property hidden = true, so that no answer lands on another row.",
    ),
    "list.rows": (
        "Danh sách “{part}”: {found} phải là số nguyên không âm.",
        "The list '{part}': {found} must be a whole number, zero or more.",
        "Sửa thuộc tính của danh sách.",
        "Correct the property of the list.",
    ),
}


@dataclass(frozen=True)
class Problem:
    """Hold one problem of a form; reads like the findings of a diagram. `element` is the component's id."""

    rule: str
    element: str
    values: Mapping[str, str | Readable] = field(default_factory=dict)
    severity: str = "error"
    line: int | None = None

    def text(self, language: str = "vi") -> str:
        """Return what is wrong."""
        return self._fill(0, language)

    def remedy(self, language: str = "vi") -> str:
        """Return what to do about it."""
        return self._fill(2, language)

    def as_dict(self, language: str = "vi") -> dict[str, object]:
        """Return the problem as JSON data in one language."""
        return {
            "severity": self.severity,
            "rule": self.rule,
            "element": self.element,
            "line": self.line,
            "text": self.text(language),
            "remedy": self.remedy(language),
        }

    def _fill(self, column: int, language: str) -> str:
        found = self.values.items()
        words = {name: value if isinstance(value, str) else value.text(language) for name, value in found}
        return RULES[self.rule][column + (language != "vi")].format(**words)


Found = Iterator[tuple[str, "str | Readable"]]  # (rule, detail)


def check(form: object) -> list[Problem]:
    """Return everything that keeps a form from being deployed; an empty list means it may be."""
    if not isinstance(form, Mapping) or not _has_shape(form, 0):
        return [Problem("form.shape", "", {"found": ""})]
    name = str(form.get("id") or "")
    problems = [Problem(rule, name, {"found": found}) for rule, found in _check_form(form)]
    for component in walk(form):
        part = label(component) or key_of(component) or str(component.get("id") or component.get("type"))
        element = str(component.get("id") or key_of(component))
        problems += _name_problems(_check_component(component), part, element)
    return problems


def _name_problems(found: Iterable[tuple[str, str | Readable]], part: str, element: str) -> list[Problem]:
    return [Problem(rule, element, {"part": part, "found": detail}) for rule, detail in found]


def _has_shape(part: Mapping[str, Any], depth: int) -> bool:
    """Tell whether a part nests objects in lists of components all the way down, within the depth."""
    inner = part.get("components", [] if depth else None)
    return (
        depth <= MAX_DEPTH
        and isinstance(inner, list)
        and all(isinstance(one, Mapping) and _has_shape(one, depth + 1) for one in inner)
        and all(
            isinstance(part.get(name) or {}, Mapping) for name in ("validate", "conditional", "properties")
        )
    )


def _check_form(form: Component) -> Found:
    if not _ID.fullmatch(str(form.get("id") or "")):
        yield "form.id", str(form.get("id") or "")
    if form.get("schemaVersion", 1) not in SCHEMA_VERSIONS:
        yield "form.version", str(form.get("schemaVersion"))
    number = sum(1 for _ in walk(form))
    if number > MAX_COMPONENTS:
        yield "form.size", f"{number} > {MAX_COMPONENTS}"
    lists = [component for component in walk(form) if component.get("type") == "dynamiclist"]
    for level in [form, *lists]:
        keys = Counter(key_of(component) for component in walk_level(level))
        yield from (("key.duplicate", key) for key, times in keys.items() if times > 1 and key)


def _check_component(component: Component) -> Found:
    kind = str(component.get("type"))
    if kind not in EMPTY and kind not in SHOWN:
        yield "component.type", kind
        return
    for find in (_check_words, _check_expressions, _check_settings):
        yield from find(component)
    if is_input(component):
        yield from _check_input(component)
    if kind in _CHECKS:
        yield from _CHECKS[kind](component)


def _check_words(component: Component) -> Found:
    for name in _TEXTS:
        text = str(component.get(name) or "")
        if len(text) > MAX_WORDS:
            yield "form.size", f"{name} > {MAX_WORDS}"
        elif name == "text" and is_expression(text):
            yield from _check_feel(body(text))
        else:
            yield from _check_template(text)


def _check_template(text: str) -> Found:
    for found in TEMPLATE.finditer(text):
        yield from _check_feel(found[1].strip())


def _check_expressions(component: Component) -> Found:
    rules = component.get("validate") or {}
    settings: list[object] = [
        (component.get("conditional") or {}).get("hide"),
        component.get("readonly"),
        component.get("valuesExpression"),
        *(rules.get(name) for name in _LIMITS),
    ]
    for setting in settings:
        if is_expression(setting):
            yield from _check_feel(body(str(setting)))
    hide = settings[0]
    if hide not in (None, "", True, False) and not is_expression(hide):
        yield "feel.unreadable", f"hide: {hide}"


def _check_feel(text: str) -> Found:
    refusal = find_refusal(text)
    if refusal is not None:
        yield "feel.unreadable", refusal


def _check_settings(component: Component) -> Found:
    for name in ("serializeToString", "columnsExpression", "computeOn"):
        if component.get(name):
            yield "component.setting", name
    if component.get("type") == "group" and component.get("path"):
        yield "component.setting", "path"
    if is_expression(component.get("disabled")):
        yield "component.setting", "disabled"


def _check_input(component: Component) -> Found:
    yield from _check_key(component)
    if not label(component) and not is_hidden(component):
        yield "component.label", ""
    rules = component.get("validate") or {}
    for name in ("min", "max", "minLength", "maxLength"):
        limit = rules.get(name)
        if limit not in (None, "") and not is_expression(limit) and not _is_number(limit):
            yield "limit.bad", f"{name} = {limit}"
    if rules.get("pattern"):
        try:
            compile_pattern(str(rules["pattern"]))
        except re2.error as error:
            yield "pattern.unreadable", str(error)
    if component["type"] in CHOOSING:
        yield from _check_choices(component)
    if component["type"] == "datetime" and component.get("subtype", "date") not in _DATES:
        yield "component.setting", f"subtype = {component['subtype']}"


def _check_key(component: Component) -> Found:
    key = key_of(component)
    if not _KEY.fullmatch(key) or key == "csrf_token":
        yield "key.bad", key


def _is_number(limit: object) -> bool:
    return not isinstance(limit, bool) and re.fullmatch(r"-?\d+(\.\d+)?", str(limit)) is not None


def _check_choices(component: Component) -> Found:
    values = component.get("values")
    if component.get("valuesKey") or is_expression(component.get("valuesExpression")):
        return
    if not isinstance(values, list) or not values:
        yield "choices.missing", ""
        return
    if len(values) > MAX_CHOICES:
        yield "form.size", f"{len(values)} > {MAX_CHOICES}"
    seen: set[str] = set()
    for choice in values:
        value = choice.get("value") if isinstance(choice, Mapping) else None
        if (
            not isinstance(value, str | int | float)
            or value == ""
            or not choice.get("label")
            or str(value) in seen
        ):
            yield "choices.bad", str(choice)
        seen.add(str(value))


def _check_list(component: Component) -> Found:
    yield from _check_key(component)
    if not label(component):
        yield "component.label", ""
    if is_fixed(component) and not identifies_rows(component):
        yield "list.id", ""
    properties = component.get("properties") or {}
    for name in ("minRows", "maxRows"):
        if name in properties and not str(properties[name]).isdecimal():
            yield "list.rows", f"{name} = {properties[name]}"
    yield from _check_template(str(properties.get("rowLabel", "")))


def _check_table(component: Component) -> Found:
    source = str(component.get("dataSource") or "")
    yield from _check_feel(source.strip().removeprefix("=").strip())
    columns = component.get("columns")
    if not isinstance(columns, list) or not all(
        isinstance(one, Mapping) and one.get("key") for one in columns
    ):
        yield "component.setting", "columns"


def _check_button(component: Component) -> Found:
    # A button that empties what was typed helps nobody.
    if component.get("action", "submit") != "submit":
        yield "component.setting", f"action = {component['action']}"


def _check_group(component: Component) -> Found:
    if not children(component):
        yield "component.setting", "components"


_CHECKS: Mapping[str, Callable[[Component], Found]] = {
    "dynamiclist": _check_list,
    "table": _check_table,
    "button": _check_button,
    "group": _check_group,
}
