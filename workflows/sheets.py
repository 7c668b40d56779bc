"""Read tables people send, CSV or XLSX, as text cells: no formula is executed, hostile files are refused.

A workbook is a zip of XML: its unpacked size, number of parts and declarations are judged before it is read
(zip bombs, entity bombs).
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import openpyxl
from openpyxl.cell import Cell
from openpyxl.utils.exceptions import InvalidFileException

from engine.errors import Refused, Text

MAX_BYTES = 4 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024
MAX_PARTS = 500
MAX_ROWS = 10_000
MAX_COLUMNS = 60
SOURCE = "Quy định về tệp nhập của hệ thống"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
DELIMITERS = (",", ";", "\t")
DECLARATIONS = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


@dataclass(frozen=True)
class Value:
    """One cell: its text in composed letters, and whether it is a formula."""

    text: str
    formula: bool = False


@dataclass(frozen=True)
class Sheet:
    """One table: the name of its sheet, its header, its rows with their numbers in the file."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Value, ...]], ...]


@dataclass(frozen=True)
class File:
    """The tables of a file, its encoding, and what the reader should look at."""

    sheets: tuple[Sheet, ...]
    encoding: str
    remarks: tuple[Text, ...] = ()


def read(name: str, content: bytes) -> File:
    """Return the tables of a CSV or XLSX file; raises Refused for one too large or unreadable."""
    if len(content) > MAX_BYTES:
        raise _refusal(f"Tệp lớn hơn {MAX_BYTES // 2**20} MB.", f"The file is over {MAX_BYTES // 2**20} MB.")
    if content.startswith(b"PK\x03\x04"):
        return File(tuple(_read_workbook(content)), "XLSX")
    if name.lower().endswith((".xlsx", ".xls", ".xlsm", ".ods")):
        raise _refusal(
            "Tệp không phải bảng tính XLSX; hãy lưu lại dạng .xlsx hoặc .csv.",
            "The file is no XLSX workbook; save it again as .xlsx or .csv.",
        )
    text, encoding, remarks = decode(content)
    return File(tuple(_tables([("", _csv_rows(text))])), encoding, remarks)


def decode(content: bytes) -> tuple[str, str, tuple[Text, ...]]:
    """Return text, name of its encoding and remarks: UTF-8, UTF-16 with a mark, else Windows-1258.

    Raises Refused for bytes that are none of them.
    """
    for mark, codec, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decode(content, codec, name), name, ()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        text = _decode(content, "cp1258", "Windows-1258")
    else:
        return _decode(content, "utf-8", "UTF-8"), "UTF-8", ()
    guessed = Text(
        "Tệp không phải UTF-8; đã đọc theo Windows-1258. Hãy xem kỹ dấu tiếng Việt trước khi xác nhận.",
        "The file is not UTF-8; it was read as Windows-1258. Look at the diacritics before you confirm.",
    )
    return text, "Windows-1258", (guessed,)


def _decode(content: bytes, codec: str, name: str) -> str:
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        raise _refusal(
            f"Không đọc được chữ trong tệp theo {name} (vị trí {error.start}); hãy lưu lại dạng UTF-8.",
            f"The text cannot be read as {name} (position {error.start}); save it as UTF-8.",
        ) from error
    if "\0" in text:
        raise _refusal("Tệp không phải văn bản.", "The file is no text.")
    return text


def _csv_rows(text: str) -> Iterator[Sequence[Value]]:
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            yield [_value(cell) for cell in row]
    except csv.Error as error:
        raise _refusal(
            f"Tệp CSV hỏng: {error}. Mỗi dấu ngoặc kép mở phải có dấu đóng.",
            f"The CSV file is broken: {error}. Every opening quote needs a closing one.",
        ) from error


def _read_workbook(content: bytes) -> Iterator[Sheet]:
    _inspect(content)
    try:
        # data_only False: a formula is seen as a formula and never as the value somebody stored beside it.
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        yield from _tables(
            (sheet.title, ([_cell(cell) for cell in row] for row in sheet.iter_rows(max_col=MAX_COLUMNS + 1)))
            for sheet in book.worksheets
        )
    except (InvalidFileException, KeyError, ValueError, SyntaxError, zipfile.BadZipFile) as error:
        raise _refusal(
            "Không đọc được bảng tính; hãy lưu lại dạng .xlsx.",
            "The workbook cannot be read; save it as .xlsx.",
        ) from error


def _inspect(content: bytes) -> None:
    """Refuse a zip that unpacks to more than a table needs, or whose XML declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise _refusal(
                    f"Bảng tính giải nén quá lớn (tối đa {MAX_UNPACKED // 2**20} MB).",
                    f"The workbook unpacks to more than {MAX_UNPACKED // 2**20} MB.",
                )
            for part in parts:
                # the whole part: a comment as long as you like may stand before a declaration
                text = packed.read(part)
                if any(declaration in text for declaration in DECLARATIONS):
                    raise _refusal("Bảng tính có khai báo DOCTYPE.", "The workbook declares a DOCTYPE.")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise _refusal("Bảng tính hỏng hoặc có mật khẩu.", "The workbook is broken or encrypted.") from error


def _tables(sources: Iterable[tuple[str, Iterable[Sequence[Value]]]]) -> Iterator[Sheet]:
    for name, lines in sources:
        rows: list[tuple[int, tuple[Value, ...]]] = []
        for number, row in enumerate(lines, 1):
            if number > MAX_ROWS + 1 or len(row) > MAX_COLUMNS + 1:
                raise _refusal(
                    f"Bảng quá lớn: tối đa {MAX_ROWS} dòng, {MAX_COLUMNS} cột.",
                    f"The table is too large: at most {MAX_ROWS} rows and {MAX_COLUMNS} columns.",
                )
            if any(value.text for value in row):
                rows.append((number, tuple(row)))
        if rows:
            yield Sheet(name, tuple(value.text for value in rows[0][1]), tuple(rows[1:]))


def _cell(cell: Cell) -> Value:
    value = cell.value
    if value is None:
        return Value("")
    if isinstance(value, bool):
        return Value("true" if value else "false")
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return Value(value.isoformat())
    formula = getattr(cell, "data_type", "") == "f"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return Value(_plain(str(value)), formula)


def _value(text: str) -> Value:
    return Value(_plain(text), text.lstrip().startswith("="))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _refusal(vi: str, en: str) -> Refused:
    return Refused(vi=vi, en=en, source=SOURCE)
