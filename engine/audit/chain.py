"""The hash of a history event: its fields in the clear, what people wrote as salted commitments.

An event is chained to the one before it in the same instance by that one's hash. Its `data` enters the hash
with every value that may come from people replaced by SHA-256(salt ‖ value): such a value can be erased with
its salt, and the commitment that stays in its place keeps the chain whole (`erasure`). Salts stand beside the
data, 16 bytes for each value in the order of the canonical text.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from engine.audit.canonical import dumps, encode, order, quote

VERSION = 1
SALT = 16
ERASED = bytes(SALT)  # the salt of a value that was erased
MARK = "erased"  # what stands in place of an erased value: {"erased": commitment}
# What the engine or the diagram says of an event; every other value may be a person's.
CLEAR = frozenset(
    {
        "due",
        "erasures",
        "flows",
        "form",
        "groups",
        "index",
        "instance",
        "interval",
        "kind",
        "left",
        "name",
        "occurrence",
        "priority",
        "process",
        "retries",
        "start",
        "task",
        "token",
        "tokens",
        "type",
        "version",
    }
)
CHANGES = "changes"  # variables before and after
CLEAR_IN_CHANGES = frozenset({"name", "scope"})

_Salts = Callable[[], bytes]


def seal(data: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the text of an event's data as it is hashed, and the fresh salts that it needs."""
    drawn: list[bytes] = []

    def draw() -> bytes:
        drawn.append(os.urandom(SALT))
        return drawn[-1]

    return _cover(data, draw), b"".join(drawn)


def cover(data: Mapping[str, Any], salts: bytes) -> str:
    """Return the text of an event's data as it is hashed; raise ValueError when the salts do not belong."""
    position = 0

    def take() -> bytes:
        nonlocal position
        position += SALT
        return salts[position - SALT : position]

    text = _cover(data, take)
    if position != len(salts):
        raise ValueError("the salts do not belong to the data")
    return text


def digest(entry: Mapping[str, Any], covered: str) -> bytes:
    """Return the hash of an event.

    `entry` has inst, n, prev (hex), at, actor, on_behalf_of, groups, kind and element; `covered` is its data
    as `seal` or `cover` give it. The names stand in their canonical order.
    """
    element, groups, behalf = entry["element"], entry["groups"], entry["on_behalf_of"]
    named = f"[{','.join(map(quote, groups))}]" if type(groups) is list else dumps(groups)
    text = (
        f'{{"actor":{quote(entry["actor"])},"at":{quote(entry["at"])},"data":{covered},'
        f'"element":{"null" if element is None else quote(element)},"groups":{named},'
        f'"inst":{entry["inst"]:d},'
        f'"kind":{quote(entry["kind"])},"n":{entry["n"]:d},'
        f'"on_behalf_of":{"null" if behalf is None else quote(behalf)},'
        f'"prev":{quote(entry["prev"])},"v":{VERSION}}}'
    )
    return sha256(b"\0" + encode(text)).digest()


def units(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Return every value that has a commitment of its own with its path, in the order of the salts."""
    for key in order(data):
        value = data[key]
        if key in CLEAR:
            continue
        if key == CHANGES and _are_changes(value):
            for number, change in enumerate(value):
                inner = (name for name in order(change) if name not in CLEAR_IN_CHANGES)
                yield from (((key, number, name), change[name]) for name in inner)
        elif type(value) is dict and not is_mark(value):
            yield from (((key, name), value[name]) for name in order(value))
        else:
            yield (key,), value


def readable(value: Any) -> Any:
    """Return data as it is read by those who do not know of erasures: nothing stands where a value stood."""
    if is_mark(value):
        return None
    if isinstance(value, dict):
        return {name: readable(item) for name, item in value.items()}
    return [readable(item) for item in value] if isinstance(value, list) else value


def commitment(value: Any, salt: bytes) -> str:
    """Return what stands for a value in the hash; the mark of an erased value holds it already."""
    if salt == ERASED:
        return str(value[MARK]) if is_mark(value) else ""
    return sha256(salt + encode(dumps(value))).hexdigest()


def _cover(data: Mapping[str, Any], salts: _Salts) -> str:
    parts: list[str] = []
    for key in order(data):
        value = data[key]
        if key in CLEAR:
            text = dumps(value)
        elif key == CHANGES and _are_changes(value):
            text = "[" + ",".join([_cover_items(change, salts, CLEAR_IN_CHANGES) for change in value]) + "]"
        elif type(value) is dict and not is_mark(value):
            text = _cover_items(value, salts, frozenset())
        else:
            text = f'"{commitment(value, salts())}"'
        parts.append(f"{quote(key)}:{text}")
    return "{" + ",".join(parts) + "}"


def _cover_items(value: Mapping[str, Any], salts: _Salts, clear: frozenset[str]) -> str:
    parts = [
        f"{quote(name)}:{dumps(value[name])}"
        if name in clear
        else f'{quote(name)}:"{commitment(value[name], salts())}"'
        for name in order(value)
    ]
    return "{" + ",".join(parts) + "}"


def _are_changes(value: Any) -> bool:
    return type(value) is list and all(type(change) is dict for change in value)


def is_mark(value: Any) -> bool:
    """Tell whether a value is what stands in place of an erased one."""
    return type(value) is dict and len(value) == 1 and type(value.get(MARK)) is str
