"""Who signs for a unit and the lines above the signature: KT., TM., TL., TUQ. (NĐ 30/2020 Đ13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import NotFound, Refused
from workflows import organisation, organisation_changes, routes, validity
from workflows.tables import Membership, Person, SigningAuthority
from workflows.vocabulary import show_date

SOURCE = "Nghị định 30/2020/NĐ-CP, Điều 13"
# In this order a capacity is chosen when the caller names none: in one's own right first.
CAPACITIES = ("", "KT", "TM", "TL", "TUQ")
COLLECTIVE_BODIES = frozenset({"committee", "council", "party_cell", "union", "youth_union"})


@dataclass(frozen=True)
class Block:
    """One way a document of a unit can be signed: in which capacity, with which lines above, by whom."""

    capacity: str
    lines: tuple[str, ...]
    login: str
    name: str
    position: str


def block(session: Session, login: str, unit_code: str, day: date, capacity: str | None = None) -> Block:
    """Return how a person signs for a unit on a day: capacity, lines above the signature, name, position.

    `TM` asked of a deputy gives the body's line above the deputy's own. Raises Refused with the rule when the
    person may not sign in that capacity.
    """
    held = _held(session, login, unit_code, day)
    if capacity == "TM" and "TM" not in held and "KT" in held:
        check(session, held["KT"], day)
        body = _body_line(session, unit_code, day)
        return _block(_person_of(session, login), "TM", (body, *_lines(held["KT"])))
    chosen = next((one for one in CAPACITIES if one in held and capacity in (None, one)), None)
    if chosen is None:
        _refuse(
            f"“{login}” không có thẩm quyền ký văn bản của {unit_code} ngày {show_date(day)}.",
            f"'{login}' may not sign documents of {unit_code} on {day.isoformat()}.",
        )
    check(session, held[chosen], day)
    return _block(_person_of(session, login), chosen, _lines(held[chosen]))


def offers(session: Session, unit_code: str, day: date) -> list[Block]:
    """Return everybody who may sign for a unit on a day, the head first: KT. is offered to deputies only."""
    found = [
        _block(person, capacity, _lines(authority))
        for login in _candidates(session, unit_code)
        if (person := _person(session, login)) is not None
        for capacity, authority in _held(session, login, unit_code, day).items()
        if _allowed(session, authority, day)
    ]
    return sorted(found, key=lambda offer: (CAPACITIES.index(offer.capacity), offer.name))


def rank_in(session: Session, person: Person, unit_code: str) -> str:
    """Return a person's rank in a unit: head, deputy or "".

    Where nobody is entered as head, whoever belongs to the group that signs for the unit is.
    """
    if person.unit_code != unit_code:
        return ""
    if person.rank:
        return person.rank
    head = select(Person.id).where(Person.unit_code == unit_code, Person.rank == "head", Person.active)
    signs = routes.stop(session, unit_code).signer in organisation.groups(
        session, person.login, organisation.today()
    )
    return "head" if signs and session.scalar(head.limit(1)) is None else ""


def grant(session: Session, actor: Actor, authority: SigningAuthority) -> SigningAuthority:
    """Record an authority to sign; raises Refused when the law does not allow it in that capacity."""
    check(session, authority, authority.valid_from or organisation.today())
    session.add(authority)
    session.flush()
    about = ("signing_authority", f"{authority.login}/{authority.unit_code}/{authority.capacity}")
    organisation_changes.record(session, actor, about, None, organisation_changes.snapshot(authority))
    return authority


def check(session: Session, authority: SigningAuthority, day: date) -> None:
    """Raise Refused, with the rule, when a person may not sign in the capacity the row names."""
    person = _person_of(session, authority.login)
    {"KT": _check_deputy, "TM": _check_body, "TL": _check_order, "TUQ": _check_authorisation}.get(
        authority.capacity, _check_head
    )(session, authority, person)
    if organisation.is_dissolved(organisation.unit(session, authority.unit_code), day):
        _refuse(
            f"Đơn vị {authority.unit_code} đã giải thể trước ngày {show_date(day)}, "
            "không ký văn bản được nữa.",
            f"Unit {authority.unit_code} was dissolved before {day.isoformat()} and signs nothing any more.",
        )


def _check_head(session: Session, authority: SigningAuthority, person: Person) -> None:
    if rank_in(session, person, authority.unit_code) != "head":
        _refuse(
            f"Chỉ người đứng đầu {authority.unit_code} ký trực tiếp, không ghi thêm quyền hạn.",
            f"Only the head of {authority.unit_code} signs in their own right.",
        )


def _check_deputy(session: Session, authority: SigningAuthority, person: Person) -> None:
    if rank_in(session, person, authority.unit_code) != "deputy":
        _refuse(
            f"Chỉ cấp phó của người đứng đầu {authority.unit_code} được ký thay (KT.); "
            f"{person.name} không phải cấp phó.",
            f"Only a deputy of the head of {authority.unit_code} signs KT.; {person.name} is none.",
        )


def _check_body(session: Session, authority: SigningAuthority, person: Person) -> None:
    if organisation.unit(session, authority.unit_code).kind not in COLLECTIVE_BODIES:
        _refuse(
            f"{authority.unit_code} làm việc theo chế độ thủ trưởng, không ký thay mặt tập thể (TM.).",
            f"{authority.unit_code} is no collective body: nobody signs TM. for it.",
        )


def _check_order(session: Session, authority: SigningAuthority, person: Person) -> None:
    below = organisation.unit(session, person.unit_code).parent_code == authority.unit_code
    if not (authority.document_number and below and rank_in(session, person, person.unit_code) == "head"):
        _refuse(
            "Ký thừa lệnh (TL.) dành cho người đứng đầu đơn vị trực thuộc và phải được quy định "
            "trong quy chế làm việc; hãy ghi số quy chế.",
            "TL. is for the head of a unit below, as the internal regulation lays down; give its number.",
        )


def _check_authorisation(session: Session, authority: SigningAuthority, person: Person) -> None:
    complete = authority.document_number and authority.document_date and authority.scope
    if not (complete and authority.valid_from and authority.valid_until):
        _refuse(
            "Ký thừa ủy quyền (TUQ.) cần văn bản ủy quyền ghi số, ngày, nội dung và thời hạn.",
            "TUQ. needs a written authorisation with number, date, content and term.",
        )
    giver = _person(session, authority.granted_by)
    if giver is None or rank_in(session, giver, authority.unit_code) != "head":
        _refuse(
            "Chỉ người đứng đầu được ủy quyền; người được ủy quyền không ủy quyền lại cho người khác ký.",
            "Only the head authorises; who was authorised cannot pass it on.",
        )


def _held(session: Session, login: str, unit_code: str, day: date) -> dict[str, SigningAuthority]:
    """Return what a person holds for a unit on a day, by capacity; head and deputy also without a row."""
    rows = session.scalars(
        select(SigningAuthority).where(
            SigningAuthority.login == login,
            SigningAuthority.unit_code == unit_code,
            validity.in_force(SigningAuthority, day),
        )
    )
    held = {row.capacity: row for row in rows}
    person = _person(session, login)
    rank = "" if person is None else rank_in(session, person, unit_code)
    return _by_rank(session, person, rank) if not held and person is not None and rank else held


def _candidates(session: Session, unit_code: str) -> list[str]:
    """Return who could sign for a unit at all: by a row, by rank, or in the group that signs for it."""
    rows = session.scalars(select(SigningAuthority.login).where(SigningAuthority.unit_code == unit_code))
    own = select(Person.login).where(Person.unit_code == unit_code, Person.active)
    ranked = session.scalars(own.where(Person.rank != ""))
    signers = session.scalars(
        own.join(Membership).where(
            Membership.group_name == routes.stop(session, unit_code).signer,
            validity.in_force(Membership, organisation.today()),
        )
    )
    return list(dict.fromkeys([*rows, *ranked, *signers]))


def _by_rank(session: Session, person: Person, rank: str) -> dict[str, SigningAuthority]:
    own = person.position.upper()
    if rank == "head":
        return {
            "": SigningAuthority(login=person.login, unit_code=person.unit_code, capacity="", title_lines=own)
        }
    head = session.scalar(
        select(Person.position).where(
            Person.unit_code == person.unit_code, Person.rank == "head", Person.active
        )
    )
    lines = f"KT. {(head or 'thủ trưởng').upper()}\n{own}"
    return {
        "KT": SigningAuthority(
            login=person.login, unit_code=person.unit_code, capacity="KT", title_lines=lines
        )
    }


def _body_line(session: Session, unit_code: str, day: date) -> str:
    row = session.scalar(
        select(SigningAuthority).where(
            SigningAuthority.unit_code == unit_code,
            SigningAuthority.capacity == "TM",
            validity.in_force(SigningAuthority, day),
        )
    )
    if row is None:
        raise NotFound(kind="signing authority", key=f"{unit_code}/TM")
    return _lines(row)[0]


def _allowed(session: Session, authority: SigningAuthority, day: date) -> bool:
    try:
        check(session, authority, day)
    except Refused:
        return False
    return True


def _person(session: Session, login: str) -> Person | None:
    return session.scalar(select(Person).where(Person.login == login, Person.active))


def _person_of(session: Session, login: str) -> Person:
    found = _person(session, login)
    if found is None:
        _refuse(f"“{login}” không còn công tác.", f"'{login}' no longer works in the organisation.")
    return found


def _block(person: Person, capacity: str, lines: tuple[str, ...]) -> Block:
    return Block(capacity, lines, person.login, person.name, person.position)


def _lines(authority: SigningAuthority) -> tuple[str, ...]:
    return tuple(authority.title_lines.splitlines())


def _refuse(vi: str, en: str) -> NoReturn:
    raise Refused(vi=vi, en=en, source=SOURCE)
