"""Parse FEEL text into a tree by the grammar beside this module."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from engine.feel.conversion import fold
from engine.feel.errors import FeelError, FeelLimit
from engine.feel.lexer import TokenLexer, tokenize
from engine.feel.limits import MAX_LENGTH

Start = Literal["start_expression", "start_tests", "start_type"]
Node = Tree[Token]


@lru_cache(1)
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer=TokenLexer,
        start=["start_expression", "start_tests", "start_type"],
        maybe_placeholders=False,
    )


def read(text: str, names: frozenset[str], start: Start = "start_expression") -> list[Token]:
    """Return the tokens of a text folded to Unicode form C; raises FeelError."""
    if len(text) > MAX_LENGTH:
        raise FeelLimit("length", text, limit=MAX_LENGTH)
    tokens = tokenize(fold(text), names, tests=start == "start_tests")
    if not tokens:
        raise FeelError("empty", text, 0)
    return tokens


def parse(text: str, tokens: list[Token], start: Start = "start_expression") -> Node:
    """Return the tree of the tokens; raises FeelError with the position in the text."""
    try:
        return _parser().parse(tokens, start=start)
    except UnexpectedInput as error:
        token = error.token if isinstance(error, UnexpectedToken) else None
        if token is None or token.type == "$END":
            raise FeelError("end", text, len(text)) from error
        raise FeelError("syntax", text, token.start_pos, found=str(token)) from error
