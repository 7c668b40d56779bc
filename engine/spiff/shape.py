"""Read a saved state and see that it has the shape of one, before anything is built from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from engine.bpmn.model import Element
from engine.errors import EngineError

_Problem = tuple[str, str] | None  # in English and Vietnamese, as `Damaged` takes them
_NUMBER, _TEXT = (int, type(None)), (str, type(None))
_SCOPE = (int, _NUMBER, _NUMBER, dict)
_TOKEN = (int, str, str, dict)
_INCIDENT = {"kind", "vi", "en"}
# what a token may hold, by type, and what must stand beside it
_INTS = ("scope", "local", "body", "host", "whole", "listens", "compensates", "group", "index", "part")
_LISTS = ("flows", "joined", "resets", "results", "remaining", "plan", "replay")
_DATA: dict[str, type] = {
    **dict.fromkeys((*_INTS, "count", "finished"), int),
    **dict.fromkeys(_LISTS, list),
    **dict.fromkeys(("flow", "starts"), str),
    **dict.fromkeys(("fired", "received", "takes", "snapshot", "wait", "incident"), dict),
}
_BESIDE = {"body": {"index", "local"}, "count": {"results", "remaining", "finished"}, "inner": {"local"}}
_NAMING = {"starts", "plan", "replay"}
_WAITS: dict[str, dict[str, Any]] = {
    "task": {"name": str, "groups": list, "users": list, "assignee": _TEXT, "due": _TEXT, "form": _TEXT},
    "timer": {"due": str, "start": str, "left": _NUMBER, "interval": _TEXT, "occurrence": int},
    "message": {"name": str, "key": str},
    "signal": {"name": str},
    "conditional": {"condition": str, "held": bool},
    "job": {"type": str, "retries": int},
    "call": {"process": str},
    "error": {"code": _TEXT},
    "escalation": {"code": _TEXT},
    "multiple": {"happened": list, "values": dict},
}


class Damaged(EngineError):
    """Expected a saved state that can be read, but {cause}."""

    vi = "Không đọc được trạng thái đã lưu: {cause_vi}."
    en = "Expected a saved state that can be read, but {cause}."

    def __init__(self, cause: str, cause_vi: str) -> None:
        self.cause, self.cause_vi = cause, cause_vi
        super().__init__(cause=cause, cause_vi=cause_vi)


def read(text: str, newest: int) -> dict[str, Any]:
    """Return the body of a saved state of a format up to `newest`; raises Damaged."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Damaged(cause=f"it is not JSON ({error})", cause_vi="nội dung không phải JSON") from error
    if not isinstance(body, dict):
        raise Damaged(cause="it is not an object", cause_vi="nội dung không đúng dạng")
    found = body.get("format")
    if type(found) is not int or not 1 <= found <= newest:
        raise Damaged(
            cause=f"its format is {found!r}, this release reads 1 to {newest}",
            cause_vi=f"định dạng {found!r} không thuộc bản phát hành này (đọc được từ 1 đến {newest})",
        )
    problem = _in_body(body) or _in_scopes(body["scopes"])
    if problem is not None:
        raise Damaged(*problem)
    return body


def check_tokens(body: Mapping[str, Any], elements: Mapping[str, Element], states: Collection[str]) -> None:
    """Refuse tokens that this version of the process cannot hold; raises Damaged."""
    owners = {row[0]: row[2] for row in body["scopes"]}
    seen: set[int] = set()
    for row in body["tokens"]:
        problem = _in_row(row, body["next"], seen, elements, states) or _in_data(row, owners, elements)
        if problem is not None:
            raise Damaged(*problem)
        seen.add(row[0])
    for number, _, _, data in body["tokens"]:
        if any(data.get(key, number) not in seen for key in ("body", "whole", "host")):
            raise Damaged(
                f"token {number} belongs to one that is not there",
                f"bước số {number} thuộc một bước không tồn tại",
            )
    problem = _in_iterations(body["tokens"])
    if problem is not None:
        raise Damaged(*problem)
    if not all(_is_record(record, elements) for record in body.get("compensation", [])):
        raise Damaged("what could be undone has no shape", "danh sách việc có thể hoàn tác bị hỏng")


def _in_body(body: Mapping[str, Any]) -> _Problem:
    if type(body.get("next")) is not int:
        return "it has no next number", "thiếu số thứ tự kế tiếp"
    if not isinstance(body.get("scopes"), list) or not body["scopes"]:
        return "it has no variables", "thiếu dữ liệu"
    if not isinstance(body.get("tokens"), list):
        return "it has no tokens", "thiếu danh sách bước"
    if not isinstance(body.get("compensation", []), list):
        return "what could be undone has no shape", "danh sách việc có thể hoàn tác bị hỏng"
    return None


