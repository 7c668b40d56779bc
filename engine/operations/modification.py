"""Modify a running instance: move, add and let go tokens, seen before it happens, done in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from engine import instances, operations
from engine.actors import Actor
from engine.errors import BadInput, Text
from engine.handlers import Json
from engine.operations import four_eyes
from engine.operations.rehearsal import Difference, rehearse
from engine.spiff import relocation
from engine.spiff.game import Game
from engine.spiff.relocation import Activate, AddIteration, Instruction, Move, Terminate
from engine.tables import ProcessInstance

__all__ = ["Activate", "AddIteration", "Move", "Preview", "Terminate", "apply", "preview"]

MODIFY = Text("điều chỉnh hồ sơ", "modify an instance")


@dataclass(frozen=True)
class Preview:
    """What a modification would do to an instance as it is at `version`."""

    instance: int
    version: int
    difference: Difference


def preview(session: Session, instance_id: int, instructions: Sequence[Instruction], actor: Actor) -> Preview:
    """Return what the instructions would do; changes nothing. Raises NotMovable, InstanceEnded."""
    instance = operations.look(session, instance_id, MODIFY)
    _ensure_some(instructions)
    found = rehearse(session, instance, actor, lambda game: relocation.relocate(game, instructions))
    return Preview(instance.id, instance.version, found)


def apply(
    session: Session,
    instance_id: int,
    instructions: Sequence[Instruction],
    actor: Actor,
    reason: str,
    *,
    version: int,
) -> ProcessInstance:
    """Carry out the instructions on an instance that is still at the version that a preview showed.

    Raises StaleInstance when it has moved since, NotMovable, InstanceEnded; then nothing happened.
    """
    given = operations.ensure_reason(reason, MODIFY)
    _ensure_some(instructions)
    instance = operations.lock(session, instance_id, MODIFY)
    operations.ensure_version(instance, version)
    four_eyes.ensure_uninvolved(session, instance, actor, MODIFY)

    def relocate(game: Game) -> None:
        told: list[Json] = [_tell(instruction) for instruction in instructions]
        operations.record(session, instance, "instance.modified", actor, given, {"instructions": told})
        relocation.relocate(game, instructions)

    instances.advance(session, instance, actor, relocate)
    return instance


def _ensure_some(instructions: Sequence[Instruction]) -> None:
    if not instructions:
        raise BadInput(expected="at least one instruction", expected_vi="ít nhất một chỉ dẫn", found=0)


def _tell(instruction: Instruction) -> dict[str, Json]:
    values = {name: value for name, value in asdict(instruction).items() if value not in (None, {})}
    return {"instruction": type(instruction).__name__, **values}
