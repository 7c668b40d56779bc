"""Compile and evaluate FEEL: expressions, attributes, conditions and unary tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import localcontext
from functools import lru_cache
from typing import Any

from lark import Token

from engine.feel.code import Code, Scope
from engine.feel.compiling import SPECIAL_NAMES, compile_tree
from engine.feel.conversion import fold, from_json, to_json, to_text
from engine.feel.errors import FeelError, FeelLimit, shorten
from engine.feel.lexer import is_plain, occurs, tidy
from engine.feel.limits import MAX_DATA, MAX_DATA_DEPTH, Run
from engine.feel.parsing import Start, parse, read
from engine.feel.values import DECIMAL128, Json, Value

_CONTAINERS = (dict, list)
_NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; it holds no data and may be used by many threads at once."""

    text: str
    code: Code

    def evaluate(self, variables: Mapping[str, Json], now: datetime) -> Value:
        """Return the FEEL value for plain JSON variables at an aware moment.

        What FEEL cannot compute is null. Raises FeelError when a limit is reached.
        """
        return self.run(variables, Run(now))

    def run(self, variables: Mapping[str, Json], run: Run) -> Value:
        """Return the value in a run of the caller, which can then read its warnings."""
        try:
            with localcontext(DECIMAL128):
                return self.code.run(Scope(self._names(variables), None, run))
        except ArithmeticError:
            return run.warn("out_of_range")
        except RecursionError:
            raise FeelLimit("depth", self.text, limit=MAX_DATA_DEPTH) from None
        except FeelError as error:
            raise _located(error, self.text) from error

    def _names(self, variables: Mapping[str, Json]) -> dict[str, Value]:
        """Return the variables that the expression reads, as FEEL values."""
        names: dict[str, Value] = {}
        for name in self.code.uses:
            if name in variables:
                names[name] = from_json(variables[name])
            elif not name.isascii():
                for key in variables:
                    if fold(key) == name:
                        names[name] = from_json(variables[key])
        return names


def _located(error: FeelError, text: str) -> FeelError:
    if error.expression:
        return error
    values = {
        key: value for key, value in error.values.items() if key not in ("expression", "position", "reason")
    }
    return type(error)(error.reason, text, error.position, **values)


@lru_cache(1024)
def _compiled(text: str, names: frozenset[str], start: Start) -> Expression:
    try:
        return Expression(text, compile_tree(parse(text, read(text, SPECIAL_NAMES | names, start), start)))
    except FeelError as error:
        raise _located(error, text) from error


def compile_expression(text: str, names: frozenset[str] = _NO_NAMES) -> Expression:
    """Return the compiled expression, kept for the next time.

    `text` has no leading `=`; `names` are the names in scope, needed for those that are not one plain word.
    Raises FeelError with the position when it does not parse.
    """
    special = frozenset(tidy(fold(name)) for name in names if not is_plain(name)) if names else _NO_NAMES
    return _compiled(text, special, "start_expression")


def names_in(text: str, variables: Mapping[str, Json]) -> frozenset[str]:
    """Return the names in the data that may stand in the text and are not one plain word."""
    found = [name for name in map(tidy, map(fold, _special_keys(variables))) if occurs(name, text)]
    return frozenset(found) if found else _NO_NAMES


def _special_keys(data: Json) -> list[str]:
    """Return the keys anywhere in the data that are not one plain word."""
    special: list[str] = []
    level, seen = [data], 0
    for _ in range(MAX_DATA_DEPTH):
        below: list[Any] = []
        for container in level:
            seen += len(container)
            inner = container
            if isinstance(container, Mapping):
                special += [key for key in container if not (key.isidentifier() or is_plain(key))]
                inner = container.values()
            below += [item for item in inner if isinstance(item, _CONTAINERS)]
        if seen > MAX_DATA:
            raise FeelLimit("data_size", limit=MAX_DATA)
        if not below:
            break
        level = below
    return special


def _in_scope(text: str, variables: Mapping[str, Json], start: Start = "start_expression") -> Expression:
    return _compiled(text, names_in(fold(text), variables), start)


def evaluate(text: str, variables: Mapping[str, Json], now: datetime) -> Json:
    """Return the value of an expression over plain JSON variables as plain JSON."""
    return to_json(_in_scope(text, variables).run(variables, Run(now)))


def resolve_value(attribute: str, variables: Mapping[str, Json], run: Run) -> Value:
    """Return the FEEL value of an attribute: an expression after a leading `=`, else the text itself."""
    if not attribute.startswith("="):
        return attribute
    return _in_scope(attribute[1:], variables).run(variables, run)


def resolve(attribute: str, variables: Mapping[str, Json], now: datetime) -> Json:
    """Return the value of an attribute as plain JSON."""
    return to_json(resolve_value(attribute, variables, Run(now)))


def unary_test(text: str, value: Json, variables: Mapping[str, Json], now: datetime) -> bool | None:
    """Return whether a value passes unary tests such as `"a","b"`, `> 5`, `not(1)` or `-`; null is None."""
    given = {**variables, "?": value}
    expression = _in_scope(text, given, "start_tests")
    # The tests look the value up themselves, so it is there even when the text does not name it.
    asking = Expression(text, Code(expression.code.run, uses=expression.code.uses | {"?"}))
    result = asking.evaluate(given, now)
    return result if isinstance(result, bool) else None


def condition(text: str, variables: Mapping[str, Json], now: datetime) -> bool:
    """Return what a condition decides; raises FeelError for anything but true or false.

    A gateway whose condition is null must become an incident; null must never count as false.
    """
    plain = text[1:] if text.startswith("=") else text
    run = Run(now)
    result = _in_scope(plain, variables).run(variables, run)
    if isinstance(result, bool):
        return result
    raise FeelError("not_condition", plain, found=shorten(to_text(result)), because=tuple(run.warnings[:3]))


def check(text: str) -> None:
    """Refuse an expression that cannot parse, at deployment, when the names in scope are not known.

    Two words beside each other may be a name with a space: they are taken for one. Raises FeelError.
    """
    try:
        compile_expression(text)
    except FeelLimit:
        raise
    except FeelError:
        tokens = _joined(read(text, SPECIAL_NAMES))
        if len(tokens) == len(read(text, SPECIAL_NAMES)):
            raise
        compile_tree(parse(text, tokens))


def _joined(tokens: list[Token]) -> list[Token]:
    joined: list[Token] = []
    for token in tokens:
        if joined and token.type == "NAME" and joined[-1].type == "NAME":
            joined[-1] = Token("NAME", f"{joined[-1]} {token}", joined[-1].start_pos)
        else:
            joined.append(token)
    return joined
