"""`bangvang decide`: results, reasons and refusals, without a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.deciding import a_decision, a_function, a_model, a_service, a_table, an_input, text
from web.cli import bangvang

TABLE = a_table(["score"], [""], (">= 90", '"high"', "Điều 74"), ("< 90", '"low"', ""), annotation="Căn cứ")
MODEL = a_model(an_input("score", "number"), a_decision("award", TABLE, inputs=["score"]))


def run(folder: Path, *arguments: str, **files: bytes) -> Result:
    paths = []
    for name, content in files.items():
        path = folder / f"{name}.dmn"
        path.write_bytes(content)
        paths.append(str(path))
    return CliRunner().invoke(bangvang, ["decide", *paths, *arguments])


def told(folder: Path, *arguments: str, **files: bytes) -> dict[str, Any]:
    result = run(folder, "--json", *arguments, **files)
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if found["status"] == "ok" else 1)
    return found


def test_the_result_comes_with_the_rules_that_hit(tmp_path: Path) -> None:
    found = told(tmp_path, "--decision", "award", "--variables", '{"score": 95}', model=MODEL)

    assert (found["status"], found["decision"], found["result"]) == ("ok", "award", "high")
    assert found["evaluations"][0]["hits"] == [
        {"rule": "r1", "index": 1, "outputs": {"award": "high"}, "annotations": {"Căn cứ": "Điều 74"}}
    ]
    assert (found["errors"], found["findings"]) == ([], [])


def test_as_text_it_says_in_vietnamese_which_rules_hit_and_why(tmp_path: Path) -> None:
    result = run(tmp_path, "--variables", '{"score": 95}', model=MODEL)

    assert result.exit_code == 0
    assert 'Kết quả: "high"' in result.output
    assert "quy tắc 1 [r1] khớp" in result.output
    assert "Căn cứ: Điều 74" in result.output


def test_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    model = a_model(an_input("x"), a_decision("d", text("x / 3"), inputs=["x"]))

    result = run(tmp_path, "--json", "--variables", '{"x": 0.1234567890123456789}', model=model)

    assert '"result": 0.0411522630041152263,' in result.output


def test_a_result_that_is_too_deep_for_json_is_an_error(tmp_path: Path) -> None:
    around = [a_decision(f"d{n}", text(f"[d{n - 1}]"), needs=[f"d{n - 1}"]) for n in range(1, 1_200)]

    found = told(tmp_path, "--decision", "d1199", model=a_model(a_decision("d0", text("1")), *around))

    assert (found["status"], found["result"]) == ("error", None)


def test_temporal_values_are_iso_text(tmp_path: Path) -> None:
    logic = '[date("2026-10-01"), duration("P1DT2H"), time("10:00:00"), duration("P14M")]'

    found = told(tmp_path, model=a_model(a_decision("d", text(logic))))

    assert found["result"] == ["2026-10-01", "P1DT2H", "10:00:00", "P1Y2M"]


def test_services_and_functions_can_be_asked_for_by_id_or_name(tmp_path: Path) -> None:
    model = a_model(
        an_input("x", "number"),
        a_decision("twice", text("x * 2"), inputs=["x"]).replace('name="twice"', 'name="gấp đôi"'),
        a_service("service", ["twice"], inputs=["x"]),
        a_function("add", [("a", "number"), ("b", "number")], text("a + b")),
    )

    assert told(tmp_path, "--decision", "service", "--variables", '{"x": 2}', model=model)["result"] == 4
    assert told(tmp_path, "--decision", "gấp đôi", "--variables", '{"x": 2}', model=model)["result"] == 4
    assert told(tmp_path, "--decision", "add", "--variables", '{"a": 2, "b": 3}', model=model)["result"] == 5


def test_imported_models_are_found_beside_the_file(tmp_path: Path) -> None:
    kind = "https://www.omg.org/spec/DMN/20191111/MODEL/"
    main = a_model(
        f'<import name="base" namespace="base" importType="{kind}"/>',
        a_decision("top", text("base.low + 1"), needs=["base#low"]),
    )
    (tmp_path / "other.dmn").write_bytes(a_model(a_decision("low", text("1")), namespace="base"))
    (tmp_path / "broken.dmn").write_bytes(b"<definitions")

    assert told(tmp_path, main=main)["result"] == 2


def test_an_error_is_told_with_its_remedy_and_exit_one(tmp_path: Path) -> None:
    found = told(tmp_path, "--variables", '{"score": "many"}', model=MODEL)
    result = run(tmp_path, "--variables", '{"score": "many"}', model=MODEL)

    assert (found["status"], found["result"]) == ("error", None)
    assert [error["rule"] for error in found["errors"]] == ["wrong-type"]
    assert result.exit_code == 1
    assert "lỗi: “score”" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "content"),
    [
        (["--decision", "nothing"], MODEL),
        ([], b"<html/>"),
        ([], a_model(a_decision("a", text("1")), a_decision("b", text("2")))),
    ],
)
def test_what_cannot_be_evaluated_is_refused_and_says_what_there_is(
    tmp_path: Path, arguments: list[str], content: bytes
) -> None:
    found = told(tmp_path, *arguments, model=content)

    assert (found["status"], found["result"]) == ("refused", None)
    assert found["errors"][0]["text"]


@pytest.mark.parametrize("variables", ["[1]", "{", '{"score": NaN}', "[" * 100_000])
def test_variables_that_are_no_object_are_refused(tmp_path: Path, variables: str) -> None:
    assert run(tmp_path, "--variables", variables, model=MODEL).exit_code == 2
