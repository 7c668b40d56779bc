"""Run a command inside the application: what every file of commands needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import inspect
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

from engine.errors import EngineError
from web import create_app, db, sqlite

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
NOT_READY = (
    "Cơ sở dữ liệu chưa dùng được; chưa có gì thay đổi. Hãy chạy `bangvang db upgrade`. / "
    "The database is not ready; nothing was changed. Run `bangvang db upgrade`. ({error})"
)
NO_ADDRESS = (
    "BANGVANG_DATABASE_URL không phải là địa chỉ cơ sở dữ liệu. / BANGVANG_DATABASE_URL is not the address "
    "of a database, such as postgresql+psycopg://user@host/name. ({error})"
)

Command = TypeVar("Command", bound=Callable[..., Any])


def inside_application(command: Command) -> Command:
    """Run a command inside the application's context and turn refusals into messages."""

    @wraps(command)
    def run(**options: Any) -> Any:
        try:
            app = create_app()
            with app.app_context():
                try:
                    return command(app, **options)
                finally:
                    db.db.session.remove()
                    sqlite.forget(db.db.engine)  # the connections end with the command
        except EngineError as error:
            raise click.ClickException(error.text()) from error
        except ArgumentError as error:
            raise click.ClickException(NO_ADDRESS.format(error=error)) from error
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(NOT_READY.format(error=error.orig)) from error

    return run  # type: ignore[return-value]


def is_there() -> bool:
    """Tell whether the database has been made already."""
    path = database_path()
    return path.exists() if path is not None else bool(inspect(db.db.engine).get_table_names())


def database_path() -> Path | None:
    """Return the file of an SQLite database, None for another database."""
    url = db.db.engine.url
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
