"""Rules as dated data: each with a source, one in force a day, values checked; money in whole đồng."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, NotFound, Refused
from workflows import rules
from workflows.rules import money, schemas, words
from workflows.tables import Rule
from workflows.vocabulary import FORMS

DAY = date(2026, 11, 2)
LIMIT = {
    "name": {"vi": "Bổ sung", "en": "Supplement"},
    "days": 5,
    "unit": "working_day",
    "counting": "after_event_day",
    "counted_from": {"vi": "ngày trả lại", "en": "the day of return"},
}
# The four regimes of domain knowledge: a day of each.
REGIMES = {
    date(2021, 9, 1): "law_2003_2013",
    date(2024, 1, 1): "law_2022_decree_98",
    date(2025, 7, 1): "law_2022_decree_152",
    date(2026, 10, 1): "law_2026",
}


def draft(**changes: Any) -> rules.Draft:
    """Return a rule that is right but for the changes."""
    given = {
        "topic": "limit",
        "key": "test",
        "values": LIMIT,
        "valid_from": date(2026, 1, 1),
        "source": "Quyết định 1/QĐ-TTTV",
        "verified": True,
    }
    return rules.Draft(**{**given, **changes})


@pytest.fixture
def installed(session: Session) -> Session:
    """Give a database with the carried rules."""
    rules.install(session)
    return session


def test_every_carried_rule_has_a_source_and_says_whether_it_was_verified() -> None:
    carried = rules.carried()

    assert all(rule.source and isinstance(rule.verified, bool) for rule in carried)
    assert {rule.topic for rule in carried} == set(rules.TOPICS)
    assert len(carried) > 400


def test_what_was_not_seen_in_full_is_never_presented_as_law() -> None:
    by_new_law = [rule for rule in rules.carried() if "06/2026/QH16" in rule.source]

    assert by_new_law
    assert not any(rule.verified for rule in by_new_law)
    assert not any(rule.verified for rule in rules.carried() if "Chưa tìm thấy" in rule.note)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_has_decider_dossier_votes_and_route_in_the_newest_regime(
    installed: Session, form: str
) -> None:
    topics = ("award_form", "decider", "vote", "disclosure", "opinion", "council_route")

    found = [rules.find(installed, topic, form, DAY) for topic in topics]
    papers = rules.find(installed, "dossier", f"{form}/ordinary", DAY).values["papers"]

    assert all(rule.source for rule in found)
    assert papers[0]["code"] == "submission_letter"


@pytest.mark.parametrize(("day", "code"), REGIMES.items())
def test_the_regime_follows_the_day_of_receipt(installed: Session, day: date, code: str) -> None:
    assert rules.regime(installed, day, date(2026, 11, 20)).code == code


def test_a_rule_that_is_not_there_is_named_with_topic_key_and_day(installed: Session) -> None:
    with pytest.raises(NotFound) as missing:
        rules.find(installed, "limit", "unknown", DAY)

    assert "limit / unknown / 02/11/2026" in missing.value.text("vi")


def test_votes_are_counted_on_all_members_with_the_thresholds_of_the_decree(installed: Session) -> None:
    thresholds = {
        rule.key: (rule.values["threshold"], rule.values["base"])
        for rule in rules.list_in_force(installed, "vote", date(2024, 6, 1))
    }

    assert thresholds["emulation_fighter_provincial"] == (90, "all_members")
    assert thresholds["emulation_fighter_grassroots"] == (80, "all_members")
    assert thresholds["certificate_of_merit"] == (None, "all_members")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"source": "  "}, "source"),
        ({"key": ""}, "key"),
        ({"topic": "unknown"}, "topic"),
        ({"valid_until": date(2026, 1, 1)}, "valid_until"),
        ({"values": {**LIMIT, "extra": 1}}, "values.extra"),
        ({"values": {**LIMIT, "days": "five"}}, "values.days"),
        ({"values": {**LIMIT, "unit": "day"}}, "values.unit"),
        ({"values": {**LIMIT, "name": {"vi": "Bổ sung"}}}, "values.name.en"),
        ({"values": []}, "values"),
    ],
)
def test_a_row_without_source_or_with_wrong_values_is_refused_by_path(
    session: Session, changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(FormInvalid) as refused:
        rules.add(session, draft(**changes))

    assert list(refused.value.messages) == [path]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 6, 1), None),
        (date(2025, 1, 1), date(2026, 1, 2)),
        (date(2025, 1, 1), None),
        (date(2026, 6, 1), date(2026, 7, 1)),
    ],
)
def test_a_row_that_overlaps_another_is_refused_and_names_it(
    session: Session, start: date, end: date | None
) -> None:
    first = rules.add(session, draft())

    with pytest.raises(Refused) as refused:
        rules.add(session, draft(valid_from=start, valid_until=end))

    for language in ("vi", "en"):
        assert f" {first.id} " in refused.value.text(language)
        assert "01/01/2026" in refused.value.text(language)
        assert first.source in refused.value.text(language)


def test_rows_that_touch_follow_each_other(session: Session) -> None:
    rules.add(session, draft(valid_until=date(2026, 6, 1)))
    rules.add(session, draft(valid_from=date(2026, 6, 1), values={**LIMIT, "days": 7}))
    earlier = draft(valid_from=date(2025, 1, 1), valid_until=date(2026, 1, 1), values={**LIMIT, "days": 3})
    rules.add(session, earlier)

    asked = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 5, 31), DAY)
    days = [rules.find(session, "limit", "test", day).values["days"] for day in asked]

    assert days == [3, 5, 5, 7]
    assert [row.values["days"] for row in rules.history(session, "limit", "test")] == [3, 5, 7]


def test_carried_rows_never_overwrite_what_an_office_changed(session: Session) -> None:
    rules.install(session)
    rules.find(session, "limit", "supplement", DAY).source = "Quyết định của Trung tâm"

    rules.install(session)

    assert rules.find(session, "limit", "supplement", DAY).source == "Quyết định của Trung tâm"


@pytest.mark.parametrize(
    ("form", "kind", "day", "dong", "verified"),
    [
        ("certificate_of_commendation", "collective", date(2026, 7, 20), 1_520_000, True),
        ("certificate_of_commendation", "collective", date(2026, 6, 20), 1_410_000, True),
        ("certificate_of_commendation", "individual", date(2026, 6, 20), 710_000, False),
        ("certificate_of_commendation", "household", date(2026, 6, 20), 1_060_000, False),
        ("advanced_worker", "individual", date(2026, 6, 30), 710_000, True),
        ("labour_order_first", "collective", date(2026, 7, 1), 45_540_000, True),
    ],
)
def test_money_is_a_multiple_of_the_base_salary_rounded_up(
    installed: Session, form: str, kind: str, day: date, dong: int, verified: bool
) -> None:
    amount = money.amount(installed, form, kind, day)

    assert amount is not None
    assert (amount.dong, amount.verified) == (dong, verified)


def test_no_money_is_invented_where_no_rule_names_any(installed: Session) -> None:
    assert money.amount(installed, "certificate_of_commendation", "collective", date(2022, 1, 1)) is None
    assert money.amount(installed, "state_level", "individual", DAY) is None


def test_titles_of_one_period_are_paid_once_and_a_form_beside_them_too() -> None:
    grants = [
        money.Grant("title", "2026", 760_000),
        money.Grant("title", "2026", 2_530_000),
        money.Grant("title", "2025", 2_340_000),
        money.Grant("form", "2026", 760_000),
    ]

    assert money.payable(grants) == 2_530_000 + 2_340_000 + 760_000


@given(
    st.sampled_from(sorted(schemas.TOPICS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_no_value_whatever_breaks_the_check_of_a_topic(topic: str, values: Any) -> None:
    assert schemas.findings(topic, values)


@pytest.mark.parametrize(
    "rule", rules.carried(), ids=lambda rule: f"{rule.topic}-{rule.key}-{rule.valid_from}"
)
def test_every_rule_can_be_told_in_both_languages(rule: rules.Draft) -> None:
    said = words.describe(Rule(topic=rule.topic, key=rule.key, values=rule.values))

    assert len(said.vi) > 3
    assert len(said.en) > 3


def test_every_note_of_a_carried_rule_is_written_in_both_languages() -> None:
    assert [rule.key for rule in rules.carried() if bool(rule.note) != bool(rule.note_en)] == []
