"""The rules as pages show them: awards of the catalogue and single rules, in the person's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from engine.errors import Text
from web import names
from web.accounts import language_now
from workflows import rules
from workflows.rules import words
from workflows.tables import Rule
from workflows.vocabulary import FORMS, SUBJECT_KINDS, label

KINDS = {"title": Text("Danh hiệu thi đua", "Emulation title"), "form": Text("Hình thức khen thưởng", "Form")}
PROCEDURES = {
    "ordinary": Text("thủ tục thông thường", "ordinary procedure"),
    "simplified": Text("thủ tục đơn giản", "simplified procedure"),
    **SUBJECT_KINDS,
}


@dataclass(frozen=True)
class Award:
    """One award of the catalogue as it stood on a day."""

    form: str
    name: str
    kind: str
    kind_label: str
    decided_by: str
    submitted_by: str
    vote: str
    money: str
    verified: bool
    decider_verified: bool
    vote_verified: bool
    money_verified: bool


@dataclass(frozen=True)
class Row:
    """One rule as lists and histories show it."""

    id: int
    topic: str
    topic_label: str
    name: str
    text: str
    source: str
    verified: bool
    note: str
    valid_from: date
    valid_until: date | None
    added_by: str


def show_row(rule: Rule) -> Row:
    """Return a rule in the words of the person's language."""
    language = language_now()
    return Row(
        id=rule.id,
        topic=rule.topic,
        topic_label=label(words.TOPIC_NAMES, rule.topic, language),
        name=_name(rule),
        text=words.describe(rule).text(language),
        source=rule.source,
        verified=rule.verified,
        note=words.note_of(rule).text(language),
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
        added_by=names.person(rule.added_by) if rule.added_by else "",
    )


def _name(rule: Rule) -> str:
    language = language_now()
    form, _slash, rest = rule.key.partition("/")
    if form not in FORMS:
        return words.name_of(rule).text(language)
    own = label(FORMS, form, language)
    return f"{own}, {label(PROCEDURES, rest, language)}" if rest else own


def read_awards(session: Session, day: date) -> list[Award]:
    """Return the titles and forms of award as they stood on a day."""
    language = language_now()
    by_topic = {
        topic: {rule.key: rule for rule in rules.list_in_force(session, topic, day)}
        for topic in ("award_form", "decider", "vote", "money")
    }
    return [
        Award(
            form=form,
            name=rule.values["name"][language],
            kind=rule.values["kind"],
            kind_label=KINDS[rule.values["kind"]].text(language),
            decided_by=_wording(by_topic["decider"].get(form), "decided_by"),
            submitted_by=_wording(by_topic["decider"].get(form), "submitted_by"),
            vote=_say(by_topic["vote"].get(form)),
            money=_money(by_topic["money"], form),
            verified=rule.verified,
            decider_verified=_verified(by_topic["decider"], form),
            vote_verified=_verified(by_topic["vote"], form),
            money_verified=_verified(by_topic["money"], form),
        )
        for form, rule in by_topic["award_form"].items()
    ]


def _verified(found: Mapping[str, Rule], form: str) -> bool:
    return all(rule.verified for key, rule in found.items() if key.partition("/")[0] == form)


def _wording(rule: Rule | None, field: str) -> str:
    return str(rule.values[field][language_now()]) if rule is not None else ""


def _say(rule: Rule | None) -> str:
    return words.describe(rule).text(language_now()) if rule is not None else ""


def _money(found: Mapping[str, Rule], form: str) -> str:
    listed = [(kind, found.get(f"{form}/{kind}")) for kind in SUBJECT_KINDS]
    language = language_now()
    return "; ".join(
        f"{label(SUBJECT_KINDS, kind, language)}: {words.describe(rule).text(language)}"
        for kind, rule in listed
        if rule is not None
    )
