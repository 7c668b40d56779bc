"""History proves itself: what is edited, deleted, moved or cut off is found, live and from an export."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, Text, delete, select, text, type_coerce, update
from sqlalchemy.exc import DBAPIError

from engine.audit import signing, verification
from tests.integration import queue_places
from tests.integration.history_forgery import (
    CHECKPOINTS,
    EVENTS,
    LEAVES,
    change_event,
    count_events,
    cut,
    delete_case,
    delete_event,
    forge,
    forget_checkpoint,
    rewrite,
)
from tests.integration.history_places import Place, kinds, lines_of, open_history, places, work

MOMENT = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(params=queue_places.DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with open_history(request.param, tmp_path) as opened:
        yield opened


def test_an_untouched_history_is_whole(place: Place) -> None:
    report, offline = place.verify(), place.verify_export()

    assert (report.findings, offline.findings) == ([], [])
    assert report.events == offline.events > report.covered > 0
    assert report.checkpoints == 1


def test_an_event_tells_who_for_whom_in_which_groups_and_what_before_and_after(place: Place) -> None:
    claimed = next(one for one in place.events(1) if one["kind"] == "task.claimed")

    assert (claimed["actor"], claimed["on_behalf_of"]) == ("nora", "mia")
    assert claimed["groups"] == ["P1.staff", "staff"]
    assert (claimed["data"]["before"], claimed["data"]["after"]) == (None, "nora")


def test_a_number_beyond_a_double_is_kept_as_text(place: Place) -> None:
    changes = next(one["data"]["changes"] for one in place.events(1) if one["kind"] == "variables.changed")

    assert {change["name"]: change["after"] for change in changes} == {"so": 0, "lon": str(2**64)}


def test_the_database_itself_refuses_to_change_history(place: Place) -> None:
    attacks = [
        "update history_event set actor = 'mia' where id = 3",
        "update history_event set data = '{}' where id = 3",
        "delete from history_event where id = 3",
        "update audit_leaf set event_id = 99 where leaf_index = 1",
        "delete from audit_checkpoint",
    ]
    if place.engine.dialect.name == "sqlite":
        attacks.append("insert or replace into history_event select * from history_event where id = 3")
    else:
        attacks.append("truncate history_event cascade")

    for attack in attacks:
        with pytest.raises(DBAPIError, match="append-only"), place.engine.begin() as connection:
            connection.execute(text(attack))
    assert place.verify().findings == []


@pytest.mark.parametrize("case", [1, 3])
def test_one_changed_byte_is_found_where_it_is(place: Place, case: int) -> None:
    with place.tampering() as connection:
        told = select(EVENTS.c.sequence, EVENTS.c.data).where(
            EVENTS.c.instance_id == case, EVENTS.c.kind == "task.completed"
        )
        event = connection.execute(told.order_by(EVENTS.c.id).limit(1)).one()
        values = {**event.data["values"], "ten": "Nguyễn Văn Ân"}
        change_event(connection, case, event.sequence, data={**event.data, "values": values})

    for report in (place.verify(), place.verify_export()):
        assert kinds(report) == {"edited"}
        assert places(report) == {(case, event.sequence)}


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "mia"},
        {"on_behalf_of": None},
        {"kind": "task.released"},
        {"element": "b"},
        {"actor_groups": ["staff"]},
        {"sequence": 900},
        {"at": MOMENT},
        {"data": {}},
    ],
    ids=str,
)
def test_every_field_of_an_event_is_proved(place: Place, change: dict[str, Any]) -> None:
    with place.tampering() as connection:
        change_event(connection, 1, 6, **change)

    assert "edited" in kinds(place.verify())


@pytest.mark.parametrize("column", ["data", "salts", "prev", "hash", "actor_groups", "kind"])
def test_one_byte_that_spoils_a_column_is_found_and_stops_nothing(place: Place, column: str) -> None:
    with place.tampering() as connection:
        told = select(type_coerce(EVENTS.c[column], Text())).where(
            EVENTS.c.instance_id == 1, EVENTS.c.sequence == 6
        )
        value = connection.execute(told).scalar_one()
        spoiled = value[:-1] + (b"\0" if isinstance(value, bytes) else "~")
        kind = LargeBinary() if isinstance(value, bytes) else Text()
        change_event(connection, 1, 6, **{column: type_coerce(spoiled, kind)})

    for report in (place.verify(), place.verify_export()):
        assert (1, 6) in places(report)


def test_an_edited_event_with_a_hash_made_anew_is_found(place: Place) -> None:
    with place.tampering() as connection:
        forge(connection, 1, 5)

    for report in (place.verify(), place.verify_export()):
        assert {(found.kind, found.sequence) for found in report.findings} == {("rewritten", 5), ("chain", 6)}


def test_the_last_event_edited_with_the_row_of_its_case_is_found_by_the_checkpoint(place: Place) -> None:
    with place.tampering() as connection:
        last = count_events(connection, 1)
        forge(connection, 1, last)

    assert {(found.kind, found.sequence) for found in place.verify().findings} == {("rewritten", last)}


@pytest.mark.parametrize("case", [1, 3])
def test_a_deleted_event_is_found(place: Place, case: int) -> None:
    with place.tampering() as connection:
        delete_event(connection, case, 4)

    for report in (place.verify(), place.verify_export()):
        assert kinds(report) == ({"deleted", "missing"} if case == 1 else {"missing"})
        assert {found.instance for found in report.findings} == {case}


def test_a_deleted_event_is_found_when_its_place_in_the_log_is_deleted_too(place: Place) -> None:
    with place.tampering() as connection:
        connection.execute(delete(LEAVES).where(LEAVES.c.instance_id == 1, LEAVES.c.sequence == 4))
        delete_event(connection, 1, 4)

    for report in (place.verify(), place.verify_export()):
        assert kinds(report) == {"missing", "log_gap"}


def test_two_swapped_events_are_found(place: Place) -> None:
    with place.tampering() as connection:
        for before, after in ((4, 1004), (5, 4), (1004, 5)):
            change_event(connection, 1, before, sequence=after)

    for report in (place.verify(), place.verify_export()):
        assert {(1, 4), (1, 5)} <= places(report)


def test_the_contents_of_two_events_swapped_are_found(place: Place) -> None:
    with place.tampering() as connection:
        told = select(EVENTS.c.data).where(EVENTS.c.instance_id == 1, EVENTS.c.sequence.in_((4, 8)))
        first, second = connection.execute(told.order_by(EVENTS.c.sequence)).scalars()
        change_event(connection, 1, 4, data=second)
        change_event(connection, 1, 8, data=first)

    assert places(place.verify()) == {(1, 4), (1, 8)}


def test_two_swapped_places_in_the_log_are_found(place: Place) -> None:
    with place.tampering() as connection:
        for before, after in ((2, 1002), (20, 2), (1002, 20)):
            place_of = update(LEAVES).where(LEAVES.c.leaf_index == before)
            connection.execute(place_of.values(leaf_index=after))

    assert "checkpoint_root" in kinds(place.verify())


def test_the_end_cut_off_is_found_by_a_kept_checkpoint(place: Place) -> None:
    kept = place.checkpoint()
    with place.tampering() as connection:
        cut(connection, 3, since=5)
        forget_checkpoint(connection, kept["size"])

    assert place.verify().findings == []
    for report in (place.verify(kept), place.verify_export(kept)):
        assert kinds(report) == {"anchor_beyond"}


def test_the_end_cut_off_and_grown_again_is_found_by_a_kept_checkpoint(place: Place) -> None:
    kept = place.checkpoint()
    with place.tampering() as connection:
        cut(connection, 3, since=5)
        forget_checkpoint(connection, kept["size"])
    work(place, 2)
    place.checkpoint()

    assert place.verify().findings == []
    for report in (place.verify(kept), place.verify_export(kept)):
        assert kinds(report) == {"anchor_root"}


def test_a_whole_case_deleted_is_found(place: Place) -> None:
    with place.tampering() as connection:
        delete_case(connection, 1)

    for report in (place.verify(), place.verify_export()):
        assert kinds(report) == {"deleted"}
        assert {found.instance for found in report.findings} == {1}


def test_a_whole_case_deleted_with_its_places_in_the_log_is_found(place: Place) -> None:
    with place.tampering() as connection:
        delete_case(connection, 1)
        connection.execute(delete(LEAVES).where(LEAVES.c.instance_id == 1))

    assert "log_gap" in kinds(place.verify())


def test_the_end_of_a_case_that_no_checkpoint_covers_is_found_by_its_row(place: Place) -> None:
    with place.tampering() as connection:
        connection.execute(delete(EVENTS).where(EVENTS.c.instance_id == 3, EVENTS.c.sequence > 5))

    assert {(found.kind, found.instance) for found in place.verify().findings} == {("head", 3)}


def test_a_deleted_checkpoint_is_found(place: Place) -> None:
    second = place.checkpoint()
    work(place, 1)
    third = place.checkpoint()
    with place.tampering() as connection:
        connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.size == second["size"]))

    for report in (place.verify(), place.verify_export()):
        assert kinds(report) == {"checkpoint_gap"}
    with place.tampering() as connection:
        connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.size == third["size"]))
    assert kinds(place.verify()) == {"uncovered"}


def test_a_log_made_anew_without_the_key_is_found(place: Place) -> None:
    place.checkpoint()
    with place.tampering() as connection:
        rewrite(connection, 1, signing.create_key(place.folder / "other_key"))

    assert kinds(place.verify()) == {"foreign_key"}


def test_a_log_made_anew_without_any_key_is_found(place: Place) -> None:
    place.checkpoint()
    with place.tampering() as connection:
        rewrite(connection, 1, None)

    assert kinds(place.verify()) == {"signature"}


def test_a_log_made_anew_with_the_key_is_found_by_a_kept_checkpoint(place: Place) -> None:
    kept = place.checkpoint()
    with place.tampering() as connection:
        rewrite(connection, 1, signing.read_key(place.folder / "audit_key"))

    assert place.verify().findings == []
    for report in (place.verify(kept), place.verify_export(kept)):
        assert kinds(report) == {"anchor_root"}


def test_a_kept_checkpoint_that_was_changed_proves_nothing(place: Place) -> None:
    kept = place.checkpoint()

    assert kinds(place.verify({**kept, "size": kept["size"] + 1})) == {"anchor_signature"}


@pytest.mark.parametrize("step", ["delete", "swap", "cut", "double", "garble", "add"])
def test_a_changed_export_is_found(place: Place, step: str) -> None:
    path = place.export()
    lines = path.read_text("utf-8").splitlines(keepends=True)
    changed = {
        "delete": lines[:9] + lines[10:],
        "swap": [*lines[:8], lines[9], lines[8], *lines[10:]],
        "cut": lines[:-5],
        "double": [*lines[:9], lines[9], *lines[9:]],
        "garble": [*lines[:9], "{\n", *lines[10:]],
        "add": [*lines[:9], lines[9].replace('{"type"', '{"note":"x","type"'), *lines[10:]],
    }[step]

    assert verification.verify(verification.read_lines(changed)).findings != []


def test_whatever_is_changed_in_a_line_of_an_export_is_found(place: Place) -> None:
    records = lines_of(place.export())
    number = next(n for n, one in enumerate(records) if one.get("kind") == "task.completed")

    for name in sorted(verification.EVENT_FIELDS - {"id"}):
        changed = dict(records[number])
        changed[name] = {"x": 1} if name != "data" else {**changed["data"], "task": 99}
        report = verification.verify([*records[:number], changed, *records[number + 1 :]])
        assert report.findings != [], name


def test_an_export_is_proved_by_a_process_that_has_no_database(tmp_path: Path) -> None:
    anchor, changed = tmp_path / "kept.json", tmp_path / "changed.jsonl"
    with open_history("sqlite", tmp_path) as place:
        anchor.write_text(json.dumps(place.checkpoint()), encoding="utf-8")
        path = place.export()
    changed.write_text(path.read_text("utf-8").replace("Nguyễn Văn An", "Nguyễn Văn Ân", 1), encoding="utf-8")

    good = run_verify(tmp_path, str(path), "--anchor", str(anchor), "--json")
    bad = run_verify(tmp_path, str(changed), "--anchor", str(anchor))

    assert (good.returncode, json.loads(good.stdout)["ok"]) == (0, True), good.stderr
    assert bad.returncode == 1
    assert "Hồ sơ 1, sự kiện" in bad.stdout
    assert "Instance 1, event" in bad.stdout


def test_proving_an_export_loads_no_database() -> None:
    code = "import sys, engine.audit.verification; print('sqlalchemy' in sys.modules, 'flask' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]


def run_verify(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "web.cli", "audit", "verify", *arguments]
    nowhere = {"BANGVANG_DATABASE_URL": "postgresql+psycopg://nobody@nowhere.invalid/none", "PYTHONUTF8": "1"}
    return subprocess.run(
        command,
        env=os.environ | nowhere | {"BANGVANG_INSTANCE": str(folder / "empty")},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
