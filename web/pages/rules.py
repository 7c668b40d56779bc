"""The catalogue of awards and every rule behind it, by date, with source; designers add dated rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import FormInvalid, NotFound, Refused, Text
from web import listing, moments
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.rule_view import KINDS, Award, Row, read_awards, show_row
from web.security import DESIGNERS, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import rules
from workflows.rules import words
from workflows.tables import Rule
from workflows.vocabulary import FORMS, fold, label

blueprint = Blueprint("rules", __name__, url_prefix="/rules")

# What the page of a form tells, in this order; topics whose keys are more than the form follow by prefix.
OF_FORM = ("award_form", "decider", "council_route", "vote", "disclosure", "opinion")
BY_PREFIX = ("dossier", "money")
# The time limits on the way of a form, by the kind of unit that decides on it.
LIMITS = {
    "department": ("department_commendation", "commune_appraisal", "before_review"),
    "committee": ("province_appraisal", "before_review"),
    "state": (
        "disclosure",
        "opinion_silence",
        "state_return",
        "state_appraisal",
        "state_after_opinions",
        "state_decision_forward",
        "province_decision_forward",
        "not_awarded_notice",
        "award_items",
    ),
}
NOT_A_DAY = Text("Ngày không hợp lệ, cần dạng năm-tháng-ngày.", "This is not a date (YYYY-MM-DD).")
NOT_JSON = Text("Giá trị phải là một đối tượng JSON.", "The values must be a JSON object.")
REFUSED = 422


SORTS: Mapping[str, Callable[[Award], Any]] = {
    "name": lambda row: fold(row.name),
    "kind": lambda row: row.kind_label,
    "decided": lambda row: fold(row.decided_by),
    "submitted": lambda row: fold(row.submitted_by),
    "vote": lambda row: row.vote or None,
    "money": lambda row: row.money or None,
    "verified": lambda row: row.verified,
}
RULE_SORTS: Mapping[str, Callable[[Row], Any]] = {
    "topic": lambda row: fold(row.topic_label),
    "name": lambda row: fold(row.name),
    "source": lambda row: fold(row.source),
    "since": lambda row: row.valid_from,
    "verified": lambda row: row.verified,
}


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List the titles and forms of award as they stood on the day asked for; as a file when asked."""
    session, day = db.session(), listing.asked_day()
    query = listing.read_query(SORTS, "name", ("kind", "verified"))
    rows = [row for row in read_awards(session, day) if _wanted(row, query)]
    if listing.wants_file():
        return _awards_file(listing.order_rows(rows, query, SORTS))
    law = rules.seek(session, "regime", "law", day)
    return render_template(
        "rules/catalogue.html",
        page=listing.cut_rows(rows, query, SORTS),
        query=query,
        day=day,
        law=show_row(law) if law else None,
        kinds=[(code, text.text(language_now())) for code, text in KINDS.items()],
        marks=_marks(),
    )


@blueprint.get("/all")
@open_to(SIGNED_IN)
def list_all() -> ResponseReturnValue:
    """List every rule in force on the day asked for; as a file when asked."""
    session, day = db.session(), listing.asked_day()
    query = listing.read_query(RULE_SORTS, "topic", ("topic", "verified"))
    topics = [query.filters["topic"]] if query.filters["topic"] in rules.TOPICS else list(rules.TOPICS)
    found = [show_row(rule) for topic in topics for rule in rules.list_in_force(session, topic, day)]
    rows = [row for row in found if _rule_wanted(row, query)]
    if listing.wants_file():
        return _rules_file(listing.order_rows(rows, query, RULE_SORTS))
    return render_template(
        "rules/list.html",
        page=listing.cut_rows(rows, query, RULE_SORTS),
        query=query,
        day=day,
        topics=_topics(),
        marks=_marks(),
        may_add=DESIGNERS in current_actor().groups,
    )


@blueprint.get("/forms/<form>")
@open_to(SIGNED_IN)
def show_form(form: str) -> ResponseReturnValue:
    """Show everything the rules of a day say about one award, each line with its source."""
    session, day = db.session(), listing.asked_day()
    if form not in FORMS:
        raise NotFound(kind="rule", key=form)
    found = [rule for topic in OF_FORM if (rule := rules.seek(session, topic, form, day)) is not None]
    for topic in BY_PREFIX:
        found += [
            rule for rule in rules.list_in_force(session, topic, day) if rule.key.startswith(f"{form}/")
        ]
    decider = rules.seek(session, "decider", form, day)
    for key in LIMITS.get(decider.values["unit_kind"], ()) if decider is not None else ():
        limit = rules.seek(session, "limit", key, day)
        found += [limit] if limit is not None else []
    return render_template(
        "rules/form.html", name=label(FORMS, form, language_now()), day=day, rows=[show_row(r) for r in found]
    )


@blueprint.get("/<int:rule_id>")
@open_to(SIGNED_IN)
def show(rule_id: int) -> ResponseReturnValue:
    """Show one rule with every row it ever had."""
    session = db.session()
    rule = _find(session, rule_id)
    return render_template(
        "rules/rule.html",
        row=show_row(rule),
        values=json.dumps(rule.values, ensure_ascii=False, indent=2),
        history=[show_row(one) for one in reversed(rules.history(session, rule.topic, rule.key))],
        may_add=DESIGNERS in current_actor().groups,
    )


