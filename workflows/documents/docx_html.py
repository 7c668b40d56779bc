"""Turn a DOCX into HTML for printing: paragraphs, runs, tables, pictures, page, frame, header and footer.

It reads what offices use in such documents; what it does not know (text boxes, columns, floating shapes) is
left out, which the preview of a template shows before anybody signs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from lxml import etree

from workflows.documents.docx_numbering import Numbering
from workflows.documents.docx_page import page_css, page_parts
from workflows.documents.docx_parts import PICTURES, Package, R, tag
from workflows.documents.docx_styles import Css, Styles, points, write_css
from workflows.documents.docx_tables import Row, Table, read_table

EMPTY = "&#8203;"
EXTENT = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}extent"
BLIP = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
EMU = 12700.0  # to a point
BASE = """
html { font-family: 'Bang Vang Serif'; font-size: 12pt; line-height: 1.15; color: #000 }
body { margin: 0 } p { margin: 0; orphans: 2; widows: 2; overflow-wrap: anywhere }
table { border-collapse: collapse; table-layout: fixed; border-spacing: 0 }
td { vertical-align: top; overflow-wrap: anywhere }
.tab { display: inline-block; width: 36pt } .number::after { content: counter(page) }
.total::after { content: counter(pages) }
"""


def to_html(package: Package) -> str:
    """Return the whole document as one HTML page with the CSS of its paper."""
    writer = _Writer(package)
    tree = package.tree("word/document.xml")
    body = None if tree is None else tree.find(tag("body"))
    section = None if body is None else body.find(tag("sectPr"))
    parts = "".join(
        f'<div class="{name}">{writer.part(target)}</div>'
        for name, target in page_parts(package, section).items()
    )
    shown = "" if body is None else "".join(writer.blocks(body))
    return (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><style>{BASE}{page_css(section)}'
        f"{writer.style_sheet()}</style></head><body>{parts}{shown}</body></html>"
    )


class _Writer:
    def __init__(self, package: Package) -> None:
        self.package = package
        self.styles = Styles(package)
        self.numbering = Numbering(package)
        self.targets = package.targets("word/document.xml")
        self._looks: dict[str, str] = {}  # each look is read once: a list of hundreds repeats few of them
        self._field = ""  # the code of the field whose result is being passed over

    def look(self, css: Css) -> str:
        """Return the attribute that gives an element its looks."""
        written = write_css(css)
        return f' class="{self._looks.setdefault(written, f"l{len(self._looks)}")}"' if written else ""

    def style_sheet(self) -> str:
        """Return the rules of every look that was given."""
        return "".join(f".{name}{{{css}}}" for css, name in self._looks.items())

    def part(self, name: str) -> str:
        """Return what stands in a header or footer part."""
        tree = self.package.tree(name)
        own, self.targets = self.targets, self.package.targets(name)
        shown = "" if tree is None else "".join(self.blocks(tree))
        self.targets = own
        return shown

    def blocks(self, parent: etree._Element) -> Iterator[str]:
        for child in parent:
            if child.tag == tag("p"):
                yield self.paragraph(child)
            elif child.tag == tag("tbl"):
                yield self.table(read_table(child))
            elif child.tag in (tag("sdt"), tag("sdtContent"), tag("ins")):
                yield from self.blocks(child)

    def paragraph(self, paragraph: etree._Element) -> str:
        properties = paragraph.find(tag("pPr"))
        css = self.styles.paragraph(properties)
        numbered = self.numbering.next(self.styles.list_of(properties))
        shown = "".join(self.inline(properties, paragraph))
        if (
            not shown.replace("<a ", "")
            or not etree.tostring(paragraph, method="text", encoding="unicode").strip()
        ):
            mark = paragraph.find(f"{tag('r')}/{tag('rPr')}")
            if mark is None and properties is not None:
                mark = properties.find(tag("rPr"))
            css.update(self.styles.run(properties, mark))
            shown += EMPTY
        if numbered is not None:
            css = {**numbered.css, **css}
            shown = f"{escape(numbered.text)} {shown}"
        return f"<p{self.look(css)}>{shown}</p>"

    def inline(self, properties: etree._Element | None, parent: etree._Element) -> Iterator[str]:
        for child in parent:
            if child.tag == tag("r"):
                yield from self.run(properties, child)
            elif child.tag == tag("bookmarkStart"):
                yield f'<a id="{escape(str(child.get(tag("name"))))}"></a>'
            elif child.tag == tag("fldSimple"):
                yield _count_pages(str(child.get(tag("instr"))))
            elif child.tag in (tag("hyperlink"), tag("ins"), tag("smartTag"), tag("sdt"), tag("sdtContent")):
                yield from self.inline(properties, child)

    def run(self, paragraph: etree._Element | None, run: etree._Element) -> Iterator[str]:
        text = "".join(self.pieces(run))
        if text:
            css = self.styles.run(paragraph, run.find(tag("rPr")))
            yield f"<span{self.look(css)}>{text}</span>"

    def pieces(self, run: etree._Element) -> Iterator[str]:
        for child in run:
            if child.tag == tag("fldChar"):
                yield self.field(str(child.get(tag("fldCharType"))))
            elif child.tag == tag("instrText"):
                self._field += child.text or ""
            elif self._field == "":
                yield self.piece(child)

    def field(self, kind: str) -> str:
        # begin … code … separate … old result … end: the page number is counted anew
        if kind == "begin":
            self._field = " "
        if kind != "end":
            return ""
        code, self._field = self._field, ""
        return _count_pages(code)

    def piece(self, child: etree._Element) -> str:
        if child.tag == tag("t"):
            # blanks beside each other stay: offices line names up with them
            return escape(child.text or "").replace("  ", " &#160;")
        if child.tag == tag("tab"):
            return '<span class="tab"></span>'
        if child.tag == tag("br"):
            page = child.get(tag("type")) == "page"
            return '<span style="display:block;break-after:page"></span>' if page else "<br>"
        if child.tag == tag("noBreakHyphen"):
            return "\u2011"
        return self.picture(child) if child.tag == tag("drawing") else ""

    def picture(self, drawing: etree._Element) -> str:
        blip, extent = next(drawing.iter(BLIP), None), next(drawing.iter(EXTENT), None)
        target = "" if blip is None else self.targets.get(str(blip.get(f"{{{R}}}embed")), "")
        if extent is None or not target.lower().endswith(PICTURES):
            return ""
        width, height = (points(extent.get(side), EMU) for side in ("cx", "cy"))
        return f'<img src="part:{escape(target)}" style="width:{width:g}pt;height:{height:g}pt" alt="">'

    def table(self, table: Table) -> str:
        columns = "".join(f'<col style="width:{width:g}pt">' for width in table.columns)
        head = "".join(self.rows(row for row in table.rows if row.header))
        body = "".join(self.rows(row for row in table.rows if not row.header))
        return (
            f"<table{self.look(table.css)}><colgroup>{columns}</colgroup>"
            f"{f'<thead>{head}</thead>' if head else ''}<tbody>{body}</tbody></table>"
        )

    def rows(self, rows: Iterable[Row]) -> Iterator[str]:
        for row in rows:
            cells = "".join(
                f'<td colspan="{cell.columns}" rowspan="{cell.rows}"{self.look(cell.css)}>'
                f"{''.join(self.blocks(cell.content))}</td>"
                for cell in row.cells
            )
            yield f'<tr style="{"break-inside:avoid" if row.whole else ""}">{cells}</tr>'


def _count_pages(code: str) -> str:
    word = (code.split() or [""])[0].upper()
    return {"PAGE": '<span class="number"></span>', "NUMPAGES": '<span class="total"></span>'}.get(word, "")
