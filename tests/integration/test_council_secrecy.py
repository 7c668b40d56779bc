"""Whoever holds the whole database, and copies of it from between two votes, cannot tell who voted what."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.actors import Actor
from engine.audit import formats
from engine.errors import EngineError, Refused, TaskNotOpen
from engine.tables import Base, HistoryEvent
from tests.chain import at
from tests.chamber import MORNING, Chamber, choose, deploy
from tests.integration.queue_places import Place
from workflows.councils import ballots
from workflows.tables import BallotBox, OpenedBallot, VoteCast

Dump = dict[str, list[dict[str, Any]]]
# One no among yes, and it is not the first, the last, or the only written one.
NAYSAYER = 4
ALL_OF_A_BALLOT = {"key", "session_id", "nomination_id", "choice", "tenant"}


@pytest.fixture
def hall(place: Place) -> Iterator[Chamber]:
    """Give a convened secret session of nine members on one nominee, on both databases."""
    clock.pin(at(MORNING))
    with place.session() as session:
        deploy(session)
        chamber = Chamber(session, 9)
        chamber.nominate("emulation_fighter_grassroots", 2)
        chamber.start()
        chamber.convene("secret")
        yield chamber
    clock.unpin()


def dump(session: Session) -> Dump:
    """Read every column of every table, and what the database itself knows of each row, in stored order."""
    session.commit()
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    found: Dump = {}
    with engine.connect() as raw:
        for table in inspect(engine).get_table_names():
            own = "ctid::text AS own_place, xmin::text AS own_xmin, " if engine.name == "postgresql" else ""
            if engine.name == "sqlite" and table != "council_opened_ballot":
                own = "rowid AS own_place, "
            rows = raw.execute(text(f'SELECT {own}* FROM "{table}"'))  # noqa: S608  the table names are ours
            found[table] = [dict(row._mapping) for row in rows]
    return found


def votes(chamber: Chamber, written: int = 1) -> Iterator[tuple[str, str]]:
    """Let everybody vote, one after the other; give after each vote who voted, and what."""
    logins = chamber.logins
    for login in logins[len(logins) - written :]:
        chamber.reply(login, "written", "yes")
        yield login, "yes"
    chamber.meet(absent=logins[len(logins) - written :])
    chamber.open_voting()
    for index, login in enumerate(logins[: len(logins) - written]):
        choice = "no" if index == NAYSAYER else "yes"
        chamber.vote(login, choice)
        yield login, choice


def run(chamber: Chamber) -> None:
    """Let everybody vote."""
    assert len(list(votes(chamber))) == len(chamber.logins)


def changed(before: Dump, after: Dump) -> dict[str, list[Mapping[str, Any]]]:
    """Return the rows of every table that are new or different."""
    return {
        table: [row for row in rows if row not in before[table]]
        for table, rows in after.items()
        if rows != before[table]
    }


def lengths(step: Mapping[str, list[Mapping[str, Any]]]) -> list[tuple[str, str, int]]:
    """Return how long every changed value of the council's tables is."""
    return sorted(
        (table, key, len(words(value)))
        for table in ("council_ballot_box", "council_vote_cast")
        for row in step[table]
        for key, value in row.items()
    )


def words(value: object) -> str:
    """Return everything that stands in a value, as one text."""
    return json.dumps(value, default=lambda one: one.hex() if isinstance(one, bytes) else str(one))


