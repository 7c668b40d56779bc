"""Ad hoc proposals: outside the months, by the simplified procedure when a ground is chosen.

Đột xuất is not by itself simplified: without a ground of Luật 2022 Đ85 the ordinary checklist applies, with
its minutes; with one the dossier is a tờ trình and a short report (NĐ 98/2023 Đ40).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from engine.clock import local
from engine.handlers import Json, Registration, ServiceCall
from workflows import calls, letters, nominations, nominees, organisation, proposals, routes, rules
from workflows.dossiers import checklists
from workflows.tables import Proposal
from workflows.vocabulary import show_date

# The letter itself is issued when it is signed, so no dossier can have it before.
ISSUED_LATER = ("submission_letter",)


def open_case(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open an ad hoc proposal of an office: it has no month to keep and may be one of many."""
    month = f"{local(call.now):%Y-%m}"
    start = replace(call, variables={**call.variables, "period": month})
    movement, office, period = proposals.read_start(session, start)
    key = f"{office.code}/ĐX/{call.instance_id}"
    proposal = proposals.begin(session, call, (movement, office, period), key)
    return {
        **proposals.name_case(proposal, office),
        "signer_group": routes.stop(session, proposal.center).signer,
    }


def draft(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the list with the grounds to choose from (form source of `prepare_ad_hoc`)."""
    today, proposal = local(call.now).date(), proposals.find(session, call)
    return {**proposals.draft(session, call), **_grounds(session, proposal, today)}


def prepare(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the nominees and the ground: with one the procedure is simplified, without it is ordinary."""
    given = calls.read_rows(call, "nominees")
    rows: list[Json] = [{**row, "type": "ad_hoc"} for row in given]
    proposals.prepare(
        session, replace(call, variables={**call.variables, "report_kind": "proposal", "nominees": rows})
    )
    return choose_ground(session, call)


def choose_ground(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Choose the procedure of every nominee of the proposal by the ground; raises FormInvalid."""
    proposal, today = proposals.find(session, call), local(call.now).date()
    ground = calls.read_text(call, "ground")
    procedure = "simplified" if ground else "ordinary"
    for nomination in nominees.editable(proposal):
        checklists.choose_procedure(session, nomination, procedure, ground, today)
    session.flush()
    return {}


def check_dossier(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Count the papers that the checklist of each nominee still misses."""
    proposal = proposals.find(session, call)
    return {"missing_count": len(_missing(session, proposal, local(call.now).date()))}


def dossier(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what is missing, by which rule (form source of `complete_dossier`)."""
    proposal, today = proposals.find(session, call), local(call.now).date()
    heading = proposals.heading(session, proposal, organisation.unit_names(session))
    return {
        **heading,
        **_grounds(session, proposal, today),
        "missing": list[Json](_missing(session, proposal, today)),
    }


def sign(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the centre's director sign the letter at once, or return the list with a reason."""
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    proposal = proposals.find(session, call)
    if decision == "return":
        proposal.status, proposal.return_reason, proposal.returned_by = "draft", reason, "center"
        for nomination in nominees.editable(proposal):
            nominations.add_step(nomination, call, "director_returned", reason)
        session.flush()
        return {"decision": decision, "submission": None, "submission_key": ""}
    proposal.version += 1
    proposal.submitted_at = call.now
    sent = proposals.sendable(proposal)
    for nomination in sent:
        nominations.keep_version(nomination, call, proposal.version)
    letter = letters.send_directly(session, call, proposal, [nomination.id for nomination in sent])
    proposals.leave_out(proposal, call)
    proposal.status = "submitted"
    session.flush()
    return {"decision": decision, "submission": letter.id, "submission_key": letter.key}


def _grounds(session: Session, proposal: Proposal, today: date) -> dict[str, Json]:
    listed = nominees.editable(proposal)
    choices: list[Json] = [
        {
            "value": rule.key,
            "label": f"({rule.values['number']}) {rule.values['name']['vi']}",
            "label_en": f"({rule.values['number']}) {rule.values['name']['en']}",
        }
        for rule in rules.list_in_force(session, "simplified_ground", today)
    ]
    return {"grounds": choices, "ground": listed[0].ground if listed else ""}


def _missing(session: Session, proposal: Proposal, today: date) -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    for nomination in nominees.editable(proposal):
        if nomination.status == "ineligible":
            continue
        needed = checklists.checklist(session, nomination, today)
        mark = "" if needed.verified else " (chưa đối chiếu bản gốc)"
        found += [
            {
                "subject": nomination.subject,
                "paper": item.name.vi,
                "procedure": "Thủ tục đơn giản"
                if needed.procedure == "simplified"
                else "Thủ tục thông thường",
                "source": f"{needed.source}{mark}, {show_date(today)}",
            }
            for item in needed.missing()
            if item.code not in ISSUED_LATER
        ]
    return found


HANDLERS: Mapping[str, Registration] = {
    "ad_hoc_awards.open": Registration(open_case),
    "ad_hoc_awards.draft": Registration(draft),
    "ad_hoc_awards.prepare": Registration(prepare),
    "ad_hoc_awards.choose_ground": Registration(choose_ground),
    "ad_hoc_awards.check_dossier": Registration(check_dossier),
    "ad_hoc_awards.dossier": Registration(dossier),
    "ad_hoc_awards.sign": Registration(sign),
}
