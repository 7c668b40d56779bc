"""Numbers of documents under many writers: no gap, no number twice, on both databases, real processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import Refused
from engine.handlers import ServiceCall
from tests.integration import handler_calls as calls
from tests.integration import queue_places
from web import sqlite
from workflows import documents
from workflows.documents import About
from workflows.tables import AwardDecision, Book, Document, Nomination, Person, Unit

MORNING = calls.at(2026, 10, 5, 9)
WRITERS = 8


@pytest.fixture(params=queue_places.DATABASES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database with one centre and its director."""
    with queue_places.open_place(request.param, tmp_path) as place:
        with Session(sqlite.writing(place.engine)) as session:
            add_center(session)
            session.commit()
        yield place.engine.url.render_as_string(hide_password=False)


def add_center(session: Session) -> None:
    session.add(Unit(code="TTTV", name="Trung tâm", short_name="Trung tâm", kind="center", parent_code=None))
    session.add(
        Person(login="nam.tttv", name="Ngô Hoài Nam", position="Giám đốc", unit_code="TTTV", rank="head")
    )


def call_at(moment: object = MORNING, who: str = "nam.tttv") -> ServiceCall:
    return ServiceCall(1, "", "test", "test", {}, {}, Actor(who), moment)  # type: ignore[arg-type]


def write_documents(address: str, writer: int, count: int) -> None:
    """Issue documents one transaction each; every tenth attempt is rolled back after it took its number."""
    engine = create_engine(address)
    sqlite.prepare(engine)
    done = attempt = 0
    while done < count:
        attempt += 1
        with Session(sqlite.writing(engine)) as session:
            about = About(unit="TTTV", subject_line=f"Văn bản {writer}-{attempt}")
            documents.issue(session, call_at(), "monthly_report", about)
            if attempt % 10 == 0:
                session.rollback()
                continue
            session.commit()
            done += 1
    engine.dispose()


@pytest.mark.parametrize("each", [50, pytest.param(125, marks=pytest.mark.soak)])
def test_eight_writers_number_hundreds_of_documents_without_gap_or_double(address: str, each: int) -> None:
    context = multiprocessing.get_context("forkserver")  # what takes long to import is imported once
    context.set_forkserver_preload([__name__])
    processes = [
        context.Process(target=write_documents, args=(address, writer, each)) for writer in range(WRITERS)
    ]

    for process in processes:
        process.start()
    for process in processes:
        process.join(540)

    assert [process.exitcode for process in processes] == [0] * WRITERS
    engine = create_engine(address)
    with Session(engine) as session:
        numbers = session.scalars(select(Document.number).where(Document.unit == "TTTV")).all()
        book = session.scalars(select(Book).where(Book.symbol == "BC-TTTV")).one()
    engine.dispose()
    assert sorted(numbers, key=lambda one: int(str(one).split("/")[0])) == [
        f"{number:02d}/BC-TTTV" for number in range(1, WRITERS * each + 1)
    ]
    assert (book.year, book.last_number) == (2026, WRITERS * each)


def test_a_draft_that_is_cancelled_never_had_a_number_and_an_issued_one_keeps_its_own() -> None:
    with calls.world() as session:
        draft = documents.draft(session, call_at(), "monthly_report", About(unit="TTTV"))
        first = documents.issue(session, call_at(), "monthly_report", About(unit="TTTV"))

        documents.cancel(session, call_at(), draft, "lập nhầm")
        documents.cancel(session, call_at(), first, "ban hành nhầm")
        second = documents.issue(session, call_at(), "monthly_report", About(unit="TTTV"))

        assert (draft.status, draft.number) == ("cancelled", None)
        assert (first.status, first.number) == ("cancelled", "01/BC-TTTV")
        assert second.number == "02/BC-TTTV"


def test_each_unit_kind_and_year_has_a_book_of_its_own() -> None:
    with calls.world() as session:
        new_year = MORNING + timedelta(days=100)

        issued = [
            documents.issue(session, call_at(), "monthly_report", About(unit="TTTV")),
            documents.issue(session, call_at(), "launch_plan", About(unit="TTTV")),
            documents.issue(session, call_at(who="phuc.sxd"), "launch_plan", About(unit="SXD")),
            documents.issue(session, call_at(new_year), "monthly_report", About(unit="TTTV")),
        ]

        numbers = [(one.number, one.year) for one in issued]
        assert numbers == [
            ("01/BC-TTTV", 2026),
            ("01/KH-TTTV", 2026),
            ("01/KH-SXD", 2026),
            ("01/BC-TTTV", 2027),
        ]


def count_statements(nominees: int) -> int:
    """Return how many statements a decision with its certificates takes."""
    with calls.world() as session:
        calls.open_month(session, MORNING)
        rows = [calls.individual(f"Người {number}") for number in range(nominees)]
        calls.propose(session, "P1", MORNING, rows)
        award = AwardDecision(
            number="01/QĐ-SXD",
            number_year=2026,
            decided_on=MORNING.date(),
            form="certificate_of_commendation",
            level="department",
            signed_by="phuc.sxd",
        )
        session.add(award)
        session.flush()
        nominations = session.scalars(select(Nomination)).all()
        said: list[str] = []
        event.listen(session.get_bind(), "before_cursor_execute", lambda *given: said.append(given[2]))
        documents.issue_decision(session, call_at(who="phuc.sxd"), award, "SXD", nominations)
        assert session.query(Document).filter(Document.kind == "certificate").count() == nominees
        return len(said)


def test_a_decision_on_forty_takes_as_many_statements_as_one_on_two() -> None:
    assert count_statements(40) == count_statements(2)


def test_a_typed_number_is_given_once_and_the_book_passes_it_over() -> None:
    with calls.world() as session:
        typed = About(unit="TTTV", number="02/BC-TTTV")
        documents.issue(session, call_at(), "monthly_report", typed)
        issued = [documents.issue(session, call_at(), "monthly_report", About(unit="TTTV")) for _ in range(2)]

        with pytest.raises(Refused, match="another document"):
            documents.issue(session, call_at(), "monthly_report", typed)

        assert [one.number for one in issued] == ["01/BC-TTTV", "03/BC-TTTV"]
