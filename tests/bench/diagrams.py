"""Check, deploy and draw a diagram of 200 nodes, beside what the library takes to read the same file."""

from __future__ import annotations

from statistics import median

from lxml import etree
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import deployments
from engine.actors import SYSTEM
from engine.bpmn import drawing, loading
from engine.tables import Base
from tests.bench.figures import Figure, spend_in_turns
from tests.builders import BPMN, ProcessBuilder, a_process
from tests.conformance import plain
from tests.dialect import check_file

SUBJECT = "a diagram of 200 nodes, processor time"
REPEATS = 15
GROUPS = 33  # of six nodes each, between start and end
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
LINE = "http://www.omg.org/spec/DD/20100524/DI"


def build() -> ProcessBuilder:
    """Return 33 groups: a gateway, two tasks (one with a deadline), a script, a join."""
    process = a_process("large").start()
    for number in range(GROUPS):
        process.gateway(f"split{number}").when(f"=way = {number}").user_task(f"a{number}")
        process.gateway(f"join{number}").at(None).user_task(f"b{number}").default(
            f"split{number}", f"b{number}"
        )
        process.boundary(f"late{number}", f"b{number}", process.timer("timeDuration", "P3D"))
        process.flow(f"late{number}", f"join{number}").at(f"b{number}")
        process.script(f"c{number}", "=1 + 1", f"n{number}").flow(f"c{number}", f"join{number}")
        process.at(f"join{number}")
    return process.end()


def drawn(process: ProcessBuilder) -> bytes:
    """Return the file with a picture: shapes in rows, straight lines."""
    root = etree.fromstring(process.xml())
    diagram = etree.SubElement(root, f"{{{DI}}}BPMNDiagram")
    plane = etree.SubElement(diagram, f"{{{DI}}}BPMNPlane", bpmnElement=process.id)
    places: dict[str, tuple[int, int]] = {}
    nodes = [node for node in root.iter() if node.get("id") and node.tag != f"{{{BPMN}}}sequenceFlow"]
    inside = [
        node for node in nodes if node.getparent() is not None and node.getparent().get("id") == process.id
    ]
    for number, node in enumerate(inside):
        identity = str(node.get("id"))
        places[identity] = (160 * (number % 14), 120 * (number // 14))
        shape = etree.SubElement(plane, f"{{{DI}}}BPMNShape", bpmnElement=identity)
        x, y = map(str, places[identity])
        etree.SubElement(shape, f"{{{DC}}}Bounds", x=x, y=y, width="100", height="80")
    for flow in root.iter(f"{{{BPMN}}}sequenceFlow"):
        edge = etree.SubElement(plane, f"{{{DI}}}BPMNEdge", bpmnElement=str(flow.get("id")))
        for end in ("sourceRef", "targetRef"):
            x, y = places[str(flow.get(end))]
            etree.SubElement(edge, f"{{{LINE}}}waypoint", x=str(x + 50), y=str(y + 40))
    return etree.tostring(root)


def measure() -> list[Figure]:
    """Return processor milliseconds of check, of deploy with check, and of drawing."""
    process = build()
    content = drawn(process)
    root = loading.load(content, "large.bpmn")
    versions = iter(range(1_000))
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)

    def deploy() -> None:
        # another name each time: what is unchanged would not be stored
        changed = content.replace(b'name="large"', f'name="large {next(versions)}"'.encode())
        with Session(engine) as session:
            deployments.deploy(session, [("large.bpmn", changed)], SYSTEM)
            session.rollback()

    acts = [
        lambda: check_file(content, "large.bpmn"),
        deploy,
        lambda: drawing.draw(root, title="large"),
        lambda: plain.parse(process),
    ]
    times = [median(one.processor for one in found) for found in spend_in_turns(acts, REPEATS)]
    engine.dispose()
    names = (("check", "< 300 ms"), ("deploy with check", "< 300 ms"), ("draw as SVG", "< 20 ms"))
    of = "the library's parser"
    return [
        Figure(SUBJECT, name, taken, "ms", times[3], of, budget)
        for (name, budget), taken in zip(names, times, strict=False)
    ]
