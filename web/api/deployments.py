"""Deployments: files come in together, are checked together, and become versions, or nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from flask import request
from marshmallow import fields
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from engine import deployments, instances
from engine.bpmn.findings import Finding
from engine.deployment_tables import DecisionRequirements, FileVersion
from engine.deployments import Entry, File
from engine.errors import DeploymentRejected, Text
from engine.tables import DecisionDefinition, Form, ProcessDefinition
from web import security_events
from web.accounts import current_actor
from web.api import blueprints, changes, keys
from web.api.parsing import UNKNOWN
from web.api.schemas import TENANT, Answer
from web.rejections import InvalidRequest
from web.security import DESIGNERS, open_to

blueprint = blueprints.make(
    "deployments", "Deploy diagrams, decisions, forms and other files.", "/deployments"
)
DEPLOYMENT_BYTES = 16 * 1024 * 1024
ERRORS_TOLD = 200  # findings of one refused deployment that the answer names
MEMBERS = ("processDefinition", "decisionDefinition", "decisionRequirements", "form", "resource")


class DeployedProcess(Answer):
    """A version of a process that a deployed file means now."""

    processDefinitionId = fields.String(required=True)  # noqa: N815  the clients' names
    processDefinitionVersion = fields.Integer(required=True)  # noqa: N815
    resourceName = fields.String(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True)  # noqa: N815


class DeployedDecision(Answer):
    """A version of a decision that a deployed file means now."""

    decisionDefinitionId = fields.String(required=True)  # noqa: N815
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    tenantId = fields.String(required=True)  # noqa: N815
    decisionRequirementsId = fields.String(required=True)  # noqa: N815
    decisionDefinitionKey = fields.String(required=True)  # noqa: N815
    decisionRequirementsKey = fields.String(required=True)  # noqa: N815


class DeployedRequirements(Answer):
    """A version of a file of decisions."""

    decisionRequirementsId = fields.String(required=True)  # noqa: N815
    decisionRequirementsName = fields.String(required=True)  # noqa: N815
    version = fields.Integer(required=True)
    resourceName = fields.String(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    decisionRequirementsKey = fields.String(required=True)  # noqa: N815


class DeployedForm(Answer):
    """A version of a form."""

    formId = fields.String(required=True)  # noqa: N815
    version = fields.Integer(required=True)
    resourceName = fields.String(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    formKey = fields.String(required=True)  # noqa: N815


class DeployedResource(Answer):
    """A version of any other file."""

    resourceId = fields.String(required=True)  # noqa: N815
    resourceName = fields.String(required=True)  # noqa: N815
    version = fields.Integer(required=True)
    tenantId = fields.String(required=True)  # noqa: N815
    resourceKey = fields.String(required=True)  # noqa: N815


class DeploymentEntry(Answer):
    """What one file came to: exactly one member is not null."""

    processDefinition = fields.Nested(DeployedProcess, required=True, allow_none=True)  # noqa: N815
    decisionDefinition = fields.Nested(DeployedDecision, required=True, allow_none=True)  # noqa: N815
    decisionRequirements = fields.Nested(DeployedRequirements, required=True, allow_none=True)  # noqa: N815
    form = fields.Nested(DeployedForm, required=True, allow_none=True)
    resource = fields.Nested(DeployedResource, required=True, allow_none=True)


class DeploymentResult(Answer):
    """A deployment with an entry for every version that its files mean now, new or not."""

    deploymentKey = fields.String(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    deployments = fields.List(fields.Nested(DeploymentEntry), required=True)


@blueprint.url_value_preprocessor
def admit_files(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let a deployment be larger than other requests, before anything reads it."""
    request.max_content_length = DEPLOYMENT_BYTES


@blueprint.post("")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "resources": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "tenantId": {"type": "string", "enum": [TENANT]},
                    },
                    "required": ["resources"],
                }
            }
        },
    }
)
@blueprint.response(200, DeploymentResult)
@blueprint.refuses(400, 401, 403, 413)
@open_to(DESIGNERS)
def create() -> changes.Result:
    """Deploy files together, all or none, after the same check as in the designer.

    What is unchanged keeps its key and version and is listed all the same.
    """
    files = _read_files()

    def deploy(session: Session) -> Mapping[str, Any]:
        deployed = deployments.deploy_named(session, files, current_actor())
        instances.open_starts(session, deployed.deployment, current_actor())
        names = ", ".join(name for name, _ in files)
        security_events.record(session, "resource.deployed", current_actor().name, names)
        return {
            "deploymentKey": keys.write("deployment", deployed.deployment.id),
            "tenantId": TENANT,
            "deployments": [_entry(session, name, entry) for name, entry in deployed.entries],
        }

    try:
        return changes.perform(deploy)
    except DeploymentRejected as rejected:
        raise _refusal(rejected) from rejected


