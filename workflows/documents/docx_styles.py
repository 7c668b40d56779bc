"""What a paragraph or run of a DOCX looks like: its own properties over those of its styles, as CSS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from workflows.documents.docx_parts import Package, tag

Css = dict[str, str]
ALIGNMENTS = {
    "both": "justify",
    "center": "center",
    "right": "right",
    "end": "right",
    "distribute": "justify",
}
# The height of a line of Times New Roman and of the font that stands for it, in parts of the font size.
NATURAL_LINE = 1.15
BORDERS = {"single": "solid", "thick": "solid", "double": "double", "dotted": "dotted", "dashed": "dashed"}
SIDES = ("top", "right", "bottom", "left")


def points(value: str | None, unit: float = 20.0) -> float:
    """Return a measure in points from twentieths of a point (or another part); 0 for what is no number."""
    try:
        return float(value or 0) / unit
    except ValueError:
        return 0.0


def attribute(parent: etree._Element | None, name: str, key: str = "val") -> str | None:
    """Return an attribute of a child element; None when the child or the attribute is absent."""
    child = None if parent is None else parent.find(tag(name))
    return None if child is None else child.get(tag(key))


def switched_on(parent: etree._Element, name: str) -> bool | None:
    """Return whether a property is on or off; None when it is not named."""
    child = parent.find(tag(name))
    return None if child is None else child.get(tag("val"), "true") not in ("0", "false", "off", "none")


class Styles:
    """The styles of a DOCX: the chain of properties that stands behind a paragraph or run."""

    def __init__(self, package: Package) -> None:
        tree = package.tree("word/styles.xml")
        self._styles = (
            {} if tree is None else {str(one.get(tag("styleId"))): one for one in tree.iter(tag("style"))}
        )
        self._defaults = None if tree is None else tree.find(tag("docDefaults"))
        self._normal = next(
            (
                key
                for key, one in self._styles.items()
                if one.get(tag("default")) == "1" and one.get(tag("type")) == "paragraph"
            ),
            "",
        )

    def paragraph(self, properties: etree._Element | None) -> Css:
        """Return the CSS of a paragraph from its `w:pPr`."""
        css: Css = {}
        for found in self._chain(properties, "pStyle", "pPr"):
            css.update(paragraph_css(found))
        return css

    def run(self, paragraph: etree._Element | None, properties: etree._Element | None) -> Css:
        """Return the CSS of a run from the `w:pPr` it stands in and its own `w:rPr`."""
        css: Css = {}
        for found in self._chain(paragraph, "pStyle", "rPr", own=False):
            css.update(run_css(found))
        for found in self._chain(properties, "rStyle", "rPr", base=False):
            css.update(run_css(found))
        return css

    def list_of(self, properties: etree._Element | None) -> etree._Element | None:
        """Return the properties that put a paragraph into a numbered list: its own, else its style's."""
        found = None
        for one in self._chain(properties, "pStyle", "pPr"):
            found = one if one.find(tag("numPr")) is not None else found
        return found

    def _chain(
        self, properties: etree._Element | None, key: str, kind: str, *, own: bool = True, base: bool = True
    ) -> Iterator[etree._Element]:
        if base and self._defaults is not None:
            yield from self._defaults.iter(tag(kind))
        chain: list[etree._Element] = []
        name = attribute(properties, key) or (self._normal if base else "")
        while name in self._styles and self._styles[name] not in chain:
            chain.append(self._styles[name])
            name = attribute(self._styles[name], "basedOn") or ""
        for style in reversed(chain):
            found = style.find(tag(kind))
            if found is not None:
                yield found
        if own and properties is not None:
            yield properties


def paragraph_css(properties: etree._Element) -> Css:
    """Return what one `w:pPr` says: alignment, spacing, indents, line height, borders, breaks."""
    css: Css = {}
    alignment = attribute(properties, "jc")
    if alignment is not None:
        css["text-align"] = ALIGNMENTS.get(alignment, "left")
    css.update(_spacing(properties.find(tag("spacing"))))
    css.update(_indents(properties.find(tag("ind"))))
    borders = properties.find(tag("pBdr"))
    if borders is not None:
        css.update({f"border-{side}": line for side, line in border_css(borders).items()})
    for name, rule in PARAGRAPH_SWITCHES.items():
        on = switched_on(properties, name)
        if on is not None:
            css[rule[0]] = rule[1] if on else "auto"
    return css


