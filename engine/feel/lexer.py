"""Cut FEEL text into tokens; the longest name in scope wins, because names may contain spaces and signs.

The name characters are those of DMN 1.4 §10.3.1.2 rule 28-29 (Python's `\\w` lacks combining marks).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from lark import Token
from lark.lexer import Lexer

from engine.feel.errors import FeelError, FeelLimit
from engine.feel.limits import MAX_NAME, MAX_NAMES, MAX_TOKENS

KEYWORDS = {
    "if": "_IF",
    "then": "_THEN",
    "else": "_ELSE",
    "for": "_FOR",
    "return": "_RETURN",
    "some": "SOME",
    "every": "EVERY",
    "satisfies": "_SATISFIES",
    "in": "_IN",
    "function": "_FUNCTION",
    "external": "EXTERNAL",
    "or": "_OR",
    "and": "_AND",
    "between": "_BETWEEN",
    "instance": "_INSTANCE",
    "of": "_OF",
    "true": "TRUE",
    "false": "FALSE",
    "null": "NULL",
}
_SIGNS = {
    "+": "PLUS",
    "-": "MINUS",
    "*": "STAR",
    "**": "POW",
    "/": "SLASH",
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
    "{": "LBRACE",
    "}": "RBRACE",
    "<": "LT",
    ">": "GT",
    "<=": "LE",
    ">=": "GE",
    "=": "EQ",
    "!=": "NE",
    ",": "COMMA",
    ":": "COLON",
    ".": "DOT",
    "..": "DOTS",
    "->": "ARROW",
}
_START = (
    r"A-Za-z_?\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_PART = _START + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
_SPACE = r"[\s\u0085\u00A0\u1680\u180E\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF]"
_TOKEN = re.compile(
    rf"""(?P<space>{_SPACE}+|//[^\n]*|/\*.*?\*/)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<at>@"[^"\\]*")
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<quoted>`[^`]+`)
    |(?P<sign>\*\*|\.\.|<=|>=|!=|->|[-+*/()\[\]{{}}<>=,.:'’])
    |(?P<name>[{_START}][{_PART}]*)""",
    re.S | re.X | re.A,
)
_SPACES = re.compile(rf"{_SPACE}+")
_PIECES = re.compile(rf"[{_PART}]+|[^{_PART}\s]")
_PLAIN_NAME = re.compile(rf"[{_START}][{_PART}]*\Z")
_NAME = re.compile(rf"[{_START}][{_PART}\s+\-*/.'’()]*\Z")
_WORD = re.compile(rf"[{_PART}]+\Z")
_WORD_GOES_ON = re.compile(rf"[{_PART}]")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.S)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}

OPERAND_ENDS = frozenset(
    {"NUMBER", "STRING", "AT", "NAME", "TRUE", "FALSE", "NULL", "RPAR", "RSQB", "RBRACE", "RANGE_CLOSE"}
)
_BEGINS = frozenset(
    {
        "NUMBER",
        "STRING",
        "AT",
        "NAME",
        "TRUE",
        "FALSE",
        "NULL",
        "LPAR",
        "LSQB",
        "LBRACE",
        "MINUS",
        "RANGE_OPEN",
    }
    | {"_IF", "_FOR", "SOME", "EVERY", "_FUNCTION"}
)
_COMPARISONS = frozenset({"LT", "GT", "LE", "GE", "EQ", "NE"})
_DECLARING = frozenset({"for", "some", "every"})
_DECLARERS = ("{", "for", "some", "every", "function")
_NOT_IN_NAMES = _DECLARING | {"return", "satisfies", "if"}
_FEW_NAMES = 16  # that begin alike
_LONGEST_DECLARED = 12  # pieces of a name that an expression declares itself


class Piece(NamedTuple):
    """One piece of text: its kind, its text, where it starts and ends."""

    kind: str
    text: str
    start: int
    end: int


def is_plain(name: str) -> bool:
    """Return whether a name is one ordinary word, which needs no knowledge of the scope."""
    return name.isidentifier() or _PLAIN_NAME.match(name) is not None


def find_special(names: Iterable[str], text: str) -> frozenset[str]:
    """Return, tidied, the names that are not one plain word and stand in the text; both are folded.

    A key such as `1` or `a = b` is no name: it would hide a number or a comparison. Raises FeelLimit.
    """
    found: set[str] = set()
    squeezed = ""
    for name in names:
        if is_plain(name) or len(name) > MAX_NAME or not _NAME.match(name):
            continue
        squeezed = squeezed or _SPACES.sub("", text)
        if _SPACES.sub("", name) in squeezed:
            found.add(tidy(name))
    if len(found) > MAX_NAMES:
        raise FeelLimit("names", text, limit=MAX_NAMES)
    return frozenset(found)


def split_name(name: str) -> list[str]:
    """Return the parts of a name such as `import.type`; a dot that does not part two names is left in it."""
    parts = name.split(".")
    return parts if all(map(_NAME.match, parts)) else [name]


def tidy(name: str) -> str:
    """Return a name with single spaces."""
    return _SPACES.sub(" ", name.strip())


@lru_cache(512)
def _spellings(names: frozenset[str]) -> dict[str, list[re.Pattern[str]]]:
    """Return the patterns of names by their first piece, the longest name first.

    Each name has a pattern of its own: one for all of them would be made anew for every set of names. Only
    where many begin alike is one pattern for them worth it.
    """
    by_piece: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        first = _PIECES.match(name)
        if first is not None:
            by_piece.setdefault(first[0], []).append(name)
    return {piece: _patterns(alike) for piece, alike in by_piece.items()}


def _patterns(alike: list[str]) -> list[re.Pattern[str]]:
    if len(alike) <= _FEW_NAMES:
        return [_spelling(name) for name in alike]
    return [re.compile("(?:" + "|".join(map(_spelled, alike)) + rf")(?![{_PART}])")]


@lru_cache(4096)
def _spelling(name: str) -> re.Pattern[str]:
    return re.compile(_spelled(name))


def _spelled(name: str) -> str:
    pieces = _PIECES.findall(name)
    gap = f"{_SPACE}+" if all(_WORD.match(piece) for piece in pieces) else f"{_SPACE}*"
    return gap.join(re.escape(piece) for piece in pieces)


def _match_name(text: str, position: int, names: dict[str, list[re.Pattern[str]]]) -> re.Match[str] | None:
    """Return the longest name that stands in the text and ends where a word ends."""
    first = _PIECES.match(text, position) if names else None
    for spelling in () if first is None else names.get(first[0], ()):
        found = spelling.match(text, position)
        if found and not _WORD_GOES_ON.match(text, found.end()):
            return found
    return None


def _cut(text: str, names: dict[str, list[re.Pattern[str]]]) -> list[Piece]:
    position, pieces = 0, []
    while position < len(text):
        found = _match_name(text, position, names)
        if found:
            pieces.append(Piece("name", tidy(found[0]), position, found.end()))
        else:
            found = _TOKEN.match(text, position)
            if not found:
                raise FeelError("character", text, position, found=text[position])
            if found.lastgroup != "space":
                pieces.append(Piece(str(found.lastgroup), found[0], position, found.end()))
        position = found.end()
        if len(pieces) > MAX_TOKENS:
            raise FeelLimit("tokens", text, position, limit=MAX_TOKENS)
    return pieces


def _declared(text: str) -> Iterator[str]:
    """Yield the names of several pieces that the text declares: context keys, iterators, parameters."""
    if not any(word in text for word in _DECLARERS):
        return
    pieces = _cut(text, {})
    start: int | None = None
    for index, piece in enumerate(pieces):
        if (piece.kind == "sign" and piece.text in "{,(") or (
            piece.kind == "name" and piece.text in _DECLARING
        ):
            start = index + 1
        elif start is not None and _closes(piece):
            if _declares(pieces, start, index):
                yield tidy(text[pieces[start].start : pieces[index - 1].end])
            start = None
        elif piece.kind in ("string", "at") or (piece.kind == "sign" and piece.text not in "+-*/.'’"):
            start = None
    yield from _string_keys(pieces)


def _string_keys(pieces: list[Piece]) -> Iterator[str]:
    """Yield the keys written as texts, `{"điểm số": 1}`, that a path can name."""
    for before, piece, after in zip(pieces, pieces[1:], pieces[2:], strict=False):
        if piece.kind == "string" and after.text == ":" and before.text in ("{", ","):
            key = tidy(unescape(piece.text[1:-1]))
            if _NAME.match(key) and not is_plain(key):
                yield key


def _closes(piece: Piece) -> bool:
    return (piece.kind == "sign" and piece.text in ":)") or (piece.kind == "name" and piece.text == "in")


def _declares(pieces: list[Piece], start: int, end: int) -> bool:
    if not 1 < end - start < _LONGEST_DECLARED or pieces[start].kind != "name":
        return False
    before, sign = pieces[start - 1].text, pieces[end].text
    if sign == "in" and before not in _DECLARING and before != ",":
        return False
    if sign == ")" and (start < 2 or pieces[start - 2].text != "function"):
        return False
    return all(
        piece.kind in ("name", "number") or (piece.kind == "sign" and piece.text in "+-*/.'’")
        for piece in pieces[start:end]
    ) and not any(piece.text in _NOT_IN_NAMES for piece in pieces[start:end])


def unescape(text: str) -> str:
    """Replace the escapes of a FEEL string; a pair of UTF-16 surrogates becomes its character."""

    def replaced(found: re.Match[str]) -> str:
        escape = found[1]
        if escape[0] in "uU" and len(escape) > 1:
            code = int(escape[1:], 16)
            return chr(code) if code < 0x110000 else "\ufffd"
        return _ESCAPES.get(escape, "\\" + escape)

    plain = _ESCAPE.sub(replaced, text)
    if any(0xD800 <= ord(char) < 0xE000 for char in plain):
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return plain


def tokenize(text: str, names: frozenset[str], tests: bool = False) -> list[Token]:
    """Return the tokens of an expression, or of unary tests.

    `names` are the names in scope that are not one plain word. Raises FeelError with the position.
    """
    names = names | frozenset(_declared(text))
    tokens: list[Token] = []
    for piece in _cut(text, _spellings(names)):
        tokens.append(_token(piece, tokens, text))
    _mark_keys(tokens)
    _mark_brackets(tokens)
    if tests:
        _mark_tests(tokens)
    return tokens


def _token(piece: Piece, before: list[Token], text: str) -> Token:
    kind, value, start, _ = piece
    if kind == "number":
        return Token("NUMBER", value, start)
    if kind == "string":
        return Token("STRING", unescape(value[1:-1]), start)
    if kind == "at":
        return Token("AT", value[2:-1], start)
    if kind == "quoted":
        return Token("NAME", tidy(value[1:-1]), start)
    if kind == "name":
        after_dot = bool(before) and before[-1].type == "DOT"
        return Token("NAME" if after_dot else KEYWORDS.get(value, "NAME"), value, start)
    if value not in _SIGNS:
        raise FeelError("character", text, start, found=value)
    return Token(_SIGNS[value], value, start)


def _mark_keys(tokens: list[Token]) -> None:
    """Make a keyword before a colon the key that it is: `{in: 1}`."""
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if after.type == "COLON" and before.type in ("LBRACE", "COMMA") and token.value in KEYWORDS:
            token.type = "NAME"


def _mark_brackets(tokens: list[Token]) -> None:
    """Tell the brackets of open ranges, `]1..2[`, from those of lists and filters."""
    for index, token in enumerate(tokens):
        before = tokens[index - 1].type if index else ""
        after = [follower.type for follower in tokens[index + 1 : index + 3]] + ["", ""]
        if token.type == "RSQB" and _opens_range(before, after[0]):
            token.type = "RANGE_OPEN"
        elif token.type == "LSQB" and before in OPERAND_ENDS and _closes_range(after):
            token.type = "RANGE_CLOSE"


def _opens_range(before: str, after: str) -> bool:
    if before == "LSQB":  # `[]` is an empty list, `[]1..2[]` a list of a range
        return after in _BEGINS and after not in ("MINUS", "LSQB")
    return before not in OPERAND_ENDS


def _closes_range(after: list[str]) -> bool:
    if after[0] in _BEGINS or after[0] in _COMPARISONS:
        return False
    return not (after[0] == "RSQB" and after[1] in _BEGINS)


def _mark_tests(tokens: list[Token]) -> None:
    """Tell the `-` and `not(…)` of unary tests from a minus and the function `not`."""
    if len(tokens) == 1 and tokens[0].type == "MINUS":
        tokens[0].type = "ANY"
    if len(tokens) < 4 or tokens[0] != "not" or tokens[1].type != "LPAR":
        return
    depth = 0
    for index, token in enumerate(tokens[1:], 1):
        depth += (token.type == "LPAR") - (token.type == "RPAR")
        if depth == 0:
            if index == len(tokens) - 1:
                tokens[0].type = "_NOT"
            return


class TokenLexer(Lexer):
    """Hand lark the tokens that were made before."""

    def __init__(self, lexer_conf: Any) -> None:
        """Take lark's configuration, which is not needed."""

    def lex(self, lexer_state: Any, parser_state: Any = None) -> Iterator[Token]:
        """Yield the tokens given as the text to parse."""
        return iter(lexer_state)
