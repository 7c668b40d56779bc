"""Regular expressions by RE2 only, whose time grows with the text and not with the pattern.

Patterns are those of XPath 2.0 §7.6.1 and XML Schema: they are translated, class subtraction, blocks and the
escapes `\\i \\c` included. Back-references do not exist in RE2: they are refused (null with a warning), never
handed to another engine; so is everything that XPath does not know, such as look-around.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from engine.feel.blocks import (
    BLOCKS,
    LAST,
    NAME_PART,
    NAME_START,
    SPACES,
    Ranges,
    category,
    ignore_case,
    invert,
    subtract,
    unite,
)
from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_PATTERN, Run

_FLAGS = frozenset("smixq")
_MAX_TRANSLATED = 200_000  # characters of a pattern with its classes spelled out
_MEMORY = 1 << 20  # bytes that one pattern may use
_PATTERN_STEPS = 30  # what preparing a pattern costs
_REFUSED_STEPS = 20_000  # what a pattern costs that RE2 refuses
_REFUSED_SHARE = 100  # and each of its characters
_MATCH_STEPS = 10  # what one match of a pattern costs
_SWEEP = 500  # characters times instructions of the pattern that one step pays
_LOOK = 250  # characters behind a match that one step pays
_UNBOUNDED = re.compile(r"[*+]|,\}")
_LETTERS = r"\p{L}\p{M}\p{N}\p{S}"
_SHORT: dict[str, str] = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": f"[{_LETTERS}]",
    "W": f"[^{_LETTERS}]",
    "s": r"[ \t\n\r]",
    "S": r"[^ \t\n\r]",
}
_CONTROL = {"n": 10, "r": 13, "t": 9}
_LITERAL = frozenset("\\|.-^?*+{}()[]$")
# The categories that RE2 and XML Schema understand in the same way.
_CATEGORY = re.compile(r"L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfo]")
_PIECE = re.compile(
    r"""(?P<property>\\[pP]\{(?P<name>[A-Za-z0-9-]+)\})
    |(?P<escape>\\(?P<letter>.))
    |(?P<group>\(\?:|\((?!\?)|\)|\|)
    |(?P<quantity>[*+?]\??|\{\d+(?:,\d*)?\}\??)
    |(?P<anchor>[\^$])
    |(?P<dot>\.)
    |(?P<open>\[)
    |(?P<char>[^\\\[\]{}()?*+|.^$])""",
    re.S | re.X | re.A,
)
_MEMBER = re.compile(r"\\[pP]\{(?P<name>[A-Za-z0-9-]+)\}|\\(?P<letter>.)|(?P<char>[^\\\[\]])", re.S | re.A)


@lru_cache(64)
def compile_pattern(pattern: str, flags: str) -> Any:
    """Return the RE2 pattern for an XPath pattern and flags; raises ValueError for what it cannot mean."""
    if len(pattern) > MAX_PATTERN:
        raise FeelLimit("pattern_size", limit=MAX_PATTERN)
    if set(flags) - _FLAGS:
        raise ValueError(flags)
    if "q" in flags:
        text = re2.escape(pattern)
    else:
        text = _translate(_without_space(pattern) if "x" in flags else pattern, frozenset(flags))
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    inline = "".join(sorted(set(flags) & set("smi")))
    try:
        return re2.compile((f"(?{inline})" if inline else "") + text, options)
    except re2.error as error:
        raise ValueError(pattern) from error


def prepare(run: Run, text: str, pattern: str, flags: str | None) -> Any:
    """Return the compiled pattern, with what a sweep over the text costs at most charged to the run."""
    run.charge_text(len(text))
    run.charge(_PATTERN_STEPS)
    compiled = _compile_in(run, pattern, flags or "")
    run.charge(len(text) * int(compiled.programsize) // _SWEEP)
    return compiled


def _compile_in(run: Run, pattern: str, flags: str) -> Any:
    """Return the compiled pattern; its first use in a run costs what compiling it costs, known or not."""
    try:
        compiled = compile_pattern(pattern, flags)
    except ValueError:
        run.charge(max(_REFUSED_STEPS, len(pattern) * _REFUSED_SHARE))
        raise
    if (pattern, flags) not in run.patterns:
        run.patterns.add((pattern, flags))
        run.charge(2 * (int(compiled.programsize) + len(compiled.pattern) // 3 + len(pattern)))
    return compiled


def find_all(run: Run, compiled: Any, text: str) -> Iterator[Any]:
    """Yield the matches of a prepared pattern that can match nothing but a piece of the text.

    A match of `x*y|x` is known only after all the text behind it has been looked at: each one costs that.
    """
    far = _UNBOUNDED.search(compiled.pattern) is not None
    for match in compiled.finditer(text):
        run.charge(_MATCH_STEPS + ((len(text) - match.end()) // _LOOK if far else 0))
        yield match


def _without_space(pattern: str) -> str:
    """Return the pattern without white space outside of classes (flag `x`)."""
    kept: list[str] = []
    depth, escaped = 0, False
    for char in pattern:
        if char in " \t\n\r" and depth == 0:
            continue
        kept.append(char)
        if not escaped:
            depth += (char == "[") - (char == "]")
        escaped = char == "\\" and not escaped
    return "".join(kept)


def _translate(pattern: str, flags: frozenset[str]) -> str:
    parts: list[str] = []
    position = length = 0
    while position < len(pattern):
        length += len(parts[-1]) if parts else 0
        if length > _MAX_TRANSLATED:
            raise ValueError(pattern)
        found = _PIECE.match(pattern, position)
        if found is None:
            raise ValueError(pattern)
        if found["open"]:
            members, position = _read_class(pattern, found.end(), "i" in flags)
            parts.append(_write_class(members))
            continue
        position = found.end()
        parts.append(_translate_piece(found, "s" in flags))
    return "".join(parts)


def _translate_piece(found: re.Match[str], dot_is_all: bool) -> str:
    if found["property"]:
        return _translate_property(found[0][1] == "P", found["name"])
    if found["escape"]:
        return _translate_escape(found["letter"])
    if found["dot"]:
        return "." if dot_is_all else r"[^\n\r]"
    if found["char"]:
        return str(re2.escape(found[0]))
    return found[0]


def _translate_property(negated: bool, name: str) -> str:
    if _CATEGORY.fullmatch(name):
        # A category means the same whether or not case matters (XPath 2.0 §7.6.1.1).
        return f"(?-i:\\{'P' if negated else 'p'}{{{name}}})"
    return _write_class(_property(negated, name))


def _translate_escape(letter: str) -> str:
    if letter in _SHORT:
        return _SHORT[letter]
    if letter in _CONTROL or letter in _LITERAL:
        return str(re2.escape(chr(_CONTROL.get(letter, ord(letter)))))
    return _write_class(_escape(letter))


def _property(negated: bool, name: str) -> Ranges:
    ranges = BLOCKS.get(name[2:]) if name.startswith("Is") else category(name)
    if ranges is None:
        raise ValueError(name)
    return invert(ranges) if negated else ranges


def _escape(letter: str) -> Ranges:
    """Return the characters of an escape; raises ValueError for one that XPath does not know."""
    if letter in _CONTROL or letter in _LITERAL:
        code = _CONTROL.get(letter, ord(letter))
        return ((code, code),)
    small = letter.lower()
    if small in "icsdw":
        ranges = _MEANINGS[small] if small in _MEANINGS else _digits_or_word(small)
        return ranges if letter == small else invert(ranges)
    raise ValueError(letter)


_MEANINGS: dict[str, Ranges] = {"i": NAME_START, "c": NAME_PART, "s": SPACES}


def _digits_or_word(letter: str) -> Ranges:
    return category("Nd") if letter == "d" else unite(*map(category, "LMNS"))


def _read_class(pattern: str, position: int, any_case: bool) -> tuple[Ranges, int]:
    """Return the characters of a class that begins after its bracket, and where the text goes on.

    When case does not matter, it does not for characters and ranges; escapes keep their meaning.
    """
    negated = pattern.startswith("^", position)
    position += negated
    begin = position
    sets: list[Ranges] = []
    removed: Ranges = ()
    while not pattern.startswith("]", position):
        if pattern.startswith("-[", position) and sets:
            removed, position = _read_class(pattern, position + 2, any_case)
            if not pattern.startswith("]", position):
                raise ValueError(pattern)
            break
        last = position > begin and pattern.startswith(("-]", "-["), position + 1)
        escaped = pattern.startswith("\\", position) and pattern[position + 1 : position + 2] not in _LITERAL
        ranges, position = _read_member(pattern, position, last)
        sets.append(ignore_case(ranges) if any_case and not escaped else ranges)
    if not sets:
        raise ValueError(pattern)
    united = unite(*sets)
    return subtract(invert(united) if negated else united, removed), position + 1


def _read_member(pattern: str, position: int, alone: bool) -> tuple[Ranges, int]:
    """Return a character, an escape or a range such as `a-z` of a class, and where the text goes on."""
    first, position = _read_characters(pattern, position)
    ends_here = pattern.startswith(("-]", "-["), position)
    if not pattern.startswith("-", position) or ends_here or alone:
        return first, position
    last, position = _read_characters(pattern, position + 1)
    low, high = first[0][0], last[-1][1]
    if first != ((low, low),) or last != ((high, high),) or low > high:
        raise ValueError(pattern)
    return ((low, high),), position


def _read_characters(pattern: str, position: int) -> tuple[Ranges, int]:
    found = _MEMBER.match(pattern, position)
    if found is None:
        raise ValueError(pattern)
    if found["name"]:
        return _property(found[0][1] == "P", found["name"]), found.end()
    if found["letter"]:
        return _escape(found["letter"]), found.end()
    code = ord(found["char"])
    return ((code, code),), found.end()


def _write_class(ranges: Ranges) -> str:
    if not ranges:
        return f"[^\\x00-\\x{{{LAST:X}}}]"
    return "(?-i:[" + "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in ranges) + "])"
