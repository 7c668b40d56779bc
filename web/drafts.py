"""Drafts of diagrams: one per process, saved over the version that was read, so no work is lost."""

from __future__ import annotations

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments
from engine.actors import Actor
from engine.errors import Conflict, EngineError, NotFound
from engine.tables import Draft
from web import moments, names

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
NAMESPACES = {"bpmn": BPMN, "bpmndi": BPMNDI, "dc": DC, "zeebe": ZEEBE}


class WorkWouldBeLost(EngineError):
    """Expected no unseen work in the draft of '{process}', but {by} saved version {version} of it."""

    vi = "Quy trình “{process}” đã có bản nháp lần {version} do {by} lưu lúc {at}; nạp tệp sẽ xóa bản đó."
    en = "Process '{process}' has a draft, version {version}, saved by {by} at {at}; the file replaces it."
    status = 409


def get(session: Session, draft_id: int) -> Draft:
    """Return a draft; raises NotFound."""
    draft = session.get(Draft, draft_id)
    if draft is None:
        raise NotFound(kind="draft", key=draft_id)
    return draft


def find(session: Session, process_id: str) -> Draft | None:
    """Return the draft of a process, None when there is none."""
    return session.scalars(select(Draft).where(Draft.process_id == process_id)).one_or_none()


def create(session: Session, process_id: str, name: str, content: bytes, actor: Actor) -> Draft:
    """Store the first draft of a process."""
    draft = Draft(process_id=process_id, name=name, version=0)
    session.add(draft)
    return _write(session, draft, content, actor)


def replace(
    session: Session, process_id: str, name: str, content: bytes, actor: Actor, confirmed: int | None = None
) -> Draft:
    """Store a file as the draft of its process.

    Raises WorkWouldBeLost when an earlier draft is somebody else's or was never deployed, unless its version
    is the `confirmed` one that the person has been told about.
    """
    wanted = select(Draft).where(Draft.process_id == process_id).with_for_update()
    draft = session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if draft is None:
        return create(session, process_id, name, content, actor)
    if draft.version != confirmed and _holds_work(session, draft, content, actor):
        raise WorkWouldBeLost(
            process=process_id,
            by=names.person(draft.saved_by),
            at=moments.exact(draft.saved_at),
            version=draft.version,
        )
    draft.name = name
    return _write(session, draft, content, actor)


def save(session: Session, draft_id: int, content: bytes, read_version: int | None, actor: Actor) -> Draft:
    """Save over the version that was read; raises Conflict when somebody saved a newer one meanwhile."""
    found = (
        select(Draft).where(Draft.id == draft_id).with_for_update().execution_options(populate_existing=True)
    )
    draft = session.scalars(found).one_or_none()
    if draft is None:
        raise NotFound(kind="draft", key=draft_id)
    if draft.version != read_version:
        raise Conflict(
            expected=f"draft version {read_version}",
            found=f"{names.person(draft.saved_by)} has saved version {draft.version}",
            found_vi=f"{names.person(draft.saved_by)} đã lưu bản nháp lần {draft.version}",
        )
    return _write(session, draft, content, actor)


def blank(process_id: str, name: str) -> bytes:
    """Return a diagram with one drawn start event, ready to be edited."""
    root = etree.Element(f"{{{BPMN}}}definitions", nsmap=NAMESPACES)
    root.set("id", f"definitions_{process_id}")
    root.set("targetNamespace", "http://bpmn.io/schema/bpmn")
    attributes = {"id": process_id, "name": name, "isExecutable": "true"}
    process = etree.SubElement(root, f"{{{BPMN}}}process", attributes)
    etree.SubElement(process, f"{{{BPMN}}}startEvent", {"id": "started"})
    diagram = etree.SubElement(root, f"{{{BPMNDI}}}BPMNDiagram", {"id": f"diagram_{process_id}"})
    plane_attributes = {"id": f"plane_{process_id}", "bpmnElement": process_id}
    plane = etree.SubElement(diagram, f"{{{BPMNDI}}}BPMNPlane", plane_attributes)
    shape = etree.SubElement(
        plane, f"{{{BPMNDI}}}BPMNShape", {"id": "started_shape", "bpmnElement": "started"}
    )
    etree.SubElement(shape, f"{{{DC}}}Bounds", {"x": "180", "y": "160", "width": "36", "height": "36"})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _holds_work(session: Session, draft: Draft, content: bytes, actor: Actor) -> bool:
    """Tell whether a file would destroy what somebody else saved, or what no deployed version keeps."""
    if draft.content == content:
        return False
    newest = next(iter(deployments.versions(session, draft.process_id)), None)
    return draft.saved_by != actor.name or newest is None or newest.resource.content != draft.content


def _write(session: Session, draft: Draft, content: bytes, actor: Actor) -> Draft:
    draft.content, draft.version = content, draft.version + 1
    draft.saved_by, draft.saved_at = actor.name, clock.now()
    session.flush()
    return draft
