"""The carried criteria of seed 001: each one that is not met is named with its source."""

from __future__ import annotations

from typing import Any

import pytest

from workflows import criteria, rules
from workflows.tables import Criterion, Rule

FORMS = {
    draft.key: Rule(key=draft.key, values=draft.values)
    for draft in rules.carried()
    if draft.topic == "award_form"
}
CARRIED = [Criterion(**row) for row in criteria.read(criteria.DATA / "598-KH-TTTV.json")]
PERSON = {"tasks_completed": True, "contributed": True, "complied": True, "not_criticised": True}
OFFICE: dict[str, Any] = {
    "completed_percent": 100,
    "collective_not_criticised": True,
    "quality_assured": True,
    "proactive": True,
    "exemplary": True,
    "violations": 0,
}


def failures(kind: str, answers: dict[str, Any]) -> list[str]:
    """Return the keys of the criteria that are not met."""
    return [entry["key"] for entry in criteria.evaluate(CARRIED, kind, answers)["failures"]]


def test_whoever_meets_everything_passes() -> None:
    assert failures("individual", PERSON) == []
    assert failures("collective", OFFICE) == []


@pytest.mark.parametrize("key", sorted(PERSON))
def test_each_criterion_of_a_person_fails_alone(key: str) -> None:
    assert failures("individual", {**PERSON, key: False}) == [key]


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("completed_percent", 99),
        ("completed_percent", 99.9),
        ("completed_percent", True),
        ("completed_percent", None),
        ("collective_not_criticised", False),
        ("quality_assured", False),
        ("proactive", None),
        ("exemplary", "yes"),
        ("violations", 1),
        ("violations", False),
        ("violations", None),
    ],
)
def test_each_criterion_of_an_office_fails_alone(key: str, answer: object) -> None:
    assert failures("collective", {**OFFICE, key: answer}) == [key]


def test_an_unanswered_list_fails_everything() -> None:
    assert failures("individual", {}) == ["tasks_completed", "contributed", "complied", "not_criticised"]


def test_a_failed_criterion_is_named_with_its_source() -> None:
    found = criteria.evaluate(CARRIED, "individual", {**PERSON, "not_criticised": False})

    assert criteria.describe(found).vi == (
        "Không đạt tiêu chí “không bị phê bình, nhắc nhở” (598/KH-TTTV mục III.1.b nhóm 3)"
    )
    assert criteria.describe(criteria.evaluate(CARRIED, "individual", PERSON)).vi == "Đạt"


def test_only_the_fourth_group_of_an_office_is_a_veto() -> None:
    assert [entry.key for entry in CARRIED if entry.veto] == ["violations"]
    found = criteria.evaluate(CARRIED, "collective", {**OFFICE, "violations": 2})
    assert (found["failures"][0]["group"], found["failures"][0]["veto"]) == (4, True)


def test_a_criterion_that_is_not_mandatory_only_warns() -> None:
    optional = [Criterion(**row) for row in criteria.read(criteria.DATA / "598-KH-TTTV.json")]
    optional[1].mandatory = False

    found = criteria.evaluate(optional, "individual", {**PERSON, "contributed": False})

    assert found["failures"] == []
    assert criteria.describe(found).vi.startswith("Đạt. Lưu ý: có tham gia đóng góp")


@pytest.mark.parametrize(
    ("form", "influence", "met"),
    [
        ("certificate_of_commendation", "department", True),
        ("certificate_of_commendation", "nation", True),
        ("certificate_of_merit", "department", False),
        ("certificate_of_merit", "city_field", True),
        ("state_level", "city_field", False),
        ("state_level", "nation", True),
    ],
)
def test_a_form_needs_its_reach_of_influence(form: str, influence: str, met: bool) -> None:
    assert (criteria.check_influence(FORMS[form], influence) is None) is met


def test_an_english_reader_is_told_that_the_quoted_criterion_is_not_met() -> None:
    found = criteria.evaluate(CARRIED, "individual", {**PERSON, "not_criticised": False})
    wider = criteria.check_influence(FORMS["state_level"], "department")

    assert criteria.describe(found).en == (
        "Does not meet the criteria “không bị phê bình, nhắc nhở” (598/KH-TTTV mục III.1.b nhóm 3)"
    )
    assert "influence at least “Nation-wide”" in criteria.describe({"failures": [wider], "warnings": []}).en
    assert (criteria.describe({}).en, criteria.describe(criteria.evaluate([], "individual", {})).en) == (
        "Not checked yet",
        "Meets the criteria",
    )
