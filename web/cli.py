"""The command line `bangvang`: run, demonstrate, check, deploy, simulate, add people."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import flask_migrate
import structlog
import waitress
from flask import Flask
from sqlalchemy import inspect

from engine import (
    clock,
    deployments,
    instances,
    jobs,
    queue,
    simulation,
    timers,
    worker,
)
from engine.actors import SYSTEM
from engine.bpmn.findings import Finding
from engine.errors import DeploymentRejected, EngineError
from engine.operations import damage
from engine.tables import ProcessInstance
from web import cli_audit, cli_decisions, cli_organisation, cli_scenarios, create_app, db, people
from web.cli_application import JSON, NOT_READY, inside_application
from web.cli_values import read_until, read_variables
from workflows import HANDLERS, calendar, chains, rules, story, story_chains

THREADS = 8
PASSWORD = "bangvang"  # noqa: S105  of the demonstration's invented people, printed for everybody
FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
WORK = worker.Work(
    fire_timer=timers.fire,
    run_job=jobs.run,
    fail_job=jobs.fail,
    fail_timer=timers.fail,
    outside=worker.Outside(jobs.prepare, jobs.call, jobs.take),
)
BUSY = (
    "Không mở được {host}:{port}; hãy chọn cổng khác bằng --port. / Cannot listen on {host}:{port}; choose "
    "another --port. ({error})"
)


@dataclass(frozen=True)
class Doubt(Finding):
    """A finding that only the database can prove: it warns and refuses nothing."""

    @property
    def severity(self) -> str:
        """Return "warning", whatever the rule says."""
        return "warning"


def main() -> None:
    """Run the command line; what people should not read goes to the error stream."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    bangvang()


@click.group()
def bangvang() -> None:
    """Bảng Vàng: nomination approval chains of emulation and commendation."""


bangvang.add_command(cli_audit.audit)
bangvang.add_command(cli_decisions.decide)
bangvang.add_command(cli_scenarios.test)
bangvang.add_command(cli_organisation.organisation)


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
    if serve:
        serve_forever(app, host, port)


@bangvang.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@inside_application
def serve(app: Flask, host: str, port: int) -> None:
    """Serve the pages, with the worker beside them in the same process."""
    ensure_ready()
    serve_forever(app, host, port)


@bangvang.command("worker")
@inside_application
def work(app: Flask) -> None:
    """Run due timers and jobs until interrupted."""
    ensure_ready()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    try:
        worker.run(db.current_queue(), db.session_factory(), WORK, stop)
    except KeyboardInterrupt:
        stop.set()


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
        people.add(session, name, groups, secret)
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
        with db.reading() as session:
            return deployments.check(session, read_files(files), notes=notes)


def report_unreadable() -> None:
    """Raise the incident of each running case whose state cannot be read; name them on the error stream."""
    with db.reading() as session:
        found = damage.find(session)
    for error in found:
        with db.transaction() as session:
            damage.report(session, error)
        click.echo(f"warning: {error.text('en')}", err=True)


def serve_forever(app: Flask, host: str, port: int) -> None:
    """Serve with waitress; the worker runs as a thread beside it and stops with it."""
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise click.ClickException(BUSY.format(host=host, port=port, error=error)) from error
    running = worker.start_thread(db.current_queue(), db.session_factory(), WORK)
    click.echo(f"http://{host}:{port}/")
    try:
        waitress.serve(app, sockets=[listening], threads=THREADS, ident="bangvang")
    finally:
        listening.close()
        worker.stop_thread(running)


def prepare_database() -> None:
    """Bring schema, queue and rules to their newest form; the folder is made when it is missing."""
    path = database_path()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    flask_migrate.upgrade()
    queue.create_schema(db.current_queue())
    with db.transaction() as session:
        rules.install(session)  # what an office changed stays; what is new in the program is added


def ensure_ready() -> None:
    """Refuse to go on with a database that was never made."""
    if not is_there() or not inspect(db.db.engine).has_table(ProcessInstance.__tablename__):
        raise click.ClickException(NOT_READY.format(error=db.db.engine.url))


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


def is_there() -> bool:
    """Tell whether the database has been made already."""
    path = database_path()
    return path.exists() if path is not None else bool(inspect(db.db.engine).get_table_names())


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


def database_path() -> Path | None:
    """Return the file of an SQLite database, None for another database."""
    url = db.db.engine.url
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


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
