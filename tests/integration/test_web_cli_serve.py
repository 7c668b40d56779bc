"""`bangvang web`: what it refuses to start with; that it serves shows `test_many_processes`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import databases
from tests.browsing import make_demo
from web import cli, configuration


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give the settings of a demo on PostgreSQL, in the environment, too."""
    found = databases.settings(tmp_path, databases.copy(make_demo("postgresql"), tmp_path))
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.mark.parametrize(
    ("name", "value"), [("BANGVANG_TEST_CLOCK", "1"), ("BANGVANG_POOL_SIZE", "3")], ids=["clock", "pool"]
)
def test_what_cannot_hold_for_many_processes_is_refused_by_the_name_of_its_setting(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    result = CliRunner().invoke(cli.bangvang, ["web", "--threads", "8"])

    assert result.exit_code == 1
    assert name in result.output


def test_pool_and_patience_are_what_the_settings_say(tmp_path: Path) -> None:
    asked = {"BANGVANG_POOL_SIZE": "20", "BANGVANG_STATEMENT_TIMEOUT": "1.5"}

    found = configuration.read({"BANGVANG_DATABASE_URL": "postgresql+psycopg://db/x", **asked}, tmp_path)

    options = found["SQLALCHEMY_ENGINE_OPTIONS"]
    assert isinstance(options, dict)
    assert options["pool_size"] == 20
    assert options["connect_args"]["options"] == "-c statement_timeout=1500"


def test_two_processes_that_start_at_once_take_one_secret(tmp_path: Path) -> None:
    first = configuration.read({}, tmp_path)
    again = configuration.read({}, tmp_path)

    assert first["SECRET_KEY"] == again["SECRET_KEY"]
    assert [path.name for path in tmp_path.glob("secret_key*")] == ["secret_key"]
