"""The way up: every stop read from the units, what is seen from above, due moments where things wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound
from tests import crowd
from tests.chain import at
from workflows import demo, dues, organisation_people, routes, story
from workflows.tables import Nomination, Unit


@pytest.fixture
def units(session: Session) -> Iterator[Session]:
    """Give the units of the demonstration."""
    clock.pin(at("2026-10-01 09:00"))
    demo.load(session)
    yield session
    clock.unpin()


def stops(session: Session, code: str) -> list[str]:
    return [stop.code for stop in routes.route(session, code)]


def test_an_office_reaches_the_state_through_a_centre_or_straight_from_its_department(units: Session) -> None:
    below_a_center = stops(units, "P1")
    below_a_department = stops(units, "VP.SKHDT.TH")
    of_a_party_cell = stops(units, "GT.SGTVT.CB1")

    assert below_a_center == ["TTTV", "SXD", "UBND", "NN"]
    assert below_a_department == ["VP.SKHDT", "VP.UBND", "NN"]
    assert of_a_party_cell == ["GT.SGTVT", "GT.UBND", "NN"]
    assert routes.above(units, "UBND").stage == "state"
    with pytest.raises(NotFound):
        routes.route(units, "X9")


def test_who_receives_and_who_signs_are_settings_with_defaults_of_the_kind(units: Session) -> None:
    units.add(Unit(code="S9", name="Sở Y", short_name="Sở Y", kind="department", parent_code="UBND"))
    units.add(
        Unit(
            code="T9",
            name="Trung tâm Z",
            short_name="Z",
            kind="center",
            parent_code="S9",
            desk_group="S9.archive",
            signer_group="T9.chief",
        )
    )
    units.flush()

    plain, settled = routes.stop(units, "S9"), routes.stop(units, "T9")

    assert (plain.desk, plain.signer, plain.stage) == ("S9.office", "S9.director", "department")
    assert (settled.desk, settled.signer, settled.stage) == ("S9.archive", "T9.chief", "center")
    assert routes.stop(units, "TTTV").desk == "TCHC.staff"
    assert routes.stop(units, "UBND").desk == "SNV.staff"


def test_home_affairs_sees_what_is_below_its_own_committee_and_nothing_of_another_province(
    units: Session,
) -> None:
    seen = routes.units_under(units, {"VP.SNV"})

    assert {"VP.UBND", "VP.SKHDT", "VP.SKHDT.TH"} <= seen
    assert not {"P1", "SXD", "GT.SGTVT.CB1"} & seen


def test_a_nomination_is_due_when_the_task_of_its_holder_is(session: Session) -> None:
    month = crowd.open_round(session)
    crowd.send_proposals(session, 2, 4)
    nominations = session.query(Nomination).order_by(Nomination.id).all()

    waiting = dues.read(session, nominations)
    actor = organisation_people.find_actor(session, story.COORDINATION)
    task = story.find_task(session, actor, "review_proposals")

    assert month.id == task.instance_id
    assert waiting == {nomination.id: task.due_at for nomination in nominations}
    nominations[0].holder = "P1.staff"
    assert nominations[0].id not in dues.read(session, nominations)
    clock.unpin()
