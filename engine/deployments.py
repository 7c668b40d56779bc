"""Deployments: files come in together, are checked together, and become versions; or nothing is stored."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from lxml import etree
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, evaluations, feel, forms, index
from engine.actors import Actor
from engine.bpmn import checking, loading, model, reading
from engine.bpmn.findings import Finding
from engine.dmn import reading as decision_reading
from engine.dmn.model import Definitions
from engine.errors import DeploymentRejected, EngineError, NotFound
from engine.handlers import registered
from engine.spiff.compiling import Compiled, compile_process
from engine.tables import (
    Deployment,
    Form,
    ProcessDefinition,
    ProcessInstance,
    Resource,
    Subscription,
    Timer,
)

File = tuple[str, bytes]
_CACHE: OrderedDict[str, Compiled] = OrderedDict()
_CACHE_SIZE = 256
NO_FORM: Mapping[str, Any] = {"type": "default", "id": "", "schemaVersion": 19, "components": []}
_ONE_AT_A_TIME = 7_211_622  # any number that nobody else locks
_lock = Lock()


@dataclass(frozen=True)
class Read:
    """One file as it was read: a diagram with its tree, a form, or decisions."""

    name: str
    content: bytes
    root: etree._Element | None = None
    diagram: model.Diagram | None = None
    form: Mapping[str, Any] | None = None
    decisions: Definitions | None = None


def deploy(session: Session, files: Sequence[File], actor: Actor) -> Deployment:
    """Check the files and store each process, form and decision as a new version.

    Raises DeploymentRejected with every error; warnings do not refuse. What is unchanged keeps its version.
    """
    reads = [_read(name, content) for name, content in files]
    findings = [*_check(session, reads), *_check_duplicates(reads)]
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DeploymentRejected(errors)
    return _store(session, reads, actor)


def deploy_alone(session: Session, files: Sequence[File], actor: Actor) -> list[Finding]:
    """Deploy files without asking what exists beside them, as a simulation does; return every finding.

    An error among them means that nothing was deployed.
    """
    reads, findings = _read_all(files)
    findings += [*_check(None, reads), *_check_duplicates(reads)]
    if not any(finding.severity == "error" for finding in findings):
        _store(session, reads, actor)
    return findings


def _store(session: Session, reads: Sequence[Read], actor: Actor) -> Deployment:
    _wait_for_others(session)
    deployment = Deployment(at=clock.now(), actor=actor.name)
    session.add(deployment)
    session.flush()
    decisions: list[tuple[Definitions, Resource]] = []
    for read in reads:
        resource = Resource(
            deployment_id=deployment.id,
            name=read.name,
            content=read.content,
            sha256=hashlib.sha256(read.content).hexdigest(),
        )
        session.add(resource)
        session.flush()
        if read.form is not None:
            _store_form(session, read.form, deployment)
        if read.decisions is not None:
            decisions.append((read.decisions, resource))
        for process in read.diagram.processes.values() if read.diagram is not None else ():
            if process.executable:
                _store_process(session, process, resource, deployment)
    evaluations.store(session, decisions, deployment)
    session.flush()
    return deployment


def _wait_for_others(session: Session) -> None:
    """Let one deployment at a time count versions: of two at once the second would find its number taken.

    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


def check(
    session: Session | None,
    files: Sequence[File],
    *,
    job_types: Collection[str] | None = None,
    forms: Collection[str] | None = None,
    notes: bool = False,
) -> list[Finding]:
    """Return what the check says about files, unreadable ones included; nothing is stored.

    Without a session, handlers are judged by `job_types` and forms by `forms` (the ids that exist beside the
    files); None means that they are not known and not judged. `notes` adds what only the standard asks for.
    """
    reads, findings = _read_all(files)
    return findings + _check(session, reads, job_types, forms, notes=notes)


def _read_all(files: Sequence[File]) -> tuple[list[Read], list[Finding]]:
    """Return what can be read, and the findings of what cannot."""
    reads: list[Read] = []
    findings: list[Finding] = []
    for name, content in files:
        try:
            reads.append(_read(name, content))
        except DeploymentRejected as rejected:
            findings += [finding for finding in rejected.findings if isinstance(finding, Finding)]
    return reads, findings


