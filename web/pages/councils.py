"""Councils and their sessions: members, attendance, who has voted, results drawn as bars, minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.clock import local, now
from engine.errors import NotAllowed, Text
from engine.tables import HistoryEvent
from web import listing, moments, names
from web.accounts import current_actor, language_now
from web.db import db
from web.security import AUDITORS, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import councils, routes
from workflows.documents.kinds import KINDS as DOCUMENT_KINDS
from workflows.tables import (
    Council,
    CouncilAttendance,
    CouncilSession,
    CouncilVerdict,
    Document,
    Nomination,
    VoteCast,
)
from workflows.vocabulary import FORMS, fold, label

blueprint = Blueprint("councils", __name__, url_prefix="/councils")

STATUSES = {
    "preparing": (lazy_gettext("Đang chuẩn bị"), ""),
    "convened": (lazy_gettext("Đã triệu tập"), "info"),
    "voting": (lazy_gettext("Đang bỏ phiếu"), "warn"),
    "closed": (lazy_gettext("Đã đóng bỏ phiếu"), "warn"),
    "counted": (lazy_gettext("Đã kiểm phiếu"), "info"),
    "minuted": (lazy_gettext("Chờ ký biên bản"), "info"),
    "ended": (lazy_gettext("Đã kết thúc"), "good"),
}
KINDS = {"full": lazy_gettext("họp"), "standing": lazy_gettext("lấy ý kiến bằng văn bản, không họp")}
BALLOTS = {"open": lazy_gettext("biểu quyết công khai"), "secret": lazy_gettext("bỏ phiếu kín")}
TONES = {"selected": "good", "not_selected": "warn", "failed": "bad", "tied": "info"}
SORTS: Mapping[str, Any] = {
    "name": lambda row: fold(row.name),
    "unit": lambda row: fold(row.unit),
    "voters": lambda row: row.voters,
    "running": lambda row: row.running,
}


@dataclass(frozen=True)
class Row:
    """One council as the list shows it."""

    code: str
    name: str
    unit: str
    voters: int
    running: int
    founded_by: str


@dataclass(frozen=True)
class Bar:
    """One verdict with the numbers its picture is drawn from, in hundredths of a vote: whole numbers only."""

    subject: str
    nomination_id: int
    form: str
    verdict: CouncilVerdict
    outcome: str
    tone: str
    rank: str
    source: str
    length: int
    yes: int
    no: int
    blank: int
    threshold: int
    picture: str


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List the councils with their voting members of today; as a file when asked."""
    session = db.session()
    query = listing.read_query(SORTS, "name")
    today = local(now()).date()
    found = [_row(session, council, today) for council in session.scalars(select(Council))]
    wanted = [row for row in found if fold(query.text) in fold(f"{row.name} {row.unit} {row.code}")]
    if listing.wants_file():
        header = [_("Hội đồng"), _("Đơn vị"), _("Thành viên có phiếu"), _("Phiên đang mở")]
        ordered = listing.order_rows(wanted, query, SORTS)
        cells = ((row.name, row.unit, row.voters, row.running) for row in ordered)
        return listing.write_file("hoi-dong", header, cells)
    page = listing.cut_rows(wanted, query, SORTS)
    return render_template("councils/list.html", page=page, query=query)


def _row(session: Session, council: Council, today: date) -> Row:
    sitting = councils.members.members_on(session, council.id, today)
    return Row(
        code=council.code,
        name=council.name,
        unit=names.unit(council.unit_code),
        voters=sum(councils.members.votes(member) for member in sitting),
        running=sum(one.status != "ended" for one in _sessions(session, council)),
        founded_by=council.founded_by,
    )


def _sessions(session: Session, council: Council) -> Sequence[CouncilSession]:
    query = select(CouncilSession).where(CouncilSession.council_id == council.id)
    return session.scalars(query.order_by(CouncilSession.id.desc())).all()


@blueprint.get("/<code>")
@open_to(SIGNED_IN)
def show(code: str) -> ResponseReturnValue:
    """Show one council: members with dates, how it works, its sessions with their state."""
    session = db.session()
    council, today, language = councils.members.find(session, code), local(now()).date(), language_now()
    seated = councils.members.members_on(session, council.id, today)
    sitting = {member.id for member in seated}
    members = [
        {
            "name": names.person(member.login),
            "role": councils.ROLES[member.role].text(language),
            "from": moments.day(member.valid_from),
            "until": moments.day(member.valid_until) if member.valid_until else "",
            "now": member.id in sitting,
            "source": member.source,
        }
        for member in council.members
    ]
    rules = [
        {
            "profile": profile,
            "quorum": councils.rulebook.describe_quorum(session, profile, profile.valid_from).text(language),
        }
        for profile in council.profiles
    ]
    return render_template(
        "councils/council.html",
        council=council,
        unit=names.unit(council.unit_code),
        members=members,
        voters=sum(councils.members.votes(member) for member in seated),
        rules=rules,
        sessions=[_summary(one) for one in _sessions(session, council)],
    )


def _summary(found: CouncilSession) -> dict[str, Any]:
    status, tone = STATUSES[found.status]
    return {
        "id": found.id,
        "title": found.title,
        "kind": str(KINDS[found.kind]),
        "ballot": str(BALLOTS[found.ballot]),
        "status": str(status),
        "tone": tone,
        "meets_at": found.meets_at or found.closes_at,
        "round": found.round,
    }


