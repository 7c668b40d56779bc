"""Deployments: files come in together, are checked together, and become versions; or nothing is stored."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeAlias

from lxml import etree
from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import Session, aliased

from engine import clock, evaluations, forms, start_events
from engine.actors import Actor
from engine.bpmn import checking, loading, model, reading
from engine.bpmn.findings import Finding
from engine.deployment_tables import FileVersion
from engine.dmn.model import Definitions
from engine.errors import DeploymentRejected, EngineError, NotFound
from engine.files import File as File
from engine.files import Read, check_names, is_model, read, read_all
from engine.handlers import registered
from engine.spiff.compiling import Compiled, compile_process
from engine.tables import (
    Deployment,
    Form,
    ProcessDefinition,
    ProcessInstance,
    Resource,
)

Entry: TypeAlias = ProcessDefinition | Form | FileVersion | evaluations.Decisive
_CACHE: OrderedDict[str, Compiled] = OrderedDict()
_CACHE_SIZE = 256
NO_FORM: Mapping[str, Any] = {"type": "default", "id": "", "schemaVersion": 19, "components": []}
_ONE_AT_A_TIME = 7_211_622  # any number that nobody else locks
_lock = Lock()


@dataclass(frozen=True)
class Deployed:
    """What a deployment came to: each version that its files mean now, new or not, by the file's name."""

    deployment: Deployment
    entries: tuple[tuple[str, Entry], ...]


def deploy(session: Session, files: Sequence[File], actor: Actor) -> Deployment:
    """Check the files and store each process, form and decision as a new version.

    Raises DeploymentRejected with every error; warnings do not refuse. What is unchanged keeps its version.
    """
    reads = [read(name, content) for name, content in files]
    return _store_checked(session, reads, actor).deployment


def deploy_named(session: Session, files: Sequence[File], actor: Actor) -> Deployed:
    """Deploy files as `deploy` does, of any type and by their names; return what each of them means now.

    A file that is neither diagram, decisions nor form becomes a version of its name, for others to read.
    Raises DeploymentRejected with every error of every file, those of their names and their number included.
    """
    findings = check_names(files)
    reads, unreadable = read_all([file for file in files if is_model(file[0])])
    findings += unreadable
    if findings:
        raise DeploymentRejected(findings + _errors(_check(session, reads)))
    reads += [Read(*file) for file in files if not is_model(file[0])]
    return _store_checked(session, reads, actor)


def _store_checked(session: Session, reads: Sequence[Read], actor: Actor) -> Deployed:
    errors = _errors([*_check(session, reads), *_check_duplicates(reads)])
    if errors:
        raise DeploymentRejected(errors)
    return _store(session, reads, actor)


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def deploy_alone(session: Session, files: Sequence[File], actor: Actor) -> list[Finding]:
    """Deploy files without asking what exists beside them, as a simulation does; return every finding.

    An error among them means that nothing was deployed.
    """
    reads, findings = read_all(files)
    findings += [*_check(None, reads), *_check_duplicates(reads)]
    if not any(finding.severity == "error" for finding in findings):
        _store(session, reads, actor)
    return findings


def _store(session: Session, reads: Sequence[Read], actor: Actor) -> Deployed:
    wait_for_others(session)
    deployment = Deployment(at=clock.now(), actor=actor.name)
    session.add(deployment)
    session.flush()
    decisions: list[tuple[Definitions, Resource]] = []
    entries: list[tuple[str, Entry]] = []
    for one in reads:
        resource = Resource(
            deployment_id=deployment.id,
            name=one.name,
            content=one.content,
            sha256=hashlib.sha256(one.content).hexdigest(),
        )
        session.add(resource)
        session.flush()
        if one.decisions is not None:
            decisions.append((one.decisions, resource))
        entries += [(one.name, entry) for entry in _store_read(session, one, resource, deployment)]
    entries += evaluations.store(session, decisions, deployment)
    session.flush()
    return Deployed(deployment, tuple(entries))


def _store_read(
    session: Session, read: Read, resource: Resource, deployment: Deployment
) -> Iterator[ProcessDefinition | Form | FileVersion]:
    """Store what one file other than decisions holds; yield each version that it means now."""
    if read.form is not None:
        yield _store_form(session, read.form, resource, deployment)
    elif read.diagram is not None:
        for process in read.diagram.processes.values():
            if process.executable:
                yield _store_process(session, process, resource, deployment)
    elif read.decisions is None:
        yield _store_file(session, resource, deployment)