def _read(name: str, content: bytes) -> Read:
    if name.endswith(".form"):
        return Read(name, content, form=_read_form(name, content))
    if name.endswith(".dmn"):
        return Read(name, content, decisions=decision_reading.read_file(content, name))
    root = loading.load(content, name)
    return Read(name, content, root, reading.read(root, name))


def _read_form(name: str, content: bytes) -> dict[str, Any]:
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, str(error)) from error
    if not isinstance(schema, dict) or not isinstance(schema.get("id"), str):
        raise _unreadable(name, "no object with an id")
    return schema


def _unreadable(name: str, reason: str) -> DeploymentRejected:
    return DeploymentRejected([Finding("form-unreadable", name, values={"reason": reason})])


def _check(
    session: Session | None,
    reads: Sequence[Read],
    job_types: Collection[str] | None = None,
    forms_beside: Collection[str] | None = None,
    *,
    notes: bool = False,
) -> list[Finding]:
    """Check the files together; what exists beside them is asked of the session, or told by the caller."""
    diagrams = [read.diagram for read in reads if read.diagram is not None]
    if session is not None:
        job_types = set(registered(session))
    known_forms = {str(read.form["id"]) for read in reads if read.form is not None} | set(forms_beside or ())
    processes = {process for diagram in diagrams for process in diagram.processes}
    if session is not None:
        known_forms |= set(session.scalars(select(Form.form_id)))
        processes |= set(session.scalars(select(ProcessDefinition.process_id)))
    models = [read.decisions for read in reads if read.decisions is not None]
    findings = evaluations.check(models)
    for read in reads:
        if read.form is not None:
            findings += _check_form(read.form)
        elif read.diagram is not None:
            findings += checking.check(
                read.diagram,
                read.root,
                forms=known_forms if session is not None or forms_beside is not None else None,
                job_types=job_types,
                processes=processes if session is not None else None,
                decisions=evaluations.known(session, models),
                groups=_known_groups(session),
                imports={other.name: other.root for other in reads if other is not read},
                notes=notes,
            )
    return findings + (checking.find_recursion(diagrams) if len(diagrams) > 1 else [])


def _known_groups(session: Session | None) -> Collection[str] | None:
    """Return the groups of the organisation, as the session's opener tells them; None when nobody does."""
    source = None if session is None else session.info.get("groups")
    return (source(session) or None) if source is not None else None


def _check_duplicates(reads: Sequence[Read]) -> list[Finding]:
    # only where files become versions together: many drafts can be checked in one go
    different = {read.content: read.diagram for read in reads if read.diagram is not None}
    return checking.find_duplicates(different.values())


def _check_form(form: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding("form-refused", str(form["id"]), values={"vi": problem.text("vi"), "en": problem.text("en")})
        for problem in forms.check(form)
    ]


def _store_form(session: Session, schema: Mapping[str, Any], deployment: Deployment) -> None:
    latest = session.scalars(
        select(Form).where(Form.form_id == schema["id"]).order_by(Form.version.desc()).limit(1)
    ).first()
    if latest is None or latest.form_schema != schema:
        version = 1 if latest is None else latest.version + 1
        session.add(
            Form(form_id=schema["id"], version=version, form_schema=schema, deployment_id=deployment.id)
        )


def _store_process(
    session: Session, process: model.Process, resource: Resource, deployment: Deployment
) -> None:
    content_hash = hashlib.sha256(f"{process.id}\n{resource.sha256}".encode()).hexdigest()
    before = session.scalars(_latest(process.id)).first()
    if before is not None and before.hash == content_hash:
        return
    definition = ProcessDefinition(
        process_id=process.id,
        version=1 if before is None else before.version + 1,
        name=process.name or process.id,
        hash=content_hash,
        resource_id=resource.id,
        deployment_id=deployment.id,
    )
    session.add(definition)
    session.flush()
    if before is not None:
        _close_starts(session, before)
    _open_starts(session, definition, process)


def _open_starts(session: Session, definition: ProcessDefinition, process: model.Process) -> None:
    """Let the start events of the newest version wait for their messages, signals and times."""
    for start in process.triggers():
        for event in start.event_definitions:
            _open_start(session, definition, start, event)


def _open_start(
    session: Session, definition: ProcessDefinition, start: model.Element, event: model.EventDefinition
) -> None:
    now = clock.now()
    if event.kind == "timer" and event.timer_kind is not None:
        due, left, interval = feel.timer_due(event.timer_kind, event.expression or "", {}, now)
        index.plan(session, _start_timer(definition, start.id, due, left, interval))
        return
    name = event.code if event.message is None else event.message.name
    if event.kind in ("message", "signal") and name:
        row = Subscription(
            definition_id=definition.id,
            element=start.id,
            kind=event.kind,
            message_name=str(feel.resolve(name, {}, now)),
            created_at=now,
        )
        session.add(row)