@blueprint.get("/new", defaults={"like": None})
@blueprint.get("/<int:like>/next")
@open_to(DESIGNERS)
def draft(like: int | None) -> ResponseReturnValue:
    """Show the form of a new row, filled from the rule it follows when one is named."""
    typed = {"topic": "", "key": "", "values": "{}", "valid_from": "", "valid_until": "", "source": ""}
    typed |= {"note": "", "verified": "", "succeed": ""}
    if like is not None:
        rule = _find(db.session(), like)
        typed |= {"topic": rule.topic, "key": rule.key, "source": rule.source, "succeed": "on"}
        typed["values"] = json.dumps(rule.values, ensure_ascii=False, indent=2)
    return _form(typed, {}, "")


@blueprint.post("/new")
@open_to(DESIGNERS)
def add() -> ResponseReturnValue:
    """Add the row, or show the form again with what is wrong; nothing typed is lost."""
    typed = {name: request.form.get(name, "")[:20_000] for name in ("topic", "key", "values", "valid_from")}
    typed |= {
        name: request.form.get(name, "")[:2_000]
        for name in ("valid_until", "source", "note", "verified", "succeed")
    }
    try:
        given = _read(typed)
        with transaction() as session:
            actor = current_actor()
            write = rules.succeed if typed["succeed"] else rules.add
            rule_id = write(session, given, actor.name, clock.now()).id
    except FormInvalid as error:
        return _form(typed, error.messages, ""), REFUSED
    except Refused as error:
        return _form(typed, {}, error.text(language_now())), REFUSED
    flash(_("Đã thêm quy tắc, có hiệu lực từ %(day)s.", day=moments.day(given.valid_from)))
    return redirect(url_for("rules.show", rule_id=rule_id), code=303)


def _wanted(row: Award, query: listing.Query) -> bool:
    text = fold(f"{row.name} {row.decided_by} {row.submitted_by}")
    return (
        fold(query.text) in text
        and query.filters["kind"] in ("", row.kind)
        and query.filters["verified"] in ("", _mark(row.verified))
    )


def _rule_wanted(row: Row, query: listing.Query) -> bool:
    text = fold(f"{row.name} {row.text} {row.source} {row.note}")
    return fold(query.text) in text and query.filters["verified"] in ("", _mark(row.verified))


def _mark(verified: bool) -> str:
    return "yes" if verified else "no"


def _marks() -> list[tuple[str, str]]:
    return [("yes", _("đã kiểm chứng")), ("no", _("chưa kiểm chứng"))]


def _topics() -> list[tuple[str, str]]:
    return [(topic, label(words.TOPIC_NAMES, topic, language_now())) for topic in rules.TOPICS]


def _find(session: Session, rule_id: int) -> Rule:
    rule = session.scalar(select(Rule).where(Rule.id == rule_id))
    if rule is None:
        raise NotFound(kind="rule", key=rule_id)
    return rule


def _read(typed: Mapping[str, str]) -> rules.Draft:
    messages: dict[str, list[Text]] = {}
    days: dict[str, date | None] = {}
    for name in ("valid_from", "valid_until"):
        try:
            days[name] = date.fromisoformat(typed[name]) if typed[name] or name == "valid_from" else None
        except ValueError:
            messages[name] = [NOT_A_DAY]
    try:
        values = json.loads(typed["values"])
    except (ValueError, RecursionError):
        values, messages["values"] = {}, [NOT_JSON]
    start = days.get("valid_from")
    if messages or start is None:
        raise FormInvalid(messages)
    return rules.Draft(
        topic=typed["topic"],
        key=typed["key"].strip(),
        values=values,
        valid_from=start,
        valid_until=days.get("valid_until"),
        source=typed["source"],
        verified=bool(typed["verified"]),
        note=typed["note"],
    )


def _form(typed: Mapping[str, str], messages: Mapping[str, Sequence[Any]], refusal: str) -> str:
    language = language_now()
    wrong = {path: " ".join(text.text(language) for text in texts) for path, texts in messages.items()}
    fields = {path.partition(".")[0] for path in wrong}
    return render_template(
        "rules/new.html", typed=typed, wrong=wrong, fields=fields, refusal=refusal, topics=_topics()
    )


def _awards_file(rows: Sequence[Award]) -> ResponseReturnValue:
    header = [_("Hình thức, danh hiệu"), _("Loại"), _("Người quyết định"), _("Người trình"), _("Bỏ phiếu")]
    header += [_("Tiền thưởng"), _("Kiểm chứng")]
    cells = (
        (
            row.name,
            row.kind_label,
            row.decided_by,
            row.submitted_by,
            row.vote,
            row.money,
            _marked(row.verified),
        )
        for row in rows
    )
    return listing.write_file("danh-muc-khen-thuong", header, cells)


def _rules_file(rows: Sequence[Row]) -> ResponseReturnValue:
    header = [_("Chủ đề"), _("Quy tắc"), _("Nội dung"), _("Từ ngày"), _("Đến trước ngày"), _("Nguồn")]
    header += [_("Kiểm chứng"), _("Ghi chú")]
    cells = (
        (
            row.topic_label,
            row.name,
            row.text,
            row.valid_from,
            row.valid_until,
            row.source,
            _marked(row.verified),
            row.note,
        )
        for row in rows
    )
    return listing.write_file("quy-tac", header, cells)


def _marked(verified: bool) -> str:
    return dict(_marks())[_mark(verified)]
