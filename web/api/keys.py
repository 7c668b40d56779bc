"""Keys as the clients want them: strings of digits, unique across all kinds of rows.

A key is the number of a row followed by the two digits of its kind, so that 1203 and 1204 are a variable and
a user task, and an operation that gets the wrong kind of key can say so.
"""

from __future__ import annotations

import re

from engine.errors import BadInput, NotFound

# Never change a code: clients keep keys.
CODES = {
    "process_definition": 1,
    "process_instance": 2,
    "variable": 3,
    "user_task": 4,
    "job": 5,
    "incident": 6,
    "element_instance": 7,
    "deployment": 8,
    "resource": 9,
    "form": 10,
    "decision_definition": 11,
    "decision_requirements": 12,
    "decision_evaluation": 13,
    "message": 14,
    "signal": 15,
    "audit_log": 16,
    "form_value": 17,  # of a task's form: no row has it
}
KINDS = {code: kind for kind, code in CODES.items()}
PATTERN = re.compile(r"[0-9]{1,25}", re.ASCII)
MOST = 2**63 - 1  # what the databases hold
TOKENS = 10_000_000  # more tokens than any instance ever numbers


def write(kind: str, number: int) -> str:
    """Return the key of a row."""
    return f"{number}{CODES[kind]:02}"


def write_or_none(kind: str, number: int | None) -> str | None:
    """Return the key of a row, None for none."""
    return None if number is None else write(kind, number)


def write_element(instance_id: int, token: int) -> str:
    """Return the key of an element instance: a token of an instance."""
    return write("element_instance", instance_id * TOKENS + token)


def read(kind: str, key: str) -> int:
    """Return the number of the row that a key names.

    Raises BadInput for what is no key, NotFound for the key of another kind.
    """
    number, found = split(key)
    if found != kind:
        raise NotFound(kind=kind.replace("_", " "), key=key)
    return number


def read_element(key: str) -> tuple[int, int]:
    """Return the instance and the token of an element instance; raises as `read`."""
    return divmod(read("element_instance", key), TOKENS)


def split(key: str) -> tuple[int, str | None]:
    """Return number and kind of a key, None as the kind of one that no row has; raises BadInput."""
    if PATTERN.fullmatch(key) is None:
        raise BadInput(
            expected="a key of at most 25 digits", expected_vi="khóa gồm tối đa 25 chữ số", found=key
        )
    number, code = divmod(int(key), 100)
    kind = KINDS.get(code)
    largest = MOST if kind != "element_instance" else MOST * TOKENS
    return number, kind if number <= largest else None
