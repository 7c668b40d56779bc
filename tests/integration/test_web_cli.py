"""The command line: files checked and simulated without a database, people added, settings read."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner, Result
from flask import Flask

from engine import deployments
from engine.tables import Base
from tests import databases
from tests.builders import a_process
from tests.site import BPMN, close, open_site, sign_in
from web import accounts, cli, cli_values, configuration, create_app, db

START = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)


def run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli.bangvang, list(arguments), input=answer)


def work_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line use the database of an application."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    for name, value in databases.settings(Path(app.config["INSTANCE"]), url).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in databases.settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_the_chain_passes_the_check() -> None:
    files = [str(path) for path in [*sorted(BPMN.glob("*.bpmn")), *sorted(BPMN.glob("*.form"))]]

    result = run("check", "--json", *files)

    errors = [finding for finding in json.loads(result.stdout) if finding["severity"] == "error"]
    assert errors == []
    assert result.exit_code == 0


def test_a_file_that_would_be_refused_ends_with_one(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<a>\n<b>", encoding="utf-8")

    result = run("check", str(broken))

    assert result.exit_code == 1
    assert "error: line" in result.stdout


def check_one(folder: Path, diagram: str, *others: str) -> tuple[int, list[tuple[str, str]]]:
    path = folder / "p.bpmn"
    path.write_text(diagram, encoding="utf-8")
    result = run("check", "--json", str(path), *others)
    return result.exit_code, [(one["rule"], one["severity"]) for one in json.loads(result.stdout)]


def test_a_form_that_is_not_among_the_forms_given_is_refused(tmp_path: Path) -> None:
    diagram = (BPMN / "office_proposal.bpmn").read_text("utf-8").replace('"head_review"', '"head_reviwe"')
    forms = [str(path) for path in BPMN.glob("*.form")]

    code, found = check_one(tmp_path, diagram, *forms)

    assert code == 1
    assert ("unknown-form", "error") in found


def test_without_forms_an_unknown_one_is_only_a_doubt(tmp_path: Path) -> None:
    code, found = check_one(tmp_path, (BPMN / "office_proposal.bpmn").read_text("utf-8"))

    assert code == 0
    assert {severity for rule, severity in found if rule == "unknown-form"} == {"warning"}


def test_a_job_type_without_handler_is_named_by_the_check(tmp_path: Path) -> None:
    diagram = (
        (BPMN / "office_proposal.bpmn").read_text("utf-8").replace("proposals.submit", "proposals.sumbit")
    )

    code, found = check_one(tmp_path, diagram)

    assert code == 0
    assert ("unknown-job-type", "warning") in found


def test_the_check_asks_the_database_when_told_to(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_site(instance) as app:
        work_on(app, monkeypatch)
        known = check_one(instance, (BPMN / "office_proposal.bpmn").read_text("utf-8"), "--database")
        diagram = (BPMN / "office_proposal.bpmn").read_text("utf-8").replace('"head_review"', '"head_reviwe"')
        unknown = check_one(instance, diagram, "--database")

    assert (known[0], unknown[0]) == (0, 1)
    assert ("unknown-form", "error") in unknown[1]


def test_a_simulation_prints_the_promised_json(tmp_path: Path) -> None:
    diagram = tmp_path / "p.bpmn"
    diagram.write_text(
        """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
          <process id="p" isExecutable="true"><startEvent id="a"/><task id="b"/><endEvent id="c"/>
          <sequenceFlow id="f" sourceRef="a" targetRef="b"/><sequenceFlow id="g" sourceRef="b" targetRef="c"/>
          </process></definitions>""",
        encoding="utf-8",
    )

    result = run("simulate", str(diagram), "--json", "--variables", '{"x": 1}')

    outcome = json.loads(result.stdout)
    assert set(outcome) == {"status", "elements", "waiting", "variables", "incidents", "findings"}
    assert (outcome["status"], outcome["elements"], outcome["variables"]) == (
        "completed",
        ["a", "b", "c"],
        {"x": 1},
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("P1D", START + timedelta(days=1)),
        ("P1W", START + timedelta(weeks=1)),
        ("PT1H30M", START + timedelta(minutes=90)),
        ("PT1.5S", START + timedelta(seconds=1.5)),
        ("P2M", START + timedelta(days=61)),
        ("2026-10-16T00:00:00+07:00", datetime(2026, 10, 15, 17, 0, tzinfo=UTC)),
        ("2026-10-16T00:00", datetime(2026, 10, 15, 17, 0, tzinfo=UTC)),
    ],
)
def test_until_is_a_duration_or_a_time(text: str, moment: datetime) -> None:
    assert cli_values.read_until(text, START) == moment


@pytest.mark.parametrize("text", ["soon", "P", "PT", "", "P99999999999D", "9999-12-31T23:59-10:00"])
def test_until_is_nothing_else(text: str) -> None:
    with pytest.raises(click.BadParameter):
        cli_values.read_until(text, START)


def test_variables_are_a_json_object() -> None:
    assert run("simulate", str(BPMN / "office_proposal.bpmn"), "--variables", "[1]").exit_code == 2
    assert run("simulate", str(BPMN / "office_proposal.bpmn"), "--variables", "{").exit_code == 2


def test_a_file_may_have_a_name_that_is_no_text(tmp_path: Path) -> None:
    diagram = tmp_path / "a\udcff.bpmn"
    diagram.write_bytes(a_process("p").start().end().xml())

    result = run("simulate", str(diagram), "--json")

    assert json.loads(result.output)["status"] == "completed"


@pytest.mark.parametrize("value", ["NaN", "1e999", "[" * 100 + "]" * 100, "[" * 5000 + "]" * 5000])
def test_variables_that_nothing_could_keep_or_read_are_refused(value: str) -> None:
    result = run("simulate", str(BPMN / "office_proposal.bpmn"), "--variables", f'{{"x": {value}}}')

    assert result.exit_code == 2
    assert "--variables" in result.output


def test_a_person_added_can_sign_in(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_site(instance) as app:
        work_on(app, monkeypatch)
        result = run("user", "add", "moi.p1", "--group", "P1.staff", "--password", "bangvang")

        visitor = sign_in(app, "moi.p1")
        with app.app_context():
            account = accounts.load("moi.p1")
        inbox = visitor.get("/tasks/")

    assert result.exit_code == 0, result.output
    assert account is not None
    assert account.actor.groups == {"P1.staff"}
    assert inbox.status_code == 200


def test_the_demonstration_loads_a_fresh_database_and_prints_the_sign_ins(instance: Path) -> None:
    first = run("demo", "--no-serve")
    again = run("demo", "--no-serve", "--keep")
    anew = run("demo", "--no-serve", answer="y\n")

    assert (first.exit_code, again.exit_code, anew.exit_code) == (0, 0, 0), first.output + again.output
    assert "an.p1" in first.output
    assert "bangvang" in first.output
    app = create_app()
    assert sign_in(app, "an.p1").get("/start/").status_code == 200
    close(app)


def test_a_database_never_upgraded_is_told_with_the_command_that_helps(instance: Path) -> None:
    result = run("user", "add", "moi.p1", "--password", "bangvang")

    assert result.exit_code == 1
    assert "bangvang db upgrade" in result.output


def test_an_address_that_is_none_is_told_by_the_name_of_its_setting(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANGVANG_DATABASE_URL", "not an address")

    result = run("db", "upgrade")

    assert result.exit_code == 1
    assert "BANGVANG_DATABASE_URL" in result.output


def test_a_port_in_use_is_told_with_the_option_that_helps(instance: Path) -> None:
    run("demo", "--no-serve", "--no-story")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]))

    assert result.exit_code == 1
    assert "--port" in result.output


def test_keeping_the_demonstration_keeps_what_designers_deployed(instance: Path) -> None:
    run("demo", "--no-serve", "--no-story")
    changed = instance / "office_proposal.bpmn"
    original = (BPMN / "office_proposal.bpmn").read_text("utf-8")
    changed.write_text(original.replace("Trưởng phòng xem xét, ký", "Trưởng phòng ký"), "utf-8")
    deployed = run("deploy", str(changed))

    kept = run("demo", "--no-serve", "--keep")

    assert (deployed.exit_code, kept.exit_code) == (0, 0), deployed.output + kept.output
    app = create_app()
    with app.app_context():
        assert deployments.latest(db.db.session(), "office_proposal").version == 2
    close(app)


def test_the_migrations_make_the_tables_that_the_code_expects(instance: Path) -> None:
    run("db", "upgrade")

    app = create_app()
    with app.app_context(), db.db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name in Base.metadata.tables},
        )
        differences = compare_metadata(context, Base.metadata)
    close(app)

    assert differences == []


def test_the_secret_key_is_made_once_and_kept_to_the_owner(tmp_path: Path) -> None:
    first = configuration.read({"BANGVANG_INSTANCE": str(tmp_path)}, tmp_path)
    again = configuration.read({"BANGVANG_INSTANCE": str(tmp_path)}, tmp_path)

    assert first["SECRET_KEY"] == again["SECRET_KEY"]
    assert len(str(first["SECRET_KEY"])) == 64
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_the_clock_cannot_be_held_behind_https(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="TEST_CLOCK"):
        configuration.read({"BANGVANG_TEST_CLOCK": "1", "BANGVANG_SECURE_COOKIES": "1"}, tmp_path)


def test_every_setting_stands_in_the_room_s_readme() -> None:
    text = (Path(cli.__file__).parent / "README.md").read_text(encoding="utf-8")

    missing = [setting.name for setting in configuration.SETTINGS if f"_{setting.name}`" not in text]

    assert missing == []
