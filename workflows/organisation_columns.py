"""The columns of the tables people import: units, people, memberships, with what each cell may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.errors import Text
from workflows import names, vocabulary
from workflows.vocabulary import fold

CODE = re.compile(r"[A-ZĐ0-9][\wĐ]*(?:\.[A-ZĐ0-9][\wĐ]*)*")
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
GROUP = re.compile(r"[\wĐ]+(?:\.[\wĐ]+)*")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
YES, NO = frozenset({"co", "true", "1", "x", "yes"}), frozenset({"", "khong", "false", "0", "no"})
GENDERS = {"": "", "nam": "male", "male": "male", "nu": "female", "female": "female"}
RANKS = {"": "", "nguoi dung dau": "head", "head": "head", "cap pho": "deputy", "deputy": "deputy"}
LONGEST = 300


class Unreadable(Exception):
    """A cell cannot be read; the text says why."""

    def __init__(self, vi: str, en: str) -> None:
        self.text = Text(vi, en)
        super().__init__(en)


@dataclass(frozen=True)
class Column:
    """One column: its key, its heading for people, how its cells are read, whether a cell may be empty."""

    key: str
    heading: str
    parse: Callable[[str], Any]
    needed: bool = False


def read_text(cell: str) -> str:
    """Return a text; raises Unreadable for one that is too long."""
    if len(cell) > LONGEST:
        raise Unreadable(f"dài quá {LONGEST} ký tự", f"longer than {LONGEST} characters")
    return cell


def read_name(cell: str) -> str:
    """Return a name in composed letters with its look-alike letters as Latin ones; raises Unreadable."""
    name = names.normalise(cell)
    for wrong in names.check(name):
        raise Unreadable(wrong.vi, wrong.en)
    return name


def read_day(cell: str) -> date | None:
    """Return a day written as 30/06/2025 or 2025-06-30; raises Unreadable."""
    try:
        return vocabulary.read_day(cell) if cell else None
    except ValueError as error:
        raise Unreadable("không phải ngày (ví dụ 30/06/2025)", "no day (for example 30/06/2025)") from error


def read_flag(cell: str) -> bool:
    """Return yes or no; raises Unreadable."""
    if fold(cell) not in YES | NO:
        raise Unreadable("chỉ ghi “có” hoặc “không”", "write yes or no")
    return fold(cell) in YES


def read_active(cell: str) -> bool:
    """Return whether a person still works; an empty cell says yes."""
    return True if not cell else read_flag(cell)


def matching(pattern: re.Pattern[str], vi: str, en: str) -> Callable[[str], str]:
    """Return a reader of cells that match a pattern, or are empty."""

    def parse(cell: str) -> str:
        if cell and not pattern.fullmatch(read_text(cell)):
            raise Unreadable(vi, en)
        return cell

    return parse


def one_of(choices: Mapping[str, str]) -> Callable[[str], str]:
    """Return a reader of cells that hold one of some words, diacritics aside."""

    def parse(cell: str) -> str:
        if fold(cell) not in choices:
            known = ", ".join(word for word in choices if word)
            raise Unreadable(f"chỉ nhận: {known}", f"one of: {known}")
        return choices[fold(cell)]

    return parse


_code = matching(CODE, "mã chỉ gồm chữ hoa, số, dấu chấm", "a code has capitals, digits and dots")
_login = matching(
    LOGIN, "tên đăng nhập chỉ gồm chữ thường không dấu, số, . _ -", "small letters, digits, . _ -"
)
_group = matching(GROUP, "nhóm có dạng ĐƠNVỊ.vaitrò", "a group is written UNIT.role")
_email = matching(EMAIL, "không phải địa chỉ thư điện tử", "no e-mail address")
TABLES: Mapping[str, tuple[Column, ...]] = {
    "unit": (
        Column("code", "Mã đơn vị", _code, needed=True),
        Column("name", "Tên đơn vị", read_name, needed=True),
        Column("short_name", "Tên ngắn", read_name),
        Column("kind", "Loại đơn vị", read_text, needed=True),
        Column("parent_code", "Đơn vị cấp trên", _code),
        Column("desk_group", "Nhóm tiếp nhận", _group),
        Column("signer_group", "Nhóm ký", _group),
        Column("valid_from", "Hoạt động từ ngày", read_day),
        Column("valid_until", "Hoạt động đến ngày", read_day),
        Column("successor_code", "Đơn vị kế thừa", _code),
        Column("place", "Địa danh", read_text),
        Column("address", "Địa chỉ", read_text),
        Column("organisation_code", "Mã định danh", read_text),
        Column("symbol", "Ký hiệu văn bản", read_text),
    ),
    "person": (
        Column("login", "Tên đăng nhập", _login, needed=True),
        Column("name", "Họ tên", read_name, needed=True),
        Column("position", "Chức vụ", read_text),
        Column("unit_code", "Mã đơn vị công tác", _code, needed=True),
        Column("rank", "Cấp lãnh đạo", one_of(RANKS)),
        Column("gender", "Giới tính", one_of(GENDERS)),
        Column("managed_by_standing_board", "Ban Thường vụ quản lý", read_flag),
        Column("email", "Thư điện tử", _email),
        Column("active", "Đang công tác", read_active),
    ),
    "membership": (
        Column("login", "Tên đăng nhập", _login, needed=True),
        Column("group_name", "Nhóm", _group, needed=True),
        Column("valid_from", "Từ ngày", read_day),
        Column("valid_until", "Đến ngày", read_day),
    ),
}
# What tells the tables apart: a heading that only this one needs.
MARKS = {"unit": "name", "person": "unit_code", "membership": "group_name"}


def recognise(header: tuple[str, ...]) -> tuple[str, dict[int, Column]] | None:
    """Return which table a header belongs to and the column at each place, None when it is none."""
    wanted = [fold(heading) for heading in header]
    for table in ("membership", "person", "unit"):
        known = {
            fold(spelling): column for column in TABLES[table] for spelling in (column.key, column.heading)
        }
        found = {place: known[heading] for place, heading in enumerate(wanted) if heading in known}
        keys = {column.key for column in found.values()}
        if {column.key for column in TABLES[table] if column.needed} <= keys and MARKS[table] in keys:
            return table, found
    return None
