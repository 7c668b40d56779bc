"""Cases about a nomination begun from its page: complaint or discipline, cancelling of its award."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import instances
from engine.errors import Conflict
from engine.tables import CandidateGroup, ProcessInstance, UserTask
from web.accounts import current_actor
from web.db import transaction
from web.nomination_cases import Variables
from web.pages.nominations import visible
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import complaints, revocations
from workflows.tables import Nomination

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
        _ensure_none_open(session, nomination, process_id, key)
        instance = instances.start(session, process_id, values, actor, key)
        first = (
            select(UserTask.id)
            .join(CandidateGroup)
            .where(UserTask.instance_id == instance.id, CandidateGroup.group_name == values[group])
        )
        task_id = session.scalars(first).one()
    flash(_("Đã mở hồ sơ; hãy ghi nội dung rồi hoàn thành."))
    return redirect(url_for("tasks.show", task_id=task_id), code=303)


def _ensure_none_open(session: Session, nomination: Nomination, process_id: str, key: str) -> None:
    """Refuse a second case of a kind about a nominee while one is open; two at once come one by one."""
    session.refresh(nomination, with_for_update=True)
    query = select(ProcessInstance.id).where(
        ProcessInstance.process_id == process_id,
        ProcessInstance.business_key == key,
        ProcessInstance.status == "active",
    )
    found = session.scalar(query.limit(1))
    if found is not None:
        raise Conflict(
            expected=f"no open case of this kind about '{nomination.subject}'",
            found=f"case {found} is open; go on in that one",
            found_vi=f"đang có hồ sơ số {found} về “{nomination.subject}”; hãy làm tiếp hồ sơ đó",
        )
