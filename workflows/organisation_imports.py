"""Import of units, people and memberships: read a file, show what it would change, then apply all of it.

A file with errors changes nothing: every error names row, column and reason. What a file does not mention
stays; an end is a last day that is written (units, memberships) or "không" under "Đang công tác" (people).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import SYSTEM, Actor
from engine.errors import Conflict, NotFound, Text
from workflows import organisation_changes, organisation_columns, sheets
from workflows.organisation_columns import Column, Unreadable
from workflows.organisation_people import OWN_GROUPS
from workflows.tables import Membership, OrganisationImport, Person, Unit

Key = tuple[str, str]  # subject (unit, person, membership) and its code, login or login/group
Row = Unit | Person | Membership
ENDING = {"unit": "valid_until", "membership": "valid_until", "person": "active"}
SUBJECTS = ("unit", "person", "membership")  # in this order: what refers comes after what is referred to


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a cell: its sheet, row and column in the file, and why."""

    sheet: str
    row: int
    column: str
    reason: Text


@dataclass(frozen=True)
class Entry:
    """One row as it was read: the table it belongs to, its key, its values."""

    subject: str
    key: str
    sheet: str
    row: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """What one row would change: added, changed or ended; the values before and after, by column."""

    kind: str
    entry: Entry
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """Everything a file would do: its changes in order, what is wrong with it, what to look at."""

    encoding: str
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)

    def digest(self) -> str:
        """Return a text that is the same for the same changes only."""
        told = [(one.kind, one.entry.subject, one.entry.key, one.before, one.after) for one in self.changes]
        return hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode()).hexdigest()


def plan(session: Session, name: str, content: bytes) -> Plan:
    """Return what a file would change and everything that is wrong with it; nothing is stored."""
    file = sheets.read(name, content)
    made = Plan(file.encoding)
    made.remarks.extend(Problem("", 0, "", remark) for remark in file.remarks)
    entries: dict[Key, Entry] = {}
    for sheet in file.sheets:
        for entry in _read_sheet(sheet, made):
            if (entry.subject, entry.key) in entries:
                twice = Text(f"“{entry.key}” có hai dòng trong tệp", f"'{entry.key}' is in two rows")
                made.problems.append(Problem(entry.sheet, entry.row, "", twice))
            entries[entry.subject, entry.key] = entry
    if not file.sheets:
        made.problems.append(Problem("", 0, "", Text("Tệp không có dòng nào", "The file has no rows")))
    made.problems.extend(_check_references(session, entries))
    known = _stored_rows(session)
    for subject in SUBJECTS:
        for key, entry in entries.items():
            change = _change(known.get(key), entry) if entry.subject == subject else None
            if change is not None:
                made.changes.append(change)
    return made


def keep(session: Session, actor: Actor, name: str, content: bytes, made: Plan) -> OrganisationImport:
    """Keep a clean file until the same administrator confirms it; earlier ones of theirs are forgotten."""
    for earlier in session.scalars(select(OrganisationImport).where(OrganisationImport.actor == actor.name)):
        session.delete(earlier)
    row = OrganisationImport(
        file_name=name, content=content, digest=made.digest(), actor=actor.name, at=clock.now()
    )
    session.add(row)
    session.flush()
    return row


def confirm(session: Session, actor: Actor, import_id: int) -> Plan:
    """Apply a kept file; raises Conflict when it would now change something else than was shown."""
    row = session.get(OrganisationImport, import_id)
    if row is None or row.actor != actor.name:
        raise NotFound(kind="import", key=import_id)
    made = plan(session, row.file_name, row.content)
    if made.problems or made.digest() != row.digest:
        raise Conflict(
            expected="the organisation as it was when the file was shown",
            found="it was changed meanwhile",
            found_vi="danh mục đơn vị, người đã thay đổi từ lúc xem trước",
        )
    apply(session, actor, made)
    session.delete(row)
    session.flush()
    return made


def apply(session: Session, actor: Actor, made: Plan) -> None:
    """Write all changes of a clean plan and record each of them."""
    known = _stored_rows(session)
    for _subject, changes in groupby(made.changes, lambda change: change.entry.subject):
        written: list[tuple[Key, dict[str, Any] | None]] = []
        for change in changes:
            key = change.entry.subject, change.entry.key
            written.append((key, organisation_changes.snapshot(known[key]) if key in known else None))
            if key not in known:
                known[key] = _new_row(known, change.entry)
            for column, value in change.after.items():
                setattr(known[key], column, value)
            session.add(known[key])
        session.flush()  # one for all of a table: gives people the ids that memberships name
        for key, before in written:
            after = organisation_changes.snapshot(known[key])
            organisation_changes.record(session, actor, key, before, after)


def _read_sheet(sheet: sheets.Sheet, made: Plan) -> Iterator[Entry]:
    table = organisation_columns.recognise(sheet.header)
    if table is None:
        unknown = Text(
            "Không nhận ra các cột; hãy dùng tệp mẫu đơn vị, người hoặc thành viên nhóm",
            "The columns are not known; use the template of units, people or memberships",
        )
        made.problems.append(Problem(sheet.name, 1, "", unknown))
        return
    subject, columns = table
    for number, cells in sheet.rows:
        values: dict[str, Any] = {}
        wrong = len(made.problems)
        for place, column in columns.items():
            cell = cells[place] if place < len(cells) else sheets.Value("")
            values |= _read_cell(sheet.name, number, column, cell, made)
        if len(made.problems) == wrong:
            yield Entry(subject, _key(subject, values), sheet.name, number, values)


