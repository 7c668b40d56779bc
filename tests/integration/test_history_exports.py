"""What others read: XES by the standard's own schema, CSV that no spreadsheet runs, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import delete

from engine import history, instances
from engine.actors import Actor
from engine.audit import formats as audit_formats
from engine.tables import ProcessInstance
from tests.integration.history_forgery import CANDIDATES, CASES, EVENTS, TASKS, VARIABLES
from tests.integration.history_places import Place, open_history

XSD = Path(__file__).parents[3] / "shared" / "corpus" / "xes" / "xes-ieee-1849-2016.xsd"
NASTY = '=cmd|"/c calc"!A1 <&> \x01\x0b\ufffe "đề nghị" \U0001f600'


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with open_history("sqlite", tmp_path) as opened:
        with opened.session() as session:
            case = instances.start(session, "told", {"note": NASTY}, Actor("=nora"), business_key=NASTY)
            history.record(session, case, "note.written", Actor("mia"), {"reason": NASTY})
            session.flush()
            history.write(session)
        yield opened


def written(place: Place, name: str) -> str:
    with place.session() as session:
        return "".join(audit_formats.FORMATS[name](session))


def test_xes_is_valid_by_the_schema_of_the_standard(place: Place) -> None:
    if not XSD.exists():
        pytest.skip(f"NOT TESTED against the schema of IEEE 1849: {XSD} is not there")
    log = etree.fromstring(written(place, "xes").encode())

    schema = etree.XMLSchema(etree.parse(XSD))

    assert schema.validate(log), schema.error_log


def test_xes_has_a_trace_for_each_case_with_all_its_events(place: Place) -> None:
    log = etree.fromstring(written(place, "xes").encode())

    with place.session() as session:
        expected = [row.events for row in session.query(ProcessInstance).order_by(ProcessInstance.id)]
    assert [len(trace.findall("event")) for trace in log.findall("trace")] == expected
    first = log.find("trace/event")
    assert first is not None
    told = {attribute.get("key"): attribute.get("value") for attribute in first}
    assert (told["org:resource"], told["lifecycle:transition"], told["sequence"]) == ("nora", "unknown", "1")


def test_no_cell_of_the_csv_begins_a_formula(place: Place) -> None:
    rows = list(csv.DictReader(io.StringIO(written(place, "csv"), newline="")))

    assert rows[-1]["kind"] == "note.written"
    assert rows[-1]["business_key"] == f"'{NASTY}"
    assert rows[-2]["actor"] == "'=nora"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_json_is_one_array_of_all_events(place: Place) -> None:
    events = json.loads(written(place, "json"))

    numbers = [one["sequence"] for one in events if one["instance"] == 1]
    assert numbers == list(range(1, len(place.events(1)) + 1))
    assert events[-1]["data"] == {"reason": NASTY}
    assert events[0]["groups"] == ["P1.staff", "staff"]


@pytest.mark.parametrize("name", audit_formats.FORMATS)
def test_an_empty_history_can_be_written(place: Place, name: str, tmp_path: Path) -> None:
    with place.tampering() as connection:
        for table in (EVENTS, CANDIDATES, TASKS, VARIABLES, CASES):
            connection.execute(delete(table))

    text = written(place, name)

    if name == "json":
        assert json.loads(text) == []
    elif name == "xes":
        assert etree.fromstring(text.encode()).findall("trace") == []
    assert text
