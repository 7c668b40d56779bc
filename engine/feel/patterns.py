"""Regular expressions by RE2 only, whose time grows with the text and not with the pattern.

Back-references, look-around and class subtraction of XML Schema do not exist in RE2: they are refused
(null with a warning), never handed to another engine.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_PATTERN

_FLAGS = frozenset("smixq")
_UNSUPPORTED = re.compile(r"\(\?[=!<]|\\[1-9]|-\[")
_SPACE = re.compile(r"\s+")
_MEMORY = 1 << 20  # bytes that one pattern may use


@lru_cache(64)
def compile_pattern(pattern: str, flags: str) -> Any:
    """Return the RE2 pattern for an XPath pattern and flags; raises ValueError for what RE2 cannot do."""
    if len(pattern) > MAX_PATTERN:
        raise FeelLimit("pattern_size", limit=MAX_PATTERN)
    if set(flags) - _FLAGS:
        raise ValueError(flags)
    literal = re2.escape(pattern) if "q" in flags else pattern
    if "x" in flags and "q" not in flags:
        literal = _SPACE.sub("", literal)
    if "q" not in flags and _UNSUPPORTED.search(literal):
        raise ValueError(pattern)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    inline = "".join(sorted(set(flags) & set("smi")))
    try:
        return re2.compile((f"(?{inline})" if inline else "") + literal, options)
    except re2.error as error:
        raise ValueError(pattern) from error
