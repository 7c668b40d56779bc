"""Find the names of a model that occur in a text, however many names and texts there are.

FEEL has to know beforehand which names of more than one word an expression may contain.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.feel.conversion import fold
from engine.feel.lexer import KEYWORDS

_WORD = re.compile(r"\w+")
_SPACES = re.compile(r"\s+")
_OPERATORS = frozenset("+-*/'.()")


@dataclass(frozen=True)
class Index:
    """Names by their rarest word, each with its text without spaces."""

    by_word: Mapping[str, tuple[tuple[str, str], ...]]

    def occurring(self, text: str) -> list[str]:
        """Return the names that may occur in a text, whatever spaces stand between their pieces."""
        if not self.by_word:
            return []
        folded = fold(text)
        squeezed = _SPACES.sub("", folded)
        words = {"", *_WORD.findall(folded)}
        return [name for word in words for piece, name in self.by_word.get(word, ()) if piece in squeezed]


def index(names: Iterable[str]) -> Index:
    """Return the index of names."""
    words = {name: _WORD.findall(name) or [""] for name in names}
    counts = Counter(word for pieces in words.values() for word in pieces)
    by_word: dict[str, list[tuple[str, str]]] = {}
    for name, pieces in words.items():
        rarest = min(pieces, key=lambda word: counts[word])
        by_word.setdefault(rarest, []).append((_SPACES.sub("", name), name))
    return Index({word: tuple(found) for word, found in by_word.items()})


def harmless(names: Iterable[str]) -> frozenset[str]:
    """Return the names that are several words and nothing else: no operator and no keyword."""
    return frozenset(
        name
        for name in names
        if " " in name and not _OPERATORS.intersection(name) and KEYWORDS.keys().isdisjoint(name.split())
    )
