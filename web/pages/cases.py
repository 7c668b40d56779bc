"""Cases about a nomination begun from its page: complaint or discipline, cancelling of its award."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import instances
from engine.tables import CandidateGroup, UserTask
from web.accounts import current_actor
from web.db import transaction
from web.nomination_cases import Variables
from web.pages.nominations import visible
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import complaints, revocations

blueprint = Blueprint("cases", __name__, url_prefix="/nominations")


@blueprint.post("/<int:nomination_id>/complaint")
@open_to(SIGNED_IN)
def begin_complaint(nomination_id: int) -> ResponseReturnValue:
    """Begin a case of complaint, denunciation, discipline, inspection or press report."""
    return _begin(nomination_id, "complaint_suspension", complaints.case_variables, "recorder_group")


@blueprint.post("/<int:nomination_id>/revocation")
@open_to(SIGNED_IN)
def begin_revocation(nomination_id: int) -> ResponseReturnValue:
    """Begin a case of cancelling an award."""
    return _begin(nomination_id, "revocation", revocations.case_variables, "proposer_group")


def _begin(nomination_id: int, process_id: str, variables: Variables, group: str) -> ResponseReturnValue:
    with transaction() as session:
        nomination = visible(session, nomination_id)
        actor = current_actor()
        values = variables(session, nomination, actor)
        key = f"{nomination.proposal.key}/{nomination.id}"
        instance = instances.start(session, process_id, values, actor, key)
        first = (
            select(UserTask.id)
            .join(CandidateGroup)
            .where(UserTask.instance_id == instance.id, CandidateGroup.group_name == values[group])
        )
        task_id = session.scalars(first).one()
    flash(_("Đã mở hồ sơ; hãy ghi nội dung rồi hoàn thành."))
    return redirect(url_for("tasks.show", task_id=task_id), code=303)