def _read_files() -> list[File]:
    """Return the file parts, whatever they are called; raises InvalidRequest."""
    for name, value in request.form.items(multi=True):
        if name == "resources":
            _refuse(
                "resources", "phần này phải là một tệp có tên", "A file part with a filename is expected."
            )
        if name != "tenantId":
            raise InvalidRequest(
                Text(f"không có thuộc tính [{name}]", f"Request property [{name}] cannot be parsed"),
                {name: [UNKNOWN]},
            )
        if value != TENANT:
            _refuse(
                "tenantId", f"không có tenant “{value}”", f"There is no tenant '{value}', only '{TENANT}'."
            )
    files = [_read(part) for _, part in request.files.items(multi=True)]
    if not files:
        _refuse("resources", "chưa có tệp nào", "At least one file is expected as multipart/form-data.")
    return files


def _read(part: FileStorage) -> File:
    content = part.stream.read()
    part.stream.seek(0)  # what one Idempotency-Key stands for is read again
    return part.filename or "", content


def _refuse(name: str, vi: str, en: str) -> NoReturn:
    raise InvalidRequest(Text(f"thuộc tính [{name}]: {vi}", f"Request property [{name}]: {en}"), {name: [en]})


def _refusal(rejected: DeploymentRejected) -> InvalidRequest:
    """Name every finding: element, rule, what is wrong and the remedy."""
    told: dict[str, list[str]] = defaultdict(list)
    lines: list[str] = []
    for finding in rejected.findings[:ERRORS_TOLD]:
        words, rule, element = finding.text("en"), "", ""
        if isinstance(finding, Finding):
            words, rule, element = f"{words} {finding.remedy('en')}", finding.rule, finding.element
        told[element or "resources"].append(f"{rule}: {words}")
        lines.append(f"[{element or '-'}] {rule}: {words}")
    count = len(rejected.findings)
    head = f"Expected deployable files, but found {count} {'error' if count == 1 else 'errors'}"
    return InvalidRequest(
        Text(f"có {count} lỗi trong các tệp", f"{head}: {' '.join(lines).rstrip('.')}"), told
    )


def _entry(session: Session, name: str, entry: Entry) -> dict[str, Any]:
    member, write = _WRITERS[type(entry)]
    return dict.fromkeys(MEMBERS) | {member: write(session, name, entry)}


def _process(_session: Session, name: str, row: ProcessDefinition) -> dict[str, Any]:
    return {
        "processDefinitionId": row.process_id,
        "processDefinitionVersion": row.version,
        "resourceName": name,
        "tenantId": TENANT,
        "processDefinitionKey": keys.write("process_definition", row.id),
    }


def _decision(session: Session, _name: str, row: DecisionDefinition) -> dict[str, Any]:
    graph = session.get_one(DecisionRequirements, row.requirements_id)
    return {
        "decisionDefinitionId": row.decision_id,
        "version": row.version,
        "name": row.name,
        "tenantId": TENANT,
        "decisionRequirementsId": graph.requirements_id,
        "decisionDefinitionKey": keys.write("decision_definition", row.id),
        "decisionRequirementsKey": keys.write("decision_requirements", graph.id),
    }


def _requirements(_session: Session, name: str, row: DecisionRequirements) -> dict[str, Any]:
    return {
        "decisionRequirementsId": row.requirements_id,
        "decisionRequirementsName": row.name,
        "version": row.version,
        "resourceName": name,
        "tenantId": TENANT,
        "decisionRequirementsKey": keys.write("decision_requirements", row.id),
    }


def _form(_session: Session, name: str, row: Form) -> dict[str, Any]:
    return {
        "formId": row.form_id,
        "version": row.version,
        "resourceName": name,
        "tenantId": TENANT,
        "formKey": keys.write("form", row.id),
    }


def _file(_session: Session, name: str, row: FileVersion) -> dict[str, Any]:
    return {
        "resourceId": row.name,
        "resourceName": name,
        "version": row.version,
        "tenantId": TENANT,
        "resourceKey": keys.write("resource", row.id),
    }


_WRITERS: Mapping[type, tuple[str, Callable[[Session, str, Any], dict[str, Any]]]] = {
    ProcessDefinition: ("processDefinition", _process),
    DecisionDefinition: ("decisionDefinition", _decision),
    DecisionRequirements: ("decisionRequirements", _requirements),
    Form: ("form", _form),
    FileVersion: ("resource", _file),
}
