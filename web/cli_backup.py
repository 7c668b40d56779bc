"""The commands `bangvang backup` and `bangvang restore`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from flask import Flask

from web import db
from web.backups import copying, restoring
from web.cli_application import inside_application

NEW = click.Path(dir_okay=False, path_type=Path)
OLD = click.Path(exists=True, dir_okay=False, path_type=Path)
THERE = (
    "Tệp {file} đã có; chưa có gì thay đổi. Hãy chọn tên khác. / The file {file} is there already; nothing "
    "was changed. Choose another name."
)
KEYS = (
    "Khóa (secret_key, audit_key, khóa hòm phiếu) không nằm trong bản này: hãy giữ riêng. / The keys "
    "(secret_key, audit_key, the ballot key) are not inside: keep them apart."
)
CHANGED = (
    "Đã khôi phục, nhưng lịch sử KHÔNG nguyên vẹn; đừng đưa vào sử dụng. / Restored, but the history is NOT "
    "whole; do not put it to use."
)


@click.command()
@click.argument("file", type=NEW)
@inside_application
def backup(app: Flask, file: Path) -> None:
    """Copy the whole database to a new FILE while people go on working; keys are not inside."""
    if file.exists():
        raise click.ClickException(THERE.format(file=file))
    manifest = copying.copy(db.db.engine, file, _tell)
    rows = sum(manifest.tables.values())
    click.echo(
        f"{file}: {manifest.kind} {manifest.revision}, {rows} dòng / rows, {file.stat().st_size} bytes"
    )
    click.echo(KEYS, err=True)


@click.command()
@click.argument("file", type=OLD)
@click.option(
    "--to", "address", metavar="URL", help="Empty database to restore into; the configured one without."
)
def restore(file: Path, address: str | None) -> None:
    """Restore a backup FILE into an empty database and prove its history; exit 1 when that was changed."""
    if address:
        os.environ["BANGVANG_DATABASE_URL"] = address
    inside: Any = inside_application(_restore)
    inside(file=file)


def _restore(app: Flask, file: Path) -> None:
    manifest, report = restoring.restore(db.db.engine, file, app.config["AUDIT_KEY"], _tell)
    rows = sum(manifest.tables.values())
    click.echo(f"{file}: {rows} dòng / rows, {report.events} sự kiện / events, {manifest.made_at}")
    for found in report.findings:
        click.echo(f"{found.kind}: {found.message.vi} / {found.message.en}")
    if report.count:
        raise click.ClickException(CHANGED)


def _tell(step: str) -> None:
    click.echo(step, err=True)
