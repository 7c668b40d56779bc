"""Lay out a DOCX as PDF with the carried font; nothing is fetched from the network or from a folder.

Importing it takes half a second and needs Pango on the machine: `files` loads it with the first file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from pathlib import Path

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from workflows.documents.docx_html import to_html
from workflows.documents.docx_parts import PICTURES, read_package

FONTS = Path(__file__).parent.parent / "data" / "fonts"
FACES = (
    ("Tinos-Regular", "normal", "normal"),
    ("Tinos-Italic", "normal", "italic"),
    ("Tinos-Bold", "bold", "normal"),
    ("Tinos-BoldItalic", "bold", "italic"),
)
FONT_CSS = "".join(
    f"@font-face {{ font-family: 'Bang Vang Serif'; src: url(font:{name}); "
    f"font-weight: {weight}; font-style: {style} }}"
    for name, weight, style in FACES
)
SIGNATURE = "chu_ky"  # the bookmark that a template puts where the signature stands
PIXEL = 0.75  # points


@dataclass(frozen=True)
class Paper:
    """A PDF with the place of its signature: page from 0, middle and bottom in points from the left bottom.

    The place is None when the template has no mark for it.
    """

    content: bytes
    pages: int
    signature: tuple[int, float, float] | None


class Fetcher(URLFetcher):  # type: ignore[misc]
    """Give fonts and pictures from memory and refuse every other address."""

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._parts = parts

    def fetch(self, url: str, headers: EmailMessage | None = None) -> URLFetcherResponse:
        """Return a carried font or a picture of the document; raises ValueError for anything else."""
        scheme, _, name = url.partition(":")
        if scheme == "font" and name in {face[0] for face in FACES}:
            return URLFetcherResponse(url, (FONTS / f"{name}.woff2").read_bytes())
        if scheme == "part" and name in self._parts and name.lower().endswith(PICTURES):
            return URLFetcherResponse(url, self._parts[name])
        raise ValueError(f"nothing is fetched from {url}")


def lay_out(docx: bytes) -> Paper:
    """Return a DOCX as PDF; the same DOCX gives the same bytes."""
    package = read_package(docx)
    fonts, fetcher = FontConfiguration(), Fetcher(package.parts)
    page = HTML(string=to_html(package), url_fetcher=fetcher)
    style = CSS(string=FONT_CSS, font_config=fonts, url_fetcher=fetcher)
    document = page.render(stylesheets=[style], font_config=fonts)
    content = document.write_pdf(pdf_identifier=b"bangvang")
    place = next(
        (
            (number, float(found[0]) * PIXEL, float(sheet.height - found[1]) * PIXEL)
            for number, sheet in enumerate(document.pages)
            if (found := sheet.anchors.get(SIGNATURE)) is not None
        ),
        None,
    )
    return Paper(content, len(document.pages), place)


def draw_stamp(lines: Sequence[str], width: float, height: float) -> bytes:
    """Return a small PDF page with the lines of a digital signature, in points."""
    fonts, fetcher = FontConfiguration(), Fetcher({})
    text = "".join(f"<div>{escape(line)}</div>" for line in lines)
    css = (
        f"@page {{ size: {width}pt {height}pt; margin: 0 }} body {{ margin: 0; padding: 3pt; color: #1a3fa0; "
        "font: 8pt/1.25 'Bang Vang Serif'; border: 0.6pt solid #1a3fa0; height: 100%; "
        "box-sizing: border-box; overflow: hidden }"
    )
    style = CSS(string=FONT_CSS + css, font_config=fonts, url_fetcher=fetcher)
    page = HTML(string=f"<body>{text}</body>", url_fetcher=fetcher)
    return bytes(page.write_pdf(stylesheets=[style], font_config=fonts, pdf_identifier=b"bangvang"))
