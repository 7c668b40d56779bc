"""Paint what pools say to each other: choreography tasks with their bands, and conversations."""

from __future__ import annotations

from lxml import etree

from engine.bpmn import drawing_symbols, drawing_text
from engine.bpmn.drawing_plane import BPMN, Shape
from engine.bpmn.drawing_svg import Look, put, put_box

CONVERSATIONS = frozenset({"conversation", "subConversation", "callConversation"})
_SILENT = "#d5d7dc"  # the band of a participant that does not begin
_LOOPS = {"Standard": "loop", "MultiInstanceSequential": "sequential", "MultiInstanceParallel": "parallel"}
_BAND = 22.0


def paint_choreography(shape: Shape, group: etree._Element, look: Look) -> None:
    """Paint a rounded box with its name between the bands, which are shapes of their own."""
    box, calls = shape.box, shape.kind == "callChoreography"
    put_box(group, box, look, 4.5 if calls else 1.8, rx=8.0, class_="bv-body")
    marks = [_LOOPS[kind] for kind in [shape.element.get("loopType", "None")] if kind in _LOOPS]
    if shape.kind == "subChoreography" and not shape.element.findall(f"{BPMN}startEvent"):
        marks.append("collapsed")
    for place, mark in enumerate(marks):
        at = box.cx + (place - (len(marks) - 1) / 2) * 18
        drawing_symbols.paint(group, drawing_symbols.MARKERS[mark], (at, box.bottom - _BAND - 10))
    room = box.shrink(5, _BAND, 5, _BAND + (18 if marks else 0))
    lines, size = drawing_text.fit(shape.name, room.w, room.h)
    drawing_text.write(group, lines, room, size)


def paint_band(shape: Shape, group: etree._Element, look: Look) -> None:
    """Paint a participant of a choreography task; the one that does not begin is grey."""
    box = shape.box
    fill = _SILENT if shape.band.endswith("non_initiating") else look.fill
    put_box(group, box, Look(look.line, fill, look.extra), 1.4, rx=4.0, class_="bv-body")
    room = box
    if shape.many:
        room = box.shrink(0, 0, 0, 12)
        drawing_symbols.paint(group, drawing_symbols.MARKERS["parallel"], (box.cx, box.bottom - 6), scale=0.7)
    lines, size = drawing_text.fit(shape.name, room.w - 8, room.h - 2)
    drawing_text.write(group, lines, room, size)


def paint_conversation(shape: Shape, group: etree._Element, look: Look) -> None:
    """Paint a hexagon; a called one has a thick line, one with parts a plus."""
    box, side = shape.box, shape.box.w / 4
    way = (
        f"M{box.x:g},{box.cy:g}L{box.x + side:g},{box.y:g}H{box.right - side:g}L{box.right:g},{box.cy:g}"
        f"L{box.right - side:g},{box.bottom:g}H{box.x + side:g}z"
    )
    width = (4.0 if shape.kind == "callConversation" else 1.6) + look.extra
    put(group, "path", d=way, fill=look.fill, stroke=look.line, stroke_width=width, class_="bv-body")
    if shape.kind == "subConversation":
        mark = drawing_symbols.MARKERS["collapsed"]
        drawing_symbols.paint(group, mark, (box.cx, box.bottom - 9), scale=0.8)
