"""The clock of a machine jumps by an hour or by days: timers fire once, never early; nobody is mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select

from engine import clock, deployments, instances, worker
from engine.actors import SYSTEM
from engine.tables import ProcessInstance, Timer
from tests.builders import a_process
from tests.integration.queue_places import DATABASES, Place, make_sessions, open_place, wait_until
from tests.site import open_site, sign_in
from web.cli_serve import WORK

NOW = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)
WAITS = {"half_hour": "PT30M", "two_hours": "PT2H", "two_days": "P2D"}
CASES = 5  # of each


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give a database whose queue goes by the clock of the engine."""
    with open_place(request.param, tmp_path, clock=clock.now) as opened:
        yield opened


def begin(place: Place) -> None:
    """Start cases that wait for a while each."""
    with place.session() as session, session.begin():
        session.info["handlers"] = {}
        for name, duration in WAITS.items():
            built = a_process(name).start()
            waiting = built.catch("wait", built.timer("timeDuration", duration)).end()
            deployments.deploy(session, [waiting.file()], SYSTEM)
            for _ in range(CASES):
                instances.start(session, name, {}, SYSTEM)


def done(place: Place) -> dict[str, int]:
    """Return how many cases of each process have ended, and how many timers have fired."""
    with place.session() as session:
        ended = (
            select(ProcessInstance.process_id, func.count())
            .where(ProcessInstance.status == "completed")
            .group_by(ProcessInstance.process_id)
        )
        fired = session.scalar(select(func.count()).select_from(Timer).where(Timer.status == "fired")) or 0
        counts: dict[str, int] = {row[0]: row[1] for row in session.execute(ended)}
        return {**counts, "fired": fired}


def early(place: Place) -> int:
    """Return how many cases ended before the moment that they waited for."""
    with place.session() as session:
        found = (
            select(func.count())
            .select_from(Timer)
            .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
            .where(ProcessInstance.ended_at < Timer.due_at)
        )
        return session.scalar(found) or 0


def test_every_timer_fires_once_and_none_early_when_the_clock_jumps(place: Place) -> None:
    hour, seen = timedelta(hours=1), []
    with time_machine.travel(NOW) as machine:
        begin(place)

        def sessions() -> object:
            session = make_sessions(place.engine)()
            session.info["handlers"] = {}
            return session

        running = worker.start_thread(place.queue, sessions, WORK)  # type: ignore[arg-type]
        machine.shift(hour)
        wait_until(lambda: done(place).get("half_hour") == CASES)
        seen.append(done(place))
        machine.shift(-hour)
        wait_until(lambda: "two_hours" in done(place), seconds=3)
        seen.append(done(place))
        machine.shift(timedelta(days=3))
        wait_until(lambda: done(place)["fired"] == CASES * len(WAITS))
        seen.append(done(place))
        worker.stop_thread(running)

    assert seen[0] == seen[1] == {"half_hour": CASES, "fired": CASES}
    assert seen[2] == {**dict.fromkeys(WAITS, CASES), "fired": CASES * len(WAITS)}
    assert early(place) == 0


def test_a_session_outlives_an_hour_forward_and_ends_after_days(tmp_path: Path) -> None:
    with time_machine.travel(NOW) as machine, open_site(tmp_path) as app:
        visitor = sign_in(app, "an.p1")

        machine.shift(timedelta(hours=1))
        forward = visitor.client.get("/tasks/").status_code
        machine.shift(timedelta(hours=-1))
        back = visitor.client.get("/tasks/").status_code
        machine.shift(timedelta(days=3))
        later = visitor.client.get("/tasks/").status_code
        again = sign_in(app, "an.p1").client.get("/tasks/").status_code

    assert forward == 200
    assert back in (200, 303)  # at worst asked to sign in again, never an error
    assert (later, again) == (303, 200)
