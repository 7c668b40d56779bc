"""Run a command inside the application: what every file of commands needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

from engine.errors import EngineError
from web import create_app

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
                return command(app, **options)
        except EngineError as error:
            raise click.ClickException(error.text()) from error
        except ArgumentError as error:
            raise click.ClickException(NO_ADDRESS.format(error=error)) from error
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(NOT_READY.format(error=error.orig)) from error

    return run  # type: ignore[return-value]