def _in_scopes(rows: list[Any]) -> _Problem:
    seen: set[int | None] = {None}
    for row in rows:
        if not _has_types(row, _SCOPE):
            return "a scope is no row", "một vùng dữ liệu bị hỏng"
        if row[1] not in seen or row[0] in seen or (row[1] is None) != (row[0] == 0):
            return f"scope {row[0]} lies nowhere", f"vùng dữ liệu {row[0]} không nằm trong vùng nào"
        seen.add(row[0])
    return None


def _in_row(
    row: Any, newest: int, seen: Collection[int], elements: Collection[str], states: Collection[str]
) -> _Problem:
    if type(row) is not list or tuple(map(type, row)) != _TOKEN:
        return "a token is no row", "một bước bị hỏng"
    number, element, state, _ = row
    if number in seen or not 0 < number < newest:
        return f"token {number} has no number of its own", f"bước số {number} bị trùng"
    if element not in elements:
        return (
            f"token {number} stands on '{element}', which this version of the process does not have",
            f"bước số {number} ở phần tử “{element}” không có trong phiên bản này của quy trình",
        )
    if state not in states:
        return f"token {number} is '{state}'", f"bước số {number} có trạng thái lạ"
    return None


def _in_iterations(rows: list[Any]) -> _Problem:
    """Look whether each iteration has its place among the results of its loop."""
    places = {row[0]: len(row[3]["results"]) for row in rows if "results" in row[3]}
    for number, _, _, data in rows:
        body = data.get("body")
        if body in places and not 0 <= data["index"] < places[body]:
            return f"token {number} has no place in its loop", f"bước số {number} không có chỗ trong vòng lặp"
    return None


def _in_data(row: Any, owners: Mapping[int, int | None], elements: Mapping[str, Element]) -> _Problem:
    number, element, _, data = row
    # this runs for every token of every step: no generators, no messages before something is wrong
    for key, value in data.items():
        if type(value) is not _DATA.get(key, type(value)):
            return f"{key} of token {number} is {value!r}", f"dữ liệu {key} của bước số {number} bị hỏng"
        if key in _BESIDE and not _BESIDE[key] <= data.keys():
            return f"token {number} has a {key} alone", f"bước số {number} có {key} mà thiếu phần đi cùng"
    if data.get("scope") not in owners or ("local" in data and owners.get(data["local"]) != number):
        return (
            f"token {number} lies in a scope that is not there",
            f"bước số {number} nằm ở vùng dữ liệu không tồn tại",
        )
    if not _is_wait(data.get("wait")):
        return (
            f"nobody can tell what token {number} waits for",
            f"không rõ bước số {number} đang chờ gì",
        )
    if "incident" in data and not data["incident"].keys() >= _INCIDENT:
        return f"the incident of token {number} is damaged", f"sự cố của bước số {number} bị hỏng"
    if not _names_elements(data, elements[element], elements):
        return (
            f"token {number} names elements that are not there",
            f"bước số {number} nêu phần tử không tồn tại",
        )
    return None


def _is_wait(wait: Any) -> bool:
    """Tell whether something is a wait with all that its kind needs; a token may have none."""
    if wait is None:
        return True
    kind = wait.get("kind")
    if type(kind) is not str:
        return False
    for key, types in _WAITS.get(kind, {}).items():
        if key not in wait or not isinstance(wait[key], types):
            return False
    return True


def _names_elements(data: Mapping[str, Any], element: Element, elements: Mapping[str, Element]) -> bool:
    """Tell whether every element and every record that a token names is there."""
    if element.kind != "adHocSubProcess" and _NAMING.isdisjoint(data):
        return True
    named = [data["starts"]] if "starts" in data else []
    if element.kind == "adHocSubProcess":
        named += data.get("remaining", [])
    records = [*data.get("plan", []), *data.get("replay", [])]
    known = all(isinstance(name, str) and name in elements for name in named)
    return known and all(_is_record(record, elements) for record in records)


def _is_record(record: Any, elements: Mapping[str, Element]) -> bool:
    """Tell whether something is a record of compensation, or a start to undo by, with those inside it."""
    if not isinstance(record, dict) or not isinstance(record.get("element"), str):
        return False
    if record["element"] not in elements or not isinstance(record.get("inner", []), list):
        return False
    if record.get("starts") in elements:
        return True
    own = isinstance(record.get("scope"), int) and isinstance(record.get("variables"), dict)
    return own and all(_is_record(inner, elements) for inner in record.get("inner", []))


def _has_types(row: Any, types: Iterable[Any]) -> bool:
    """Tell whether a row begins with values of these types; later formats may add more behind."""
    wanted = tuple(types)
    return (
        isinstance(row, list)
        and len(row) >= len(wanted)
        and all(isinstance(value, one) for value, one in zip(row, wanted, strict=False))
        and type(row[0]) is int
    )
