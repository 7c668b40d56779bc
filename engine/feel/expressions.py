"""Compile and evaluate FEEL: expressions, attributes, conditions and unary tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import localcontext
from functools import lru_cache
from typing import Any

from lark import Token

from engine.feel.code import Code, Scope
from engine.feel.compiling import SPECIAL_NAMES, compile_tree, compile_type
from engine.feel.conversion import fold, from_json, to_json, to_text
from engine.feel.errors import FeelError, FeelLimit, shorten
from engine.feel.lexer import KEYWORDS, OPERAND_ENDS, find_special, is_plain, split_name
from engine.feel.limits import MAX_CALL_DEPTH, MAX_DATA, MAX_DATA_DEPTH, MAX_NESTING, Run
from engine.feel.parsing import Start, parse, read
from engine.feel.temporal import read_date_time
from engine.feel.types import NO_TYPES, Type, Types
from engine.feel.values import DECIMAL128, Json, Value

_CONTAINERS = (dict, list)
# Keywords that stand behind an operand, so that a name may begin with them anywhere else.
_INFIX = frozenset(KEYWORDS[word] for word in ("in", "and", "or", "between", "of", "then", "else", "return"))
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
            return self.apply(self._names(variables), run)
        except FeelError as error:
            raise _located(error, self.text) from error

    def apply(self, names: dict[str, Value], run: Run) -> Value:
        """Return the value for FEEL values, such as other expressions gave, in a run of the caller.

        They are neither converted nor checked; function values may be among them. Evaluations inside one
        another, such as those of decisions, add up to one depth.
        """
        run.depth += self.code.depth
        if run.depth > MAX_CALL_DEPTH:
            run.depth -= self.code.depth
            raise FeelLimit("depth", self.text, limit=MAX_CALL_DEPTH)
        try:
            run.charge(self.code.size)
            with localcontext(DECIMAL128):
                return self.code.run(Scope(names, None, run))
        except ArithmeticError:
            return run.warn("out_of_range")
        except RecursionError:
            raise FeelLimit("depth", self.text, limit=MAX_CALL_DEPTH) from None
        except FeelError as error:
            raise _located(error, self.text) from error
        finally:
            run.depth -= self.code.depth

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
        key: value
        for key, value in error.values.items()
        if key not in ("expression", "reason", "line", "column")
    }
    return type(error)(error.reason, text, error.position, **values)


def _compile(text: str, names: frozenset[str], start: Start, types: Types) -> Expression:
    text = fold(text)
    try:
        tree = parse(text, read(text, SPECIAL_NAMES | names, start), start)
        return Expression(text, compile_tree(tree, types))
    except RecursionError:
        raise FeelLimit("depth", text, limit=MAX_NESTING) from None
    except FeelError as error:
        raise _located(error, text) from error


@lru_cache(1024)
def _compiled(text: str, names: frozenset[str], start: Start) -> Expression:
    return _compile(text, names, start, NO_TYPES)


def compile_expression(text: str, names: frozenset[str] = _NO_NAMES, types: Types = NO_TYPES) -> Expression:
    """Return the compiled expression, kept for the next time unless it comes with types.

    `text` has no leading `=`; `names` are the names in scope, those of context entries and item components
    included: they are needed for names that are not one plain word. `types` are the item definitions of a
    model by name, see `engine.feel.types`. Raises FeelError with the position when it does not parse.
    """
    return _compiled_for(text, names, "start_expression", types)


def compile_tests(text: str, names: frozenset[str] = _NO_NAMES, types: Types = NO_TYPES) -> Expression:
    """Return compiled unary tests; the value they judge is the variable `?`, true is the only yes."""
    tests = _compiled_for(text, names, "start_tests", types)
    # The tests look the value up themselves, so it is there even when the text does not name it.
    return Expression(text, replace(tests.code, uses=tests.code.uses | {"?"}))


def _compiled_for(text: str, names: frozenset[str], start: Start, types: Types) -> Expression:
    special = find_special(map(fold, names), fold(text)) if names else _NO_NAMES
    if not types:
        return _compiled(text, special, start)
    return _compile(text, special | _type_names(types, text), start, types)


def _type_names(types: Types, text: str) -> frozenset[str]:
    """Return the names of types, and of the models they come from, that are not one plain word."""
    return find_special((part for name in types for part in split_name(name)), fold(text))


def read_type(text: str, types: Types = NO_TYPES) -> Type:
    """Return the type that a text such as `number`, `list<string>` or an item definition's name spells.

    None when there is no such type. Raises FeelError when it does not parse.
    """
    names = SPECIAL_NAMES | _type_names(types, text)
    return compile_type(parse(text, read(text, names, "start_type"), "start_type"), types)


def names_in(text: str, variables: Mapping[str, Json]) -> frozenset[str]:
    """Return the names in the data that may stand in the folded text and are not one plain word."""
    special = _special_keys(variables)
    return find_special(map(fold, special), text) if special else _NO_NAMES


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
    result = compile_tests(text, names_in(fold(text), given)).evaluate(given, now)
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
        tokens = read(text, SPECIAL_NAMES)
        joined = _joined(tokens)
        if len(joined) == len(tokens):
            raise
        compile_tree(parse(fold(text), joined))


def find_zoneless(text: str) -> list[str]:
    """Return the date and time literals of an expression that name no zone, which a check should warn of.

    A timer reads them as the time of the people, a comparison with the offset of what they are compared with.
    Raises FeelError when the text is no FEEL.
    """
    tokens = read(text, SPECIAL_NAMES)
    literals = [str(token) for token in tokens if token.type == "AT"]
    for name, opening, token in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if name == "date and time" and opening.type == "LPAR" and token.type == "STRING":
            literals.append(str(token))
    return [literal for literal in literals if _is_zoneless(literal)]


def _is_zoneless(literal: str) -> bool:
    found = read_date_time(literal)
    return found is not None and found.time.zone is None and "T" in literal


def _joined(tokens: list[Token]) -> list[Token]:
    """Join words beside each other; one may begin with a keyword where no operator can stand: `in ấn`."""
    joined: list[Token] = []
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        before = joined[-1].type if joined else ""
        if token.type == "NAME" and before == "NAME":
            joined[-1] = Token("NAME", f"{joined[-1]} {token}", joined[-1].start_pos)
        elif (
            token.type in _INFIX and before not in OPERAND_ENDS and after is not None and after.type == "NAME"
        ):
            joined.append(Token("NAME", str(token), token.start_pos))
        else:
            joined.append(token)
    return joined
