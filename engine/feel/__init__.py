"""FEEL, the expression language of BPMN and DMN (DMN 1.5 chapter 10): our own, bounded, without eval.

No object of the host is ever touched: variables are plain JSON, a path reads keys or a fixed table.

For a caller that evaluates a model, such as DMN: one `Run(now)` for a whole evaluation; once
`compile_expression(text, names, types)` and `compile_tests`; then `expression.run(variables, run)` for JSON
or `expression.apply(names, run)` for FEEL values; `make_function` for what can be called; `read_type` for a
type's name and `coerce` to fit a value to it; `call_function` to call a function value. What cannot be
computed is null and `run.warnings` says why; only a limit, or `assert`, raises FeelError.

What remains different from the standard, each null with a warning: back-references in patterns (RE2 has none)
and external functions, which are never called. Points in time are equal when their milliseconds are, as the
DMN TCK has it. Beyond the standard: the functions of Camunda 8 that need no chance, and scientific notation.
"""

from __future__ import annotations

from engine.feel.calls import call_function, make_function
from engine.feel.conversion import from_json, to_json, to_text
from engine.feel.equality import equal, within
from engine.feel.errors import FeelError, FeelLimit
from engine.feel.expressions import (
    Expression,
    check,
    compile_expression,
    compile_tests,
    condition,
    evaluate,
    find_zoneless,
    read_type,
    resolve,
    unary_test,
)
from engine.feel.limits import Run
from engine.feel.timers import duration, moment, next_cycle, timer_due
from engine.feel.types import Type, Types, coerce, conforms
from engine.feel.values import Function, Json, Value, kind

__all__ = [
    "Expression",
    "FeelError",
    "FeelLimit",
    "Function",
    "Json",
    "Run",
    "Type",
    "Types",
    "Value",
    "call_function",
    "check",
    "coerce",
    "compile_expression",
    "compile_tests",
    "condition",
    "conforms",
    "duration",
    "equal",
    "evaluate",
    "find_zoneless",
    "from_json",
    "kind",
    "make_function",
    "moment",
    "next_cycle",
    "read_type",
    "resolve",
    "timer_due",
    "to_json",
    "to_text",
    "unary_test",
    "within",
]
