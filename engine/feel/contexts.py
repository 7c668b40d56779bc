"""The built-in functions on contexts (DMN 1.4 §10.3.4.9) and on null."""

from __future__ import annotations

from engine.feel.errors import FeelError, FeelLimit, shorten
from engine.feel.limits import MAX_DATA_DEPTH, Run
from engine.feel.registry import builtin
from engine.feel.values import Value

_LONGEST_CAUSE = 500  # characters


@builtin("get value", "m:context, key:string", "context:context, key:string")
def get_value(_run: Run, context: dict[str, Value], key: str) -> Value:
    """Return the entry with this key."""
    return context.get(key)


@builtin("get value", "context:context, keys:list")
def get_value_at(_run: Run, context: dict[str, Value], keys: list[Value]) -> Value:
    """Return the entry at the end of a path of keys (Camunda extension)."""
    found: Value = context if keys else None
    for key in keys:
        if type(found) is not dict or type(key) is not str:
            return None
        found = found.get(key)
    return found


@builtin("get entries", "m:context", "context:context")
def get_entries(run: Run, context: dict[str, Value]) -> Value:
    """Return the entries as a list of `{key, value}`."""
    run.charge(3 * len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context", "entries:list")
def make_context(_run: Run, entries: list[Value]) -> Value:
    """Return the context of a list of `{key, value}`; null when a key is repeated or no text."""
    made: dict[str, Value] = {}
    for entry in entries:
        if type(entry) is not dict or "key" not in entry or "value" not in entry:
            return None
        key = entry["key"]
        if type(key) is not str or key in made:
            return None
        made[key] = entry["value"]
    return made


@builtin("context put", "context:context, key:string, value:any", "context:context, keys:list, value:any")
def context_put(run: Run, context: dict[str, Value], key: str | list[Value], value: Value) -> Value:
    """Return the context with an entry set, at a key or at the end of a path of keys."""
    return _put(run, context, [key] if isinstance(key, str) else key, value)


def _put(run: Run, context: dict[str, Value], keys: list[Value], value: Value) -> Value:
    run.charge(len(context) + 1)
    if len(keys) > MAX_DATA_DEPTH:
        raise FeelLimit("data_depth", limit=MAX_DATA_DEPTH)
    if not keys or type(keys[0]) is not str:
        return None
    if len(keys) == 1:
        return {**context, keys[0]: value}
    inner = context.get(keys[0])
    changed = _put(run, inner, keys[1:], value) if type(inner) is dict else None
    return None if changed is None else {**context, keys[0]: changed}


@builtin("context merge", "contexts:list")
def context_merge(run: Run, contexts: list[Value]) -> Value:
    """Return one context; a later entry replaces an earlier one."""
    merged: dict[str, Value] = {}
    for context in contexts:
        if type(context) is not dict:
            return None
        run.charge(len(context))
        merged |= context
    return merged


@builtin("assert", "value:any, condition:any", "value:any, condition:any, cause:string?")
def assert_that(_run: Run, value: Value, condition: Value, cause: str | None = None) -> Value:
    """Return the value when the condition is true; raises FeelError otherwise (Camunda extension)."""
    if condition is True:
        return value
    if cause is None:
        raise FeelError("assertion")
    raise FeelError("assertion_cause", cause=shorten(cause, _LONGEST_CAUSE))


@builtin("is defined", "value:any")
def is_defined(_run: Run, value: Value) -> Value:
    """Return whether there is a value (Camunda extension)."""
    return value is not None


@builtin("get or else", "value:any, default:any")
def get_or_else(_run: Run, value: Value, default: Value) -> Value:
    """Return the value, or the default when it is null (Camunda extension)."""
    return default if value is None else value
