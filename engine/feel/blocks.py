"""Sets of characters for regular expressions: blocks, categories and the names of XML, as code points."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TypeAlias

# Ranges of code points, both ends included, in ascending order and apart from each other.
Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
_LAST_CASED = 0x1E943
# Where each block of Unicode begins, by the name that XML Schema gives it: without spaces (§F.1.1).
_BEGINNINGS: tuple[tuple[int, str], ...] = (
    (0x0000, "BasicLatin"),
    (0x0080, "Latin-1Supplement"),
    (0x0100, "LatinExtended-A"),
    (0x0180, "LatinExtended-B"),
    (0x0250, "IPAExtensions"),
    (0x02B0, "SpacingModifierLetters"),
    (0x0300, "CombiningDiacriticalMarks"),
    (0x0370, "GreekandCoptic"),
    (0x0400, "Cyrillic"),
    (0x0500, "CyrillicSupplement"),
    (0x0530, "Armenian"),
    (0x0590, "Hebrew"),
    (0x0600, "Arabic"),
    (0x0700, "Syriac"),
    (0x0750, "ArabicSupplement"),
    (0x0780, "Thaana"),
    (0x07C0, "NKo"),
    (0x0800, ""),
    (0x0900, "Devanagari"),
    (0x0980, "Bengali"),
    (0x0A00, "Gurmukhi"),
    (0x0A80, "Gujarati"),
    (0x0B00, "Oriya"),
    (0x0B80, "Tamil"),
    (0x0C00, "Telugu"),
    (0x0C80, "Kannada"),
    (0x0D00, "Malayalam"),
    (0x0D80, "Sinhala"),
    (0x0E00, "Thai"),
    (0x0E80, "Lao"),
    (0x0F00, "Tibetan"),
    (0x1000, "Myanmar"),
    (0x10A0, "Georgian"),
    (0x1100, "HangulJamo"),
    (0x1200, "Ethiopic"),
    (0x1380, "EthiopicSupplement"),
    (0x13A0, "Cherokee"),
    (0x1400, "UnifiedCanadianAboriginalSyllabics"),
    (0x1680, "Ogham"),
    (0x16A0, "Runic"),
    (0x1700, "Tagalog"),
    (0x1720, "Hanunoo"),
    (0x1740, "Buhid"),
    (0x1760, "Tagbanwa"),
    (0x1780, "Khmer"),
    (0x1800, "Mongolian"),
    (0x18B0, ""),
    (0x1D00, "PhoneticExtensions"),
    (0x1D80, "PhoneticExtensionsSupplement"),
    (0x1DC0, "CombiningDiacriticalMarksSupplement"),
    (0x1E00, "LatinExtendedAdditional"),
    (0x1F00, "GreekExtended"),
    (0x2000, "GeneralPunctuation"),
    (0x2070, "SuperscriptsandSubscripts"),
    (0x20A0, "CurrencySymbols"),
    (0x20D0, "CombiningDiacriticalMarksforSymbols"),
    (0x2100, "LetterlikeSymbols"),
    (0x2150, "NumberForms"),
    (0x2190, "Arrows"),
    (0x2200, "MathematicalOperators"),
    (0x2300, "MiscellaneousTechnical"),
    (0x2400, "ControlPictures"),
    (0x2440, "OpticalCharacterRecognition"),
    (0x2460, "EnclosedAlphanumerics"),
    (0x2500, "BoxDrawing"),
    (0x2580, "BlockElements"),
    (0x25A0, "GeometricShapes"),
    (0x2600, "MiscellaneousSymbols"),
    (0x2700, "Dingbats"),
    (0x27C0, "MiscellaneousMathematicalSymbols-A"),
    (0x27F0, "SupplementalArrows-A"),
    (0x2800, "BraillePatterns"),
    (0x2900, "SupplementalArrows-B"),
    (0x2980, "MiscellaneousMathematicalSymbols-B"),
    (0x2A00, "SupplementalMathematicalOperators"),
    (0x2B00, "MiscellaneousSymbolsandArrows"),
    (0x2C00, ""),
    (0x2C60, "LatinExtended-C"),
    (0x2C80, "Coptic"),
    (0x2D00, ""),
    (0x2E00, "SupplementalPunctuation"),
    (0x2E80, "CJKRadicalsSupplement"),
    (0x2F00, "KangxiRadicals"),
    (0x2FE0, ""),
    (0x2FF0, "IdeographicDescriptionCharacters"),
    (0x3000, "CJKSymbolsandPunctuation"),
    (0x3040, "Hiragana"),
    (0x30A0, "Katakana"),
    (0x3100, "Bopomofo"),
    (0x3130, "HangulCompatibilityJamo"),
    (0x3190, "Kanbun"),
    (0x31A0, "BopomofoExtended"),
    (0x31C0, ""),
    (0x31F0, "KatakanaPhoneticExtensions"),
    (0x3200, "EnclosedCJKLettersandMonths"),
    (0x3300, "CJKCompatibility"),
    (0x3400, "CJKUnifiedIdeographsExtensionA"),
    (0x4DC0, "YijingHexagramSymbols"),
    (0x4E00, "CJKUnifiedIdeographs"),
    (0xA000, "YiSyllables"),
    (0xA490, "YiRadicals"),
    (0xA4D0, ""),
    (0xA720, "LatinExtended-D"),
    (0xA800, ""),
    (0xAC00, "HangulSyllables"),
    (0xD7B0, ""),
    (0xE000, "PrivateUseArea"),
    (0xF900, "CJKCompatibilityIdeographs"),
    (0xFB00, "AlphabeticPresentationForms"),
    (0xFB50, "ArabicPresentationForms-A"),
    (0xFE00, "VariationSelectors"),
    (0xFE10, ""),
    (0xFE20, "CombiningHalfMarks"),
    (0xFE30, "CJKCompatibilityForms"),
    (0xFE50, "SmallFormVariants"),
    (0xFE70, "ArabicPresentationForms-B"),
    (0xFF00, "HalfwidthandFullwidthForms"),
    (0xFFF0, "Specials"),
    (0x10000, ""),
    (0x10300, "OldItalic"),
    (0x10330, "Gothic"),
    (0x10350, ""),
    (0x10400, "Deseret"),
    (0x10450, ""),
    (0x1D000, "ByzantineMusicalSymbols"),
    (0x1D100, "MusicalSymbols"),
    (0x1D200, ""),
    (0x1D400, "MathematicalAlphanumericSymbols"),
    (0x1D800, ""),
    (0x1F600, "Emoticons"),
    (0x1F650, ""),
    (0x20000, "CJKUnifiedIdeographsExtensionB"),
    (0x2A6E0, ""),
    (0x2F800, "CJKCompatibilityIdeographsSupplement"),
    (0x2FA20, ""),
    (0xE0000, "Tags"),
    (0xE0080, ""),
    (LAST + 1, ""),
)
BLOCKS: dict[str, Ranges] = {
    name: ((begin, after[0] - 1),) for (begin, name), after in pairwise(_BEGINNINGS) if name
}
# Older names of the same blocks.
BLOCKS |= {
    "Greek": BLOCKS["GreekandCoptic"],
    "CombiningMarksforSymbols": BLOCKS["CombiningDiacriticalMarksforSymbols"],
    "PrivateUse": BLOCKS["PrivateUseArea"],
}
SPACES: Ranges = ((9, 10), (13, 13), (32, 32))
# What may begin a name of XML, and what it may have besides (XML 1.0 §2.3).
NAME_START: Ranges = (
    (0x3A, 0x3A),
    (0x41, 0x5A),
    (0x5F, 0x5F),
    (0x61, 0x7A),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x2FF),
    (0x370, 0x37D),
    (0x37F, 0x1FFF),
    (0x200C, 0x200D),
    (0x2070, 0x218F),
    (0x2C00, 0x2FEF),
    (0x3001, 0xD7FF),
    (0xF900, 0xFDCF),
    (0xFDF0, 0xFFFD),
    (0x10000, 0xEFFFF),
)
_NAME_REST: Ranges = ((0x2D, 0x2E), (0x30, 0x39), (0xB7, 0xB7), (0x300, 0x36F), (0x203F, 0x2040))
# Code points of one category, which need not be looked up one by one.
_UNIFORM = (
    (0x3400, 0x4DB5, "Lo"),
    (0x4E00, 0x9FA5, "Lo"),
    (0xAC00, 0xD7A3, "Lo"),
    (0xD800, 0xDFFF, "Cs"),
    (0xE000, 0xF8FF, "Co"),
    (0x20000, 0x2A6D6, "Lo"),
    (0x40000, 0xDFFFF, "Cn"),
    (0xE1000, 0xEFFFF, "Cn"),
    (0xF0000, 0xFFFFD, "Co"),
    (0x100000, 0x10FFFD, "Co"),
)


def unite(*sets: Ranges) -> Ranges:
    """Return what is in any of the sets."""
    united: list[tuple[int, int]] = []
    for low, high in sorted(part for ranges in sets for part in ranges):
        if united and low <= united[-1][1] + 1:
            united[-1] = (united[-1][0], max(high, united[-1][1]))
        else:
            united.append((low, high))
    return tuple(united)


def invert(ranges: Ranges) -> Ranges:
    """Return every code point that is not in the set."""
    lows = [0, *(high + 1 for _, high in ranges)]
    highs = [*(low - 1 for low, _ in ranges), LAST]
    return tuple((low, high) for low, high in zip(lows, highs, strict=True) if low <= high)


def subtract(ranges: Ranges, removed: Ranges) -> Ranges:
    """Return what is in the first set but not in the second."""
    return invert(unite(invert(ranges), removed))


NAME_PART: Ranges = unite(NAME_START, _NAME_REST)


@lru_cache(1)
def _categories() -> dict[str, Ranges]:
    """Return the ranges of each general category of Unicode, such as `Lu`."""
    found: dict[str, list[tuple[int, int]]] = {}
    code = 0
    for low, high, name in (*_UNIFORM, (LAST + 1, LAST + 1, "")):
        for category_name, group in groupby(map(unicodedata.category, map(chr, range(code, low)))):
            begin, code = code, code + sum(1 for _ in group)
            found.setdefault(category_name, []).append((begin, code - 1))
        if name:
            found.setdefault(name, []).append((low, high))
        code = high + 1
    return {name: unite(tuple(parts)) for name, parts in found.items()}


def category(name: str) -> Ranges:
    """Return a category such as `Lu` or a group of them such as `L`; raises ValueError for any other."""
    sets = [ranges for key, ranges in _categories().items() if key.startswith(name)] if name else []
    if not sets or len(name) > 2:
        raise ValueError(name)
    return unite(*sets)


@lru_cache(1)
def _variants() -> dict[int, tuple[int, ...]]:
    """Return the letters that differ from a letter in case only."""
    groups: dict[str, list[int]] = {}
    for code in range(_LAST_CASED + 1):
        char = chr(code)
        key = char.upper().lower()
        if len(key) == 1 and (key != char or char.upper() != char):
            groups.setdefault(key, []).append(code)
    return {code: tuple(group) for group in groups.values() if len(group) > 1 for code in group}


def ignore_case(ranges: Ranges) -> Ranges:
    """Return the set with the letters that differ from one in it in case only."""
    variants = _variants()
    added = [
        (variant, variant)
        for low, high in ranges
        for code in range(low, min(high, _LAST_CASED) + 1)
        for variant in variants.get(code, ())
    ]
    return unite(ranges, tuple(added))
