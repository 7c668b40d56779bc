"""The command `bangvang test`: what it prints and with which code it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.builders import a_process
from web.cli import bangvang

START = {"start": "review", "as": "thao.it", "key": "K1"}
SIGN = {"complete": "sign", "as": "binh.p1", "answers": {"ok": True}}
LOOK = {"expect": {"instances": [{"process": "review", "status": "completed"}]}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with one diagram: a task and a choice behind it."""
    built = a_process("review").start().user_task("sign", candidateGroups="P1.head").gateway("agreed")
    built.when("=ok = true").end("yes").at(None).end("no").default("agreed", "no")
    name, content = built.file()
    (tmp_path / name).write_bytes(content)
    return tmp_path


def write(folder: Path, name: str, *steps: dict[str, Any], **changes: Any) -> Path:
    """Write a scenario beside the diagram."""
    told = {
        "title": {"vi": "Ký", "en": "Sign"},
        "source": "thử",
        "world": {"clock": "2026-10-01 09:00"},
        "steps": list(steps),
    }
    path = folder / f"{name}.scenario.json"
    path.write_text(json.dumps({**told, **changes}), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(bangvang, ["test", *map(str, arguments)])


def test_scenarios_that_hold_end_with_0_and_tell_what_was_not_reached(folder: Path) -> None:
    path = write(folder, "one", START, SIGN, LOOK)

    result = run(folder)
    alone = run(path)

    assert result.exit_code == 0, result.output
    assert "ok   [1/1]" in result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("review")]
    assert line.split()[1:3] == ["4/5", "3/4"]
    assert "no, review_default_agreed" in line
    assert line in alone.output


def test_a_diagram_below_100_percent_fails_when_coverage_is_required(folder: Path) -> None:
    write(folder, "one", START, SIGN, LOOK)
    short = run(folder, "--require-coverage")
    write(folder, "two", START, {**SIGN, "answers": {"ok": False}}, LOOK)

    whole = run(folder, "--require-coverage")

    assert (short.exit_code, whole.exit_code) == (1, 0)


def test_a_scenario_that_fails_ends_with_1_and_says_where_in_both_languages(folder: Path) -> None:
    write(folder, "one", START, {**SIGN, "as": "an.p1"}, LOOK)

    result = run(folder)

    assert result.exit_code == 1
    assert "one.scenario.json, bước 2:" in result.output
    assert "one.scenario.json, step 2:" in result.output


def test_a_value_that_no_form_asks_for_fails(folder: Path) -> None:
    write(folder, "one", {**START, "values": {"ok": True}}, LOOK)

    result = run(folder)

    assert result.exit_code == 1
    assert "bước 1: cần các mục của biểu mẫu (–); thấy ok" in result.output


def test_what_cannot_be_read_ends_with_2_and_names_file_and_path(folder: Path) -> None:
    write(folder, "one", START, LOOK, colour="red")

    result = run(folder)
    nothing = run(write(folder, "two", LOOK).parent / "review.bpmn")

    assert result.exit_code == 2
    assert "one.scenario.json" in result.output
    assert "$.colour" in result.output
    assert nothing.exit_code == 2


def test_json_tells_scenarios_and_coverage(folder: Path) -> None:
    write(folder, "one", START, SIGN, LOOK)

    result = CliRunner().invoke(bangvang, ["test", str(folder), "--json"])

    told = json.loads(result.stdout)
    assert [one["failure"] for one in told["scenarios"]] == [None]
    (diagram,) = told["coverage"]
    assert (diagram["elements"], diagram["elements_reached"]) == (5, 4)
    assert diagram["not_reached"] == ["no", "review_default_agreed"]