def wait_for_others(session: Session) -> None:
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
    reads, findings = read_all(files)
    return findings + _check(session, reads, job_types, forms, notes=notes)


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
        known_forms |= set(session.scalars(select(Form.form_id).where(Form.deleted_at.is_(None))))
        alive = ProcessDefinition.deleted_at.is_(None)
        processes |= set(session.scalars(select(ProcessDefinition.process_id).where(alive)))
    models = [read.decisions for read in reads if read.decisions is not None]
    findings = evaluations.check(models)
    for one in reads:
        if one.form is not None:
            findings += _check_form(one.form)
        elif one.diagram is not None:
            findings += checking.check(
                one.diagram,
                one.root,
                forms=known_forms if session is not None or forms_beside is not None else None,
                job_types=job_types,
                processes=processes if session is not None else None,
                decisions=evaluations.known(session, models),
                groups=_known_groups(session),
                imports={other.name: other.root for other in reads if other is not one},
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


def _store_form(
    session: Session, schema: Mapping[str, Any], resource: Resource, deployment: Deployment
) -> Form:
    before = session.scalars(_latest_form(schema["id"])).first()
    if before is not None and before.form_schema == schema:
        return before
    made = Form(
        form_id=schema["id"],
        version=1 + _highest(session, Form.version, Form.form_id == schema["id"]),
        form_schema=schema,
        resource_id=resource.id,
        deployment_id=deployment.id,
    )
    session.add(made)
    return made


def _store_file(session: Session, resource: Resource, deployment: Deployment) -> FileVersion:
    alive = select(FileVersion).where(FileVersion.name == resource.name, FileVersion.deleted_at.is_(None))
    before = session.scalars(alive.order_by(FileVersion.version.desc()).limit(1)).first()
    if before is not None and before.hash == resource.sha256:
        return before
    made = FileVersion(
        name=resource.name,
        version=1 + _highest(session, FileVersion.version, FileVersion.name == resource.name),
        hash=resource.sha256,
        resource_id=resource.id,
        deployment_id=deployment.id,
    )
    session.add(made)
    return made


def _highest(session: Session, version: Any, whose: Any) -> int:
    """Return the highest number given yet, those of deleted versions included; 0 for none."""
    return session.scalar(select(func.max(version)).where(whose)) or 0


def _store_process(
    session: Session, process: model.Process, resource: Resource, deployment: Deployment
) -> ProcessDefinition:
    content_hash = hashlib.sha256(f"{process.id}\n{resource.sha256}".encode()).hexdigest()
    before = session.scalars(_latest(process.id)).first()
    if before is not None and before.hash == content_hash:
        return before
    definition = ProcessDefinition(
        process_id=process.id,
        version=1 + _highest(session, ProcessDefinition.version, ProcessDefinition.process_id == process.id),
        name=process.name or process.id,
        hash=content_hash,
        resource_id=resource.id,
        deployment_id=deployment.id,
        version_tag=process.version_tag,
        start_form_id=_start_form(process),
    )
    session.add(definition)
    session.flush()
    if before is not None:
        start_events.close_all(session, before)
    start_events.open_all(session, definition, process)
    return definition


def _latest(process_id: str) -> Select[ProcessDefinition]:
    query = select(ProcessDefinition).where(
        ProcessDefinition.process_id == process_id, ProcessDefinition.deleted_at.is_(None)
    )
    return query.order_by(ProcessDefinition.version.desc()).limit(1)


def newest_form(form_id: Any) -> ScalarSelect[int]:
    """Return the id of the newest version of the form that a column names, as a part of a query."""
    other = aliased(Form)
    query = select(other.id).where(other.form_id == form_id, other.deleted_at.is_(None))
    return query.order_by(other.version.desc()).limit(1).correlate_except(other).scalar_subquery()


def _latest_form(form_id: str) -> Select[Form]:
    query = select(Form).where(Form.form_id == form_id, Form.deleted_at.is_(None))
    return query.order_by(Form.version.desc()).limit(1)


def latest(session: Session, process_id: str) -> ProcessDefinition:
    """Return the newest version of a process, of those that are not deleted."""
    found: ProcessDefinition | None = session.scalars(_latest(process_id)).first()
    if found is None:
        raise NotFound(kind="process definition", key=process_id)
    return found


def versions(session: Session, process_id: str) -> Sequence[ProcessDefinition]:
    """Return all versions of a process, newest first, deleted ones too: old cases ran on them."""
    query = select(ProcessDefinition).where(ProcessDefinition.process_id == process_id)
    return session.scalars(query.order_by(ProcessDefinition.version.desc())).all()


def list_latest(session: Session) -> Sequence[ProcessDefinition]:
    """Return the newest version of every process, by name."""
    alive = select(func.max(ProcessDefinition.id)).where(ProcessDefinition.deleted_at.is_(None))
    newest = alive.group_by(ProcessDefinition.process_id)
    query = select(ProcessDefinition).where(ProcessDefinition.id.in_(newest))
    return session.scalars(query.order_by(ProcessDefinition.name)).all()


def form(session: Session, form_id: str | None) -> Mapping[str, Any]:
    """Return the newest version of a form as form-js JSON, an empty one for a step without form."""
    if not form_id:
        return NO_FORM
    schema: Mapping[str, Any] = latest_form(session, form_id).form_schema
    return schema


def latest_form(session: Session, form_id: str) -> Form:
    """Return the newest version of a form."""
    found: Form | None = session.scalars(_latest_form(form_id)).first()
    if found is None:
        raise NotFound(kind="form", key=form_id)
    return found


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
    return _start_form(compiled_version(session, definition).process)


def _start_form(process: model.Process) -> str | None:
    starts = [start for start in process.start_events(process.id) if start.event_kind == "none"]
    return starts[0].details.form_id if starts else None


class NoSuchStart(EngineError):
    """Expected process '{process}' to begin by itself, but it has no none start event."""

    vi = "Quy trình “{process}” không có sự kiện bắt đầu không điều kiện nên không tự mở hồ sơ được."
    en = "Expected process '{process}' to begin by itself, but it has no none start event."