def test_no_copy_taken_between_votes_holds_a_choice_and_all_votes_leave_the_same_traces(
    hall: Chamber,
) -> None:
    before = dump(hall.session)

    voted = [(login, choice, dump(hall.session)) for login, choice in votes(hall)]

    copies = [before, *(copy for _, _, copy in voted)]
    # from the second vote at the meeting to the last but one: the first opens, the last ends the loop
    alike = [changed(one, two) for one, two in pairwise(copies[2:-1])]
    assert "no" in [choice for _, choice, _ in voted[2:-1]]
    # whatever was voted: the same number of rows in the same tables, and values of the same length
    assert len({words(sorted((table, len(rows)) for table, rows in step.items())) for step in alike}) == 1
    assert len({words(lengths(step)) for step in alike}) == 1
    for _, _, copy in voted:
        assert copy["council_opened_ballot"] == []
        assert copy["council_open_vote"] == []
        (box,) = copy["council_ballot_box"]
        assert len(box["sealed"]) == 12 + 64 * 2 + 16
        assert bytes(8) not in bytes(box["sealed"])  # as the empty places of an open box would be
    texts = [words(changed(one, two)) for one, two in pairwise(copies)]
    assert not any('"no"' in found or '\\"choice\\"' in found or '"choice"' in found for found in texts)


def test_history_variables_and_saved_state_hold_nothing_of_a_ballot(hall: Chamber) -> None:
    run(hall)
    hall.close()

    events = hall.session.scalars(select(HistoryEvent)).all()

    completed = [e for e in events if e.kind == "task.completed" and e.element in ("vote", "reply")]
    assert len(completed) == 9
    assert all((event.data["values"], event.data["secret"]) == ({}, True) for event in completed)
    everything = words([[event.data, event.kind] for event in events if event.element != "vote"])
    assert "choice" not in everything
    assert hall.started is not None
    assert "choice" not in hall.started.state


def test_no_export_of_the_history_names_a_choice(hall: Chamber) -> None:
    run(hall)
    hall.close()

    writers = (formats.write_jsonl, formats.write_json, formats.write_csv, formats.write_xes)
    exported = ["".join(write(hall.session)) for write in writers]

    assert all("task.completed" in found or "vote" in found for found in exported)
    assert not any("choice" in found for found in exported)


def test_opened_ballots_lie_in_random_order_in_one_transaction_and_box_and_key_are_gone(
    hall: Chamber,
) -> None:
    run(hall)

    hall.close()
    after = dump(hall.session)

    rows = after["council_opened_ballot"]
    assert after["council_ballot_box"] == []
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
    assert len({row.get("own_xmin") for row in rows}) == 1
    assert set(rows[0]) - {"own_place", "own_xmin"} == ALL_OF_A_BALLOT
    by_nominee = Counter((row["nomination_id"], row["choice"]) for row in rows)
    assert sorted(by_nominee.values()) == [1, 1, 8, 8]


def test_the_place_of_the_only_no_differs_from_session_to_session(hall: Chamber) -> None:
    places = set()

    for number in range(12):
        nominees = hall.nominate("emulation_fighter_grassroots", 1)
        found = hall.start()
        ballots.make_box(hall.session, found.id, nominees, 9)
        for index in range(9):
            choice = "no" if index == NAYSAYER else "yes"
            ballots.put(hall.session, found.id, nominees, {nominees[0]: choice})
        ballots.open_box(hall.session, found.id, nominees, 9)
        rows = [row for row in dump(hall.session)["council_opened_ballot"] if row["session_id"] == found.id]
        places.add([row["choice"] for row in rows].index("no"))
        assert number < 12

    # by chance one place alone, or the place of the vote, would be seen once in 9 to the 11th runs
    assert len(places) > 1


def test_the_database_with_another_key_opens_no_box_and_counting_is_refused_unharmed(hall: Chamber) -> None:
    run(hall)
    hall.session.info["ballot_key"] = bytes(32)

    with pytest.raises(ballots.BoxUnreadable):
        hall.close()
    hall.session.rollback()
    hall.session.info["ballot_key"] = bytes(range(32))
    hall.close()

    assert hall.sitting.status == "counted"


def test_anybody_can_count_again_and_compare_with_who_has_voted(hall: Chamber) -> None:
    run(hall)
    hall.close()

    voted = hall.session.scalars(select(VoteCast)).all()
    opened = hall.session.scalars(select(OpenedBallot)).all()

    assert {vote.voter for vote in voted} == set(hall.logins)
    for verdict in hall.sitting.verdicts:
        again = Counter(one.choice for one in opened if one.nomination_id == verdict.nomination_id)
        assert (again["yes"], again["no"]) == (verdict.yes, verdict.no) == (8, 1)
        assert sum(again.values()) == len(voted)
    digest = ballots.digest(opened)
    said = words([e.data for e in hall.session.scalars(select(HistoryEvent)) if e.element is None])
    assert hall.sitting.ballots_hash == digest
    assert digest in said


