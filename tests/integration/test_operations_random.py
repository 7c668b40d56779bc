"""Whatever people do to random cases under way, rows, state and history go on saying the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, instances
from engine.errors import EngineError
from engine.operations import corrections, modification, returning, suspension
from engine.operations.modification import Activate, AddIteration, Move, Terminate
from engine.spiff import state
from engine.spiff.game import Game
from engine.spiff.relocation import Instruction
from engine.tables import ProcessInstance, UserTask
from tests.property import blocks, walking_rows
from tests.property.blocks import ASIDE, Model, Tree
from tests.property.walking_rows import NORA, Place

STEPS = 25
MEDDLED = 0.4  # how often somebody meddles instead of doing the next step
TIRED = 12
WHY = "thử"


def walk(tree: Tree, seed: int) -> None:
    """Walk a random model for a while, with people who operate on it at every turn."""
    chance, model = blocks.chance_of(seed), blocks.draw(tree)
    with walking_rows.database() as engine, walking_rows.open_session(engine) as session:
        files = [process.file() for process in (*model.called, model.process)]
        deployments.deploy(session, files, NORA)
        instances.start(session, model.process.id, {"key": "K", **model.values(chance)}, NORA)
        with clock.pinned(clock.now()):
            for step in range(STEPS):
                session.commit()
                places = walking_rows.assert_rows(session)
                if not places:
                    return
                if chance.random() < MEDDLED:
                    meddle(session, chance)
                else:
                    go_on(session, chance, places, model, tired=step > TIRED)


def go_on(session: Session, chance: random.Random, places: list[Place], model: Model, tired: bool) -> None:
    left = [place for place in places if not (tired and place[1].element.endswith(ASIDE))]
    if any(wait.kind not in ("call", "conditional") for _, wait in left):
        walking_rows.finish(session, chance, left, model, tired)


def meddle(session: Session, chance: random.Random) -> None:
    """Do one random operation to one random instance; a refusal changes nothing and is told in words."""
    active = session.scalars(select(ProcessInstance).where(ProcessInstance.status == "active")).all()
    instance = chance.choice(active)
    game = instances.load(session, instance, NORA)
    operation = chance.choice([modify, modify, modify, suspend, correct, send_back, recall])
    try:
        with session.begin_nested():
            operation(session, instance, game, chance)
    except EngineError as refused:
        assert_told(refused)


def assert_told(refused: EngineError) -> None:
    """A refusal leaves no gap in its words."""
    for language in ("vi", "en"):
        assert not {"{", "…"} & set(refused.text(language))


def modify(session: Session, instance: ProcessInstance, game: Game, chance: random.Random) -> None:
    elements, tokens = list(game.process.elements), [token.id for token in game.tokens()]
    making: Sequence[Callable[[], Instruction]] = (
        lambda: Activate(chance.choice(elements), within=chance.choice([None, None, *tokens])),
        lambda: Terminate(chance.choice(elements)),
        lambda: Terminate(token=chance.choice(tokens)),
        lambda: Move(chance.choice(elements), element=chance.choice(elements)),
        lambda: Move(chance.choice(elements), token=chance.choice(tokens)),
        lambda: AddIteration(chance.choice(elements), item=1),
    )
    wanted = [chance.choice(making)()]
    before = state.waits(game).keys()
    shown = modification.preview(session, instance.id, wanted, NORA)
    modification.apply(session, instance.id, wanted, NORA, WHY, version=shown.version)
    # a message that was thrown, or that lay there for a new subscription, takes the instance further
    talks = shown.difference.messages or any(thing.kind == "message" for thing in shown.difference.opened)
    if instance.status == shown.difference.status and not talks:
        closed = {(thing.kind, thing.token) for thing in shown.difference.closed}
        assert closed == before - state.waits(instances.load(session, instance, NORA)).keys()


def suspend(session: Session, instance: ProcessInstance, _game: Game, _chance: random.Random) -> None:
    suspension.suspend(session, instance.id, NORA, WHY)
    walking_rows.assert_rows(session)
    suspension.resume(session, instance.id, NORA, WHY)


def correct(session: Session, instance: ProcessInstance, game: Game, chance: random.Random) -> None:
    token = chance.choice([None, *(token.id for token in game.tokens())])
    corrections.set_variables(session, instance.id, {"key": "K"}, NORA, WHY, token=token)


def send_back(session: Session, instance: ProcessInstance, _game: Game, chance: random.Random) -> None:
    query = select(UserTask).where(UserTask.instance_id == instance.id, UserTask.status == "open")
    for task in session.scalars(query.limit(1)).all():
        for target in returning.targets(session, task.id, NORA)[:1]:
            returning.send_back(session, task.id, target.element, NORA, WHY)


def recall(session: Session, instance: ProcessInstance, _game: Game, _chance: random.Random) -> None:
    query = select(UserTask).where(UserTask.instance_id == instance.id, UserTask.status == "completed")
    for task in session.scalars(query.order_by(UserTask.id.desc()).limit(1)).all():
        returning.recall(session, task.id, NORA, WHY)


@settings(max_examples=10, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(blocks.trees, blocks.seeds)
def test_rows_state_and_history_agree_whatever_people_do(tree: Tree, seed: int) -> None:
    walk(tree, seed)


@pytest.mark.soak
@settings(max_examples=1_000, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(blocks.trees, blocks.seeds)
def test_a_thousand_cases_agree_whatever_people_do(tree: Tree, seed: int) -> None:
    walk(tree, seed)
