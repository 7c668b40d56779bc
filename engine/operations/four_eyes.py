"""Keep an operation from being the way around a step that asks for four eyes."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments
from engine.actors import Actor
from engine.errors import NotAllowed, Text
from engine.tables import ProcessInstance, UserTask
from engine.tasks import FOUR_EYES


def ensure_uninvolved(session: Session, instance: ProcessInstance, actor: Actor, operation: Text) -> None:
    """Refuse who has done a step of a case whose diagram asks for four eyes somewhere; raises NotAllowed.

    Moving a token, setting a variable or changing the version can pass by or decide the step of the other
    person: an operator who took part leaves it to one who did not (ASVS 5.0 2.3.5).
    """
    elements = deployments.compiled(session, instance).process.elements.values()
    if all(element.details.properties.get(FOUR_EYES) != "true" for element in elements):
        return
    done = select(UserTask.name).where(
        UserTask.instance_id == instance.id,
        UserTask.ended_by == actor.name,
        UserTask.status == "completed",
    )
    name = session.scalars(done.order_by(UserTask.id).limit(1)).first()
    if name is not None:
        raise NotAllowed(
            actor=actor.name,
            operation=operation.en,
            operation_vi=operation.vi,
            reason=f"the diagram asks for four eyes ({FOUR_EYES}) and the actor has done '{name}'",
            reason_vi=f"sơ đồ yêu cầu hai người khác nhau ({FOUR_EYES}) và bạn đã làm “{name}”",
        )
