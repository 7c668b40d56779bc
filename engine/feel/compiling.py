"""Compile a tree to code: each node by the function that the table names for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lark import Tree

from engine.feel import (
    calls,
    contexts,
    dates,
    lists,
    lookups,
    loops,
    membership,
    numbers,
    operators,
    ranges,
    registry,
    statistics,
    strings,
    types,
    workdays,
)
from engine.feel.code import Code
from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_NESTING
from engine.feel.parsing import Node

# Importing them registers the built-in functions.
BUILTIN_MODULES = (contexts, dates, lists, numbers, ranges, statistics, strings, workdays)
_PROPERTY_NAMES = {"time offset", "start included", "end included"}
# Names of the language itself that are not one plain word.
SPECIAL_NAMES = frozenset(name for name in registry.names() | types.NAMES | _PROPERTY_NAMES if " " in name)

_COMPILERS: dict[str, Callable[[list[Any]], Any]] = {
    "start_expression": lambda parts: parts[0],
    "start_type": lambda parts: parts[0],
    "any_value": membership.compile_any_value,
    "some_test": membership.compile_some_test,
    "no_test": membership.compile_no_test,
    "tests": membership.compile_member_tests,
    "member_tests": membership.compile_member_tests,
    "comparison_test": membership.compile_comparison_test,
    "comparison_range": membership.compile_comparison_range,
    "range": membership.compile_range,
    "member": membership.compile_member,
    "conditional": loops.compile_conditional,
    "loop": loops.compile_loop,
    "quantified": loops.compile_quantified,
    "iterators": loops.compile_iterators,
    "iterator": loops.compile_iterator,
    "function": calls.compile_function,
    "parameters": list,
    "parameter": calls.compile_parameter,
    "call": calls.compile_call,
    "arguments": calls.compile_arguments,
    "named_arguments": calls.compile_named_arguments,
    "named_argument": calls.compile_named_argument,
    "disjunction": operators.compile_disjunction,
    "conjunction": operators.compile_conjunction,
    "compare": operators.compile_compare,
    "between": operators.compile_between,
    "sum": operators.compile_arithmetic,
    "product": operators.compile_arithmetic,
    "power": operators.compile_arithmetic,
    "negative": operators.compile_negative,
    "path": lookups.compile_path,
    "filter": lookups.compile_filter,
    "number": lookups.compile_number,
    "string": lookups.compile_string,
    "at_literal": lookups.compile_at_literal,
    "true": lookups.compile_true,
    "false": lookups.compile_false,
    "null": lookups.compile_null,
    "name": lookups.compile_name,
    "list": lookups.compile_list,
    "context": lookups.compile_context,
    "entry": lookups.compile_entry,
    "instance": types.compile_instance,
    "generic_type": types.compile_generic_type,
    "context_type": types.compile_context_type,
    "type_field": types.compile_type_field,
    "function_type": types.compile_function_type,
    "any_function_type": types.compile_any_function_type,
}


def compile_tree(node: Node, known: types.Types = types.NO_TYPES) -> Code:
    """Return the code of a whole tree; raises FeelLimit when it is nested too deep."""
    code: Code = _compile(node, known, 0)
    return code


def compile_type(node: Node, known: types.Types) -> types.Type:
    """Return the type that a tree spells, None when there is none."""
    return _compile(node, known, 0)


def _compile(node: Node, known: types.Types, level: int) -> Any:
    # Parts of a node such as its arguments are levels of the tree, too, but not of the code.
    if level > 2 * MAX_NESTING:
        raise FeelLimit("depth", limit=MAX_NESTING)
    parts = [_compile(part, known, level + 1) if isinstance(part, Tree) else part for part in node.children]
    if node.data == "plain_type":
        return types.compile_plain_type(parts, known)
    return _COMPILERS[node.data](parts)
