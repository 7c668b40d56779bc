"""The decision `eligibility` rule by rule: each met, missed, without a figure, and only where it applies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.dmn import evaluation, library, model, reading
from workflows import eligibility, rules
from workflows.vocabulary import FORMS, TYPES

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DEFINITIONS = reading.read_file(eligibility.CARRIED.read_bytes(), "eligibility.dmn")
LIBRARY = library.put_together([DEFINITIONS])
NUMBERS = {
    rule.key: rule.values["number"]
    for rule in rules.carried()
    if rule.topic == "principle" and "number" in rule.values
}
# A nomination that meets everything, whatever its form.
FACTS: dict[str, Any] = {
    "subjects": ["individual", "collective"],
    "subject_kind": "individual",
    "rating": "excellent",
    "initiatives_recognised": 2,
    "initiative_scope": "nation",
    "advanced_share": 70,
    "disciplined_members": 0,
    "completed_share": 100,
    "fighters": 1,
    "grassroots_streak": 3,
    "provincial_streak": 2,
    "excellent_streak": 2,
    "leads_cluster": True,
    "service_years": 20,
    "gender": None,
    "medals_before": 0,
    "achievement_awarded": False,
    "influence_enough": True,
    "under_review": False,
    "before_discipline_end": False,
    "refused_bases": 0,
    "initiative_policy": "allow",
    "achieved_before_last_award": False,
}
EVERYWHERE = {
    "subject_kind",
    "one_achievement",
    "proportionate",
    "under_review",
    "discipline_restart",
    "initiative_once",
    "initiative_looked_at",
}
OF_FORM = {
    "advanced_worker": {"advanced_worker_rating"},
    "emulation_fighter_grassroots": {"fighter_basis"},
    "advanced_collective": {"advanced_share", "no_disciplined_member"},
    "outstanding_collective": {"advanced_share", "no_disciplined_member", "all_completed", "has_fighter"},
    "emulation_fighter_provincial": {"provincial_streak", "provincial_initiative"},
    "emulation_fighter_national": {"national_streak", "national_initiative"},
    "emulation_flag": {"flag_leading"},
    "government_emulation_flag": {"flag_leading"},
    "commemorative_medal": {"medal_years", "medal_once"},
}
# (rule, form, type, facts that make it miss) – at least one line for every rule of the tables.
MISSES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("subject_kind", "advanced_worker", "merit", {"subjects": ["collective"]}),
    ("advanced_worker_rating", "advanced_worker", "merit", {"rating": "completed"}),
    (
        "fighter_basis",
        "emulation_fighter_grassroots",
        "merit",
        {"rating": "good", "initiatives_recognised": 0},
    ),
    ("fighter_basis", "emulation_fighter_grassroots", "merit", {"rating": "completed"}),
    ("advanced_share", "advanced_collective", "merit", {"advanced_share": 69}),
    ("advanced_share", "outstanding_collective", "merit", {"advanced_share": 69}),
    ("no_disciplined_member", "advanced_collective", "merit", {"disciplined_members": 1}),
    ("all_completed", "outstanding_collective", "merit", {"completed_share": 99}),
    ("has_fighter", "outstanding_collective", "merit", {"fighters": 0}),
    ("provincial_streak", "emulation_fighter_provincial", "merit", {"grassroots_streak": 2}),
    ("provincial_initiative", "emulation_fighter_provincial", "merit", {"initiative_scope": "unit"}),
    ("national_streak", "emulation_fighter_national", "merit", {"provincial_streak": 1}),
    ("national_initiative", "emulation_fighter_national", "merit", {"initiative_scope": "province"}),
    ("flag_leading", "emulation_flag", "merit", {"leads_cluster": False}),
    ("merit_streak", "certificate_of_merit", "merit", {"grassroots_streak": 1, "excellent_streak": 1}),
    ("merit_streak", "certificate_of_merit", "merit", {"grassroots_streak": 1, "initiatives_recognised": 1}),
    ("medal_years", "commemorative_medal", "merit", {"service_years": 19}),
    ("medal_years", "commemorative_medal", "merit", {"service_years": 14, "gender": "female"}),
    ("medal_once", "commemorative_medal", "merit", {"medals_before": 1}),
    ("one_achievement", "certificate_of_merit", "thematic", {"achievement_awarded": True}),
    ("proportionate", "certificate_of_merit", "thematic", {"influence_enough": False}),
    ("under_review", "certificate_of_merit", "ad_hoc", {"under_review": True}),
    ("discipline_restart", "certificate_of_merit", "ad_hoc", {"before_discipline_end": True}),
    ("thematic_not_basis", "certificate_of_merit", "merit", {"refused_bases": 1}),
    ("initiative_once", "certificate_of_merit", "merit", {"initiative_policy": "refuse"}),
    ("initiative_looked_at", "advanced_worker", "merit", {"initiative_policy": "warn"}),
    ("interval", "certificate_of_merit", "merit", {"achieved_before_last_award": True}),
]


def assess(form: str, kind: str, **changes: Any) -> dict[str, bool | None]:
    """Return what each rule that applies comes to."""
    node = LIBRARY.find("eligibility")
    assert node is not None
    facts = {**FACTS, "form": form, "type": kind, **changes}
    outcome = evaluation.evaluate(LIBRARY, node, {"facts": facts, "numbers": NUMBERS}, NOW)
    assert outcome.errors == ()
    return {row["key"]: row["met"] for row in outcome.as_dict()["result"]}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("form", sorted(FORMS))
def test_each_form_is_held_against_its_own_rules_and_meets_them(form: str, kind: str) -> None:
    of_type = {"thematic_not_basis", "interval"} if kind == "merit" else set()
    of_both = {"merit_streak"} if (form, kind) == ("certificate_of_merit", "merit") else set()

    found = assess(form, kind)

    assert set(found) == EVERYWHERE | OF_FORM.get(form, set()) | of_type | of_both
    assert set(found.values()) == {True}


@pytest.mark.parametrize(("key", "form", "kind", "facts"), MISSES)
def test_a_rule_that_is_missed_is_the_only_one_missed(
    key: str, form: str, kind: str, facts: dict[str, Any]
) -> None:
    found = assess(form, kind, **facts)

    assert [name for name, met in found.items() if met is not True] == [key]
    assert found[key] is False


def test_every_rule_of_the_tables_has_a_miss_and_a_dated_row_with_a_source() -> None:
    tables = [
        element.logic
        for element in DEFINITIONS.elements.values()
        if isinstance(element, model.Decision) and isinstance(element.logic, model.Table)
    ]
    keys = {rule.entries[0].text.strip('"') for table in tables for rule in table.rules}

    assert keys == {key for key, *_ in MISSES}
    assert keys <= {rule.key for rule in rules.carried() if rule.topic == "principle" and rule.source}


@pytest.mark.parametrize(
    ("form", "fact", "key"),
    [
        ("advanced_collective", "advanced_share", "advanced_share"),
        ("outstanding_collective", "fighters", "has_fighter"),
        ("commemorative_medal", "service_years", "medal_years"),
        ("advanced_worker", "rating", "advanced_worker_rating"),
        ("emulation_fighter_grassroots", "rating", "fighter_basis"),
        ("emulation_flag", "leads_cluster", "flag_leading"),
    ],
)
def test_a_figure_that_nobody_recorded_is_unknown_not_met(form: str, fact: str, key: str) -> None:
    assert assess(form, "merit", **{fact: None})[key] is None


def test_a_woman_needs_fifteen_years_for_the_medal() -> None:
    assert assess("commemorative_medal", "merit", service_years=15, gender="female")["medal_years"] is True


def test_good_results_with_a_recognised_initiative_are_enough_for_a_grassroots_fighter() -> None:
    found = assess("emulation_fighter_grassroots", "merit", rating="good", initiatives_recognised=1)

    assert found["fighter_basis"] is True
