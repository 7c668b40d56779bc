"""Replay a nation's deadline days on measured costs: `python -m tests.bench.nation [BENCH.json]`.

The load is a model: every number in LOAD is an assumption and says so (engine/decisions/0017). The costs are
those of `python -m tests.bench --json`, or are measured here when no file is given. A station is a number of
equal servers with one queue; a request passes the web processes and then the database. What is printed: how
busy each station is in the worst minutes of the year, how long a request waits there, and the load at which
the next step becomes necessary.
"""

from __future__ import annotations

import heapq
import json
import logging
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.bench.figures import MILLISECONDS, quantile

# Million inhabitants of the 34 provinces and cities of 01/07/2025 (Nghị quyết 202/2025/QH15): names by law,
# figures from memory of the tables published with it: check before use.
PROVINCES: Mapping[str, float] = {
    "TP. Hồ Chí Minh": 14.0, "Hà Nội": 8.8, "An Giang": 5.0, "Hải Phòng": 4.7, "Đồng Nai": 4.5,
    "Ninh Bình": 4.4, "Đồng Tháp": 4.4,
    "Thanh Hóa": 4.3, "Vĩnh Long": 4.3, "Cần Thơ": 4.2, "Phú Thọ": 4.0, "Lâm Đồng": 3.9,
    "Nghệ An": 3.8, "Bắc Ninh": 3.6, "Gia Lai": 3.6, "Hưng Yên": 3.6, "Đắk Lắk": 3.4, "Tây Ninh": 3.3,
    "Đà Nẵng": 3.1, "Cà Mau": 2.6, "Khánh Hòa": 2.2, "Quảng Ngãi": 2.2, "Quảng Trị": 1.9, "Tuyên Quang": 1.9,
    "Lào Cai": 1.8, "Thái Nguyên": 1.8, "Hà Tĩnh": 1.6, "Quảng Ninh": 1.5, "Huế": 1.4, "Sơn La": 1.4,
    "Lạng Sơn": 0.9, "Điện Biên": 0.7, "Cao Bằng": 0.6, "Lai Châu": 0.5,
}  # fmt: skip
MINISTRIES = 17  # 14 bộ, 3 cơ quan ngang bộ (03/2025)
OFFICE = "one office"
NATION = "the nation"


@dataclass(frozen=True)
class Load:
    """The model of a year; every default is an assumption ("giả định"), chosen rather too high."""

    nominations: float = 20_000  # a year and million inhabitants: two in a hundred people
    ministry: float = 20_000  # nominations a year of one ministry
    office: float = 2_000  # of one office on its own (SQLite)
    steps: float = 8  # completed tasks per nomination, each nomination a case of its own
    last_quarter: float = 0.45  # share of the year in its last three months
    deadline_days: float = 0.35  # share of a month on the 16th and the 20th together
    busiest_hour: float = 0.25  # share of such a day
    rush: float = 3.0  # the worst five minutes of that hour over its mean
    looks: float = 10  # pages read per completed task
    years: float = 10  # that history is kept

    def a_year(self, place: str) -> float:
        """Return nominations a year of a place."""
        if place == OFFICE:
            return self.office
        if place == NATION:
            return sum(map(self.a_year, PROVINCES)) + MINISTRIES * self.ministry
        return PROVINCES[place] * self.nominations

    def peak(self, place: str) -> float:
        """Return completed tasks per second in the worst five minutes of the year."""
        month = self.a_year(place) * self.steps * self.last_quarter / 3
        return month * self.deadline_days / 2 * self.busiest_hour / 3600 * self.rush


@dataclass(frozen=True)
class Costs:
    """Measured milliseconds of one request at each station, and bytes of a finished case."""

    complete: float  # processor time of a web process
    look: float
    write: float  # the database's part of a completion: what is no processor time of ours
    read: float
    bytes: float
    events: float


