"""The editor of one draft, and what its island asks for: diagram, saving, checking, deploying, lists."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, instances
from engine.bpmn import loading, reading
from engine.errors import BadInput, DeploymentRejected, Refused
from engine.tables import Form, ProcessDefinition
from web import drafts, names
from web.accounts import current_actor, language_now
from web.assets import asset_tags
from web.db import db, transaction
from web.pages import designer
from web.security import DESIGNERS, open_to
from workflows import HANDLERS, organisation_people

blueprint = designer.blueprint


@blueprint.get("/drafts/<int:draft_id>")
@open_to(DESIGNERS)
def edit(draft_id: int) -> ResponseReturnValue:
    """Show the editor; without a built front end the page says so and still offers the file."""
    draft = drafts.get(db.session(), draft_id)
    return render_template("designer/editor.html", draft=draft, built=bool(asset_tags("designer")))


@blueprint.get("/drafts/<int:draft_id>/diagram")
@open_to(DESIGNERS)
def diagram(draft_id: int) -> ResponseReturnValue:
    """Give the draft's XML with its version as ETag."""
    draft = drafts.get(db.session(), draft_id)
    response = Response(loading.recode(draft.content), content_type="application/xml; charset=utf-8")
    response.set_etag(str(draft.version))
    return response


@blueprint.put("/drafts/<int:draft_id>/diagram")
@open_to(DESIGNERS)
def save(draft_id: int) -> ResponseReturnValue:
    """Save the draft over the version named in If-Match; 409 when somebody saved a newer one meanwhile."""
    content = request.get_data()
    loading.load(content, "draft.bpmn")
    with transaction() as session:
        version = drafts.save(session, draft_id, content, _read_version(), current_actor()).version
    response = jsonify({"version": version})
    response.set_etag(str(version))
    return response


@blueprint.post("/drafts/<int:draft_id>/check")
@open_to(DESIGNERS)
def check(draft_id: int) -> ResponseReturnValue:
    """Say what the engine would refuse or warn of, by element id, with remedies."""
    draft = drafts.get(db.session(), draft_id)
    findings = deployments.check(db.session(), [(f"{draft.process_id}.bpmn", request.get_data())])
    return jsonify({"findings": [finding.as_dict(language_now()) for finding in findings]})


@blueprint.post("/drafts/<int:draft_id>/deploy")
@open_to(DESIGNERS)
def deploy(draft_id: int) -> ResponseReturnValue:
    """Deploy the diagram as a new version of the draft's process; 422 with findings when it is refused."""
    content = request.get_data()
    draft = drafts.get(db.session(), draft_id)
    name = f"{draft.process_id}.bpmn"
    try:
        with transaction() as session:
            deployment = deployments.deploy(session, [(name, content)], current_actor())
            instances.open_starts(session, deployment, current_actor())
            version = _deployed(session, draft.process_id, content, name).version
    except DeploymentRejected as error:
        return jsonify(
            {"text": error.text(language_now()), "findings": [_as_dict(one) for one in error.findings]}
        ), 422
    return jsonify({"version": version})


@blueprint.get("/lists")
@open_to(DESIGNERS)
def lists() -> ResponseReturnValue:
    """Give what the properties panel suggests: forms, groups, job types, variables."""
    session = db.session()
    forms = session.scalars(select(Form.form_id).distinct().order_by(Form.form_id)).all()
    groups = sorted(organisation_people.known_groups(session))
    return jsonify(
        {
            "forms": [{"id": form_id, "name": form_id} for form_id in forms],
            "groups": [{"id": group, "name": names.group(group)} for group in groups],
            "jobTypes": sorted(HANDLERS),
            "variables": [],
        }
    )


def _deployed(session: Session, process_id: str, content: bytes, name: str) -> ProcessDefinition:
    """Return the newest version of the draft's process; a diagram that does not run it is refused."""
    process = reading.read(loading.load(content, name), name).processes.get(process_id)
    if process is None or not process.executable:
        raise Refused(
            f"Sơ đồ không có quy trình chạy được (isExecutable) mang mã “{process_id}” của bản nháp này.",
            f"The diagram has no executable process with the id '{process_id}' of this draft.",
            "BPMN 2.0.2, 10.1, isExecutable",
        )
    return deployments.latest(session, process_id)


def _read_version() -> int:
    tag = next(iter(request.if_match.as_set()), "")
    if not tag.isdecimal():
        raise BadInput(
            expected="If-Match with the draft's version", expected_vi="số bản nháp trong If-Match", found=tag
        )
    return int(tag)


def _as_dict(finding: Any) -> dict[str, object]:
    found: dict[str, object] = finding.as_dict(language_now())
    return found