def _start_timer(
    definition: ProcessDefinition, element: str, due: datetime, left: int | None, interval: str | None
) -> Timer:
    return Timer(
        definition_id=definition.id,
        element=element,
        due_at=due,
        repetitions=left,
        interval=interval,
        started_at=due,
        occurrence=0,
        status="waiting",
    )


def _close_starts(session: Session, definition: ProcessDefinition) -> None:
    for subscription in session.scalars(
        select(Subscription).where(Subscription.definition_id == definition.id)
    ):
        session.delete(subscription)
    waiting = select(Timer).where(Timer.definition_id == definition.id, Timer.status == "waiting")
    index.cancel_timers(session, session.scalars(waiting).all())


def _latest(process_id: str) -> Any:
    query = select(ProcessDefinition).where(ProcessDefinition.process_id == process_id)
    return query.order_by(ProcessDefinition.version.desc()).limit(1)


def latest(session: Session, process_id: str) -> ProcessDefinition:
    """Return the newest version of a process."""
    found: ProcessDefinition | None = session.scalars(_latest(process_id)).first()
    if found is None:
        raise NotFound(kind="process definition", key=process_id)
    return found


def versions(session: Session, process_id: str) -> Sequence[ProcessDefinition]:
    """Return all versions of a process, newest first."""
    query = select(ProcessDefinition).where(ProcessDefinition.process_id == process_id)
    return session.scalars(query.order_by(ProcessDefinition.version.desc())).all()


def list_latest(session: Session) -> Sequence[ProcessDefinition]:
    """Return the newest version of every process, by name."""
    newest = select(func.max(ProcessDefinition.id)).group_by(ProcessDefinition.process_id)
    query = select(ProcessDefinition).where(ProcessDefinition.id.in_(newest))
    return session.scalars(query.order_by(ProcessDefinition.name)).all()


def form(session: Session, form_id: str | None) -> Mapping[str, Any]:
    """Return the newest version of a form as form-js JSON, an empty one for a step without form."""
    if not form_id:
        return NO_FORM
    query = select(Form).where(Form.form_id == form_id).order_by(Form.version.desc()).limit(1)
    found = session.scalars(query).first()
    if found is None:
        raise NotFound(kind="form", key=form_id)
    schema: Mapping[str, Any] = found.form_schema
    return schema


def root(definition: ProcessDefinition) -> etree._Element:
    """Return the tree of the diagram that a version was deployed with."""
    return loading.load(definition.resource.content, definition.resource.name)


def compiled(session: Session, instance: ProcessInstance) -> Compiled:
    """Return the compiled process of the version an instance runs on, cached by hash."""
    return _compiled(session, instance.definition_hash, instance.definition_id)


def compiled_version(session: Session, definition: ProcessDefinition) -> Compiled:
    """Return the compiled process of a version, cached by hash."""
    return _compiled(session, definition.hash, definition.id)


def _compiled(session: Session, content_hash: str, definition_id: int) -> Compiled:
    with _lock:
        found = _CACHE.get(content_hash)
        if found is not None:
            _CACHE.move_to_end(content_hash)
            return found
    definition = session.get_one(ProcessDefinition, definition_id)
    diagram = reading.read(root(definition), definition.resource.name)
    made = compile_process(diagram.processes[definition.process_id])
    with _lock:
        _CACHE[content_hash] = made
        while len(_CACHE) > _CACHE_SIZE:
            _CACHE.popitem(last=False)
    return made


def start_form(session: Session, definition: ProcessDefinition) -> str | None:
    """Return the id of the form on the none start event, None when it has none."""
    process = compiled_version(session, definition).process
    starts = [start for start in process.start_events(process.id) if start.event_kind == "none"]
    return starts[0].details.form_id if starts else None


class NoSuchStart(EngineError):
    """Expected process '{process}' to begin by itself, but it has no none start event."""

    vi = "Quy trình “{process}” không có sự kiện bắt đầu không điều kiện nên không tự mở hồ sơ được."
    en = "Expected process '{process}' to begin by itself, but it has no none start event."
