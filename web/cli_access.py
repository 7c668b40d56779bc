"""The commands `bangvang token …` and `bangvang service …`: how programs get in."""

from __future__ import annotations

from collections.abc import Sequence

import click
from flask import Flask
from sqlalchemy.orm import Session

from engine.actors import SYSTEM
from web import db, moments, service_accounts, tokens
from web.cli_application import inside_application
from workflows import organisation_people

GROUPS = click.option(
    "--group", "groups", multiple=True, metavar="GROUP", help="Group such as workers; repeat for several."
)
UNKNOWN = (
    "Lưu ý: chưa ai, chưa đơn vị nào dùng nhóm {groups}; đã thêm, hãy kiểm tra chính tả. / "
    "Note: nobody and no unit uses the group {groups} yet; it was added, check its spelling."
)


@click.group("token")
def token() -> None:
    """Look after the tokens with which programs call the API."""


@token.command("create")
@click.argument("name")
@click.option("--expires", "days", type=click.IntRange(1, 3650), metavar="DAYS", help="Days it lasts.")
@click.option("--label", default="", help="What it is for.")
@inside_application
def create(app: Flask, name: str, days: int | None, label: str) -> None:
    """Make a token for a person or service account; print it, and nothing else, once and never again."""
    with db.transaction() as session:
        made = tokens.create(session, name, label, SYSTEM.name, days)
    click.echo(made)


@token.command("list")
@inside_application
def list_all(app: Flask) -> None:
    """List every token: beginning, owner, when made, when it ends, last used, what for."""
    with db.reading() as session:
        for one in tokens.of(session):
            end = one.revoked_at or one.expires_at
            words = [one.prefix, one.owner, moments.exact(one.created_at)]
            words += [moments.exact(end) if end else "-", moments.day(one.used_on) if one.used_on else "-"]
            click.echo("  ".join([*words, one.label]).rstrip())


@token.command("revoke")
@click.argument("prefix")
@inside_application
def revoke(app: Flask, prefix: str) -> None:
    """End a token at once; PREFIX is its beginning as `token list` shows it."""
    with db.transaction() as session:
        owner = tokens.revoke(session, prefix, SYSTEM.name).owner
    click.echo(f"{prefix}: {owner}: đã thu hồi / revoked")


@click.group("service")
def service() -> None:
    """Look after service accounts: programs with an id, a secret and groups."""


@service.command("add")
@click.argument("name")
@GROUPS
@inside_application
def add(app: Flask, name: str, groups: Sequence[str]) -> None:
    """Add a service account, or give one more groups and a new secret; print its id and secret once."""
    with db.transaction() as session:
        warn_of_unknown(session, groups)
        secret = service_accounts.add(session, name, groups, SYSTEM.name)
    click.echo(f"client_id: {name}")
    click.echo(f"client_secret: {secret}")


def warn_of_unknown(session: Session, groups: Sequence[str]) -> None:
    """Say on the error stream which groups nobody has and no unit names: a slip of the pen finds no work."""
    known = organisation_people.known_groups(session)
    unknown = [group for group in groups if known and group not in known]
    if unknown:
        click.echo(UNKNOWN.format(groups=", ".join(unknown)), err=True)