def test_a_box_that_lost_a_ballot_is_not_counted(hall: Chamber) -> None:
    run(hall)
    box = hall.session.get_one(BallotBox, hall.sitting.id)
    earlier = bytes(box.sealed)
    hall.session.execute(
        VoteCast.__table__.delete().where(VoteCast.voter == hall.logins[0])  # type: ignore[attr-defined]
    )

    with pytest.raises(ballots.BoxUnreadable, match="9 ballots and 8 people"):
        hall.close()

    assert earlier


def test_votes_after_closing_twice_and_by_others_are_refused(hall: Chamber) -> None:
    hall.meet()
    hall.open_voting()
    task = hall.vote(hall.logins[0])
    values = {"rows": [{"id": "1", "choice": "yes"}]}

    with pytest.raises(TaskNotOpen):
        tasks.complete(hall.session, task.id, values, Actor(hall.logins[0]))
    hall.session.rollback()
    open_task = hall.tasks("vote")[0]
    with pytest.raises(EngineError):
        tasks.complete(hall.session, open_task.id, values, Actor("stranger"))
    hall.session.rollback()
    clock.pin(at("2026-10-10 11:01"))  # its time is over, the worker is late
    with pytest.raises(Refused, match="closed"):
        hall.vote(hall.logins[1])
    hall.session.rollback()
    clock.pin(at("2026-10-10 10:00"))
    hall.close()
    with pytest.raises(TaskNotOpen):
        tasks.complete(hall.session, open_task.id, values, Actor(hall.logins[1]))

    assert [vote.voter for vote in hall.session.scalars(select(VoteCast))] == [hall.logins[0]]


def test_logs_and_refusals_name_no_choice(hall: Chamber, caplog: pytest.LogCaptureFixture) -> None:
    hall.meet()
    hall.open_voting()
    stream = io.StringIO()
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)

    hall.vote(hall.logins[0], "no")
    with pytest.raises(EngineError) as refused:
        hall.do(hall.logins[1], "vote", {"choice": "maybe"})
    hall.session.rollback()
    logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)

    assert stream.getvalue() == ""
    assert "'no'" not in caplog.text
    assert "maybe" not in refused.value.text("en") + refused.value.text("vi")


def test_two_equal_ballots_in_one_box_look_different_each_time(hall: Chamber) -> None:
    nominees = hall.nominate("emulation_fighter_grassroots", 2)
    council = hall.start().id
    ballots.make_box(hall.session, council, nominees, 3)
    seen = set()

    for _ in range(3):
        ballots.put(hall.session, council, nominees, {nominees[0]: "yes", nominees[1]: "no"})
        seen.add(bytes(hall.session.get_one(BallotBox, council).sealed))

    assert len(seen) == 3
    assert len({len(sealed) for sealed in seen}) == 1


def test_the_table_of_opened_ballots_has_no_row_numbers_on_sqlite(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/rows.db")
    Base.metadata.create_all(engine)
    engine.dispose()

    with (
        sqlite3.connect(tmp_path / "rows.db") as raw,
        pytest.raises(sqlite3.OperationalError, match="rowid"),
    ):
        raw.execute("SELECT rowid FROM council_opened_ballot")


def test_a_ballot_names_every_nominee_and_nobody_else(hall: Chamber) -> None:
    hall.meet()
    hall.open_voting()
    rows = hall.shown("vote")["rows"]

    with pytest.raises(EngineError):
        hall.do(hall.logins[0], "vote", choose("perhaps"))
    hall.session.rollback()
    hall.vote(hall.logins[0], {int(row["id"]): "blank" for row in rows})

    assert len(hall.session.scalars(select(VoteCast)).all()) == 1
