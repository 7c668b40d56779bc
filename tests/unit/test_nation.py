"""The simulation of the nation agrees with queues whose answer is known, and its model adds up."""

from __future__ import annotations

import random
from statistics import mean

import pytest

from tests.bench import nation


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (4, 0.7), (16, 0.85)])
def test_the_simulation_agrees_with_erlang(servers: int, load: float) -> None:
    chance = random.Random(7)  # noqa: S311  no secret: the same every time
    mean_service, seconds = 0.01, 4_000.0
    rate = load * servers / mean_service
    expected = nation.erlang_c(rate, mean_service, servers)

    arrivals = nation.poisson(rate, seconds / servers, chance)
    waits, busy = nation.serve(arrivals, lambda: chance.expovariate(1 / mean_service), servers)

    assert mean(waits) == pytest.approx(expected, rel=0.15)
    assert busy == pytest.approx(load, rel=0.03)


def test_one_server_waits_as_the_textbook_says() -> None:
    # M/M/1: mean wait = ρ / (μ − λ)
    assert nation.erlang_c(50, 0.01, 1) == pytest.approx(0.5 / (100 - 50))
    assert nation.erlang_c(100, 0.01, 1) == float("inf")


def test_there_are_34_provinces_and_the_nation_is_their_sum_with_the_ministries() -> None:
    load = nation.Load()

    provinces = sum(load.a_year(name) for name in nation.PROVINCES)

    assert len(nation.PROVINCES) == 34
    assert load.a_year(nation.NATION) == pytest.approx(provinces + nation.MINISTRIES * load.ministry)


def test_a_station_is_full_at_the_load_that_is_printed() -> None:
    station = nation.Station("database", 4, 10.0)
    rate = 100.0

    grown = rate * nation.limit([station], rate)

    assert nation.watch(station, grown).busy == pytest.approx(nation.FULL, rel=0.05)
