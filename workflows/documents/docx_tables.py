"""Tables of a DOCX: columns, rows, merged cells, borders and margins, read into what HTML needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from workflows.documents.docx_parts import tag
from workflows.documents.docx_styles import SIDES, Css, attribute, border_css, is_colour, points, switched_on

ALIGNMENTS = {"center": "center", "bottom": "bottom", "top": "top"}
SIDE_MARGIN = 5.4  # points left and right in a cell when the table names none


@dataclass(frozen=True)
class Cell:
    """One cell: how many columns and rows it takes, its looks, the element with its paragraphs."""

    columns: int
    rows: int
    css: Css
    content: etree._Element


@dataclass(frozen=True)
class Row:
    """One row; `header` rows are repeated on each page, a `whole` one is not split."""

    cells: Sequence[Cell]
    header: bool
    whole: bool


@dataclass(frozen=True)
class Table:
    """A table: widths of its columns in points, its rows, the CSS of the whole."""

    columns: Sequence[float]
    rows: Sequence[Row]
    css: Css


def read_table(table: etree._Element) -> Table:
    """Read a `w:tbl`."""
    properties = table.find(tag("tblPr"))
    grid = [points(column.get(tag("w"))) for column in table.iterfind(f"{tag('tblGrid')}/{tag('gridCol')}")]
    lines = None if properties is None else properties.find(tag("tblBorders"))
    margins = _margins(None if properties is None else properties.find(tag("tblCellMar")))
    found = [list(_place(row)) for row in table.iterfind(tag("tr"))]
    rows = []
    for index, (row, cells) in enumerate(zip(table.iterfind(tag("tr")), found, strict=True)):
        shown = [
            Cell(
                span,
                _count_rows(found, index, column),
                {
                    **margins,
                    **_lines(lines, (index, column, span), (len(found), len(grid))),
                    **_cell_css(cell),
                },
                cell,
            )
            for column, span, cell in cells
            if not _continues(cell)
        ]
        state = row.find(tag("trPr"))
        header = state is not None and bool(switched_on(state, "tblHeader"))
        whole = state is not None and bool(switched_on(state, "cantSplit"))
        rows.append(Row(shown, header, whole))
    css = {"width": f"{sum(grid):g}pt"}
    if attribute(properties, "jc") == "center":
        css["margin"] = "0 auto"
    return Table(grid, rows, css)


def _place(row: etree._Element) -> list[tuple[int, int, etree._Element]]:
    column, placed = 0, []
    for cell in row.iterfind(tag("tc")):
        span = int(attribute(cell.find(tag("tcPr")), "gridSpan") or 1)
        placed.append((column, span, cell))
        column += span
    return placed


def _merge(cell: etree._Element) -> str | None:
    properties = cell.find(tag("tcPr"))
    merge = None if properties is None else properties.find(tag("vMerge"))
    return None if merge is None else merge.get(tag("val"), "continue")


def _continues(cell: etree._Element) -> bool:
    return _merge(cell) == "continue"


def _count_rows(rows: Sequence[list[tuple[int, int, etree._Element]]], index: int, column: int) -> int:
    count = 1
    for below in rows[index + 1 :]:
        if not any(place == column and _continues(cell) for place, _, cell in below):
            break
        count += 1
    return count


def _lines(lines: etree._Element | None, place: tuple[int, int, int], size: tuple[int, int]) -> Css:
    if lines is None:
        return {}
    (row, column, span), (rows, columns) = place, size
    drawn = border_css(lines)
    sides = {
        "top": "top" if row == 0 else "insideH",
        "bottom": "bottom" if row == rows - 1 else "insideH",
        "left": "left" if column == 0 else "insideV",
        "right": "right" if column + span >= columns else "insideV",
    }
    return {f"border-{side}": drawn[name] for side, name in sides.items() if name in drawn}


def _margins(margins: etree._Element | None) -> Css:
    default: Mapping[str, float] = {"left": SIDE_MARGIN, "right": SIDE_MARGIN}
    css: Css = {}
    for side in SIDES:
        named = attribute(margins, side, "w") or attribute(
            margins, {"left": "start", "right": "end"}.get(side, side), "w"
        )
        css[f"padding-{side}"] = f"{points(named) if named is not None else default.get(side, 0.0):g}pt"
    return css


def _cell_css(cell: etree._Element) -> Css:
    properties = cell.find(tag("tcPr"))
    if properties is None:
        return {}
    css: Css = {}
    alignment = attribute(properties, "vAlign")
    if alignment is not None:
        css["vertical-align"] = {"center": "middle"}.get(alignment, ALIGNMENTS.get(alignment, "top"))
    fill = attribute(properties, "shd", "fill")
    if fill is not None and is_colour(fill):
        css["background"] = f"#{fill}"
    borders = properties.find(tag("tcBorders"))
    if borders is not None:
        css.update({f"border-{side}": line for side, line in border_css(borders).items() if side in SIDES})
    return css
