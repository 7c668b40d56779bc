"""When a nomination is due where it waits: the due moment of the task that its holder has in its case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.tables import CandidateGroup, UserTask
from workflows.tables import Nomination, NominationStep


def read(session: Session, nominations: Sequence[Nomination]) -> dict[int, datetime]:
    """Return the due moments of nominations by id; one without a dated task is left out.

    The case that has a nomination is the one of its last step; there its holder's group is a candidate.
    """
    holders = {nomination.id: nomination.holder for nomination in nominations if nomination.holder}
    last = (
        select(func.max(NominationStep.id))
        .where(NominationStep.nomination_id.in_(holders), NominationStep.instance_id.is_not(None))
        .group_by(NominationStep.nomination_id)
    )
    found = session.execute(
        select(
            NominationStep.nomination_id, CandidateGroup.group_name, func.min(UserTask.due_at).label("due_at")
        )
        .join(UserTask, UserTask.instance_id == NominationStep.instance_id)
        .join(CandidateGroup, CandidateGroup.task_id == UserTask.id)
        .where(
            NominationStep.id.in_(last),
            CandidateGroup.group_name.in_(set(holders.values())),
            UserTask.status == "open",
            UserTask.due_at.is_not(None),
        )
        .group_by(NominationStep.nomination_id, CandidateGroup.group_name)
    )
    return {row.nomination_id: row.due_at for row in found if row.group_name == holders[row.nomination_id]}
