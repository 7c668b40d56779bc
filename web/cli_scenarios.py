"""The command `bangvang test`: play scenarios, tell which hold, and what of the diagrams they reach."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine import coverage, scenario_runs, scenarios
from engine.coverage import Coverage
from engine.errors import EngineError
from engine.scenario_runs import Result
from engine.scenarios import Scenario
from web.cli_application import JSON
from workflows import scenarios as domain

ENDING = "*.scenario.json"
UNREADABLE = 2
ELEMENTS, FLOWS = "bước / elements", "nối / flows"
NOTHING = "Không có kịch bản nào (*.scenario.json). / There is no scenario (*.scenario.json)."


@dataclass(frozen=True)
class Found:
    """The scenarios of a run, where each stands, and the folders that were asked for."""

    scenarios: list[Scenario]
    folders: dict[str, Path]
    asked: frozenset[Path]


@click.command("test")
@click.argument("places", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--require-coverage", "strict", is_flag=True, help="Exit 1 when a diagram is below 100 %.")
@JSON
def test(places: Sequence[Path], strict: bool, as_json: bool) -> None:
    """Play the scenarios of files and folders in memory; exit 1 when one fails, 2 when one cannot be read."""
    try:
        found = find(places)
        results = list(_play(found, as_json))
    except EngineError as error:
        click.echo(f"{error.text('vi')} / {error.text('en')}", err=True)
        sys.exit(UNREADABLE)
    reached = measure(found, results)
    if as_json:
        click.echo(json.dumps(_as_json(results, reached), ensure_ascii=False))
    else:
        _print(results, reached)
    failed = any(result.failure for result in results)
    if failed or (strict and any(one.missing for one in reached)):
        sys.exit(1)


def find(places: Sequence[Path]) -> Found:
    """Read the scenarios of files and folders; raises ScenarioUnreadable, also when there is none."""
    paths: dict[Path, None] = {}
    asked: set[Path] = set()
    for place in places:
        listed = sorted(place.rglob(ENDING)) if place.is_dir() else [place]
        paths |= dict.fromkeys(path.resolve() for path in listed)
        asked |= {path.resolve().parent for path in place.rglob("*.bpmn")} if place.is_dir() else set()
    if not paths:
        raise scenarios.ScenarioUnreadable(file=places[0], path="$", problem=NOTHING, problem_vi=NOTHING)
    read = [scenarios.read(_name(path), path.read_bytes(), domain.KINDS) for path in paths]
    return Found(read, {_name(path): path.parent for path in paths}, frozenset(asked))


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def measure(found: Found, results: Iterable[Result]) -> list[Coverage]:
    """Return the coverage of what was asked for by file.

    That is every diagram of a folder, and each other one beside a scenario that an instance ran through.
    """
    together = coverage.add_all(result.coverage for result in results)
    whole = {path.name for folder in found.asked for path in folder.glob("*.bpmn")}
    beside = {path.name for folder in found.folders.values() for path in folder.glob("*.bpmn")}
    chosen = [
        one
        for one in together.values()
        if one.file in whole or (not found.asked and one.file in beside and one.instances)
    ]
    return sorted(chosen, key=lambda one: (one.file, one.process))


def _play(found: Found, as_json: bool) -> Iterable[Result]:
    """Play one scenario after the other and tell each as soon as it has ended."""
    total = len(found.scenarios)
    runs = scenario_runs.run(found.scenarios, domain.make_world(found.folders))
    for number, result in enumerate(runs, 1):
        word = "ok  " if result.failure is None else "FAIL"
        line = f"{word} [{number}/{total}] {result.scenario.file}: {result.scenario.title.vi}"
        click.echo(line, err=as_json)
        if result.failure is not None:
            step, text = result.failure.step, result.failure.text
            click.echo(f"     {result.scenario.file}, bước {step}: {text.vi}", err=as_json)
            click.echo(f"     {result.scenario.file}, step {step}: {text.en}", err=as_json)
        yield result


def _print(results: Sequence[Result], reached: Sequence[Coverage]) -> None:
    width = max((len(one.process) for one in reached), default=0)
    click.echo(f"\n{'':<{width}}  {ELEMENTS:>17}  {FLOWS:>12}")
    for one in reached:
        elements = f"{len(one.reached_elements)}/{len(one.elements)}"
        flows = f"{len(one.reached_flows)}/{len(one.flows)}"
        missing = f"  chưa tới / not reached: {', '.join(one.missing)}" if one.missing else ""
        click.echo(f"{one.process:<{width}}  {elements:>17}  {flows:>12}  {one.percent:5.1f} %{missing}")
    failed = sum(result.failure is not None for result in results)
    below = sum(bool(one.missing) for one in reached)
    click.echo(
        f"{len(results)} kịch bản, {failed} hỏng; {len(reached)} sơ đồ, {below} chưa đủ 100 %. / "
        f"{len(results)} scenarios, {failed} failed; {len(reached)} diagrams, {below} below 100 %."
    )


def _as_json(results: Sequence[Result], reached: Sequence[Coverage]) -> dict[str, Any]:
    return {
        "scenarios": [_result_json(result) for result in results],
        "coverage": [
            {
                "process": one.process,
                "file": one.file,
                "elements": len(one.elements),
                "elements_reached": len(one.reached_elements),
                "flows": len(one.flows),
                "flows_reached": len(one.reached_flows),
                "percent": round(one.percent, 1),
                "not_reached": one.missing,
            }
            for one in reached
        ],
    }


def _result_json(result: Result) -> dict[str, Any]:
    failure = result.failure
    told = None if failure is None else {"step": failure.step, "vi": failure.text.vi, "en": failure.text.en}
    scenario = result.scenario
    title = {"vi": scenario.title.vi, "en": scenario.title.en}
    return {"file": scenario.file, "title": title, "source": scenario.source, "failure": told}
