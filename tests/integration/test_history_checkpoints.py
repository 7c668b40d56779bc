"""Checkpoints: made in batches beside the writers, by the worker when it is time, with one key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import clock
from engine.audit import checkpoints, signing
from tests.integration import queue_places
from tests.integration.history_places import Place, complete, open_history


@pytest.fixture(params=queue_places.DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with open_history(request.param, tmp_path) as opened:
        yield opened


def last_moment(place: Place) -> datetime:
    with place.session() as session:
        last = checkpoints.latest(session)
        assert last is not None
        return datetime.fromisoformat(last.body["at"])


def test_an_event_committed_late_enters_the_log_with_the_next_checkpoint(tmp_path: Path) -> None:
    with open_history("postgresql", tmp_path) as place:
        with place.session() as late:
            complete(late, 1)
            late.flush()
            with place.session() as early:
                complete(early, 2)
            first = place.checkpoint()
        second = place.checkpoint()

        assert second["size"] > first["size"]
        assert place.verify(first, second).findings == []


def test_writers_do_not_wait_for_a_checkpoint_that_is_being_made(tmp_path: Path) -> None:
    with open_history("postgresql", tmp_path) as place:
        with place.session() as making:
            checkpoints.make(making)
            making.flush()
            for case in (1, 2):
                with place.session() as writing:
                    writing.execute(text("set local lock_timeout = '1ms'"))
                    complete(writing, case)
        place.checkpoint()

        assert place.verify().findings == []


def test_the_worker_makes_a_checkpoint_when_it_is_time(place: Place) -> None:
    moment = last_moment(place)
    with place.session() as session, clock.pinned(moment):
        assert checkpoints.keep_up(session) is None
    with place.session() as session, clock.pinned(moment + checkpoints.PAUSE):
        made = checkpoints.keep_up(session)
        assert made is not None
        assert not checkpoints.is_behind(session)
        assert checkpoints.keep_up(session) is None


def test_the_worker_makes_a_checkpoint_when_many_events_wait(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVENTS", 5)
    monkeypatch.setattr(checkpoints, "BATCH", 5)
    with place.session() as session:
        first, second = checkpoints.keep_up(session), checkpoints.keep_up(session)

    assert (first is not None, second is not None) == (True, True)
    assert place.verify().findings == []


def test_a_lost_key_is_not_replaced_in_silence(place: Place) -> None:
    (place.folder / "audit_key").unlink()

    with pytest.raises(signing.KeyMissing), place.session() as session:
        checkpoints.make(session)
    with place.session() as session, clock.pinned(last_moment(place) + checkpoints.PAUSE):
        assert checkpoints.keep_up(session) is None


def test_the_key_is_only_its_owner_s(place: Place) -> None:
    assert (place.folder / "audit_key").stat().st_mode & 0o077 == 0
