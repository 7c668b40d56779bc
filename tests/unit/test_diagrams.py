"""The diagrams that come with the product: drawn completely, readable, and tied to what exists."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree

from engine.bpmn import drawing_text
from tests.dialect import check_file
from workflows import HANDLERS, dossier_calls, provinces_release_1

FOLDER = Path(__file__).parents[2] / "bpmn"
PATHS = {path.stem: path for path in sorted(FOLDER.glob("*/*.bpmn"))}
DIAGRAMS = sorted(PATHS)
FORMS = {path.stem for path in FOLDER.glob("*/*.form")}

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"

CONTAINERS = {"participant", "lane", "subProcess"}
NODES = ("Event", "Gateway", "Task", "subProcess", "callActivity")
DRAWN = {"participant", "lane", "sequenceFlow", "messageFlow", "textAnnotation", "association"}
STRIP = 30.0  # the names of pools and lanes stand upright in a strip of this width
GAP = 60.0  # between two tasks
FONT = 11.0

# Asked by the page that starts a process, not by a diagram.
ASKED_BY_PAGES = {"movements.options", *dossier_calls.HANDLERS}
OF_EARLIER_RELEASES = {f"departments.{name}" for name in ("receive", "rows", "appraise", "decide")} | set(
    provinces_release_1.HANDLERS
)


@dataclass(frozen=True)
class Area:
    """A rectangle of the drawing with the id of what it belongs to."""

    owner: str
    kind: str
    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    def meets(self, other: Area) -> bool:
        across = self.x < other.right and other.x < self.right
        return across and self.y < other.bottom and other.y < self.bottom

    def covers(self, other: Area) -> bool:
        """As `meets`, but gateways are diamonds and events round: a label may stand in their corners."""
        middle, centre = self.x + self.w / 2, self.y + self.h / 2
        across = max(other.x - middle, middle - other.right, 0.0) / (self.w / 2)
        down = max(other.y - centre, centre - other.bottom, 0.0) / (self.h / 2)
        if self.kind.endswith("Gateway"):
            return across + down < 1
        return math.hypot(across, down) < 1 if self.kind.endswith("Event") else self.meets(other)

    def holds(self, other: Area) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def distance(self, other: Area) -> float:
        across = max(other.x - self.right, self.x - other.right, 0.0)
        down = max(other.y - self.bottom, self.y - other.bottom, 0.0)
        return math.hypot(across, down)


@cache
def load(name: str) -> etree._Element:
    return etree.parse(PATHS[name]).getroot()


def kind_of(element: etree._Element) -> str:
    return etree.QName(element).localname


@cache
def elements(name: str) -> dict[str, etree._Element]:
    return {element.get("id"): element for element in load(name).iter(f"{BPMN}*") if element.get("id")}


def is_node(element: etree._Element) -> bool:
    return kind_of(element).endswith(NODES)


def area(owner: str, kind: str, holder: etree._Element) -> Area:
    bounds = holder.find(f"{DC}Bounds")
    return Area(owner, kind, *(float(bounds.get(side)) for side in ("x", "y", "width", "height")))


@cache
def shapes(name: str) -> list[Area]:
    known = elements(name)
    drawn = [(shape.get("bpmnElement"), shape) for shape in load(name).iter(f"{BPMNDI}BPMNShape")]
    return [area(key, kind_of(known[key]), shape) for key, shape in drawn]


def things(name: str) -> list[Area]:
    """What a label or a line must keep clear of: everything that is not a frame around other things."""
    return [shape for shape in shapes(name) if shape.kind not in CONTAINERS or is_black_box(name, shape)]


def is_black_box(name: str, shape: Area) -> bool:
    return shape.kind == "participant" and elements(name)[shape.owner].get("processRef") is None


def frames(name: str) -> list[Area]:
    return [shape for shape in shapes(name) if shape.kind in CONTAINERS and not is_black_box(name, shape)]


def headings(name: str) -> list[Area]:
    """The places of the names of pools, lanes and expanded sub-processes."""
    found = []
    for frame in frames(name):
        if frame.kind == "subProcess":
            width = drawing_text.measure(elements(name)[frame.owner].get("name"), 12.0)
            middle = frame.x + frame.w / 2
            found.append(Area(frame.owner, "heading", middle - width / 2, frame.y + 4, width, 20))
        else:
            found.append(Area(frame.owner, "heading", frame.x, frame.y, STRIP, frame.h))
    return found


def labels(name: str) -> list[Area]:
    found = []
    for drawn in load(name).iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge"):
        label = drawn.find(f"{BPMNDI}BPMNLabel")
        if label is not None:
            found.append(area(drawn.get("bpmnElement"), "label", label))
    return found


def pieces(name: str) -> Iterator[tuple[str, Area]]:
    """Yield every straight piece of every line as a thin area."""
    for edge in load(name).iter(f"{BPMNDI}BPMNEdge"):
        points = [(float(point.get("x")), float(point.get("y"))) for point in edge.iter(f"{DI}waypoint")]
        for (x1, y1), (x2, y2) in pairwise(points):
            assert x1 == x2 or y1 == y2, f"{edge.get('bpmnElement')} runs aslant"
            place = (min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))
            yield edge.get("bpmnElement"), Area(edge.get("bpmnElement"), "piece", *place)


each_diagram = pytest.mark.parametrize("name", DIAGRAMS)


@each_diagram
def test_a_file_holds_one_executable_process_named_like_the_file(name: str) -> None:
    processes = load(name).findall(f"{BPMN}process")
    pools = [p for p in load(name).iter(f"{BPMN}participant") if p.get("processRef")]

    assert [(process.get("id"), process.get("isExecutable")) for process in processes] == [(name, "true")]
    assert [pool.get("processRef") for pool in pools] == [name]


@each_diagram
def test_ids_are_used_once(name: str) -> None:
    every = Counter(element.get("id") for element in load(name).iter() if element.get("id"))

    repeated = [key for key, times in every.items() if times > 1]

    assert repeated == []


@each_diagram
def test_everything_is_drawn_once_and_nothing_else(name: str) -> None:
    wanted = {key for key, element in elements(name).items() if is_node(element) or kind_of(element) in DRAWN}

    drawn = Counter(
        shape.get("bpmnElement") for shape in load(name).iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge")
    )

    assert drawn == Counter(wanted)


@each_diagram
def test_every_flow_node_is_in_exactly_one_lane_and_drawn_inside_it(name: str) -> None:
    process = load(name).find(f"{BPMN}process")
    top = [element for element in process if is_node(element)]
    lane_of = [(node.text, lane.get("id")) for lane in process.iter(f"{BPMN}lane") for node in lane]
    places = {shape.owner: shape for shape in shapes(name)}

    outside = [node for node, lane in lane_of if not places[lane].holds(places[node])]
    strays = [
        inner.get("id")
        for scope in process.iter(f"{BPMN}subProcess")
        for inner in scope
        if is_node(inner) and not places[scope.get("id")].holds(places[inner.get("id")])
    ]

    assert Counter(node for node, _ in lane_of) == Counter(element.get("id") for element in top)
    assert (outside, strays) == ([], [])


@each_diagram
def test_events_gateways_and_named_flows_have_a_place_for_their_label(name: str) -> None:
    kinds = {key: kind_of(element) for key, element in elements(name).items()}
    beside = {key for key, kind in kinds.items() if kind.endswith(("Event", "Gateway"))}
    flows = {key for key, kind in kinds.items() if kind in ("sequenceFlow", "messageFlow")}
    wanted = beside | {key for key in flows if elements(name)[key].get("name")}

    unnamed = [key for key in wanted if not elements(name)[key].get("name")]

    assert unnamed == []
    assert {label.owner for label in labels(name)} == wanted


@each_diagram
def test_no_label_lies_on_a_shape_a_heading_a_border_or_another_label(name: str) -> None:
    placed = labels(name)

    on_things = [
        (label.owner, other.owner)
        for label in placed
        for other in things(name) + headings(name)
        if other.covers(label)
    ]
    on_borders = [
        (label.owner, frame.owner)
        for label in placed
        for frame in frames(name)
        if label.meets(frame) and not frame.holds(label)
    ]
    on_each_other = [(one.owner, two.owner) for one, two in combinations(placed, 2) if one.meets(two)]

    assert (on_things, on_borders, on_each_other) == ([], [], [])


@each_diagram
def test_no_label_lies_on_a_line(name: str) -> None:
    crossed = [
        (label.owner, line) for label in labels(name) for line, piece in pieces(name) if label.meets(piece)
    ]

    assert crossed == []


@each_diagram
def test_a_label_is_wide_and_high_enough_for_its_words(name: str) -> None:
    small = []

    for label in labels(name):
        # the drawing wraps a little later than the box ends, so that other fonts fit too
        lines = drawing_text.wrap(elements(name)[label.owner].get("name"), label.w + 8, FONT)
        if len(lines) * FONT * drawing_text.LINE > label.h + FONT * 0.2:
            small.append((label.owner, lines))

    assert small == []


@each_diagram
def test_no_line_runs_through_a_shape_or_a_heading(name: str) -> None:
    ends = {
        key: {element.get("sourceRef"), element.get("targetRef")}
        for key, element in elements(name).items()
        if element.get("sourceRef")
    }

    through = [
        (line, shape.owner)
        for line, piece in pieces(name)
        for shape in things(name) + headings(name)
        if shape.owner not in ends[line] and piece.meets(shape)
    ]

    assert through == []


@each_diagram
def test_tasks_stand_apart(name: str) -> None:
    tasks = [shape for shape in shapes(name) if shape.kind.endswith("Task")]

    close = [(one.owner, two.owner) for one, two in combinations(tasks, 2) if one.distance(two) < GAP]

    assert close == []


@each_diagram
def test_choices_are_questions_with_named_answers_and_a_default(name: str) -> None:
    choices = [e for e in elements(name).values() if kind_of(e) in ("exclusiveGateway", "inclusiveGateway")]
    splits = [e for e in choices if len(e.findall(f"{BPMN}outgoing")) > 1]

    for gateway in splits:
        flows = [elements(name)[flow.text] for flow in gateway.findall(f"{BPMN}outgoing")]
        conditional = {e.get("id") for e in flows if e.find(f"{BPMN}conditionExpression") is not None}
        assert gateway.get("name", "").endswith("?"), gateway.get("id")
        assert all(flow.get("name") for flow in flows), gateway.get("id")
        assert conditional == {flow.get("id") for flow in flows} - {gateway.get("default")}

    assert splits


@each_diagram
def test_user_tasks_say_who_what_and_by_which_rule(name: str) -> None:
    for task in load(name).iter(f"{BPMN}userTask"):
        assigned = task.find(f".//{ZEEBE}assignmentDefinition")
        own = {entry.get("name"): entry.get("value") for entry in task.iter(f"{ZEEBE}property")}

        assert task.find(f".//{ZEEBE}userTask") is not None, task.get("id")
        assert set(assigned.keys()) & {"candidateGroups", "candidateUsers", "assignee"}, task.get("id")
        assert own["bv:subject"].startswith("="), task.get("id")
        assert "Căn cứ:" in task.findtext(f"{BPMN}documentation"), task.get("id")


def test_every_job_type_and_form_source_is_known_and_used() -> None:
    used: set[str] = set()

    for name in DIAGRAMS:
        root = load(name)
        used |= {job.get("type") for job in root.iter(f"{ZEEBE}taskDefinition", f"{ZEEBE}taskListener")}
        sources = [entry for entry in root.iter(f"{ZEEBE}property") if entry.get("name") == "bv:formSource"]
        used |= {entry.get("value") for entry in sources}

    assert used == set(HANDLERS) - ASKED_BY_PAGES - OF_EARLIER_RELEASES


def test_a_message_thrown_in_one_diagram_is_waited_for_in_another() -> None:
    thrown: set[str] = set()
    awaited: set[str] = set()

    for name in DIAGRAMS:
        titles = {m.get("id"): m.get("name") for m in load(name).iter(f"{BPMN}message")}
        for holder in load(name).iter(f"{BPMN}*"):
            reference = holder.get("messageRef")
            owner = holder if kind_of(holder) == "sendTask" else holder.getparent()
            if reference is not None:
                sends = kind_of(owner) in ("sendTask", "intermediateThrowEvent", "endEvent")
                (thrown if sends else awaited).add(titles[reference])

    # a name that FEEL works out is one of those that others wait for
    assert {title for title in thrown if not title.startswith("=")} == awaited


@each_diagram
def test_the_check_before_deployment_finds_nothing(name: str) -> None:
    content = PATHS[name].read_bytes()

    found = check_file(content, name, forms=FORMS, job_types=HANDLERS)

    assert [(finding.element, finding.text("en")) for finding in found] == []