@dataclass(frozen=True)
class Station:
    """So many equal servers with one queue, as busy as `share` of what arrives makes them."""

    name: str
    servers: int
    work: float  # milliseconds that one completed task with its looks asks of this station


@dataclass(frozen=True)
class Seen:
    """What a station saw: share of time busy, and milliseconds waited (median, 95 and 99 of 100)."""

    busy: float
    waits: tuple[float, float, float]


def serve(arrivals: Iterator[float], service: Callable[[], float], servers: int) -> tuple[list[float], float]:
    """Replay one queue before equal servers, first come first served; return waits and the share busy."""
    free = [0.0] * servers
    waits, worked, last = [], 0.0, 0.0
    for at in arrivals:
        begin = max(at, heapq.heappop(free))
        taken = service()
        heapq.heappush(free, begin + taken)
        waits.append(begin - at)
        worked, last = worked + taken, at
    return waits, worked / (servers * max(last, 1e-9))


def poisson(rate: float, seconds: float, chance: random.Random) -> Iterator[float]:
    """Return random moments of arrival, `rate` per second."""
    at = chance.expovariate(rate)
    while at < seconds:
        yield at
        at += chance.expovariate(rate)


def erlang_c(rate: float, mean: float, servers: int) -> float:
    """Return the mean wait (seconds) of M/M/c by Erlang's formula: what `serve` is tested against."""
    offered = rate * mean
    if offered >= servers:
        return math.inf
    terms = [offered**number / math.factorial(number) for number in range(servers)]
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return last / (sum(terms) + last) * mean / (servers - offered)


def watch(station: Station, rate: float, seconds: float = 300.0, seed: int = 1) -> Seen:
    """Replay five minutes of a station; service times are exponential, which is harder than measured."""
    chance = random.Random(seed)  # noqa: S311  no secret: the same seed replays the same minutes
    mean = station.work / MILLISECONDS
    waits, busy = serve(poisson(rate, seconds, chance), lambda: chance.expovariate(1 / mean), station.servers)
    median, late, latest = (quantile(waits, share) * MILLISECONDS for share in (0.5, 0.95, 0.99))
    return Seen(busy, (median, late, latest))


def stations(step: str, costs: Costs, load: Load, servers: Mapping[str, int]) -> list[Station]:
    """Return the stations of one step of growth."""
    web = Station("web processes", servers["web"], costs.complete + load.looks * costs.look)
    reads = load.looks * costs.read
    if "replica" in step:
        return [
            web,
            Station("primary: writes", servers["database"], costs.write),
            Station("replicas: reads", servers["database"] * servers["replicas"], reads),
        ]
    shards = servers.get("shards", 1)
    return [web, Station("database", servers["database"] * shards, costs.write + reads)]


STEPS: Sequence[tuple[str, str, str, Mapping[str, int]]] = (
    ("an office on SQLite", OFFICE, "sqlite", {"web": 1, "database": 1}),
    ("a province (Đà Nẵng), 1 PostgreSQL", "Đà Nẵng", "postgresql", {"web": 8, "database": 4}),
    ("the largest (TP. HCM), 1 PostgreSQL", "TP. Hồ Chí Minh", "postgresql", {"web": 16, "database": 4}),
    ("the nation, 1 PostgreSQL", NATION, "postgresql", {"web": 64, "database": 16}),
    ("the nation, 2 replicas", NATION, "postgresql", {"web": 64, "database": 16, "replicas": 2}),
    ("the nation, sharded by province", NATION, "postgresql", {"web": 64, "database": 16, "shards": 4}),
)
FULL = 0.7  # a station busier than that queues at every rush
LARGE = 200e9  # bytes (giả định): beyond, one restore takes longer than a night's break, so history is parted


def limit(found: Sequence[Station], rate: float) -> float:
    """Return by how much the load may grow until the busiest station is FULL."""
    return min(FULL * station.servers / (rate * station.work / MILLISECONDS) for station in found)


