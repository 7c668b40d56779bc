"""What administrators do to a running case, each with a reason that its history keeps.

Moving tokens and changing the version are shown before they happen; they are carried out on the case as it
was shown, and refused when it has moved on meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine import incidents, instances
from engine.actors import Actor
from engine.errors import BadInput, NotFound
from engine.operations import corrections, handovers, migration, modification, restarting, suspension
from engine.operations.modification import Activate, Move, Terminate
from engine.spiff.relocation import Instruction
from engine.tables import Incident
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.pages import operations
from web.security import ADMINISTRATORS, open_to
from web.translating import gettext as _
from web.translating import ngettext

blueprint = Blueprint("interventions", __name__, url_prefix="/operations")
MOST_AT_ONCE = 500  # incidents of one request


@blueprint.post("/incidents/retry")
@open_to(ADMINISTRATORS)
def retry_many() -> ResponseReturnValue:
    """Try the chosen incidents again, each on its own, and tell what became of each."""
    chosen = request.form.getlist("incident", type=int)[:MOST_AT_ONCE]
    if not chosen:
        raise BadInput(
            expected="at least one incident", expected_vi="ít nhất một sự cố được chọn", found=len(chosen)
        )
    with transaction() as session:
        results = incidents.retry_many(session, chosen, current_actor(), _reason())
    refused = [result for result in results if result.refusal is not None]
    flash(ngettext("Đã thử lại %(num)d sự cố.", "Đã thử lại %(num)d sự cố.", len(results) - len(refused)))
    for result in refused:
        flash(f"#{result.number}: {result.refusal.text(language_now()) if result.refusal else ''}", "bad")
    return redirect(url_for("operations.choose"), code=303)


@blueprint.post("/incidents/<int:incident_id>/repair")
@open_to(ADMINISTRATORS)
def repair(incident_id: int) -> ResponseReturnValue:
    """Change variables as the step of an incident sees them, if any are sent, and try it again."""
    variables = _variables()
    with transaction() as session:
        incident = session.get(Incident, incident_id)
        if incident is None:
            raise NotFound(kind="incident", key=incident_id)
        case = incident.instance_id
        if variables:
            incidents.repair(session, incident_id, variables, current_actor(), _reason())
        else:
            incidents.retry(session, incident_id, current_actor(), reason=_reason())
    flash(_("Đã thử lại bước có sự cố."))
    return _back(case)


@blueprint.post("/cases/<int:instance_id>/suspend")
@open_to(ADMINISTRATORS)
def suspend(instance_id: int) -> ResponseReturnValue:
    """Hold the case with every case it called."""
    return _do(instance_id, suspension.suspend, _("Đã tạm dừng hồ sơ; mọi việc và thời hạn giữ nguyên chỗ."))


@blueprint.post("/cases/<int:instance_id>/resume")
@open_to(ADMINISTRATORS)
def resume(instance_id: int) -> ResponseReturnValue:
    """Let the case go on."""
    return _do(instance_id, suspension.resume, _("Hồ sơ chạy tiếp."))


@blueprint.post("/cases/<int:instance_id>/cancel")
@open_to(ADMINISTRATORS)
def cancel(instance_id: int) -> ResponseReturnValue:
    """Cancel the case with everything that waits in it."""

    def act(session: Session, number: int, actor: Actor, reason: str) -> object:
        return instances.cancel(session, number, actor, reason=reason)

    return _do(instance_id, act, _("Đã hủy hồ sơ; diễn biến của hồ sơ vẫn còn nguyên."))


@blueprint.post("/cases/<int:instance_id>/restart")
@open_to(ADMINISTRATORS)
def restart(instance_id: int) -> ResponseReturnValue:
    """Start an ended case again as a new one on the newest version."""
    with transaction() as session:
        again = restarting.restart(session, instance_id, current_actor(), _reason()).id
    flash(_("Đã mở lại thành hồ sơ số %(number)d.", number=again))
    return _back(again)


@blueprint.post("/cases/<int:instance_id>/variables")
@open_to(ADMINISTRATORS)
def correct(instance_id: int) -> ResponseReturnValue:
    """Set variables of the case; conditions that became true take effect."""

    def act(session: Session, number: int, actor: Actor, reason: str) -> object:
        return corrections.set_variables(session, number, _variables(), actor, reason)

    return _do(instance_id, act, _("Đã sửa dữ liệu của hồ sơ."))


@blueprint.post("/cases/<int:instance_id>/tasks/<int:task_id>/reassign")
@open_to(ADMINISTRATORS)
def reassign(instance_id: int, task_id: int) -> ResponseReturnValue:
    """Hand an open task to a person; four eyes are asked when that person does it."""

    def act(session: Session, _number: int, actor: Actor, reason: str) -> object:
        chosen = request.form.get("assignee", "")
        return handovers.reassign(session, task_id, actor, reason, assignee=chosen, as_operator=True)

    return _do(instance_id, act, _("Đã giao lại việc."))


@blueprint.post("/cases/<int:instance_id>/jobs/<int:job_id>/retries")
@open_to(ADMINISTRATORS)
def set_retries(instance_id: int, job_id: int) -> ResponseReturnValue:
    """Give a job so many attempts from now on."""

    def act(session: Session, _number: int, actor: Actor, reason: str) -> object:
        incidents.set_retries(session, job_id, _whole("retries"), actor, reason)
        return None

    return _do(instance_id, act, _("Đã đặt lại số lần thử."))


@blueprint.post("/cases/<int:instance_id>/move")
@open_to(ADMINISTRATORS)
def move(instance_id: int) -> ResponseReturnValue:
    """Show what moving tokens would do; the second time, with the version that was shown, do it."""
    instructions = [_instruction()]
    if "version" not in request.form:
        shown = modification.preview(db.session(), instance_id, instructions, current_actor())
        return operations.page_of(db.session(), instance_id, moved=shown, sent=request.form)

    def act(session: Session, number: int, actor: Actor, reason: str) -> object:
        version = _whole("version")
        return modification.apply(session, number, instructions, actor, reason, version=version)

    return _do(instance_id, act, _("Đã điều chỉnh hồ sơ."))


@blueprint.post("/cases/<int:instance_id>/migrate")
@open_to(ADMINISTRATORS)
def migrate(instance_id: int) -> ResponseReturnValue:
    """Show what another version would mean for the case; the second time, change to it."""
    plan = migration.Plan(_whole("target"), _mapping(request.form.get("mapping", "")))
    if "version" not in request.form:
        shown = migration.preview(db.session(), instance_id, plan, current_actor())
        return operations.page_of(db.session(), instance_id, migrated=shown, sent=request.form)

    def act(session: Session, number: int, actor: Actor, reason: str) -> object:
        return migration.migrate(session, number, plan, actor, reason, version=_whole("version"))

    return _do(instance_id, act, _("Hồ sơ chạy theo phiên bản mới."))


def _do(
    instance_id: int, act: Callable[[Session, int, Actor, str], object], told: str
) -> ResponseReturnValue:
    """Do one thing to a case in the one transaction, and lead back to its page."""
    with transaction() as session:
        act(session, instance_id, current_actor(), _reason())
    flash(told)
    return _back(instance_id)


def _back(instance_id: int) -> ResponseReturnValue:
    return redirect(url_for("operations.show", instance_id=instance_id), code=303)


def _reason() -> str:
    return request.form.get("reason", "")


def _instruction() -> Instruction:
    """Return what the form asks: let tokens of a step go, put one on a step, or both."""
    source, target = request.form.get("source", ""), request.form.get("target_step", "")
    if source and target:
        return Move(target, element=source)
    if source:
        return Terminate(element=source)
    if target:
        return Activate(target)
    raise BadInput(
        expected="a step to leave, a step to go to, or both",
        expected_vi="bước rời đi, bước chuyển đến, hoặc cả hai",
        found="“”",
    )


def _whole(name: str) -> int:
    number = request.form.get(name, type=int)
    if number is None or abs(number) > 2**31:
        raise BadInput(
            expected=f"a number as {name}",
            expected_vi=f"một số ở mục “{name}”",
            found=f"“{request.form.get(name)}”",
        )
    return number


def _variables() -> Mapping[str, Any]:
    """Return the named values of the form, each written as JSON; raises BadInput."""
    found: dict[str, Any] = {}
    for name, text in zip(request.form.getlist("name"), request.form.getlist("value"), strict=False):
        if name.strip():
            found[name.strip()] = _value(name, text)
    return found


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(
            expected=f"JSON as the value of '{name}', a text in quotation marks",
            expected_vi=f"giá trị JSON cho “{name}”, văn bản đặt trong dấu ngoặc kép",
            found=f"“{text}”",
        ) from None


def _mapping(text: str) -> dict[str, str]:
    """Return which element stands for which, written a line each as `old = new`; raises BadInput."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        old, equals, new = (part.strip() for part in line.partition("="))
        if not (old and equals and new):
            raise BadInput(
                expected="lines such as `old = new`",
                expected_vi="từng dòng dạng `mã cũ = mã mới`",
                found=f"“{line}”",
            )
        found[old] = new
    return found
