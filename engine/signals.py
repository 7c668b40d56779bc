"""Signals: heard by everybody who waits for the name at that moment, never kept for later."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from engine import instances
from engine.actors import SYSTEM, Actor
from engine.handlers import Json


def broadcast(session: Session, name: str, variables: Mapping[str, Json], actor: Actor = SYSTEM) -> None:
    """Let every waiting instance and every signal start event of a newest version hear a signal.

    `name` is the evaluated name of the signal; whoever hears it takes the variables.
    """
    instances.broadcast(session, name, variables, actor)
