"""Measure, wrap and place labels without a browser.

Widths are those of Noto Sans Regular in hundredths of the font size; it is wider than the fonts the pages
use, so a label that fits here fits there.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from lxml import etree

from engine.bpmn.drawing_svg import INK, PAPER, Box, put

_BY_WIDTH = {
    17: "‘’",
    22: "'",
    26: " ijl",
    27: "!,.:;J·",
    28: "`",
    30: "()",
    32: "-",
    34: "[]If",
    36: "t“”",
    37: "/\\{}•",
    41: '"r',
    43: "?°",
    45: "_z",
    48: "cs",
    51: "–vy§",
    53: "FLkx",
    56: "*S|ETae",
    57: "$+0123456789<=>YZ^~×",
    60: "XPVo",
    62: "bdgpqKRhnuđơ₫",
    65: "CA#Bư",
    73: "&DGUHĐ",
    78: "NOQwƠƯ…",
    84: "%≤≥→←",
    92: "@MWm",
    102: "—№",
}
WIDTHS = {letter: width / 100 for width, letters in _BY_WIDTH.items() for letter in letters}
LINE = 1.2
LABELS = "bv-layer-labels"
_RIM = {"stroke": PAPER, "stroke-width": "3", "paint-order": "stroke", "stroke-linejoin": "round"}
SIZES = (12.0, 11.0, 10.0, 9.0)


def measure(text: str, size: float) -> float:
    """Return the width of one line in pixels."""
    return _measure(text) * size


@lru_cache(maxsize=8_192)  # words return in every size that is tried, and in every picture of a process
def _measure(text: str) -> float:
    return sum(map(_advance, unicodedata.normalize("NFC", text)))


def _advance(letter: str) -> float:
    known = WIDTHS.get(letter)
    if known is not None:
        return known
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cc", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    base = unicodedata.normalize("NFD", letter)
    if "\u031b" in base:  # the horn of ơ and ư makes the letter wider
        return WIDTHS.get(unicodedata.normalize("NFC", base[0] + "\u031b"), 0.65)
    return WIDTHS.get(base[0], 0.62)


def wrap(text: str, width: float, size: float) -> list[str]:
    """Return the lines of a label; existing line breaks stay, a word longer than the line is broken."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        lines += _wrap_paragraph(paragraph, width, size)
    return lines


def _wrap_paragraph(text: str, width: float, size: float) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in (piece for long in text.split() for piece in _break(long, width, size)):
        longer = f"{line} {word}" if line else word
        if line and measure(longer, size) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line else lines


def _break(word: str, width: float, size: float) -> list[str]:
    if measure(word, size) <= width:
        return [word]
    pieces = [""]
    for letter in word:
        if pieces[-1] and measure(pieces[-1] + letter, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def fit(text: str, width: float, height: float) -> tuple[list[str], float]:
    """Return lines and font size that fill the box best; what cannot fit ends in an ellipsis."""
    for size in SIZES:
        lines = wrap(text, width, size)
        broken = any(measure(word, size) > width for word in text.split())
        if len(lines) * size * LINE <= height and not broken:
            return lines, size
    size = SIZES[-1]
    lines = wrap(text, width, size)
    room = max(1, int(height / (size * LINE)))
    if len(lines) > room:
        lines = [*lines[: room - 1], lines[room - 1].rstrip() + "…"]
    return lines, size


def write(
    parent: etree._Element,
    lines: list[str],
    box: Box,
    size: float = 12.0,
    anchor: str = "middle",
    top: bool = False,
) -> Box:
    """Write lines centred in the box (or from its top, or from its left) and return the space they take.

    In the layer of outer labels text gets a paper-coloured rim, so that it stays readable over a line.
    """
    height = len(lines) * size * LINE
    first = (box.y if top else box.cy - height / 2) + size * 0.92
    x = box.cx if anchor == "middle" else box.x
    text = put(parent, "text", font_size=size, text_anchor=anchor, fill=INK, class_="bv-label")
    if parent.get("class") == LABELS:
        for key, value in _RIM.items():
            text.set(key, value)
    for number, line in enumerate(lines):
        put(text, "tspan", line, x=x, y=first + number * size * LINE)
    width = max((measure(line, size) for line in lines), default=0.0)
    left = x - width / 2 if anchor == "middle" else x
    return Box(left, first - size * 0.92, width, height)


def write_upright(parent: etree._Element, lines: list[str], box: Box, size: float) -> None:
    """Write lines that read from bottom to top, centred in the box."""
    turned = put(parent, "g", transform=f"rotate(-90 {box.cx:.2f} {box.cy:.2f})")
    write(turned, lines, Box(box.cx - box.h / 2, box.cy - box.w / 2, box.h, box.w), size)