PARAGRAPH_SWITCHES = {
    "keepNext": ("break-after", "avoid"),
    "keepLines": ("break-inside", "avoid"),
    "pageBreakBefore": ("break-before", "page"),
}


def run_css(properties: etree._Element) -> Css:
    """Return what one `w:rPr` says: weight, slant, size, colour, capitals, position."""
    css: Css = {}
    for name, (key, on, off) in RUN_SWITCHES.items():
        state = switched_on(properties, name)
        if state is not None:
            css[key] = on if state else off
    size = attribute(properties, "sz")
    if size is not None:
        css["font-size"] = f"{points(size, 2):g}pt"
    colour = attribute(properties, "color")
    if colour is not None:
        css["color"] = f"#{colour}" if is_colour(colour) else "#000000"
    place = attribute(properties, "vertAlign")
    if place in ("superscript", "subscript"):
        css.update({"vertical-align": "super" if place == "superscript" else "sub", "font-size": "0.65em"})
    return css


RUN_SWITCHES = {
    "b": ("font-weight", "bold", "normal"),
    "i": ("font-style", "italic", "normal"),
    "u": ("text-decoration", "underline", "none"),
    "strike": ("text-decoration", "line-through", "none"),
    "caps": ("text-transform", "uppercase", "none"),
    "smallCaps": ("font-variant", "small-caps", "normal"),
    "vanish": ("display", "none", "inline"),
}


def border_css(borders: etree._Element) -> Css:
    """Return the CSS of each side that a border element names: width, style, colour."""
    css: Css = {}
    for side in (*SIDES, "insideH", "insideV"):
        one = borders.find(tag(side))
        if one is None:
            continue
        style = str(one.get(tag("val")))
        width = max(points(one.get(tag("sz")), 8), 0.5)
        colour = str(one.get(tag("color")))
        shown = BORDERS.get(style, "double" if "thick" in style.lower() else "solid")
        drawn = f"{width:g}pt {shown} {f'#{colour}' if is_colour(colour) else '#000000'}"
        css[side] = "none" if style in ("nil", "none") else drawn
    return css


def is_colour(text: str) -> bool:
    """Tell whether a text is a colour of six hexadecimal digits."""
    return len(text) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in text)


def write_css(css: Mapping[str, str]) -> str:
    """Write properties as the value of a style attribute."""
    return ";".join(f"{key}:{value}" for key, value in css.items())


def _spacing(spacing: etree._Element | None) -> Css:
    css: Css = {}
    if spacing is None:
        return css
    for name, key in (("before", "margin-top"), ("after", "margin-bottom")):
        if spacing.get(tag(name)) is not None:
            css[key] = f"{points(spacing.get(tag(name))):g}pt"
    line = spacing.get(tag("line"))
    if line is not None:
        exact = spacing.get(tag("lineRule")) in ("exact", "atLeast")
        css["line-height"] = f"{points(line):g}pt" if exact else f"{points(line, 240) * NATURAL_LINE:.4g}"
    return css


def _indents(indents: etree._Element | None) -> Css:
    css: Css = {}
    if indents is None:
        return css
    for names, key in ((("left", "start"), "margin-left"), (("right", "end"), "margin-right")):
        found = next((value for name in names if (value := indents.get(tag(name))) is not None), None)
        if found is not None:
            css[key] = f"{points(found):g}pt"
    if indents.get(tag("hanging")) is not None:
        css["text-indent"] = f"-{points(indents.get(tag('hanging'))):g}pt"
    elif indents.get(tag("firstLine")) is not None:
        css["text-indent"] = f"{points(indents.get(tag('firstLine'))):g}pt"
    return css
