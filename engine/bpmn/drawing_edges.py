"""Paint the connections of BPMN 2.0: sequence flows, message flows, associations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from lxml import etree

from engine.bpmn import drawing_symbols, drawing_text
from engine.bpmn.drawing_plane import BPMN, Edge, child_of
from engine.bpmn.drawing_svg import INK, PAPER, STATES, Box, put, trace
from engine.bpmn.model import ACTIVITIES

_DASHES = {
    "messageFlow": "8 5",
    "association": "0.5 5",
    "dataInputAssociation": "0.5 5",
    "dataOutputAssociation": "0.5 5",
}
_SMALL = 11.0
_MARKERS = {
    "arrow": ("M1,5L11,10L1,15z", INK, INK),
    "arrow-taken": ("M1,5L11,10L1,15z", STATES["done"][0], STATES["done"][0]),
    "message": ("M1,5L11,10L1,15z", PAPER, INK),
    "open": ("M1,5L11,10L1,15", "none", INK),
}


def define_markers(parent: etree._Element, prefix: str) -> None:
    """Define arrow heads under ids that begin with the prefix, so that two diagrams fit on one page."""
    for name, (way, fill, line) in _MARKERS.items():
        marker = _marker(parent, f"{prefix}-{name}", 11)
        put(marker, "path", d=way, fill=fill, stroke=line, stroke_width=1.2, stroke_linejoin="round")
    ring = _marker(parent, f"{prefix}-ring", 2)
    put(ring, "circle", cx=6, cy=10, r=4, fill=PAPER, stroke=INK, stroke_width=1.2)


def _marker(parent: etree._Element, name: str, reference: int) -> etree._Element:
    return put(
        parent,
        "marker",
        id=name,
        viewBox="0 0 20 20",
        refX=reference,
        refY=10,
        markerWidth=20,
        markerHeight=20,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )


def paint(edge: Edge, group: etree._Element, prefix: str, taken: bool) -> None:
    """Paint the line of an edge with its arrow heads."""
    start, end = _ends(edge, taken)
    double = edge.kind == "conversationLink"
    put(
        group,
        "path",
        d=trace(edge.points),
        class_="bv-body",
        fill="none",
        stroke=STATES["done"][0] if taken else INK,
        stroke_width=5.0 if double else 3.0 if taken else 1.6,
        stroke_dasharray=_DASHES.get(edge.kind),
        stroke_linecap="round",
        stroke_linejoin="round",
        marker_start=start and f"url(#{prefix}-{start})",
        marker_end=end and f"url(#{prefix}-{end})",
    )
    if double:
        put(group, "path", d=trace(edge.points), fill="none", stroke=PAPER, stroke_width=2.0)
    if edge.envelope:
        filled = edge.envelope == "non_initiating"
        middle = middle_of(edge.points)
        put(group, "rect", x=middle[0] - 9, y=middle[1] - 6, width=18, height=12, fill=PAPER)
        drawing_symbols.paint(group, drawing_symbols.EVENTS["message"], middle, filled)


def _ends(edge: Edge, taken: bool) -> tuple[str | None, str | None]:
    """Return the names of the markers at the start and at the end of a line."""
    if edge.kind == "sequenceFlow":
        return None, "arrow-taken" if taken else "arrow"
    if edge.kind == "messageFlow":
        return "ring", "message"
    if edge.kind == "association":
        direction = edge.element.get("associationDirection", "None")
        return "open" if direction == "Both" else None, "open" if direction in ("One", "Both") else None
    return None, "open" if edge.kind.startswith("data") else None


def paint_origin(edge: Edge, group: etree._Element, index: Mapping[str, etree._Element]) -> None:
    """Mark a default flow with a slash and a conditional flow out of an activity with a diamond."""
    source = index.get(edge.element.get("sourceRef", ""))
    if source is None or edge.kind != "sequenceFlow":
        return
    (x1, y1), (x2, y2) = edge.points[:2]
    length = math.dist(*edge.points[:2]) or 1.0
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    if source.get("default") == edge.id:
        px, py = x1 + ux * 10, y1 + uy * 10
        dx, dy = ux * 3 - uy * 6, uy * 3 + ux * 6
        way = f"M{px - dx:.1f},{py - dy:.1f}L{px + dx:.1f},{py + dy:.1f}"
        put(group, "path", d=way, fill="none", stroke=INK, stroke_width=1.6)
    elif _is_conditional(edge) and etree.QName(source).localname in ACTIVITIES:
        corners = [(0.0, 0.0), (8.0, -5.0), (16.0, 0.0), (8.0, 5.0)]
        way = "L".join(f"{x1 + ux * a - uy * b:.1f},{y1 + uy * a + ux * b:.1f}" for a, b in corners)
        put(group, "path", d=f"M{way}z", fill=PAPER, stroke=INK, stroke_width=1.4)


def _is_conditional(edge: Edge) -> bool:
    return child_of(edge.element, f"{BPMN}conditionExpression") is not None


def paint_label(parent: etree._Element, edge: Edge) -> Box:
    """Write the name at its place in the file, else beside the middle of the line; return its space."""
    if edge.label is not None:
        width = max(edge.label.w + 8, 96.0) if edge.label.h <= 22 else edge.label.w + 8
        place = Box(edge.label.cx - width / 2, edge.label.y, width, edge.label.h)
        lines = drawing_text.wrap(edge.name, width, _SMALL)
        return drawing_text.write(parent, lines, place, _SMALL, top=True)
    x, y = middle_of(edge.points)
    lines = drawing_text.wrap(edge.name, 110, _SMALL)
    height = len(lines) * _SMALL * drawing_text.LINE
    place = Box(x - 55, y - height - 5, 110, height)
    return drawing_text.write(parent, lines, place, _SMALL, top=True)


def middle_of(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the middle of the longest piece of a line."""
    (x1, y1), (x2, y2) = max(pairwise(points), key=lambda ends: math.dist(*ends))
    return (x1 + x2) / 2, (y1 + y2) / 2
