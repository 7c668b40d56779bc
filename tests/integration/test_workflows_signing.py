"""Signing capacities: KT., TM., TL., TUQ. as NĐ 30/2020 Đ13 allows them, refused with the rule otherwise."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import Refused
from workflows import demo, signing
from workflows.tables import OrganisationChange, Person, SigningAuthority

DAY = date(2026, 10, 16)
ADMINISTRATOR = Actor("vinh.it")


def authorisation(**changes: object) -> SigningAuthority:
    """Return a complete authorisation (TUQ.) by the director of Sở Xây dựng."""
    values: dict[str, object] = {
        "login": "oanh.vps",
        "unit_code": "SXD",
        "capacity": "TUQ",
        "title_lines": "TUQ. GIÁM ĐỐC\nCHÁNH VĂN PHÒNG",
        "document_number": "15/GUQ-SXD",
        "document_date": date(2026, 10, 1),
        "granted_by": "phuc.sxd",
        "scope": "Thông báo kết quả họp",
        "valid_from": date(2026, 10, 1),
        "valid_until": date(2026, 10, 31),
    }
    return SigningAuthority(**{**values, **changes})


def test_the_block_of_seed_000_is_signed_by_a_deputy_for_the_director(session: Session) -> None:
    demo.load(session)
    deputy = next(one for one in demo.PEOPLE if one[4] == ("TQ.SXD.deputy_director",))[0]

    lines = signing.block(session, deputy, "TQ.SXD", DAY).lines

    assert lines == ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC")


def test_only_the_head_and_deputies_are_offered_to_sign_and_the_head_comes_first(session: Session) -> None:
    demo.load(session)

    offers = signing.offers(session, "SXD", DAY)

    assert [(offer.login, offer.capacity) for offer in offers] == [("phuc.sxd", ""), ("cuong.sxd", "KT")]


def test_nobody_signs_for_a_head_without_being_a_deputy(session: Session) -> None:
    demo.load(session)
    row = SigningAuthority(login="oanh.vps", unit_code="SXD", capacity="KT", title_lines="KT. GIÁM ĐỐC")

    with pytest.raises(Refused) as refused:
        signing.grant(session, ADMINISTRATOR, row)

    assert "cấp phó" in refused.value.text("vi")
    assert "30/2020/NĐ-CP, Điều 13" in refused.value.text("en")


def test_a_collective_body_is_signed_for_on_its_behalf_also_by_a_deputy(session: Session) -> None:
    demo.load(session)

    chair = signing.block(session, "son.ubnd", "UBND", DAY, "TM").lines
    deputy = signing.block(session, "huong.ubnd", "UBND", DAY, "TM").lines

    assert chair == ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
    assert deputy == ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
    with pytest.raises(Refused):
        signing.grant(
            session,
            ADMINISTRATOR,
            SigningAuthority(login="phuc.sxd", unit_code="SXD", capacity="TM", title_lines="TM. SỞ"),
        )


def test_signing_by_order_needs_the_internal_regulation(session: Session) -> None:
    demo.load(session)

    lines = signing.block(session, "yen.tchc", "TTTV", DAY).lines

    assert lines[0] == "TL. GIÁM ĐỐC"
    with pytest.raises(Refused):
        signing.grant(
            session,
            ADMINISTRATOR,
            SigningAuthority(login="binh.p1", unit_code="TTTV", capacity="TL", title_lines="TL. GIÁM ĐỐC"),
        )


@pytest.mark.parametrize(
    "missing", ["document_number", "document_date", "scope", "valid_from", "valid_until"]
)
def test_an_authorisation_lacks_nothing(session: Session, missing: str) -> None:
    demo.load(session)

    with pytest.raises(Refused) as refused:
        signing.grant(session, ADMINISTRATOR, authorisation(**{missing: None}))

    assert "văn bản ủy quyền" in refused.value.text("vi")


def test_who_was_authorised_cannot_pass_it_on_and_the_term_ends(session: Session) -> None:
    demo.load(session)
    signing.grant(session, ADMINISTRATOR, authorisation())

    inside = signing.block(session, "oanh.vps", "SXD", date(2026, 10, 31)).lines

    assert inside == ("TUQ. GIÁM ĐỐC", "CHÁNH VĂN PHÒNG")
    with pytest.raises(Refused):
        signing.block(session, "oanh.vps", "SXD", date(2026, 11, 1))
    with pytest.raises(Refused) as passed_on:
        signing.grant(session, ADMINISTRATOR, authorisation(login="mai.tchc", granted_by="oanh.vps"))
    assert "không ủy quyền lại" in passed_on.value.text("vi")
    assert session.query(OrganisationChange).one().subject == "signing_authority"


def test_nobody_signs_for_a_unit_that_no_longer_exists(session: Session) -> None:
    demo.load(session)
    row = SigningAuthority(login="hai.p3", unit_code="P5", capacity="", title_lines="TRƯỞNG PHÒNG")

    with pytest.raises(Refused):
        signing.grant(session, ADMINISTRATOR, row)


def test_where_nobody_is_entered_as_head_the_group_that_signs_for_the_unit_does(session: Session) -> None:
    demo.load(session)
    head = session.query(Person).filter_by(login="binh.p1").one()
    staff = session.query(Person).filter_by(login="an.p1").one()

    entered = [signing.rank_in(session, person, "P1") for person in (head, staff)]
    head.rank = ""
    session.flush()
    derived = [signing.rank_in(session, person, "P1") for person in (head, staff)]

    assert (entered, derived) == (["head", ""], ["head", ""])
    assert signing.block(session, "binh.p1", "P1", DAY).lines == ("TRƯỞNG PHÒNG",)
    assert signing.rank_in(session, head, "P2") == ""
