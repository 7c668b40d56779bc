"""Many people vote in one instance at once: every vote counts once, nobody is told more than "try again"."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import over_http, served, votes

VOTERS, CLIENTS = 50, 16


@pytest.mark.parametrize("database", served.DATABASES)
def test_fifty_votes_by_sixteen_clients_at_once_all_count(database: str, tmp_path: Path) -> None:
    with served.open_demo(database, tmp_path) as (app, settings):
        instance = votes.open_poll(app, VOTERS)
        with served.product("web", settings, None) as product:
            ballots = votes.hand_out(app, product.port, instance)

            poll = votes.cast(product.port, ballots, CLIENTS)

        status, counted = votes.count(app, instance)

    assert poll.answers[over_http.SEE_OTHER] == VOTERS
    assert poll.errors == 0, poll.answers
    assert status == "completed"
    assert sorted(counted) == sorted(f"voter.{number}" for number in range(VOTERS))
