"""Put elements into an SVG tree; looks are SVG attributes or classes, never inline style (strict CSP)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache, lru_cache

from lxml import etree

SVG = "http://www.w3.org/2000/svg"
_TAG = f"{{{SVG}}}"
INK = "#22242a"
PAPER = "#ffffff"
# (line, fill) by state; line colours keep 4.5 : 1 on white, and a badge says the same without colour.
STATES = {"done": ("#1b7f3b", "#e5f5ea"), "current": ("#b45309", "#fff3d6")}
ALARM = "#b3261e"


@dataclass(frozen=True)
class Box:
    """A rectangle in the units of the diagram (pixels)."""

    x: float
    y: float
    w: float
    h: float

    @property
    def cx(self) -> float:
        """Return the middle from left to right."""
        return self.x + self.w / 2

    @property
    def cy(self) -> float:
        """Return the middle from top to bottom."""
        return self.y + self.h / 2

    @property
    def right(self) -> float:
        """Return the right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.y + self.h

    def shrink(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Return the box without a margin, never smaller than one unit."""
        return Box(
            self.x + left, self.y + top, max(1.0, self.w - left - right), max(1.0, self.h - top - bottom)
        )


@dataclass(frozen=True)
class Look:
    """Line colour, fill colour and how much thicker than usual the line is."""

    line: str = INK
    fill: str = PAPER
    extra: float = 0.0


def put(
    parent: etree._Element, tag: str, content: str | None = None, /, **attributes: Hashable
) -> etree._Element:
    """Append an SVG element; `class_` and `stroke_width` become class and stroke-width, None is left out."""
    named = {}
    for key, value in attributes.items():
        if value is not None:
            named[_name(key)] = value if type(value) is str else show(value)
    child = etree.SubElement(parent, _TAG + tag, named)
    if content is not None:
        child.text = content
    return child


def put_box(parent: etree._Element, box: Box, look: Look, width: float, /, **more: Hashable) -> None:
    """Append a rectangle that looks so; `width` is that of its line."""
    put(
        parent,
        "rect",
        x=box.x,
        y=box.y,
        width=box.w,
        height=box.h,
        fill=look.fill,
        stroke=look.line,
        stroke_width=width + look.extra,
        **more,
    )


@cache
def _name(key: str) -> str:
    """Return the name of an SVG attribute; there are a few dozen."""
    return key.rstrip("_").replace("_", "-")


@lru_cache(4096, typed=True)  # a diagram says the same few hundred numbers again and again
def show(value: Hashable) -> str:
    """Return a number with at most two decimals, anything else as text."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def trace(points: list[tuple[float, float]], radius: float = 6) -> str:
    """Return path data along the points, with rounded corners."""
    parts = [f"M{_at(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        parts.append(f"L{_at(_toward(corner, before, radius))}")
        parts.append(f"Q{_at(corner)} {_at(_toward(corner, after, radius))}")
    return "".join([*parts, f"L{_at(points[-1])}"])


def _at(point: tuple[float, float]) -> str:
    return f"{show(float(point[0]))},{show(float(point[1]))}"


def _toward(corner: tuple[float, float], other: tuple[float, float], radius: float) -> tuple[float, float]:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    share = min(radius, length / 2) / length
    return corner[0] + dx * share, corner[1] + dy * share
