"""Read the diagram interchange of a file: which shapes and edges to draw, where, and what they show."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from engine.bpmn.drawing_svg import Box
from engine.bpmn.model import SUB_PROCESSES
from engine.errors import EngineError

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"
_WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
_LARGEST = 1_000_000.0
_FRAMES = SUB_PROCESSES | {"callActivity"}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class NoDrawing(EngineError):
    """Expected a drawing (diagram interchange) in '{title}', but it has none."""

    vi = "Tệp “{title}” không có hình vẽ (BPMNDiagram). Hãy mở trong trình thiết kế và lưu lại."
    en = "Expected a drawing in '{title}', but it has none. Open and save it in the designer."
    status = 422


@dataclass(frozen=True)
class Shape:
    """One shape: the element it shows, and where."""

    element: etree._Element
    id: str
    kind: str  # local name of the element
    name: str
    box: Box
    label: Box | None
    horizontal: bool = True  # of a pool or lane
    expanded: bool = True  # of a sub-process; of a pool: not a black box
    crossed: bool = False  # an exclusive gateway shows its X
    symbol: str = ""  # event: kind of its definition, "multiple" or "parallelMultiple"
    many: bool = False  # a collection of data, a multiple participant
    colours: tuple[str | None, str | None] = (None, None)  # line and fill, chosen in an editor
    depth: int = 0  # how many elements it lies in
    calls: str = ""  # call activity: kind of the global task that it calls
    band: str = ""  # participant of a choreography task: top_initiating, bottom_non_initiating, …


@dataclass(frozen=True)
class Edge:
    """One connection: the element it shows, and its way."""

    element: etree._Element
    id: str
    kind: str
    name: str
    points: list[tuple[float, float]]
    label: Box | None
    envelope: str = ""  # a message on a message flow: initiating or non_initiating


@dataclass(frozen=True)
class Plane:
    """What one picture shows."""

    shapes: list[Shape]
    edges: list[Edge]
    index: Mapping[str, etree._Element]


def read(root: etree._Element, process_id: str | None, title: str) -> Plane:
    """Return the picture that shows a process (or the first one); NoDrawing when there is none."""
    planes = list(root.iter(f"{_DI}BPMNPlane"))
    index = {identity: node for node in root.iter(f"{BPMN}*") if (identity := node.get("id"))}
    plane = _choose(planes, process_id, index)
    if plane is None:
        raise NoDrawing(title=title)
    drawn = {_local(node.get("bpmnElement")) for node in plane.iter(f"{_DI}BPMNShape")}
    hidden = _hidden(plane, index)
    shapes = [shape for shape in _shapes(plane, index, drawn) if shape.id not in hidden]
    edges = [edge for edge in _edges(plane, index) if edge.id not in hidden]
    if not shapes:
        raise NoDrawing(title=title)
    return Plane(shapes, edges, index)


def _choose(
    planes: list[etree._Element], process_id: str | None, index: Mapping[str, etree._Element]
) -> etree._Element | None:
    """Take the plane of that id or of the process, or the one whose collaboration has it as a pool."""
    if process_id is None:
        return planes[0] if planes else None
    for plane in planes:
        subject = _local(plane.get("bpmnElement"))
        shown = index.get(subject)
        pools = () if shown is None else shown.iterchildren(f"{BPMN}participant")
        if process_id in (subject, plane.get("id")) or any(
            _local(pool.get("processRef")) == process_id for pool in pools
        ):
            return plane
    return None


def _hidden(plane: etree._Element, index: Mapping[str, etree._Element]) -> set[str]:
    """Return what lies in sub-processes that are drawn collapsed in this plane."""
    hidden: set[str] = set()
    for node in plane.iter(f"{_DI}BPMNShape"):
        element = index.get(_local(node.get("bpmnElement")))
        collapsed = node.get("isExpanded") == "false"
        if element is not None and collapsed and _plain(element.tag) in SUB_PROCESSES:
            hidden.update(inner.get("id", "") for inner in element.iterdescendants(f"{BPMN}*"))
    return hidden - {""}


def _shapes(
    plane: etree._Element, index: Mapping[str, etree._Element], drawn: Collection[str]
) -> Iterator[Shape]:
    for node in plane.iter(f"{_DI}BPMNShape"):
        element = index.get(_local(node.get("bpmnElement")))
        box = _box(node)
        if element is None or box is None:
            continue
        kind = _plain(element.tag)
        yield Shape(
            element,
            element.get("id", ""),
            kind,
            _name(element, index),
            box,
            _label(node),
            _is_horizontal(node, kind, box),
            _is_expanded(node, element, kind, drawn),
            node.get("isMarkerVisible") == "true",
            _symbol(element, index),
            _is_many(element, index),
            _colours(node),
            sum(1 for _ in element.iterancestors()),
            _called_task(element, kind, index),
            node.get("participantBandKind", ""),
        )


def _edges(plane: etree._Element, index: Mapping[str, etree._Element]) -> Iterator[Edge]:
    for node in plane.iter(f"{_DI}BPMNEdge"):
        element = index.get(_local(node.get("bpmnElement")))
        found = [_point(waypoint) for waypoint in node.iterchildren(_WAYPOINT)]
        points = [point for point in found if point is not None]
        if element is None or len(points) < 2:
            continue
        yield Edge(
            element,
            element.get("id", ""),
            _plain(element.tag),
            _name(element, index),
            points,
            _label(node),
            node.get("messageVisibleKind", ""),
        )


def _name(element: etree._Element, index: Mapping[str, etree._Element]) -> str:
    """Return what is written at a shape: its name, the text of a note, the value of a group."""
    kind = _plain(element.tag)
    if kind == "textAnnotation":
        text = element.findtext(f"{BPMN}text") or ""
    elif kind == "group":
        value = index.get(_local(element.get("categoryValueRef")))
        text = "" if value is None else value.get("value", "")
    else:
        text = element.get("name", "")
    state = child_of(element, f"{BPMN}dataState")
    if state is not None and state.get("name"):
        text = f"{text}\n[{state.get('name')}]"
    return unicodedata.normalize("NFC", text.strip())


def _symbol(element: etree._Element, index: Mapping[str, etree._Element]) -> str:
    """Return the pictogram of an event, also when its definition stands elsewhere in the file."""
    kinds = []
    for child in element.iterchildren(f"{BPMN}*"):
        tag = _plain(child.tag)
        if tag == "eventDefinitionRef":
            found = index.get(_local(child.text))
            tag = "" if found is None else _plain(found.tag)
        if tag.endswith("EventDefinition"):
            kinds.append(tag.removesuffix("EventDefinition"))
    if len(kinds) > 1:
        return "parallelMultiple" if element.get("parallelMultiple") == "true" else "multiple"
    return kinds[0] if kinds else ""


def _called_task(element: etree._Element, kind: str, index: Mapping[str, etree._Element]) -> str:
    """Return the kind of global task that a call activity calls ("userTask"), "" for anything else."""
    called = index.get(_local(element.get("calledElement"))) if kind == "callActivity" else None
    tag = "" if called is None else _plain(called.tag)
    if not tag.startswith("global") or not tag.endswith("Task"):
        return ""
    name = tag.removeprefix("global")
    return name[0].lower() + name[1:]


def _is_many(element: etree._Element, index: Mapping[str, etree._Element]) -> bool:
    if child_of(element, f"{BPMN}participantMultiplicity") is not None:
        return True
    data = index.get(_local(element.get("dataObjectRef")))
    return any(node is not None and node.get("isCollection") == "true" for node in (element, data))


def _is_horizontal(node: etree._Element, kind: str, box: Box) -> bool:
    """Without the attribute a pool or lane lies the way it is longer."""
    said = node.get("isHorizontal")
    return said == "true" if said is not None else box.w >= box.h


def _is_expanded(node: etree._Element, element: etree._Element, kind: str, drawn: Collection[str]) -> bool:
    if kind == "participant":
        return element.get("processRef") is not None and node.get("isExpanded") != "false"
    if kind not in _FRAMES:
        return False
    said = node.get("isExpanded")
    inner = (child.get("id") for child in element.iterchildren(f"{BPMN}*"))
    return said == "true" if said is not None else any(id_ in drawn for id_ in inner if id_)


def _colours(node: etree._Element) -> tuple[str | None, str | None]:
    """Return line and fill colour from the two colour extensions in use (bioc:, color:)."""
    found = {_plain(key): str(value) for key, value in node.attrib.items()}
    line = found.get("border-color") or found.get("stroke") or ""
    fill = found.get("background-color") or found.get("fill") or ""
    return line if _COLOUR.fullmatch(line) else None, fill if _COLOUR.fullmatch(fill) else None


def _label(node: etree._Element) -> Box | None:
    label = child_of(node, f"{_DI}BPMNLabel")
    return None if label is None else _box(label)


def _box(node: etree._Element) -> Box | None:
    bounds = child_of(node, _BOUNDS)
    if bounds is None:
        return None
    x, y, width, height = (_number(bounds.get(key)) for key in ("x", "y", "width", "height"))
    if x is None or y is None or width is None or height is None or width < 0 or height < 0:
        return None
    return Box(x, y, width, height)


def _point(node: etree._Element) -> tuple[float, float] | None:
    x, y = _number(node.get("x")), _number(node.get("y"))
    return None if x is None or y is None else (x, y)


def _number(text: str | None) -> float | None:
    """Return a coordinate; None for what is no number or out of any picture."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= _LARGEST else None


@lru_cache(1024)
def _plain(name: Hashable) -> str:
    """Return a name without its namespace; far faster than a QName."""
    return str(name).rpartition("}")[2]


def child_of(node: etree._Element, tag: str) -> etree._Element | None:
    """Return the first child with a tag; many times faster than asking for it by a path."""
    return next(node.iterchildren(tag), None)


def _local(reference: str | None) -> str:
    return (reference or "").strip().rpartition(":")[2]