def report(costs: Mapping[str, Costs], load: Load) -> Iterator[str]:
    """Return the lines of the report."""
    whole = f"{load.a_year(NATION):,.0f}"
    yield f"nominations a year: {whole} of 34 provinces and {MINISTRIES} ministries (giả định)"
    for name, cost in costs.items():
        parts = f"complete {cost.complete:.1f} + {cost.write:.1f}, look {cost.look:.1f} + {cost.read:.1f} ms"
        yield f"{name}: {parts} (web + database), {cost.bytes:,.0f} B and {cost.events:.0f} events per case"
    heads = (
        f"{'servers':>8}{'busy':>7}{'p95':>8}{'p99 ms':>8}{'full at ×':>11}{'p95 then':>10}{'p99 then':>10}"
    )
    yield f"{'':38}{'tasks/s':>8} {'station':<18}{heads}"
    for step, place, database, servers in STEPS:
        rate = load.peak(place)
        for number, station in enumerate(stations(step, costs[database], load, servers)):
            head = f"{step:<38}{rate:>8.2f}" if not number else " " * 46
            yield f"{head} {_line(station, rate)}"
    yield from _disk(costs["postgresql"], load)


def _line(station: Station, rate: float) -> str:
    """Return what a station sees at the peak, and at the load that makes it FULL."""
    grown = limit([station], rate)
    now, then = watch(station, rate), watch(station, rate * grown)
    late = f"{now.waits[1]:>8.1f}{now.waits[2]:>8.1f}"
    later = f"{then.waits[1]:>10.1f}{then.waits[2]:>10.1f}"
    return f"{station.name:<18}{station.servers:>8}{now.busy:>7.1%}{late}{grown:>11,.1f}{later}"


def _disk(cost: Costs, load: Load) -> Iterator[str]:
    for place in ("Đà Nẵng", "TP. Hồ Chí Minh", NATION):
        cases = load.a_year(place) * load.years
        size, events = cases * cost.bytes / 1e9, cases * cost.events / 1e6
        kept = f"{cases / 1e6:,.1f} M cases, {events:,.0f} M events, {size:,.0f} GB"
        until = f"{LARGE / 1e9:.0f} GB after {_years(place, cost, load):.1f} years"
        yield f"{place}: {load.years:.0f} years = {kept}; {until}"


def _years(place: str, cost: Costs, load: Load) -> float:
    """Return after how many years a place holds LARGE bytes."""
    return LARGE / (load.a_year(place) * cost.bytes)


def read_costs(figures: Sequence[Mapping[str, object]]) -> dict[str, Costs]:
    """Return the costs by database from the JSON rows of `make bench`; StopIteration when one is missing."""
    found = {}
    for key, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        rows = [row for row in figures if name in str(row["subject"])]
        growth = [row for row in rows if str(row["subject"]).startswith("Growth")]
        inbox = [row for row in rows if str(row["subject"]).startswith("Inbox")]
        rate, work = _value(growth, "completions per second"), _value(growth, "processor time")
        look, wall = _value(inbox, "in 1 group: processor"), _value(inbox, "in 1 group: median")
        found[key] = Costs(
            complete=work,
            look=look,
            write=max(MILLISECONDS / rate - work, 0.5),
            read=max(wall - look, 0.5),
            bytes=_value(growth, "a finished case"),
            events=_value(growth, "events of such a case"),
        )
    return found


def _value(rows: Sequence[Mapping[str, object]], name: str) -> float:
    return next(float(str(row["value"])) for row in rows if str(row["name"]).startswith(name))


def main() -> None:
    """Print the report for the figures of a file, or for what is measured now."""
    if len(sys.argv) > 1:
        rows = json.loads(Path(sys.argv[1]).read_text("utf-8"))["figures"]
    else:
        from tests.bench import growth, inbox  # noqa: PLC0415  only a measuring run needs an application

        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        rows = [vars(figure) for figure in (*growth.measure(1_000), *inbox.measure(1_000))]
    for line in report(read_costs(rows), Load()):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
