"""Show a case on its diagram: the version that ran, the path walked, what waits; drawn on the server."""

from __future__ import annotations

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, history
from engine.bpmn import drawing
from engine.bpmn.drawing import Marks
from engine.tables import Incident, ProcessDefinition, ProcessInstance, UserTask
from web.accounts import language_now
from web.translating import gettext as _


def of_instance(session: Session, instance: ProcessInstance) -> Markup:
    """Return the picture of one case with the path walked and what waits now."""
    events = history.of_instance(session, instance.id)
    open_tasks = select(UserTask.element).where(
        UserTask.instance_id == instance.id, UserTask.status == "open"
    )
    open_incidents = select(Incident.element).where(
        Incident.instance_id == instance.id, Incident.status == "open"
    )
    waiting = {*session.scalars(open_tasks), *session.scalars(open_incidents)}
    return _draw(
        instance.definition,
        _("%(name)s, hồ sơ %(key)s", name=instance.definition.name, key=instance.business_key),
        {
            "completed": set(history.completed_elements(events)) - waiting,
            "taken_flows": history.taken_flows(events),
            "current": waiting,
        },
    )


def of_definition(definition: ProcessDefinition) -> Markup:
    """Return the picture of one version of a process."""
    title = _("%(name)s, phiên bản %(version)d", name=definition.name, version=definition.version)
    return _draw(definition, title, {})


def _draw(definition: ProcessDefinition, title: str, marks: Marks) -> Markup:
    root = deployments.root(definition)
    try:
        svg = drawing.draw(
            root, title=title, process_id=definition.process_id, language=language_now(), **marks
        )
    except drawing.NoDrawing:
        return Markup("<p>{}</p>").format(_("Tệp này không có hình vẽ của quy trình."))
    return Markup(svg)  # noqa: S704  our own renderer escapes every text of the file