@blueprint.get("/sessions/<int:session_id>")
@open_to(SIGNED_IN)
def show_session(session_id: int) -> ResponseReturnValue:
    """Show one session: agenda, attendance, who has voted, result, minutes; 403 for people without a part."""
    session = db.session()
    found = councils.sessions.get(session, session_id)
    _ensure_may_see(session, found, current_actor())
    documents = select(Document).where(Document.council_session_id == found.id).order_by(Document.id)
    refusals = select(HistoryEvent).where(
        HistoryEvent.instance_id == found.instance_id, HistoryEvent.kind == "task.refused"
    )
    return render_template(
        "councils/session.html",
        found=found,
        summary=_summary(found),
        presider=names.person(found.presider),
        quorum=_quorum(session, found),
        tellers=[names.person(login) for login in found.tellers],
        attendance=_attendance(session, found),
        bars=_bars(session, found),
        listed=councils.sessions.nominees(session, found),
        form_labels={code: words.text(language_now()) for code, words in FORMS.items()},
        documents=session.scalars(documents).all(),
        document_names={code: kind.name.text(language_now()) for code, kind in DOCUMENT_KINDS.items()},
        refusals=[_refusal(event) for event in session.scalars(refusals.order_by(HistoryEvent.sequence))],
    )


def _quorum(session: Session, found: CouncilSession) -> str:
    """Return the quorum rule of the session's day, nothing for one that does not meet."""
    if found.day is None or found.kind != "full":
        return ""
    profile = councils.members.profile_on(session, found.council, found.day)
    return councils.rulebook.describe_quorum(session, profile, found.day).text(language_now())


def _ensure_may_see(session: Session, found: CouncilSession, actor: Actor) -> None:
    """Refuse whoever neither sits in the council nor works for its unit nor checks; raises NotAllowed."""
    here = routes.stop(session, found.council.unit_code)
    units = {group.rpartition(".")[0] for group in actor.groups}
    sitting = {member.login for member in found.council.members}
    votes_for = {entry.substitute for entry in found.attendances}
    serves = not actor.groups.isdisjoint({AUDITORS, here.desk, here.signer}) or here.code in units
    if not serves and actor.name not in sitting | votes_for:
        raise NotAllowed(
            actor=actor.name,
            operation="see this council session",
            operation_vi="xem phiên họp này",
            reason="the actor neither sits in the council nor works for its unit",
            reason_vi="bạn không thuộc Hội đồng hay đơn vị của Hội đồng",
        )


def _attendance(session: Session, found: CouncilSession) -> list[dict[str, str]]:
    voted = {vote.member_id: vote for vote in councils.voting.votes_cast(session, found)}
    return [
        {
            "name": names.person(entry.member.login),
            "role": councils.ROLES[entry.member.role].text(language_now()),
            "attendance": councils.ATTENDED[entry.status].text(language_now()),
            "reason": entry.reason,
            "substitute": names.person(entry.substitute),
            "vote": _say_vote(entry, voted.get(entry.member_id)),
        }
        for entry in councils.voting.current(found)
    ]


def _say_vote(entry: CouncilAttendance, vote: VoteCast | None) -> str:
    if not councils.members.votes(entry.member):
        return _("không biểu quyết")
    if vote is None:
        return _("chưa bỏ phiếu")
    return _("bằng văn bản") if vote.written else _("đã bỏ phiếu")


def _bars(session: Session, found: CouncilSession) -> list[Bar]:
    """Return the verdicts by rank; before the count there are none."""
    language = language_now()
    listed = {nominee.id: nominee for nominee in councils.sessions.nominees(session, found)}
    return [
        _bar(verdict, listed[verdict.nomination_id], language)
        for verdict in councils.verdicts(session, found.id)
    ]


def _bar(verdict: CouncilVerdict, nominee: Nomination, language: str) -> Bar:
    settled = councils.results.SETTLED[verdict.settled_by].text(language)
    outcome = councils.results.OUTCOMES[verdict.outcome].text(language)
    unverified = "" if verdict.verified else Text(" – chưa kiểm chứng", " – not verified").text(language)
    counts = {"yes": verdict.yes, "no": verdict.no, "blank": verdict.invalid}
    return Bar(
        subject=nominee.subject,
        nomination_id=nominee.id,
        form=label(FORMS, nominee.form, language),
        verdict=verdict,
        outcome=f"{outcome} ({settled})" if settled else outcome,
        tone=TONES[verdict.outcome],
        rank=str(verdict.rank or ""),
        source=verdict.source + unverified,
        length=max(verdict.base, 1) * 100,
        yes=verdict.yes * 100,
        no=verdict.no * 100,
        blank=verdict.invalid * 100,
        threshold=verdict.threshold * verdict.base,
        picture=_(
            "%(yes)d đồng ý, %(no)d không đồng ý, %(blank)d trắng trên %(base)d thành viên",
            base=verdict.base,
            **counts,
        ),
    )


def _refusal(event: HistoryEvent) -> dict[str, Any]:
    said = event.data.get("vi" if language_now() == "vi" else "en")
    reason = said if isinstance(said, str) else ""
    return {"at": event.at, "person": names.person(event.actor), "reason": reason}
