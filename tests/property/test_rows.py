"""Random models on a real database: after every command the rows say what the state says."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.property import blocks, operating, walking_rows
from tests.property.blocks import Tree

CALM = settings(deadline=None, derandomize=False, print_blob=True, suppress_health_check=list(HealthCheck))


@settings(CALM, max_examples=8)
@given(blocks.trees, blocks.seeds)
def test_rows_follow_the_state_and_history_replays_to_it(tree: Tree, seed: int) -> None:
    with walking_rows.database() as engine:
        walking_rows.walk(engine, blocks.draw(tree), blocks.chance_of(seed), None)


@settings(CALM, max_examples=8)
@given(blocks.trees, blocks.seeds)
def test_whatever_people_do_to_a_case_it_stays_whole_and_ends(tree: Tree, seed: int) -> None:
    with walking_rows.database() as engine:
        walking_rows.walk(engine, blocks.draw(tree), blocks.chance_of(seed), operating.operate)
