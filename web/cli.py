"""The command line `bangvang`: run, demonstrate, check, deploy, simulate, add people."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import flask_migrate
from flask import Flask
from sqlalchemy import func, literal, select

from engine import (
    clock,
    deployments,
    instances,
    queue,
    simulation,
)
from engine.actors import SYSTEM
from engine.bpmn.findings import Finding
from engine.errors import DeploymentRejected, EngineError
from engine.operations import damage
from web import (
    cli_access,
    cli_audit,
    cli_backup,
    cli_decisions,
    cli_organisation,
    cli_scenarios,
    cli_serve,
    create_app,
    db,
    people,
    security_events,
    sqlite,
)
from web.cli_application import JSON, database_path, inside_application, is_there
from web.cli_values import read_until, read_variables
from web.operability import logs
from workflows import HANDLERS, calendar, chains, rules, story, story_chains

PASSWORD = "bangvang"  # noqa: S105  of the demonstration's invented people, printed for everybody
FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
TRY_API = "API: curl -u mai.tchc:bangvang http://127.0.0.1:{port}/v2/topology"
UNLIKE = (
    "Cảnh báo: cơ sở dữ liệu này sắp xếp hoặc tìm chữ khác với SQLite; hãy tạo với ENCODING 'UTF8' LOCALE "
    "'C.UTF-8'. / Warning: this database sorts or searches letters otherwise than SQLite; make it with "
    "ENCODING 'UTF8' LOCALE 'C.UTF-8'."
)
# Code points in their order, and small letters beyond ASCII: what `web.sqlite` gives.
SORTS, SEARCHES = literal("Z") < literal("a"), func.lower(literal("ĐỀ NGHỊ")) == literal("đề nghị")


@dataclass(frozen=True)
class Doubt(Finding):
    """A finding that only the database can prove: it warns and refuses nothing."""

    @property
    def severity(self) -> str:
        """Return "warning", whatever the rule says."""
        return "warning"


def main() -> None:
    """Run the command line; what people should not read goes to the error stream."""
    logs.configure(os.environ)
    bangvang()


@click.group()
def bangvang() -> None:
    """Bảng Vàng: nomination approval chains of emulation and commendation."""


bangvang.add_command(cli_audit.audit)
bangvang.add_command(cli_backup.backup)
bangvang.add_command(cli_backup.restore)
bangvang.add_command(cli_access.token)
bangvang.add_command(cli_access.service)
bangvang.add_command(cli_decisions.decide)
bangvang.add_command(cli_scenarios.test)
bangvang.add_command(cli_organisation.organisation)
bangvang.add_command(cli_serve.serve)
bangvang.add_command(cli_serve.web)
bangvang.add_command(cli_serve.work)


@bangvang.command()
@click.option("--serve/--no-serve", default=True, help="Serve after loading (default), or only load.")
@click.option(
    "--keep", is_flag=True, help="Keep a database that is there already; load only into a missing one."
)
@click.option("--story/--no-story", "told", default=True, help="Play a running story, or leave it out.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@inside_application
def demo(app: Flask, serve: bool, keep: bool, told: bool, host: str, port: int) -> None:
    """Load a fresh database with organisations, movements, people, processes and a story under way."""
    if keep and is_there():
        prepare_database()
    else:
        if database_path() is None and is_there():
            click.confirm(f"Xóa mọi bảng của / drop every table of {db.db.engine.url}?", abort=True)
        drop_database()
        prepare_database()
        load_demo(told)
    with db.reading() as session:
        for row in people.sign_ins(session):
            click.echo(f"{row.login:<12} {row.name:<20} {row.groups}")
    click.echo(f"Mật khẩu / password: {PASSWORD}")
    click.echo(TRY_API.format(port=port))
    if serve:
        cli_serve.serve_forever(app, host, port)


@bangvang.group("db")
def database() -> None:
    """Look after the database."""


@database.command()
@inside_application
def upgrade(app: Flask) -> None:
    """Bring the database to the newest schema."""
    prepare_database()
    click.echo("database: up to date")


@bangvang.command()
@FILES
@click.option(
    "--database", "asked", is_flag=True, help="Ask the database, too; name its cases that cannot be read."
)
@JSON
def check(files: Sequence[Path], asked: bool, as_json: bool) -> None:
    """Check files as a deployment would; exit 1 when one of them would be refused. JSON tells notes, too."""
    findings = check_beside_database(files, as_json) if asked else check_alone(files, as_json)
    print_findings(findings, as_json)
    if any(finding.severity == "error" for finding in findings):
        raise SystemExit(1)


@bangvang.command()
@FILES
@inside_application
def deploy(app: Flask, files: Sequence[Path]) -> None:
    """Deploy files together; all or nothing."""
    try:
        with db.transaction() as session:
            deployment = deployments.deploy(session, read_files(files), SYSTEM)
            instances.open_starts(session, deployment, SYSTEM)
            deployment_id = deployment.id
    except DeploymentRejected as error:
        print_findings([finding for finding in error.findings if isinstance(finding, Finding)], as_json=False)
        raise SystemExit(1) from error
    click.echo(f"deployment {deployment_id}: {', '.join(path.name for path in files)}")


@bangvang.command()
@FILES
@click.option(
    "--process", "processes", multiple=True, metavar="ID", help="Process to start; several start together."
)
@click.option("--variables", default="{}", metavar="JSON", help="Variables at the start, a JSON object.")
@click.option("--until", metavar="WHEN", help="ISO 8601 duration or time up to which due timers fire.")
@click.option("--complete-user-tasks", is_flag=True, help="Complete every user task at once, without values.")
@JSON
def simulate(
    files: Sequence[Path],
    processes: Sequence[str],
    variables: str,
    until: str | None,
    complete_user_tasks: bool,
    as_json: bool,
) -> None:
    """Run files on the real engine in memory with a pinned clock; keep nothing."""
    start = clock.now()
    plan = simulation.Plan(
        files=read_files(files),
        processes=processes,
        variables=read_variables(variables),
        start=start,
        until=read_until(until, start) if until else None,
        complete_user_tasks=complete_user_tasks,
    )
    try:
        outcome = simulation.simulate(plan, "en", {"working_days": calendar.carried}).as_dict()
    except EngineError as error:
        raise click.ClickException(error.text("en")) from error
    if as_json:
        click.echo(json.dumps(outcome, ensure_ascii=False, default=str))
    else:
        for name, value in outcome.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            click.echo(f"{name}: {text}")


@bangvang.group("user")
def user() -> None:
    """Look after people."""


@user.command("add")
@click.argument("name")
@click.option(
    "--group", "groups", multiple=True, metavar="GROUP", help="Group such as P1.staff; repeat for several."
)
@click.option("--password", help="Password; asked for when absent.")
@inside_application
def add(app: Flask, name: str, groups: Sequence[str], password: str | None) -> None:
    """Add a person who can sign in, or give an existing one more groups and a new password."""
    secret = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with db.transaction() as session:
        cli_access.warn_of_unknown(session, groups)
        people.add(session, name, groups, secret)
        security_events.record(session, "user.added", SYSTEM.name, f"{name} {', '.join(groups)}")
    click.echo(f"user {name}: {', '.join(groups) or 'no group'}")


def check_alone(files: Sequence[Path], notes: bool) -> list[Finding]:
    """Return the findings of files with this program's handlers; the forms are those among the files.

    Without a .form file nobody knows which forms exist, so an unknown one is only a warning.
    """
    findings = deployments.check(None, read_files(files), job_types=HANDLERS, forms=(), notes=notes)
    if any(path.suffix == ".form" for path in files):
        return findings
    return [
        Doubt(one.rule, one.element, one.line, one.values) if one.rule == "unknown-form" else one
        for one in findings
    ]


def check_beside_database(files: Sequence[Path], notes: bool) -> list[Finding]:
    """Return the findings of files beside what the database holds, as a deployment would find them."""
    with create_app().app_context():
        report_unreadable()
        try:
            with db.reading() as session:
                return deployments.check(session, read_files(files), notes=notes)
        finally:
            db.db.session.remove()
            sqlite.forget(db.db.engine)


def report_unreadable() -> None:
    """Raise the incident of each running case whose state cannot be read; name them on the error stream."""
    with db.reading() as session:
        found = damage.find(session)
    for error in found:
        with db.transaction() as session:
            damage.report(session, error)
        click.echo(f"warning: {error.text('en')}", err=True)


def prepare_database() -> None:
    """Bring schema, queue and rules to their newest form; the folder is made when it is missing."""
    path = database_path()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    flask_migrate.upgrade()
    queue.create_schema(db.current_queue())
    with db.reading() as session:
        if not all(session.execute(select(SORTS, SEARCHES)).one()):
            click.echo(UNLIKE, err=True)
    with db.transaction() as session:
        rules.install(session)  # what an office changed stays; what is new in the program is added


def load_demo(told: bool) -> None:
    """Load the demonstration: people, processes, and the story when it is to be told."""
    with db.transaction() as session:
        people.load_demo(session, PASSWORD)
        files = read_files(chains.files())
        deployment = deployments.deploy(session, files, SYSTEM)
        instances.open_starts(session, deployment, SYSTEM)
        if told:
            story.play(session)
            story_chains.play(session)


def drop_database() -> None:
    """Remove what the demonstration writes anew: the SQLite file with its companions, or every table."""
    path = database_path()
    if path is None:
        queue.drop_schema(db.current_queue())
        db.db.reflect()
        db.db.drop_all()
        return
    db.db.engine.dispose()
    for ending in ("", "-wal", "-shm", "-journal", ".writer"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


def read_files(paths: Sequence[Path]) -> list[tuple[str, bytes]]:
    """Return the names and contents of files."""
    # a name need not be text
    return [(os.fsencode(path.name).decode("utf-8", "replace"), path.read_bytes()) for path in paths]


def print_findings(findings: Sequence[Finding], as_json: bool) -> None:
    """Print findings as JSON or one per line: severity, place, text, remedy."""
    if as_json:
        click.echo(json.dumps([finding.as_dict("en") for finding in findings], ensure_ascii=False))
        return
    for finding in findings:
        place = finding.element or (f"line {finding.line}" if finding.line else "")
        click.echo(
            f"{finding.severity}: {place}: {finding.text('en')} [{finding.rule}] {finding.remedy('en')}"
        )
    if not findings:
        click.echo("no findings")


if __name__ == "__main__":
    main()
