"""Numbered and bulleted paragraphs of a DOCX: which text stands before each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from workflows.documents.docx_parts import Package, tag
from workflows.documents.docx_styles import Css, attribute, paragraph_css

PLACE = re.compile(r"%(\d)")
ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True)
class Numbered:
    """The number or bullet before a paragraph, with the indents of its level."""

    text: str
    css: Css


class Numbering:
    """The running numbers of a document, one counter per list and level."""

    def __init__(self, package: Package) -> None:
        tree = package.tree("word/numbering.xml")
        self._levels: dict[tuple[str, int], etree._Element] = {}
        self._counts: dict[tuple[str, int], int] = {}
        if tree is not None:
            self._read(tree)

    def next(self, properties: etree._Element | None) -> Numbered | None:
        """Return the number of the next paragraph with these properties; None for one that has none."""
        given = None if properties is None else properties.find(tag("numPr"))
        name, depth = attribute(given, "numId") or "0", int(attribute(given, "ilvl") or 0)
        level = self._levels.get((name, depth))
        if level is None:
            return None
        start = int(attribute(level, "start") or 1)
        self._counts[name, depth] = self._counts.get((name, depth), start - 1) + 1
        for deeper in [key for key in self._counts if key[0] == name and key[1] > depth]:
            del self._counts[deeper]
        indents = level.find(tag("pPr"))
        return Numbered(self._write(name, level), {} if indents is None else paragraph_css(indents))

    def _write(self, name: str, level: etree._Element) -> str:
        pattern = attribute(level, "lvlText") or ""
        if attribute(level, "numFmt") == "bullet":
            # bullets come from symbol fonts that the carried font does not have
            return "-"
        return PLACE.sub(lambda found: self._count(name, int(found[1]) - 1), pattern)

    def _count(self, name: str, depth: int) -> str:
        level = self._levels.get((name, depth))
        return spell(self._counts.get((name, depth), 1), attribute(level, "numFmt") or "decimal")

    def _read(self, tree: etree._Element) -> None:
        abstract = {one.get(tag("abstractNumId")): one for one in tree.iter(tag("abstractNum"))}
        for number in tree.iter(tag("num")):
            kind = abstract.get(attribute(number, "abstractNumId"))
            for level in [] if kind is None else kind.iter(tag("lvl")):
                self._levels[str(number.get(tag("numId"))), int(level.get(tag("ilvl")) or 0)] = level


def spell(number: int, form: str) -> str:
    """Write a number as a list does: decimal, letters or Roman numerals."""
    if form.endswith("Letter"):
        text = chr(ord("a") + (number - 1) % 26)
    elif form.endswith("Roman"):
        text = ""
        for value, letters in ROMAN:
            text, number = text + letters * (number // value), number % value
    else:
        return str(number)
    return text.upper() if form.startswith("upper") else text
