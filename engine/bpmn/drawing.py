"""Draw a diagram as SVG without a browser: the picture that people see beside a task or a history.

Everything is an SVG attribute or a class (`bv-done`, `bv-current`, `bv-taken`, `bv-finding`): it works
under a Content-Security-Policy without inline styles, in print and in PDF; a page may restyle it by class.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

from lxml import etree

from engine.bpmn import drawing_edges, drawing_plane, drawing_shapes, drawing_symbols, drawing_words
from engine.bpmn.drawing_plane import Edge, NoDrawing, Shape
from engine.bpmn.drawing_svg import ALARM, STATES, SVG, Box, Look, put, show
from engine.bpmn.model import SUB_PROCESSES

__all__ = ["Marks", "NoDrawing", "draw"]

FONT = "Source Sans 3, Noto Sans, Segoe UI, sans-serif"
MARGIN = 12.0
_LAYERS = ("pools", "frames", "flows", "nodes", "events", "labels", "badges")
_BACKGROUND = frozenset({"participant", "lane"})
_FRAMES = SUB_PROCESSES | {"callActivity"}


class Marks(TypedDict, total=False):
    """What to highlight: ids of elements and flows; findings map an element id to what to say about it."""

    completed: Collection[str]
    taken_flows: Collection[str]
    current: Collection[str]
    findings: Mapping[str, str]


@dataclass(frozen=True)
class _Canvas:
    layers: Mapping[str, etree._Element]
    extent: list[Box]
    marks: Marks
    prefix: str
    language: str


def draw(
    root: etree._Element,
    *,
    title: str,
    process_id: str | None = None,
    prefix: str = "bv",
    language: str = "vi",
    **marks: Unpack[Marks],
) -> str:
    """Return a diagram as SVG text; NoDrawing when the file has no picture of the process.

    `process_id` chooses the plane (a process, a collaboration or a collapsed sub-process); `prefix` begins
    every XML id and must differ between two drawings on one page.
    """
    plane = drawing_plane.read(root, process_id, title)
    svg = etree.Element(f"{{{SVG}}}svg", {"class": "bv-diagram"}, nsmap={None: SVG})  # type: ignore[dict-item]  # the stubs know no default
    _describe(svg, title, prefix)
    layers = {name: put(svg, "g", class_=f"bv-layer-{name}") for name in _LAYERS}
    canvas = _Canvas(layers, [], marks, prefix, language)
    # the bands of a choreography task lie over the task, wherever their participants stand in the file
    for shape in sorted(plane.shapes, key=lambda shape: (bool(shape.band), shape.depth)):
        _draw_shape(canvas, shape)
    for edge in plane.edges:
        _draw_edge(canvas, edge, plane.index)
    _frame(svg, canvas.extent)
    return etree.tostring(svg, encoding="unicode")


def _describe(svg: etree._Element, title: str, prefix: str) -> None:
    """Name the picture for assistive technology and define its arrow heads."""
    for key, value in {
        "role": "img",
        "aria-labelledby": f"{prefix}-title",
        "font-family": FONT,
        "stroke-linejoin": "round",
    }.items():
        svg.set(key, value)
    put(svg, "title", title, id=f"{prefix}-title")
    drawing_edges.define_markers(put(svg, "defs"), prefix)


def _draw_shape(canvas: _Canvas, shape: Shape) -> None:
    states = _states(canvas, shape)
    note = canvas.marks.get("findings", {}).get(shape.id, "")
    group = _group(canvas, _layer(shape), shape, states, note)
    drawing_shapes.paint(shape, group, _look(shape, states, note))
    canvas.extent.append(shape.box)
    if shape.name and drawing_shapes.has_outer_label(shape):
        canvas.extent.append(
            drawing_shapes.paint_label(canvas.layers["labels"], shape.name, shape.box, shape.label)
        )
    _draw_badges(canvas, shape, states, note)


def _states(canvas: _Canvas, shape: Shape) -> list[str]:
    found = [("done", canvas.marks.get("completed", ())), ("current", canvas.marks.get("current", ()))]
    return [state for state, ids in found if shape.id in ids]


def _layer(shape: Shape) -> str:
    """Pools lie under frames, frames under flows, and boundary events over the activities they sit on."""
    if shape.kind in _BACKGROUND and not shape.band:
        return "pools"
    if shape.kind == "group" or _is_frame(shape):
        return "frames"
    return "events" if shape.kind == "boundaryEvent" else "nodes"


def _is_frame(shape: Shape) -> bool:
    return shape.expanded and shape.kind in _FRAMES


def _group(canvas: _Canvas, layer: str, item: Shape | Edge, states: list[str], note: str) -> etree._Element:
    """Open the group of one element with its classes and tooltip."""
    classes = ["bv-element", f"bv-{item.kind}", *(f"bv-{state}" for state in states)]
    classes += ["bv-finding"] if note else []
    group = put(canvas.layers[layer], "g", class_=" ".join(classes), data_element=item.id)
    put(group, "title", drawing_words.describe(item.kind, item.name, states, note, canvas.language))
    return group


def _look(shape: Shape, states: list[str], note: str) -> Look:
    """Choose the colours: a finding before a state, a state before what the designer chose."""
    plain = Look()
    line, fill = shape.colours
    chosen = Look(line or plain.line, fill or plain.fill)
    if states:
        state_line, state_fill = STATES[states[-1]]
        chosen = Look(state_line, plain.fill if _is_frame(shape) else state_fill, 1.2)
    return Look(ALARM, chosen.fill, 1.2) if note else chosen


def _draw_badges(canvas: _Canvas, shape: Shape, states: list[str], note: str) -> None:
    """Say a state without colour: tick, arrow or exclamation mark at the corner of the shape."""
    badges = [(state, STATES[state][0], shape.box.right) for state in states[-1:]]
    badges += [("finding", ALARM, shape.box.x)] if note else []
    for kind, colour, x in badges:
        group = put(canvas.layers["badges"], "g", class_=f"bv-badge bv-badge-{kind}", data_element=shape.id)
        put(group, "circle", cx=x, cy=shape.box.y, r=8.5, fill=colour, stroke="#ffffff", stroke_width=2)
        drawing_symbols.paint(group, drawing_symbols.BADGES[kind], (x, shape.box.y))


def _draw_edge(canvas: _Canvas, edge: Edge, index: Mapping[str, etree._Element]) -> None:
    taken = edge.id in canvas.marks.get("taken_flows", ())
    note = canvas.marks.get("findings", {}).get(edge.id, "")
    group = _group(canvas, "flows", edge, ["taken"] if taken else [], note)
    drawing_edges.paint(edge, group, canvas.prefix, taken)
    drawing_edges.paint_origin(edge, group, index)
    canvas.extent.extend(Box(x, y, 0, 0) for x, y in edge.points)
    if edge.name:
        canvas.extent.append(drawing_edges.paint_label(canvas.layers["labels"], edge))
    if note:
        x, y = drawing_edges.middle_of(edge.points)
        place = canvas.layers["badges"]
        put(place, "circle", cx=x, cy=y, r=5, fill=ALARM, class_="bv-badge bv-badge-finding")


def _frame(svg: etree._Element, extent: list[Box]) -> None:
    """Set the size of the picture to what was drawn, labels included."""
    left, top = min(box.x for box in extent) - MARGIN, min(box.y for box in extent) - MARGIN
    width = max(box.right for box in extent) + MARGIN - left
    height = max(box.bottom for box in extent) + MARGIN - top
    svg.set("viewBox", " ".join(show(round(value, 2)) for value in (left, top, width, height)))
    svg.set("width", show(round(width, 2)))
    svg.set("height", show(round(height, 2)))
