"""Scenario 23: the director is away, a deputy signs; who may sign for whom, and which lines stand above."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.errors import Refused
from tests import papers
from tests.chain import DEPARTMENT_OFFICE, DIRECTOR, Chain, individual
from workflows import signing
from workflows.documents import files
from workflows.tables import Document, Membership, Person, SigningAuthority

PERIOD = "2026-10"
DEPUTY = "cuong.sxd"
TODAY = date(2026, 10, 1)


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain with one nominee for a Giấy khen waiting at the department."""
    made = Chain(session, "2026-10-01 09:00")
    made.open_month(PERIOD)
    made.propose("P1", PERIOD, [individual("Nguyễn An")])
    made.review(closed=True)
    made.do(DIRECTOR, "sign_submission", decision="sign")
    made.decide(DEPARTMENT_OFFICE, "appraise", lambda row: {"decision": "recommend", "reason": ""})
    yield made
    clock.unpin()


def stand_in(chain: Chain, login: str) -> None:
    """Give a person the director's tasks while the director is away."""
    person = chain.session.scalars(select(Person).where(Person.login == login)).one()
    person.memberships.append(Membership(group_name="SXD.director"))
    chain.session.commit()


def decide(chain: Chain, login: str) -> list[Document]:
    """Let a person award everybody; return the decision and its certificate."""
    choose = {"decision": "award", "reason": ""}
    chain.decide(login, "decide", lambda row: choose, decision="approve")
    query = select(Document).where(Document.unit == "SXD", Document.award_decision_id.is_not(None))
    return list(chain.session.scalars(query.order_by(Document.id)))


def test_scenario_23_a_deputy_signs_for_the_director_and_the_block_is_that_of_seed_000(chain: Chain) -> None:
    stand_in(chain, DEPUTY)

    decision, certificate = decide(chain, DEPUTY)

    assert decision.kind == "award_decision"
    for document in (decision, certificate):
        assert document.values["signature_lines"] == ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]
        assert (document.capacity, document.signer_name) == ("KT", "Vũ Mạnh Cường")
    text = papers.read_pages(files.pdf(chain.session, decision))[0]
    assert "KT. GIÁM ĐỐC PHÓ GIÁM ĐỐC" in text
    assert "Vũ Mạnh Cường" in text


def test_scenario_23_the_director_signs_without_further_words(chain: Chain) -> None:
    decision, _certificate = decide(chain, "phuc.sxd")

    assert (decision.capacity, decision.values["signature_lines"]) == ("", ["GIÁM ĐỐC"])


def test_scenario_23_staff_who_stand_in_sign_nothing_and_nothing_is_numbered(chain: Chain) -> None:
    stand_in(chain, "oanh.vps")

    with pytest.raises(Refused) as refusal:
        decide(chain, "oanh.vps")
    chain.session.rollback()

    assert "Điều 13" in refusal.value.source
    assert chain.session.scalars(select(Document).where(Document.kind == "award_decision")).all() == []
    (decision, _certificate) = decide(chain, "phuc.sxd")
    assert decision.number == "01/QĐ-SXD"


def test_scenario_23_kt_is_offered_to_deputies_only(chain: Chain) -> None:
    offers = signing.offers(chain.session, "SXD", TODAY)

    assert [offer.login for offer in offers if offer.capacity == "KT"] == [DEPUTY]
    assert [offer.login for offer in offers if offer.capacity == ""] == ["phuc.sxd"]


def test_scenario_23_an_authorisation_needs_a_document_with_dates_and_is_not_passed_on(chain: Chain) -> None:
    bare = {"login": "oanh.vps", "unit_code": "SXD", "capacity": "TUQ", "title_lines": "TUQ. GIÁM ĐỐC"}
    written = {
        "document_number": "15/GUQ-SXD",
        "document_date": TODAY,
        "scope": "Quyết định khen thưởng tháng 10/2026",
        "valid_from": TODAY,
        "valid_until": date(2026, 10, 31),
    }

    with pytest.raises(Refused, match="written authorisation"):
        signing.grant(chain.session, Actor("phuc.sxd"), SigningAuthority(**bare, granted_by="phuc.sxd"))
    with pytest.raises(Refused, match="cannot pass it on"):
        signing.grant(chain.session, Actor(DEPUTY), SigningAuthority(**bare, **written, granted_by=DEPUTY))
    chain.session.rollback()
    signing.grant(
        chain.session, Actor("phuc.sxd"), SigningAuthority(**bare, **written, granted_by="phuc.sxd")
    )
    chain.session.commit()
    stand_in(chain, "oanh.vps")
    decision, _certificate = decide(chain, "oanh.vps")

    assert (decision.capacity, decision.values["signature_lines"]) == ("TUQ", ["TUQ. GIÁM ĐỐC"])
    with pytest.raises(Refused):
        signing.block(chain.session, "oanh.vps", "SXD", date(2026, 11, 1))
