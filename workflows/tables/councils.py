"""Councils (hội đồng thi đua – khen thưởng): profiles, members by date, sessions, votes, verdicts.

A secret ballot leaves two traces that never meet: who has voted (`VoteCast`) and what was voted
(`BallotBox` while it is closed, `OpenedBallot` afterwards). See `workflows/decisions/0002-secret-ballots.md`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.tables import Base, Identity, Json


class Council(Base):
    """An award council of a unit, by the decision that founded it."""

    __tablename__ = "council"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    unit_code: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    founded_by: Mapped[str]  # the decision that names its members: the base of every threshold
    founded_on: Mapped[date | None] = mapped_column(Date)
    profiles: Mapped[list[CouncilProfile]] = relationship(order_by="CouncilProfile.valid_from")
    members: Mapped[list[CouncilMember]] = relationship(order_by="CouncilMember.id")


class CouncilProfile(Base):
    """How a council works from a day on: its quorum, substitutes, whose seal it uses."""

    __tablename__ = "council_profile"
    __table_args__ = (UniqueConstraint("council_id", "valid_from"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    council_id: Mapped[int] = mapped_column(ForeignKey("council.id"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)  # the last day it counts
    quorum_rule: Mapped[str]  # key of the topic `quorum`: which share, and whether written opinions count
    substitutes: Mapped[bool]  # an absent member may send a written substitute who votes
    decision_rule: Mapped[str]  # as people read it
    seal: Mapped[str]  # whose seal the council uses
    source: Mapped[str]
    verified: Mapped[bool]
    note: Mapped[str] = mapped_column(default="")


class CouncilMember(Base):
    """A person's place in a council; guests speak and do not vote."""

    __tablename__ = "council_member"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    council_id: Mapped[int] = mapped_column(ForeignKey("council.id"), index=True)
    login: Mapped[str] = mapped_column(index=True)
    role: Mapped[str]  # chair, deputy, secretary, member, guest
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)  # the last day it counts
    source: Mapped[str]


class CouncilSession(Base):
    """One session of a council on nominees of a submission: with a meeting (full) or without (standing)."""

    __tablename__ = "council_session"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    council_id: Mapped[int] = mapped_column(ForeignKey("council.id"), index=True)
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"), index=True)
    instance_id: Mapped[int] = mapped_column(index=True)
    title: Mapped[str]
    kind: Mapped[str]  # full, standing
    status: Mapped[str]  # preparing, convened, voting, closed, counted, minuted, ended
    round: Mapped[int]  # 1, and one more each time it is adjourned and convened again
    quota: Mapped[Any | None] = mapped_column(Json)  # a number, or numbers per kind of subject
    place: Mapped[str] = mapped_column(default="")
    meets_at: Mapped[datetime | None]
    agenda: Mapped[str] = mapped_column(default="")
    ballot: Mapped[str] = mapped_column(default="open")  # open, secret
    day: Mapped[date | None] = mapped_column(Date)  # of the meeting: membership and rules are those of it
    base: Mapped[int] = mapped_column(default=0)  # all voting members on that day
    presider: Mapped[str] = mapped_column(default="")
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str] = mapped_column(default="")
    tellers: Mapped[Any] = mapped_column(Json, default=list)
    quorum_note: Mapped[str] = mapped_column(default="")  # who took part, and the rule that it was held to
    discussion: Mapped[str] = mapped_column(default="")
    return_reason: Mapped[str] = mapped_column(default="")
    ballots_hash: Mapped[str] = mapped_column(default="")  # SHA-256 of the sorted opened ballots
    signed_by: Mapped[Any] = mapped_column(Json, default=list)  # secretary, presider
    ended_at: Mapped[datetime | None]
    council: Mapped[Council] = relationship()
    entries: Mapped[list[SessionEntry]] = relationship(order_by="SessionEntry.nomination_id")
    attendances: Mapped[list[CouncilAttendance]] = relationship(order_by="CouncilAttendance.id")
    verdicts: Mapped[list[CouncilVerdict]] = relationship(order_by="CouncilVerdict.id")


