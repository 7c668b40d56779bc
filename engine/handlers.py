"""Handlers: job type → function, given to a session by whoever opens it (`session.info["handlers"]`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.orm import Session

from engine.actors import Actor

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True)
class View:
    """Say which rows of a long list a form asks for: a page of those that match a text, or named ones."""

    page: int = 1
    text: str = ""
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ServiceCall:
    """Tell a handler where it is called from and what is visible there.

    `view` is given to form sources only; without one they return every row.
    """

    instance_id: int
    business_key: str
    process_id: str
    element: str
    variables: Mapping[str, Json]
    headers: Mapping[str, str]
    actor: Actor
    now: datetime
    view: View | None = None


Handler: TypeAlias = Callable[[Session, ServiceCall], "Mapping[str, Json] | None"]


@dataclass(frozen=True)
class Registration:
    """Say how a handler runs: inside the step's transaction, or outside as a job of its own.

    One that runs outside is called at least once, holds no lock, and gets a session that only reads.
    """

    function: Handler
    outside: bool = False


def registered(session: Session) -> Mapping[str, Registration]:
    """Return the handlers this session was opened with."""
    found: Mapping[str, Registration] = session.info.get("handlers", {})
    return found
