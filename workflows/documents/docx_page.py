"""The paper of a DOCX: size, margins, frame, and the headers and footers of its pages, as CSS."""

from __future__ import annotations

from lxml import etree

from workflows.documents.docx_parts import Package, R, tag
from workflows.documents.docx_styles import SIDES, attribute, border_css, points, switched_on

A4 = (595.3, 841.9)  # points
PLACES = {"header": "top", "footer": "bottom"}


def page_css(section: etree._Element | None) -> str:
    """Return the `@page` rules of a section: paper, margins, running header and footer, frame."""
    width, height = (
        points(attribute(section, "pgSz", side)) or standard for side, standard in zip("wh", A4, strict=True)
    )
    margins = {side: points(attribute(section, "pgMar", side)) for side in SIDES}
    rules = [
        f"@page {{ size: {width:g}pt {height:g}pt; margin: "
        + " ".join(f"{margins[side]:g}pt" for side in SIDES)
        + f"; {_running(section, 'default')} }}"
    ]
    if section is not None and switched_on(section, "titlePg"):
        rules.append(f"@page :first {{ {_running(section, 'first')} }}")
    rules += [
        f".{kind}-{type_} {{ position: running({kind}-{type_}) }}"
        for kind in PLACES
        for type_ in ("default", "first")
    ]
    return "".join(rules) + _frame(section, margins)


def page_parts(package: Package, section: etree._Element | None) -> dict[str, str]:
    """Return the parts that are headers and footers by class, with `frame` for the page's frame."""
    targets = package.targets("word/document.xml")
    found: dict[str, str] = {}
    for kind in PLACES if section is not None else ():
        for one in section.iterfind(tag(f"{kind}Reference")) if section is not None else ():
            target = targets.get(str(one.get(f"{{{R}}}id")))
            if target is not None:
                found[f"{kind}-{one.get(tag('type'), 'default')}"] = target
    if section is not None and section.find(tag("pgBorders")) is not None:
        found["frame"] = ""
    return found


def _running(section: etree._Element | None, type_: str) -> str:
    rules = []
    for kind, place in PLACES.items():
        distance = points(attribute(section, "pgMar", kind))
        rules.append(
            f"@{place}-center {{ content: element({kind}-{type_}); width: 100%; vertical-align: {place}; "
            f"padding-{place}: {distance:g}pt }}"
        )
    return " ".join(rules)


def _frame(section: etree._Element | None, margins: dict[str, float]) -> str:
    borders = None if section is None else section.find(tag("pgBorders"))
    if borders is None:
        return ""
    from_page = borders.get(tag("offsetFrom")) == "page"
    rules = []
    for side, line in border_css(borders).items():
        space = points(attribute(borders, side, "space"), 1)
        offset = space - margins[side] if from_page else -space
        rules.append(f"border-{side}: {line}; {side}: {offset:g}pt")
    return f".frame {{ position: fixed; {'; '.join(rules)} }}"
