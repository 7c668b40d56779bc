"""Paint the shapes of BPMN 2.0: pools, activities, events, gateways, data and artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml import etree

from engine.bpmn import drawing_symbols, drawing_talks, drawing_text
from engine.bpmn.drawing_plane import BPMN, Shape, child_of
from engine.bpmn.drawing_svg import Box, Look, put, put_box
from engine.bpmn.model import ACTIVITIES, CHOREOGRAPHIES, EVENTS, GATEWAYS, SUB_PROCESSES

STRIP = 30.0  # title strip of a pool or lane
BODY = "bv-body"  # the class of the line and fill of every shape
_SMALL = 11.0


Painter = Callable[[Shape, etree._Element, Look], None]


def paint(shape: Shape, group: etree._Element, look: Look) -> None:
    """Paint one shape into its group; an unknown kind becomes a plain box with its name."""
    painter = drawing_talks.paint_band if shape.band else PAINTERS.get(shape.kind, _paint_unknown)
    painter(shape, group, look)


def has_outer_label(shape: Shape) -> bool:
    """Say whether the name stands beside the shape."""
    return shape.kind in _LABELLED_OUTSIDE


def paint_label(parent: etree._Element, name: str, box: Box, label: Box | None) -> Box:
    """Write a name at the place given in the file, else below the shape; return the space it takes."""
    if label is None:
        place = Box(box.cx - 50, box.bottom + 4, 100, 14)
    else:
        # a low box holds one line, as wide as it must be; a higher one was wrapped at its width
        width = max(label.w + 8, 96.0) if label.h <= 22 else label.w + 8
        place = Box(label.cx - width / 2, label.y, width, label.h)
    return drawing_text.write(parent, drawing_text.wrap(name, place.w, _SMALL), place, _SMALL, top=True)


def _paint_pool(shape: Shape, group: etree._Element, look: Look) -> None:
    box = shape.box
    put_box(group, box, look, 1.5, class_=BODY)
    if shape.many:
        drawing_symbols.paint(group, drawing_symbols.MARKERS["parallel"], (box.cx, box.bottom - 10))
    if not shape.expanded:
        lines, size = drawing_text.fit(shape.name, box.w - 12, box.h - 8)
        if box.h > 2.5 * box.w:  # a tall black box reads from bottom to top
            lines, size = drawing_text.fit(shape.name, box.h - 12, box.w - 8)
            drawing_text.write_upright(group, lines, box, size)
        else:
            drawing_text.write(group, lines, box, size)
        return
    way = f"M{box.x:g},{box.y + STRIP:g}h{box.w:g}"
    if shape.horizontal:
        way = f"M{box.x + STRIP:g},{box.y:g}v{box.h:g}"
    put(group, "path", d=way, fill="none", stroke=look.line, stroke_width=1.5)
    _write_strip(shape, group)


def _paint_lane(shape: Shape, group: etree._Element, look: Look) -> None:
    put_box(group, shape.box, Look(look.line, "none", look.extra), 1.2, class_=BODY)
    _write_strip(shape, group)


def _write_strip(shape: Shape, group: etree._Element) -> None:
    """Write the name of a pool or lane in its strip: upright at the left, or flat on top."""
    box = shape.box
    if shape.horizontal:
        lines, size = drawing_text.fit(shape.name, box.h - 8, STRIP - 2)
        drawing_text.write_upright(group, lines, Box(box.x, box.y, STRIP, box.h), size)
        return
    lines, size = drawing_text.fit(shape.name, box.w - 8, STRIP - 2)
    drawing_text.write(group, lines, Box(box.x, box.y, box.w, STRIP), size)


def _paint_activity(shape: Shape, group: etree._Element, look: Look) -> None:
    box, kind = shape.box, shape.kind
    width = 4.5 if kind == "callActivity" else 1.8
    dash = "1 4" if shape.element.get("triggeredByEvent") == "true" else None
    put_box(group, box, look, width, rx=10.0, stroke_dasharray=dash, stroke_linecap="round", class_=BODY)
    if kind == "transaction":
        put_box(group, box.shrink(3, 3, 3, 3), Look(look.line, "none"), 1.5, rx=8.0)
    strokes = drawing_symbols.TASKS.get(shape.calls or kind)
    if strokes:
        drawing_symbols.paint(group, strokes, (box.x + 15, box.y + 15), filled=kind == "sendTask")
    marks = _marks(shape)
    for place, mark in enumerate(marks):
        at = box.cx + (place - (len(marks) - 1) / 2) * 18
        drawing_symbols.paint(group, drawing_symbols.MARKERS[mark], (at, box.bottom - 10))
    if shape.expanded:
        lines, size = drawing_text.fit(shape.name, box.w - 20, 30)
        drawing_text.write(group, lines, box.shrink(10, 7, 10, 0), size, top=True)
    else:
        _write_inside(shape, group, bool(strokes), bool(marks))


def _write_inside(shape: Shape, group: etree._Element, icon: bool, marks: bool) -> None:
    """Write the name of a task in the middle, lower when it would run into the pictogram."""
    room = shape.box.shrink(5, 5, 5, 18 if marks else 5)
    lines, size = drawing_text.fit(shape.name, room.w, room.h)
    height = len(lines) * size * drawing_text.LINE
    if icon and room.cy - height / 2 < shape.box.y + 25:
        room = room.shrink(0, 20, 0, 0)
        lines, size = drawing_text.fit(shape.name, room.w, room.h)
    drawing_text.write(group, lines, room, size)


def _marks(shape: Shape) -> list[str]:
    """Return the marks at the lower edge of an activity, from left to right."""
    element = shape.element
    multi = child_of(element, f"{BPMN}multiInstanceLoopCharacteristics")
    found = []
    if child_of(element, f"{BPMN}standardLoopCharacteristics") is not None:
        found.append("loop")
    if multi is not None:
        found.append("sequential" if multi.get("isSequential") == "true" else "parallel")
    if element.get("isForCompensation") == "true":
        found.append("compensation")
    if shape.kind in SUB_PROCESSES | {"callActivity"} and not shape.expanded and not shape.calls:
        found.append("collapsed")
    return [*found, "adhoc"] if shape.kind == "adHocSubProcess" else found


_RINGS = {"startEvent": 1.8, "endEvent": 4.0}


def _paint_event(shape: Shape, group: etree._Element, look: Look) -> None:
    box, element = shape.box, shape.element
    radius = min(box.w, box.h) / 2
    inner = shape.kind not in _RINGS
    patient = "false" in (element.get("cancelActivity"), element.get("isInterrupting"))
    ring = {
        "cx": box.cx,
        "cy": box.cy,
        "stroke": look.line,
        "stroke_dasharray": "5 3" if patient else None,
        "stroke_width": _RINGS.get(shape.kind, 1.4) + look.extra,
    }
    put(group, "circle", r=radius, fill=look.fill, class_=BODY, **ring)
    if inner:
        put(group, "circle", r=max(1.0, radius - 3.5), fill="none", **ring)
    strokes = drawing_symbols.EVENTS.get(shape.symbol)
    if strokes:
        thrown = shape.kind in ("endEvent", "intermediateThrowEvent")
        drawing_symbols.paint(group, strokes, (box.cx, box.cy), thrown, scale=radius / 18)


def _paint_gateway(shape: Shape, group: etree._Element, look: Look) -> None:
    box = shape.box
    way = f"M{box.cx:g},{box.y:g}L{box.right:g},{box.cy:g}L{box.cx:g},{box.bottom:g}L{box.x:g},{box.cy:g}z"
    put(group, "path", d=way, fill=look.fill, stroke=look.line, stroke_width=1.8 + look.extra, class_=BODY)
    kind = shape.kind
    if kind == "exclusiveGateway" and not shape.crossed:
        return
    if kind == "eventBasedGateway" and shape.element.get("instantiate") == "true":
        kind += ".parallel" if shape.element.get("eventGatewayType") == "Parallel" else ".start"
    strokes = drawing_symbols.GATEWAYS.get(kind)
    if strokes:
        drawing_symbols.paint(group, strokes, (box.cx, box.cy), scale=min(box.w, box.h) / 50)


def _paint_data(shape: Shape, group: etree._Element, look: Look) -> None:
    box, ear = shape.box, min(10.0, shape.box.w / 3)
    way = (
        f"M{box.x:g},{box.y:g}h{box.w - ear:g}l{ear:g},{ear:g}v{box.h - ear:g}h{-box.w:g}z"
        f"M{box.right - ear:g},{box.y:g}v{ear:g}h{ear:g}"
    )
    put(group, "path", d=way, fill=look.fill, stroke=look.line, stroke_width=1.6 + look.extra, class_=BODY)
    if shape.kind in ("dataInput", "dataOutput"):
        arrow = drawing_symbols.EVENTS["link"]
        drawing_symbols.paint(group, arrow, (box.x + 11, box.y + 11), shape.kind == "dataOutput", scale=0.7)
    if shape.many:
        drawing_symbols.paint(group, drawing_symbols.MARKERS["parallel"], (box.cx, box.bottom - 8), scale=0.8)


def _paint_store(shape: Shape, group: etree._Element, look: Look) -> None:
    box, w = shape.box, shape.box.w
    curve = min(9.0, box.h / 4)
    bow = curve * 4 / 3
    way = (
        f"M{box.x:g},{box.y + curve:g}c0,{-bow:g} {w:g},{-bow:g} {w:g},0v{box.h - 2 * curve:g}"
        f"c0,{bow:g} {-w:g},{bow:g} {-w:g},0z"
    )
    put(group, "path", d=way, fill=look.fill, stroke=look.line, stroke_width=1.6 + look.extra, class_=BODY)
    for step in range(3):
        line = f"M{box.x:g},{box.y + curve + step * 5:g}c0,{bow:g} {w:g},{bow:g} {w:g},0"
        put(group, "path", d=line, fill="none", stroke=look.line, stroke_width=1.4)


def _paint_note(shape: Shape, group: etree._Element, look: Look) -> None:
    box = shape.box
    put(group, "rect", x=box.x, y=box.y, width=box.w, height=box.h, fill="none", stroke="none")
    way = f"M{box.x + 10:g},{box.y:g}h-10v{box.h:g}h10"
    put(group, "path", d=way, fill="none", stroke=look.line, stroke_width=1.6 + look.extra, class_=BODY)
    lines, size = drawing_text.fit(shape.name, box.w - 8, box.h - 2)
    drawing_text.write(group, lines, box.shrink(6, 2, 2, 2), size, anchor="start", top=True)


def _paint_group(shape: Shape, group: etree._Element, look: Look) -> None:
    clear = Look(look.line, "none", look.extra)
    put_box(group, shape.box, clear, 1.6, rx=10.0, stroke_dasharray="10 5 1 5", class_=BODY)


def _paint_unknown(shape: Shape, group: etree._Element, look: Look) -> None:
    put_box(group, shape.box, look, 1.5, class_=BODY)
    lines, size = drawing_text.fit(shape.name, shape.box.w - 6, shape.box.h - 4)
    drawing_text.write(group, lines, shape.box, size)


_DATA = frozenset(
    {"dataObject", "dataObjectReference", "dataInput", "dataOutput", "dataStore", "dataStoreReference"}
)
_LABELLED_OUTSIDE = EVENTS | GATEWAYS | _DATA | drawing_talks.CONVERSATIONS | {"group"}
PAINTERS: Mapping[str, Painter] = (
    dict.fromkeys(ACTIVITIES, _paint_activity)
    | dict.fromkeys(EVENTS, _paint_event)
    | dict.fromkeys(GATEWAYS, _paint_gateway)
    | dict.fromkeys(_DATA, _paint_data)
    | {
        "participant": _paint_pool,
        "lane": _paint_lane,
        "dataStore": _paint_store,
        "dataStoreReference": _paint_store,
        "textAnnotation": _paint_note,
        "group": _paint_group,
    }
    | dict.fromkeys(CHOREOGRAPHIES, drawing_talks.paint_choreography)
    | dict.fromkeys(drawing_talks.CONVERSATIONS, drawing_talks.paint_conversation)
)
