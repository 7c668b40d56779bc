"""Names are written one way, whatever keyboard or file they come from; file names can do no harm."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import names
from workflows.dossiers import evidence


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (unicodedata.normalize("NFD", "Nguyễn Thị Ánh"), "Nguyễn Thị Ánh"),
        ("  Trần \t Bình\u00a0\u200b ", "Trần Bình"),
        ("Ðặng Ðức", "Đặng Đức"),
        ("Тrần Vаn", "Trần Van"),
        ("Ｎam", "Nam"),
        ("Nam\u202e", "Nam"),
        ("=SUM(A1)", "=SUM(A1)"),
        ("Москва", "Москва"),
    ],
)
def test_a_name_is_written_one_way(typed: str, written: str) -> None:
    assert names.normalise(typed) == written


@given(st.text(max_size=60))
def test_writing_a_name_again_changes_nothing(text: str) -> None:
    once = names.normalise(text)

    assert names.normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)


def test_a_name_of_500_characters_is_told_to_be_too_long() -> None:
    assert names.check("a" * 200) == []
    assert "200" in names.check("a" * 500)[0].vi


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\an\\báo cáo.PDF", "báo cáo.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie_ x=1.pdf"),
        ('"><script>.png', "___script_.png"),
        ("a" * 500 + ".pdf", "a" * 120 + ".pdf"),
        (".htaccess", "htaccess"),
        ("", "tep"),
    ],
)
def test_a_file_name_keeps_no_folder_and_no_sign_that_does_harm(sent: str, kept: str) -> None:
    assert evidence.clean_name(sent) == kept
