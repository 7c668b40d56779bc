"""The betsy suite: every process runs as BPMN 2.0 says, or is refused before it runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conformance import betsy

# deployment refuses these, each with the rule that does so; engine/README.md says why
REFUSED = {
    "errors/ExclusiveDiverging_ParallelConverging.bpmn": "deadlock",
}

# the expected trace names a task that the file does not have: file → what the file itself says
CONTRADICTED = {
    "activities/AdHocSubProcess_Sequential.bpmn": ("task1", "task2", "task1"),
    "activities/AdHocSubProcess_Parallel.bpmn": ("task1", "task2", "task1"),
}


@pytest.mark.skipif(not betsy.cases(), reason=f"the betsy suite is absent: {betsy.SUITE}")
@pytest.mark.parametrize("case", betsy.cases(), ids=lambda case: case.name)
def test_a_process_of_the_suite_runs_by_the_standard(case: betsy.Case) -> None:
    found = betsy.run(case)

    if case.file in REFUSED:
        rules = {finding["rule"] for finding in found.outcome.findings if finding["severity"] == "error"}
        assert (found.status, rules) == ("refused", {REFUSED[case.file]})
        return
    assert betsy.agrees(as_the_file_says(case), found), (case.trace, found)


def as_the_file_says(case: betsy.Case) -> betsy.Case:
    return replace(case, trace=CONTRADICTED.get(case.file, case.trace))


@pytest.mark.skipif(not betsy.cases(), reason=f"the betsy suite is absent: {betsy.SUITE}")
def test_the_share_that_passes_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [(case, betsy.run(case)) for case in betsy.cases()]

    refused = [case for case, found in runs if found.status == "refused" and case.file in REFUSED]
    passed = [case for case, found in runs if betsy.agrees(as_the_file_says(case), found)]
    exact = [case for case, found in runs if found.trace == case.trace]

    with capsys.disabled():
        print(  # noqa: T201
            f"\nbetsy: {len(passed)} of {len(runs)} cases pass, {len(refused)} refused; {len(exact)} in the "
            f"very order of the suite; {len(CONTRADICTED)} files contradict what the suite expects of them"
        )
    assert len(passed) + len(refused) == len(runs)
