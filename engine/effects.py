"""What a step means for others: told by `steps`, carried out by `instances` when the step has been stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engine.handlers import Json
from engine.spiff.game import Call
from engine.tables import Message, ProcessInstance, Subscription


@dataclass(frozen=True)
class Published:
    """A message that looks for somebody who waits."""

    message: Message


@dataclass(frozen=True)
class Subscribed:
    """New subscriptions that look for messages already there."""

    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True)
class Broadcast:
    """A signal that everybody who waits for it hears, but for the instance that threw it."""

    name: str
    variables: Mapping[str, Json]
    thrower: int | None = None


@dataclass(frozen=True)
class Called:
    """A call activity that asks for its child."""

    instance: ProcessInstance
    call: Call


@dataclass(frozen=True)
class Recalled:
    """Call activities that do not wait for their children any more."""

    instance: ProcessInstance
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Escalated:
    """A child that threw an escalation which nothing in it caught; it goes on."""

    instance: ProcessInstance
    code: str | None


@dataclass(frozen=True)
class Ended:
    """A child that has ended: with its variables, or with the code of an error that nothing in it caught."""

    instance: ProcessInstance
    variables: Mapping[str, Json]
    error: str | None


Effect: TypeAlias = Published | Subscribed | Broadcast | Called | Recalled | Escalated | Ended
