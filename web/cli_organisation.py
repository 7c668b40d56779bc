"""The commands `bangvang organisation …`: import units, people and memberships from a file."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask import Flask

from engine.actors import SYSTEM
from engine.errors import Refused
from web import db
from web.cli_application import inside_application
from workflows import organisation_imports
from workflows.organisation_imports import Plan, Problem


@click.group("organisation")
def organisation() -> None:
    """Look after units and people."""


@organisation.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", "applied", is_flag=True, help="Store the changes; without it they are only shown.")
@inside_application
def import_file(app: Flask, file: Path, applied: bool) -> None:
    """Show what a CSV or XLSX file of units, people or memberships changes; exit 1 on errors."""
    try:
        with db.reading() as session:
            made = organisation_imports.plan(session, file.name, file.read_bytes())
    except Refused as error:
        raise click.ClickException(error.text("vi")) from error
    _show(made)
    if made.problems:
        sys.exit(1)
    if not applied:
        click.echo("Chưa ghi gì; thêm --apply để ghi. / Nothing was stored; add --apply to store it.")
        return
    with db.transaction() as session:
        organisation_imports.apply(
            session, SYSTEM, organisation_imports.plan(session, file.name, file.read_bytes())
        )
    click.echo(f"Đã ghi {len(made.changes)} thay đổi. / {len(made.changes)} changes were stored.")


def _show(made: Plan) -> None:
    click.echo(f"Bảng mã / encoding: {made.encoding}")
    for change in made.changes:
        click.echo(f"{change.kind:<8} {change.entry.row:>5}  {change.entry.subject} {change.entry.key}")
    for remark in made.remarks:
        click.echo(f"lưu ý: {_line(remark)}", err=True)
    for problem in made.problems:
        click.echo(f"lỗi: {_line(problem)}", err=True)


def _line(problem: Problem) -> str:
    place = f"dòng {problem.row}, {problem.column}: " if problem.row else ""
    return f"{place}{problem.reason.vi} / {problem.reason.en}"
