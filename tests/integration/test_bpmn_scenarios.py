"""Every scenario beside the diagrams holds, and together they walk every element and every flow of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import coverage, scenario_runs
from engine.coverage import Coverage
from engine.scenario_runs import Result
from web import cli_scenarios
from workflows import chains, scenarios

FILES = sorted(chains.ROOT.rglob(cli_scenarios.ENDING))
DIAGRAMS = sorted(chains.ROOT.rglob("*.bpmn"))


def name(path: Path) -> str:
    return path.relative_to(chains.ROOT).as_posix()


@pytest.fixture(scope="module")
def played() -> dict[str, Result]:
    """Play every scenario once."""
    found = cli_scenarios.find([chains.ROOT])
    world = scenarios.make_world(found.folders)
    return {result.scenario.file: result for result in scenario_runs.run(found.scenarios, world)}


@pytest.fixture(scope="module")
def reached(played: dict[str, Result]) -> dict[str, Coverage]:
    """Give what all of them together reached, by file."""
    together = coverage.add_all(result.coverage for result in played.values())
    return {one.file: one for one in together.values()}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_what_a_scenario_expects_happens(path: Path, played: dict[str, Result]) -> None:
    failure = played[name(path)].failure

    assert failure is None, failure


@pytest.mark.parametrize("path", DIAGRAMS, ids=name)
def test_the_scenarios_walk_every_element_and_flow(path: Path, reached: dict[str, Coverage]) -> None:
    assert path.name in reached

    assert reached[path.name].missing == []
