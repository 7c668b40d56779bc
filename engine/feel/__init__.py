"""FEEL, the expression language of BPMN and DMN (DMN 1.4 chapter 10): our own, bounded, without eval.

No object of the host is ever touched: variables are plain JSON, a path reads keys or a fixed table.
Measured with the DMN TCK, these differences remain: years outside 1-9999 are null; fractions of a second
have six decimals, all of which count for equality; `instance of` knows no item definitions of a model;
patterns are those of RE2 (no back-references, look-around, class subtraction, Unicode blocks); external
functions are null.
"""

from __future__ import annotations

from engine.feel.conversion import to_json, to_text
from engine.feel.errors import FeelError, FeelLimit
from engine.feel.expressions import (
    Expression,
    check,
    compile_expression,
    condition,
    evaluate,
    resolve,
    unary_test,
)
from engine.feel.timers import duration, moment, next_cycle, timer_due
from engine.feel.values import Json, Value

__all__ = [
    "Expression",
    "FeelError",
    "FeelLimit",
    "Json",
    "Value",
    "check",
    "compile_expression",
    "condition",
    "duration",
    "evaluate",
    "moment",
    "next_cycle",
    "resolve",
    "timer_due",
    "to_json",
    "to_text",
    "unary_test",
]
