"""The commands `bangvang audit …`: sign checkpoints, take the history out, prove it, erase from it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from flask import Flask

from engine.actors import Actor
from engine.audit import checkpoints, erasure, formats, log, signing, verification
from engine.audit.verification import Report
from web import db
from web.cli_application import JSON, inside_application

SHOWN = 50  # findings in text; JSON has all that were kept
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUTPUT = click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; standard output without.",
)


@click.group()
def audit() -> None:
    """Look after the history: checkpoints, export, proof, erasure."""


@audit.command()
@OUTPUT
@inside_application
def checkpoint(app: Flask, output: Path | None) -> None:
    """Sign everything that has happened until now; keep what is printed in another place."""
    made, behind = None, True
    while behind:
        with db.transaction() as session:
            made = checkpoints.make(session)
            body = None if made is None else made.body
            behind = checkpoints.is_behind(session)
    if body is None:
        raise click.ClickException("Chưa có sự kiện nào. / There is no event yet.")
    _write([json.dumps(body, ensure_ascii=False) + "\n"], output)


@audit.command()
@click.option(
    "--format", "name", type=click.Choice(list(formats.FORMATS)), default="jsonl", show_default=True
)
@OUTPUT
@inside_application
def export(app: Flask, name: str, output: Path | None) -> None:
    """Write the whole history; `audit verify` proves the format jsonl without the database."""
    with db.snapshot() as session:
        _write(formats.FORMATS[name](session), output)


@audit.command()
@click.argument("file", required=False, type=FILE)
@click.option(
    "--anchor", "anchors", multiple=True, type=FILE, help="Checkpoint kept elsewhere; repeat for several."
)
@JSON
def verify(file: Path | None, anchors: Sequence[Path], as_json: bool) -> None:
    """Prove the history of the database, or of an exported FILE alone; exit 1 when something was changed."""
    kept = [anchor for path in anchors for anchor in _read_anchors(path)]
    inside: Any = inside_application(_verify_database)
    report: Report = inside(anchors=kept) if file is None else _verify_file(file, kept)
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        _print(report)
    if report.count:
        raise SystemExit(1)


@audit.command()
@click.argument("instance", type=int)
@click.option("--field", "fields", multiple=True, metavar="NAME", help="Variable or form field; repeatable.")
@click.option("--text", default="", metavar="TEXT", help="Text, such as a name, wherever it stands.")
@click.option("--actor", "name", required=True, metavar="LOGIN", help="Who erases; it is recorded.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is recorded.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@inside_application
def erase(  # noqa: PLR0913  one argument for each option
    app: Flask, instance: int, fields: Sequence[str], text: str, name: str, reason: str, yes: bool
) -> None:
    """Erase values from the history of an INSTANCE for good; its chain stays whole."""
    with db.reading() as session:
        places = erasure.find(session, instance, names=fields, text=text)
    for place in places:
        click.echo(f"{place.sequence} {place.path}")
    if not places:
        raise click.ClickException("Không thấy giá trị nào như vậy. / There is no such value.")
    if not yes:
        click.confirm("Xóa vĩnh viễn? / Erase for good?", abort=True)
    with db.transaction() as session:
        count = erasure.erase(session, instance, places, Actor(name), reason)
    click.echo(f"erased: {count}")


def _verify_database(app: Flask, anchors: Sequence[verification.Entry]) -> Report:
    path: Path = app.config["AUDIT_KEY"]
    trusted = {signing.public_text(signing.read_key(path))} if path.exists() else set()
    with db.snapshot() as session:
        return verification.verify(log.records(session), trusted, anchors)


def _verify_file(file: Path, anchors: Sequence[verification.Entry]) -> Report:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return verification.verify(verification.read_lines(lines), anchors=anchors)


def _read_anchors(path: Path) -> list[dict[str, Any]]:
    """Return the checkpoints of a file: one as JSON, or one on each line."""
    try:
        lines = path.read_text("utf-8").splitlines()
        found = [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise click.BadParameter(f"no checkpoint: {error}", param_hint="--anchor") from error
    if not found or not all(isinstance(one, dict) for one in found):
        raise click.BadParameter("no checkpoint", param_hint="--anchor")
    return [{name: value for name, value in one.items() if name != "type"} for one in found]


def _print(report: Report) -> None:
    for found in report.findings[:SHOWN]:
        click.echo(f"{found.kind}: {found.message.vi} / {found.message.en}")
    if report.count > SHOWN:
        click.echo(f"… {report.count - SHOWN} nữa / more")
    for note in report.notes:
        click.echo(f"lưu ý / note: {note.vi} / {note.en}")
    word = "nguyên vẹn / whole" if not report.count else "KHÔNG nguyên vẹn / NOT whole"
    click.echo(
        f"{word}: {report.events} sự kiện / events, {report.covered} đã ký / signed by "
        f"{report.checkpoints} điểm kiểm / checkpoints"
    )


def _write(texts: Any, output: Path | None) -> None:
    if output is None:
        sys.stdout.writelines(texts)
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        file.writelines(texts)
    click.echo(f"{output}: {output.stat().st_size} bytes", err=True)
