"""Draw bars as SVG on the server: no script, no inline style, so that the policy of every page holds.

A chart only repeats the table beside it; whoever cannot see it reads that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree
from markupsafe import Markup

WIDTH, ROW, BAR = 320.0, 40.0, 12.0
BASELINE = 14.0
LETTER = 6.6  # a middling width at the size of the labels
MOST = 20  # rows of one chart; the table has all


@dataclass(frozen=True)
class Bar:
    """One bar: what it stands for, how long it is, how that is said, and the part that is filled darker."""

    label: str
    value: float
    said: str
    part: float | None = None


def draw(title: str, bars: Sequence[Bar]) -> Markup:
    """Return horizontal bars under their labels, the longest as wide as the picture; nothing for no bars."""
    shown = [bar for bar in bars if bar.value >= 0][:MOST]
    longest = max((bar.value for bar in shown), default=0.0)
    if longest <= 0:
        return Markup("")
    height = ROW * len(shown)
    root = etree.Element("svg", {"viewBox": f"0 0 {WIDTH:g} {height:g}", "role": "img", "class": "chart"})
    etree.SubElement(root, "title").text = title
    for place, bar in enumerate(shown):
        _draw_bar(root, bar, place * ROW, (WIDTH - 2) / longest)
    return Markup(etree.tostring(root, encoding="unicode"))  # noqa: S704  texts are escaped by the serialiser


def _draw_bar(root: etree._Element, bar: Bar, top: float, scale: float) -> None:
    room = int((WIDTH - len(bar.said) * LETTER - 8) / LETTER)
    label = bar.label if len(bar.label) <= room else f"{bar.label[: room - 1]}…"
    _write(root, label, 0.0, top + BASELINE, "start")
    _write(root, bar.said, WIDTH, top + BASELINE, "end")
    _fill(root, top, bar.value * scale, "chart-whole" if bar.part is not None else "chart-part")
    if bar.part is not None:
        _fill(root, top, bar.part * scale, "chart-part")


def _write(root: etree._Element, text: str, x: float, y: float, anchor: str) -> None:
    place = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor, "class": "chart-text"}
    etree.SubElement(root, "text", place).text = text


def _fill(root: etree._Element, top: float, width: float, kind: str) -> None:
    box = {"x": "0", "y": f"{top + BASELINE + 6:g}", "width": f"{max(width, 0.0):.1f}", "height": f"{BAR:g}"}
    etree.SubElement(root, "rect", {**box, "rx": "2", "class": kind})