class SessionEntry(Base):
    """A nominee on the agenda of a session."""

    __tablename__ = "council_session_entry"
    session_id: Mapped[int] = mapped_column(ForeignKey("council_session.id"), primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), primary_key=True, index=True)
    women_first: Mapped[bool]  # a woman, or a collective with at least 70 % women (NĐ 152/2025 Đ4k6)


class CouncilAttendance(Base):
    """A member of a session in one round: the answer to the invitation, then who came."""

    __tablename__ = "council_attendance"
    __table_args__ = (UniqueConstraint("session_id", "round", "member_id"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("council_session.id"))
    round: Mapped[int]
    member_id: Mapped[int] = mapped_column(ForeignKey("council_member.id"))
    reply: Mapped[str] = mapped_column(default="")  # coming, absent, written; "" until answered
    status: Mapped[str] = mapped_column(default="invited")  # invited, present, absent, substitute, left
    reason: Mapped[str] = mapped_column(default="")
    substitute: Mapped[str] = mapped_column(default="")  # login of who votes in the member's place
    substitute_document: Mapped[str] = mapped_column(default="")
    member: Mapped[CouncilMember] = relationship()


class WrittenOpinion(Base):
    """An absent member's opinion in writing was received; what it says stands with the votes."""

    __tablename__ = "council_written_opinion"
    session_id: Mapped[int] = mapped_column(ForeignKey("council_session.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("council_member.id"), primary_key=True)
    document: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class VoteCast(Base):
    """A member has voted, at the meeting or in writing: that, and by whom; never what."""

    __tablename__ = "council_vote_cast"
    session_id: Mapped[int] = mapped_column(ForeignKey("council_session.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("council_member.id"), primary_key=True)
    voter: Mapped[str]  # the member's login, or the substitute's
    written: Mapped[bool]
    at: Mapped[datetime]


class OpenVote(Base):
    """What a member voted on a nominee by show of hands or in a signed opinion."""

    __tablename__ = "council_open_vote"
    session_id: Mapped[int] = mapped_column(ForeignKey("council_session.id"), primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("council_member.id"), primary_key=True)
    choice: Mapped[str]  # yes, no, blank


class BallotBox(Base):
    """The closed box of a secret ballot: one value of fixed length for all ballots, and its key, wrapped.

    It is written anew at every vote, its ballots in a new random order; opening deletes it.
    """

    __tablename__ = "council_ballot_box"
    session_id: Mapped[int] = mapped_column(
        ForeignKey("council_session.id"), primary_key=True, autoincrement=False
    )
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class OpenedBallot(Base):
    """One vote on one nominee out of an opened box: no voter, no time, no order, no link to the others.

    The key is random and the table has no row number of its own, so that rows lie in random order.
    """

    __tablename__ = "council_opened_ballot"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  SQLAlchemy reads it as a class attribute
    key: Mapped[str] = mapped_column(primary_key=True)  # 128 random bits, hexadecimal
    session_id: Mapped[int] = mapped_column(ForeignKey("council_session.id"), index=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    choice: Mapped[str]  # yes, no, blank


class CouncilVerdict(Base):
    """What a session said of one nominee, with the rule that was applied."""

    __tablename__ = "council_verdict"
    __table_args__ = (UniqueConstraint("session_id", "nomination_id"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("council_session.id"))
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    yes: Mapped[int]
    no: Mapped[int]
    invalid: Mapped[int]  # blank
    base: Mapped[int]
    threshold: Mapped[int]  # percent of the base
    strict: Mapped[bool]  # more than the threshold, where a majority is asked; else at least
    passed: Mapped[bool]
    rank: Mapped[int | None]  # among those that passed; none while a tie waits for the chair
    outcome: Mapped[str]  # selected, not_selected, failed, tied
    settled_by: Mapped[str] = mapped_column(default="")  # votes, women, chair
    reason: Mapped[str] = mapped_column(default="")
    source: Mapped[str]
    verified: Mapped[bool]

    @property
    def percent(self) -> str:
        """Return the share of yes in the base in percent, one decimal, cut off: 79,99 never reads 80."""
        tenths = self.yes * 1000 // self.base if self.base else 0
        return f"{tenths // 10},{tenths % 10}"
