"""Names as people type or paste them: one way of writing each, so that equal names are equal texts."""

from __future__ import annotations

import unicodedata

from engine.errors import Text

LONGEST = 200
TOO_LONG = Text(f"Tên dài quá {LONGEST} ký tự.", f"The name is longer than {LONGEST} characters.")
# Letters of other alphabets that look like Latin ones; eth and African d stand for đ in many old files.
LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧονÐƉɖð",
    "ABESIJKMHOPCTYXaesijopcyxABEZHIKMNOPTYXovĐĐđđ",
)
# Full-width forms as input methods of East Asia type them.
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def normalise(text: str) -> str:
    """Return a name in composed letters (NFC), one blank between words, without signs nobody sees.

    Look-alike letters of other alphabets become Latin ones when the name has Latin letters, or nothing else.
    """
    seen = unicodedata.normalize("NFC", text.translate(FULL_WIDTH))
    plain = "".join(_visible(mark) for mark in seen)
    latin = plain.translate(LOOK_ALIKES)
    if any(map(_is_latin, plain)) or all(_is_latin(mark) for mark in latin if mark.isalpha()):
        plain = latin
    return unicodedata.normalize("NFC", " ".join(plain.split()))


def check(name: str) -> list[Text]:
    """Return what is wrong with a normalised name: too long, or nothing."""
    return [TOO_LONG] if len(name) > LONGEST else []


def _is_latin(mark: str) -> bool:
    return "LATIN" in unicodedata.name(mark, "")


def _visible(mark: str) -> str:
    category = unicodedata.category(mark)
    if category.startswith("Z") or mark in "\t\r\n":
        return " "
    return "" if category.startswith("C") else mark