def _read_cell(sheet: str, row: int, column: Column, cell: sheets.Value, made: Plan) -> dict[str, Any]:
    """Return the value of a cell by its column's key; what is wrong with it goes into the plan."""

    def complain(vi: str, en: str) -> dict[str, Any]:
        made.problems.append(Problem(sheet, row, column.heading, Text(vi, en)))
        return {}

    if cell.formula:
        return complain("ô chứa công thức; hãy dán giá trị", "the cell holds a formula; paste its value")
    if column.needed and not cell.text:
        return complain("không được để trống", "must not be empty")
    try:
        value = column.parse(cell.text)
    except Unreadable as error:
        return complain(error.text.vi, error.text.en)
    if column.parse is organisation_columns.read_name and value != " ".join(cell.text.split()):
        seen = Text(
            f"có chữ trông giống chữ Latinh hoặc ký tự ẩn; sẽ ghi “{value}”",
            f"look-alike letters or hidden signs; it will be written '{value}'",
        )
        made.remarks.append(Problem(sheet, row, column.heading, seen))
    return {column.key: value}


def _key(subject: str, values: Mapping[str, Any]) -> str:
    if subject == "membership":
        return f"{values['login']}/{values['group_name']}"
    return str(values["code" if subject == "unit" else "login"])


def _check_references(session: Session, entries: Mapping[Key, Entry]) -> Iterator[Problem]:
    """Yield what refers to nothing: units above, successors, units of people, people and units of groups."""
    parents = {row.code: row.parent_code for row in session.execute(select(Unit.code, Unit.parent_code))}
    logins = set(session.scalars(select(Person.login)))
    for subject, key in entries:
        if subject == "unit":
            parents[key] = entries[subject, key].values.get("parent_code") or None
        elif subject == "person":
            logins.add(key)
    for entry in entries.values():
        for column, reason in _unresolved(entry, parents, logins):
            heading = next(
                one.heading for one in organisation_columns.TABLES[entry.subject] if one.key == column
            )
            yield Problem(entry.sheet, entry.row, heading, reason)


def _unresolved(
    entry: Entry, parents: Mapping[str, str | None], logins: set[str]
) -> Iterator[tuple[str, Text]]:
    values = entry.values
    start, end = values.get("valid_from"), values.get("valid_until")
    if start and end and end < start:
        yield "valid_until", Text("ngày cuối trước ngày đầu", "the last day is before the first")
    if entry.subject == "membership":
        yield from _unresolved_membership(values, parents, logins)
    if entry.subject == "person" and entry.key == SYSTEM.name:
        yield "login", Text("tên dành riêng cho hệ thống", "the name is reserved for the system")
    for column in ("parent_code", "successor_code", "unit_code"):
        if values.get(column) and values[column] not in parents:
            yield column, Text(f"không có đơn vị “{values[column]}”", f"there is no unit '{values[column]}'")
    if entry.subject == "unit" and _goes_round(entry.key, parents):
        yield (
            "parent_code",
            Text("các đơn vị cấp trên tạo thành vòng", "the units above go round in a circle"),
        )


def _unresolved_membership(
    values: Mapping[str, Any], parents: Mapping[str, str | None], logins: set[str]
) -> Iterator[tuple[str, Text]]:
    if values["login"] not in logins:
        yield "login", Text("không có người này", "there is no such person")
    place = values["group_name"].rpartition(".")[0]
    if values["group_name"] not in OWN_GROUPS and place not in parents:
        yield "group_name", Text(f"không có đơn vị “{place}”", f"there is no unit '{place}'")


def _goes_round(code: str, parents: Mapping[str, str | None]) -> bool:
    passed, above = {code}, parents.get(code)
    while above is not None and above not in passed:
        passed.add(above)
        above = parents.get(above)
    return above is not None


def _change(row: Row | None, entry: Entry) -> Change | None:
    """Return what a row would change; empty cells of a row that is there already change nothing."""
    if row is None:
        return Change("added", entry, {}, _filled(entry))
    after = {
        key: value
        for key, value in _stored(entry).items()
        if value != getattr(row, key)
        and (value not in ("", None) or key in ("valid_until", "successor_code"))
    }
    if not after:
        return None
    ends = ENDING[entry.subject]
    ended = ends in after and after[ends] not in (None, True)
    before = {key: getattr(row, key) for key in after}
    return Change("ended" if ended else "changed", entry, before, after)


def _filled(entry: Entry) -> dict[str, Any]:
    """Return the values of a new row; a unit without a short name is called by its name."""
    values = {key: value for key, value in _stored(entry).items() if value is not None}
    if entry.subject == "unit":
        values["short_name"] = values.get("short_name") or values["name"]
        values |= {key: values.get(key) or None for key in ("parent_code", "successor_code")}
    return {"position": "", **values} if entry.subject == "person" else values


def _stored(entry: Entry) -> Mapping[str, Any]:
    """Return the values that are columns of the row: a membership names its person by login."""
    if entry.subject != "membership":
        return entry.values
    return {key: value for key, value in entry.values.items() if key != "login"}


def _stored_rows(session: Session) -> dict[Key, Row]:
    """Return every unit, person and membership by subject and key; a file may name 10,000 of them."""
    rows: dict[Key, Row] = {("unit", unit.code): unit for unit in session.scalars(select(Unit))}
    rows |= {("person", person.login): person for person in session.scalars(select(Person))}
    memberships = session.execute(select(Membership, Person.login).join(Person))
    rows |= {("membership", f"{login}/{found.group_name}"): found for found, login in memberships}
    return rows


def _new_row(known: Mapping[Key, Row], entry: Entry) -> Row:
    if entry.subject == "membership":
        person = cast(Person, known["person", entry.values["login"]])
        return Membership(person_id=person.id)
    return Unit() if entry.subject == "unit" else Person()
