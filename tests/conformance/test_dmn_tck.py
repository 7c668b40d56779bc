"""The DMN TCK: every case gives the expected result, except those that are listed here with their reason."""

from __future__ import annotations

import re

import pytest

from tests.conformance import dmn_tck
from tests.conformance.dmn_tck import Result, Unreadable

# Whole directories that ask for what this engine refuses on purpose.
EXCLUDED_DIRECTORIES = {"0076-feel-external-java": "external Java functions are never called"}
# Expected values that ours cannot stand for, told by their text.
EXCLUDED_VALUES = {
    r"(-|\d{5,}-|-\d{4,}-)\d\d.*": "years outside 1-9999",
    r".*\d\d:\d\d:\d\d\.\d{7,}.*|P.*\.\d{7,}S": "nanoseconds: fractions of a second have six decimals",
}


def reason_to_exclude(result: Result) -> str:
    """Return why a case is not counted, "" when it is."""
    if result.directory in EXCLUDED_DIRECTORIES:
        return EXCLUDED_DIRECTORIES[result.directory]
    text = result.expected.text if isinstance(result.expected, Unreadable) else ""
    return next((reason for form, reason in EXCLUDED_VALUES.items() if re.fullmatch(form, text)), "")


@pytest.fixture(scope="module")
def results() -> list[Result]:
    if not dmn_tck.SUITE.is_dir():
        pytest.skip(f"the DMN TCK is absent: {dmn_tck.SUITE}")
    return list(dmn_tck.run())


def share(results: list[Result], *, values: bool) -> float:
    counted = [one for one in results if one.expected is not None or not values]
    return sum(one.passed for one in counted) / len(counted)


def test_the_scores_are_printed(results: list[Result], capsys: pytest.CaptureFixture[str]) -> None:
    excluded = [one for one in results if reason_to_exclude(one)]
    with capsys.disabled():
        for level in ("CL2", "CL3"):
            print(f"\nDMN TCK {level}: {dmn_tck.score(o for o in results if o.level == level)}", end="")  # noqa: T201
        print(f"\nDMN TCK: {len(excluded)} of {len(results)} are excluded")  # noqa: T201

    assert len(results) > len(excluded)


def test_level_two_passes_completely(results: list[Result]) -> None:
    failed = [one.name for one in results if one.level == "CL2" and not one.passed]

    assert failed == []


def test_level_three_passes_but_for_what_is_excluded(results: list[Result]) -> None:
    counted = [one for one in results if one.level == "CL3" and not reason_to_exclude(one)]
    failed = [one.name for one in counted if not one.passed]

    assert share(counted, values=False) >= 0.99, failed
    assert share(counted, values=True) >= 0.99, failed


def test_nothing_is_wrong_silently(results: list[Result]) -> None:
    wrong = [one.name for one in results if one.silent and not reason_to_exclude(one)]

    assert wrong == []
