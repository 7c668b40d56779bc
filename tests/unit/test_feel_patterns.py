"""Regular expressions of FEEL: those of XPath and XML Schema, translated for RE2."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest

from engine import feel
from engine.feel import blocks
from engine.feel.patterns import compile_pattern

NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)


def found(pattern: str, text: str, flags: str = "") -> object:
    return feel.evaluate("matches(t, p, f)", {"t": text, "p": pattern, "f": flags}, NOW)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^[A-Z-[OI]]+$", "ABZ", True),
        ("^[A-Z-[OI]]+$", "AOZ", False),
        ("[a-z-[aeiou-[e]]]", "e", True),
        ("[a-[a]]", "a", False),
        ("[^a-c-[x]]", "x", False),
        (r"[\d-[0-9]]", "٣", True),
        (r"[\p{L}-[a-z]]", "q", False),
        (r"^\p{IsBasicLatin}+$", "abc", True),
        (r"^\p{IsBasicLatin}+$", "abđ", False),
        (r"^\P{IsBasicLatin}$", "đ", True),
        (r"^\p{IsLatinExtendedAdditional}$", "ế", True),
        (r"^\p{IsGreek}+$", "λόγ", True),
        (r"^\i\c*$", "a-b.c", True),
        (r"^\i\c*$", "1a", False),
        (r"^[\i-[:]][\c-[:]]*$", "a:b", False),
        (r"^\w+$", "điểm", True),
        (r"\W", "điểm", False),
        (r"^[\w\s]+$", "điểm số", True),
        (r"^[^\W]+$", "điểm", True),
        (r"^\d+$", "٣", True),
        (r"^\S+$", "a b", False),
        (r"\p{Cn}", "\U0002fffe", True),
        ("^.$", "\r", False),
        ("[a-]", "-", True),
        ("[-a]", "-", True),
        ("[+-]", "-", True),
        (r"[\-a]", "-", True),
        ("[a&&b]", "&", True),
        ("[$]", "$", True),
        (r"\$\.\-\^", "$.-^", True),
        ("(?:a|b)+?", "ab", True),
    ],
)
def test_a_pattern_of_xml_schema_is_understood(pattern: str, text: str, expected: bool) -> None:
    assert found(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "expected"),
    [
        ("^.$", "s", "\n", True),
        ("^$", "m", "a\n\nb", True),
        ("a b", "x", "ab", True),
        (r"hello\ sworld", "x", "hello world", True),
        ("[a b]", "x", " ", True),
        ("a.b", "q", "a.b", True),
        ("a.b", "q", "axb", False),
        ("[A-Z-[IO]]", "i", "b", True),
        ("[A-Z-[IO]]", "i", "i", False),
        ("[^Q]", "i", "q", False),
        ("[ĐẾ]", "i", "đ", True),
        ("k", "i", "\u212a", True),
        (r"\p{Lu}", "i", "a", False),
        (r"[\p{Lu}x]", "i", "y", False),
        (r"[\p{Lu}x]", "i", "X", True),
        ("a", "y", "a", None),
    ],
)
def test_flags_are_those_of_xpath(pattern: str, flags: str, text: str, expected: bool | None) -> None:
    assert found(pattern, text, flags) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        r"\b",
        r"\x41",
        "(?=a)",
        "(?i)a",
        "(?<x>a)",
        "[",
        "[]",
        "[^]",
        "]",
        "{",
        "a{2,1}",
        "a{,2}",
        "a**",
        "a*+",
        "*",
        "(",
        ")",
        "[z-a]",
        r"[\d-z]",
        "[a-[b]c]",
        r"\p{IsKlingon}",
        r"\p{Xx}",
        "\\",
        "x{1001}",
        r"(\w{1,30}){1,30}",
        r"[\W\I]" * 100,
    ],
)
def test_what_xpath_does_not_know_or_re2_cannot_do_is_null_with_a_reason(pattern: str) -> None:
    run = feel.Run(NOW)

    given = feel.compile_expression("matches(t, p)").run({"t": "a", "p": pattern}, run)

    assert given is None
    assert run.warnings == [("failed", {"name": "matches"})]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('replace("abracadabra", "bra", "*")', "a*cada*"),
        ('replace("abracadabra", "a.*a", "*")', "*"),
        ('replace("abracadabra", "a.*?a", "*")', "*c*bra"),
        ('replace("abracadabra", "a(.)", "a$1$1")', "abbraccaddabbra"),
        ('replace("AAAA", "A+?", "b")', "bbbb"),
        ('replace("darted", "^(.*?)d(.*)$", "$1c$2")', "carted"),
        ('replace("abc", "(b)", "[$1$2]")', "a[b]c"),
        ('replace("abc", "(b)", "$15")', "ab5c"),
        ('replace("abc", "b", "$0$0")', "abbc"),
        (r'replace("abc", "b", "\\\\$0")', "a\\bc"),
        (r'replace("abc", "b", "\\\\$x")', None),
        ('replace("abc", "b", "$")', None),
        ('replace("abc", "x*", "-")', None),
        ('split("abc", "")', None),
        ('split("a1b22c", "\\\\d+")', ["a", "b", "c"]),
    ],
)
def test_replacements_follow_xpath(text: str, expected: object) -> None:
    assert feel.evaluate(text, {}, NOW) == expected


def test_the_categories_of_characters_are_those_of_python() -> None:
    sample = [*range(0x2000), *range(0x3000, 0x31000, 7), *range(0xD000, 0x110000, 997)]

    assert blocks.unite(*(blocks.category(letter) for letter in "CLMNPSZ")) == ((0, blocks.LAST),)
    for code in sample:
        name = unicodedata.category(chr(code))
        assert any(low <= code <= high for low, high in blocks.category(name)), hex(code)


@pytest.mark.parametrize("pattern", [r"[\w]" * 200, "(x|y){900}", r"\p{L}{90}", "[a-z]" * 190])
def test_many_costly_patterns_end_at_the_limit(pattern: str) -> None:
    with pytest.raises(feel.FeelLimit) as caught:
        feel.evaluate("for i in 1..100000 return matches(t, p + string(i))", {"t": "a", "p": pattern}, NOW)

    assert caught.value.reason == "steps"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("x" * 1_000_000, "x*y|x"), ("xà" * 400_000, "(à|ế|x).{900}Q"), ("ab" * 300_000, "b")],
)
def test_sweeping_a_long_text_is_paid_for(text: str, pattern: str) -> None:
    with pytest.raises(feel.FeelLimit):
        feel.evaluate("count(split(t, p))", {"t": text, "p": pattern}, NOW)


def test_a_pattern_is_compiled_once() -> None:
    assert compile_pattern("a+", "i") is compile_pattern("a+", "i")
