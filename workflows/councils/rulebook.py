"""The rules a session goes by: votes per form of award and quorum, by the day of the session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from engine.errors import Text
from workflows import rules
from workflows.councils import members
from workflows.tables import Council, CouncilProfile, Nomination, Rule

MAJORITY = 50  # percent; a majority is more than that


@dataclass(frozen=True)
class VoteRule:
    """What a nominee for one form needs: a percentage of a base, in secret or not, and where that stands."""

    percent: int
    strict: bool
    base: str  # all_members, present
    written_counts: bool
    secret: bool
    source: str
    verified: bool

    def describe(self) -> Text:
        """Return the rule in words, marked when nobody has verified it."""
        base = "toàn bộ thành viên" if self.base == "all_members" else "thành viên có mặt"
        base_en = "all members" if self.base == "all_members" else "members present"
        share = f"trên {self.percent} %" if self.strict else f"từ {self.percent} %"
        share_en = f"more than {self.percent} %" if self.strict else f"at least {self.percent} %"
        mark, mark_en = ("", "") if self.verified else (" – chưa kiểm chứng", " – not verified")
        return Text(
            f"{share} {base} ({self.source}{mark})", f"{share_en} of {base_en} ({self.source}{mark_en})"
        )


@dataclass(frozen=True)
class QuorumRule:
    """The share of all members that must take part, and whether an opinion in writing does."""

    part: int
    whole: int
    written_counts: bool
    source: str


def vote_rule(session: Session, form: str, day: date) -> VoteRule:
    """Return what a form of award needs on a day (topic `vote`); raises NotFound."""
    rule = rules.find(session, "vote", form, day)
    threshold = rule.values["threshold"]
    return VoteRule(
        percent=MAJORITY if threshold is None else int(threshold),
        strict=threshold is None,
        base=str(rule.values["base"]),
        written_counts=bool(rule.values["written_counts"]),
        secret=bool(rule.values["secret"]),
        source=rule.source,
        verified=rule.verified,
    )


def vote_rules(session: Session, nominees: Sequence[Nomination], day: date) -> dict[str, VoteRule]:
    """Return the rule of every form that is on the list."""
    return {form: vote_rule(session, form, day) for form in sorted({one.form for one in nominees})}


def quorum_rule(session: Session, council: Council, day: date) -> QuorumRule:
    """Return the quorum of a council on a day: the rule (topic `quorum`) that its profile names."""
    rule: Rule = rules.find(session, "quorum", members.profile_on(session, council, day).quorum_rule, day)
    return QuorumRule(
        part=int(rule.values["numerator"]),
        whole=int(rule.values["denominator"]),
        written_counts=bool(rule.values["written_counts"]),
        source=rule.source,
    )


def describe_quorum(session: Session, profile: CouncilProfile, day: date) -> Text:
    """Return the quorum of a profile in words with its source, marked when nobody has verified it."""
    rule = rules.find(session, "quorum", profile.quorum_rule, day)
    mark, mark_en = ("", "") if rule.verified else (" – chưa kiểm chứng", " – not verified")
    name = rule.values["name"]
    return Text(f"{name['vi']} ({rule.source}{mark})", f"{name['en']} ({rule.source}{mark_en})")
