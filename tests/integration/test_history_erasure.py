"""Personal data leaves the history for good; the chain, and every other value, is proved as before."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from engine import clock, history
from engine.actors import Actor
from engine.audit import chain, erasure
from engine.audit.erasure import Place as ErasedPlace
from engine.errors import NotFound, ReasonMissing
from tests.bench import statements
from tests.integration import queue_places
from tests.integration.history_forgery import EVENTS, change_event
from tests.integration.history_places import Place, kinds, open_history
from tests.site import open_site, sign_in, start_proposal
from web import cli, db

OFFICER = Actor("uyen.tt", frozenset({"audit"}))
NAME = "Nguyễn Văn An"
REASON = "Đơn yêu cầu xóa dữ liệu số 12"


@pytest.fixture(params=queue_places.DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with open_history(request.param, tmp_path) as opened:
        yield opened


def erase_name(place: Place, case: int) -> int:
    with place.session() as session:
        found = erasure.find(session, case, names=["ten"])
        return erasure.erase(session, case, found, OFFICER, REASON)


def test_after_an_erasure_the_history_is_whole_and_the_value_is_gone(place: Place) -> None:
    before = place.checkpoint()

    count = erase_name(place, 1)
    after = place.checkpoint()

    assert count == 4  # twice typed, written to the variable, and what was there before the second time
    assert place.verify(before, after).findings == []
    report = place.verify_export(before, after)
    assert report.findings == []
    told = [line for line in place.export().read_text("utf-8").splitlines() if '"inst":1,' in line]
    assert not any(NAME in line for line in told)
    assert any(NAME in json.dumps(one, ensure_ascii=False) for one in place.events(2))


def test_an_erasure_tells_who_erased_what_and_why(place: Place) -> None:
    erase_name(place, 1)

    erased = place.events(1)[-1]
    assert (erased["kind"], erased["actor"], erased["groups"]) == ("history.erased", "uyen.tt", ["audit"])
    assert erased["data"]["reason"] == REASON
    assert {one["path"] for one in erased["data"]["erasures"]} >= {"/values/ten"}


def test_nothing_leads_back_to_an_erased_value(place: Place) -> None:
    erase_name(place, 1)

    for one in place.events(1):
        for number, (path, value) in enumerate(chain.units(one["data"])):
            if "ten" in path:
                salts = bytes.fromhex(stored_salts(place, one["n"]))
                assert salts[number * chain.SALT : (number + 1) * chain.SALT] == chain.ERASED
                assert set(value) == {"erased"}


def stored_salts(place: Place, sequence: int) -> str:
    with place.engine.connect() as connection:
        query = EVENTS.select().where(EVENTS.c.instance_id == 1, EVENTS.c.sequence == sequence)
        return bytes(connection.execute(query).one().salts).hex()


def test_the_other_values_of_the_event_are_still_proved(place: Place) -> None:
    erase_name(place, 1)
    told = next(one for one in place.events(1) if one["kind"] == "task.completed")
    values = {**told["data"]["values"], "nam_sinh": 1990}

    with place.tampering() as connection:
        change_event(connection, 1, told["n"], data={**told["data"], "values": values})

    assert kinds(place.verify()) == {"edited"}


def test_an_erased_value_that_no_event_tells_of_is_found(place: Place) -> None:
    told = next(one for one in place.events(1) if one["kind"] == "task.completed")
    salts = bytearray(bytes.fromhex(stored_salts(place, told["n"])))
    paths = [path for path, _value in chain.units(told["data"])]
    number = paths.index(("values", "ten"))
    salt = bytes(salts[number * chain.SALT : (number + 1) * chain.SALT])
    values = {**told["data"]["values"], "ten": {"erased": chain.commitment(NAME, salt)}}
    salts[number * chain.SALT : (number + 1) * chain.SALT] = chain.ERASED

    with place.tampering() as connection:
        data = {**told["data"], "values": values}
        change_event(connection, 1, told["n"], data=data, salts=bytes(salts))

    found = place.verify().findings
    assert [(one.kind, one.instance, one.sequence) for one in found] == [("erasure", 1, told["n"])]


def test_a_text_is_found_wherever_it_stands(place: Place) -> None:
    with place.session() as session:
        by_name = erasure.find(session, 1, names=["ten"])
        by_text = erasure.find(session, 1, text="nguyễn văn an")
        decomposed = erasure.find(session, 1, text=unicodedata.normalize("NFD", NAME))

    assert set(by_text) <= set(by_name)
    assert by_text == decomposed != []


def test_what_was_erased_is_not_erased_again(place: Place) -> None:
    with place.session() as session:
        found = erasure.find(session, 1, names=["ten"])
    erase_name(place, 1)

    with place.session() as session:
        assert erasure.erase(session, 1, found, OFFICER, REASON) == 0
        assert erasure.find(session, 1, names=["ten"]) == []
    assert place.verify().findings == []


def test_an_erasure_needs_a_reason_and_a_value_that_is_there(place: Place) -> None:
    with place.session() as session:
        with pytest.raises(ReasonMissing):
            erasure.erase(session, 1, [ErasedPlace(6, "/values/ten")], OFFICER, " ")
        with pytest.raises(NotFound):
            erasure.erase(session, 1, [ErasedPlace(900, "/values/ten")], OFFICER, REASON)
        with pytest.raises(NotFound):
            erasure.erase(session, 1, [ErasedPlace(1, "/process")], OFFICER, REASON)


def test_history_is_read_as_before_after_an_erasure(place: Place) -> None:
    erase_name(place, 1)

    with place.session() as session:
        events = history.of_instance(session, 1)
        assert history.completed_elements(events) == ["start", "a", "b"]
        told = next(one for one in events if one.kind == "task.completed")
        assert told.data["values"]["nam_sinh"] == 1980


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.bangvang, list(arguments))


def test_the_commands_sign_export_prove_and_erase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_history("sqlite", tmp_path) as place:
        monkeypatch.setenv("BANGVANG_INSTANCE", str(tmp_path))
        monkeypatch.setenv("BANGVANG_DATABASE_URL", f"sqlite:///{place.engine.url.database}")
        kept, export = tmp_path / "kept.json", tmp_path / "history.jsonl"

        signed = run("audit", "checkpoint", "--output", str(kept))
        erased = run("audit", "erase", "1", "--field", "ten", "--actor", "uyen.tt", "--reason", "x", "--yes")
        exported = run("audit", "export", "--output", str(export))
        live = run("audit", "verify", "--anchor", str(kept))
        offline = run("audit", "verify", str(export), "--anchor", str(kept), "--json")
        with place.tampering() as connection:
            connection.execute(text("update history_event set actor = 'x' where id = 5"))
        broken = run("audit", "verify")

    assert [one.exit_code for one in (signed, erased, exported, live, offline)] == [0] * 5, erased.output
    assert json.loads(offline.stdout)["findings"] == []
    assert "nguyên vẹn" in live.stdout
    assert broken.exit_code == 1
    assert "Instance 1, event 5" in broken.stdout


def test_every_page_of_a_case_is_shown_after_everything_in_it_was_erased(tmp_path: Path) -> None:
    with open_site(tmp_path) as app, clock.pinned(statements.MOMENT):
        staff, auditor = sign_in(app, "an.p1"), sign_in(app, "uyen.tt")
        task = start_proposal(staff)
        staff.post(f"/tasks/{task}/complete", statements.propose(1))
        with app.app_context(), db.transaction() as session:
            events = history.of_instance(session, 1)
            found = [
                ErasedPlace(event.sequence, erasure.name_path(path))
                for event in events
                for path, _value in chain.units(event.data)
            ]
            assert erasure.erase(session, 1, found, OFFICER, REASON) == len(found)

        page = auditor.get("/audit/instances/1")
        work = sign_in(app, statements.HEAD).get(f"/tasks/{task + 1}")

    assert (page.status_code, work.status_code) == (200, 200)
    assert "history.erased" in page.text
    assert statements.NOMINEE["achievement"] not in page.text
