"""What the API reads before anything else: keys, bodies, moments."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.errors import BadInput, NotFound
from web.api import keys, parsing, schemas
from web.rejections import InvalidRequest


@given(some.integers(1, 2**63 - 1), some.sampled_from(sorted(keys.CODES)))
def test_a_key_gives_its_row_back_and_no_other_kind_has_it(number: int, kind: str) -> None:
    key = keys.write(kind, number)

    assert keys.read(kind, key) == number
    assert keys.PATTERN.fullmatch(key)
    for other in keys.CODES:
        if other != kind:
            with pytest.raises(NotFound):
                keys.read(other, key)


@given(some.integers(1, 2**53), some.integers(0, keys.TOKENS - 1))
def test_an_element_instance_is_a_token_of_an_instance(instance: int, token: int) -> None:
    assert keys.read_element(keys.write_element(instance, token)) == (instance, token)


@pytest.mark.parametrize("text", ["", "x", "-102", "1" * 26, "1.02", "٣٠٢", "102\n", " 102"])
def test_what_is_no_key_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        keys.read("process_instance", text)


@pytest.mark.parametrize("text", ["0", "99", "9" * 25, "1" + "0" * 22 + "02"])
def test_a_key_that_no_row_can_have_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        keys.read("process_instance", text)


@pytest.mark.parametrize("content", [b"", b"  \n", b"{}"])
def test_no_body_is_an_empty_one(content: bytes) -> None:
    assert parsing.load_json(content) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"1",
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\\u0000"}',
        b'{"a\\u0000": 1}',
        b'{"a": ["\\ud800"]}',
        b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"a": ' + b"[" * 200_000,
    ],
    ids=lambda content: content[:16].decode("latin-1"),
)
def test_a_body_that_cannot_be_kept_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parsing.load_json(content)

    assert refused.value.status == 400


def test_moments_come_with_an_offset_and_leave_in_utc() -> None:
    read = schemas.read_moment("2026-11-22T11:21:51.808534+07:00")

    assert read == datetime(2026, 11, 22, 4, 21, 51, 808534, tzinfo=UTC)
    assert schemas.write_moment(read) == "2026-11-22T04:21:51.808534Z"


@pytest.mark.parametrize(
    "text", ["2026-11-22", "2026-11-22T11:21:51", "0001-01-01T00:00:00+14:00", "nothing", "", 5, None]
)
def test_a_moment_without_an_offset_is_refused(text: object) -> None:
    with pytest.raises(BadInput):
        schemas.read_moment(text)
