"""Councils that count votes right: who sits in them, sessions, attendance, open and secret votes, verdicts.

A council session is a called process (`council_session`); callers read `verdicts(session, session_id)`.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.handlers import Handler
from workflows.councils import attendance, members, minutes, opinions, results, rulebook, sessions, voting
from workflows.councils.attendance import ROLES
from workflows.councils.minutes import ATTENDED
from workflows.councils.results import verdicts

__all__ = [
    "ATTENDED",
    "HANDLERS",
    "ROLES",
    "members",
    "results",
    "rulebook",
    "sessions",
    "verdicts",
    "voting",
]

HANDLERS: Mapping[str, Handler] = {
    "councils.open": sessions.open_session,
    "councils.agenda": sessions.agenda,
    "councils.convene": sessions.convene,
    "councils.adjourn": sessions.adjourn,
    "councils.ballot_rows": voting.ballot_rows,
    "councils.reply": attendance.reply,
    "councils.attendance_rows": attendance.attendance_rows,
    "councils.record_attendance": attendance.record_attendance,
    "councils.order": voting.order,
    "councils.open_voting": voting.open_voting,
    "councils.vote": voting.vote,
    "councils.turnout": voting.turnout,
    "councils.close_voting": voting.close_voting,
    "councils.count": results.count,
    "councils.tied_rows": results.tied_rows,
    "councils.break_tie": results.break_tie,
    "councils.request_opinions": opinions.request,
    "councils.give_opinion": opinions.give,
    "councils.opinion_rows": opinions.decision_rows,
    "councils.decide_opinions": opinions.decide,
    "councils.minutes": minutes.minutes,
    "councils.record_minutes": minutes.record,
    "councils.sign_minutes": minutes.sign,
}
