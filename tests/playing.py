"""Play one process in memory, saving and loading its state between steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from engine.bpmn.model import Element
from engine.bpmn.reading import read
from engine.errors import NotFound
from engine.handlers import Json
from engine.spiff import state, stepping
from engine.spiff.compiling import Compiled, compile_process
from engine.spiff.game import Decided, Game
from tests.builders import ProcessBuilder

Handlers = Mapping[str, Callable[[Mapping[str, Json]], Mapping[str, Json] | None]]
NOW = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)


class Play:
    """A started process; every step loads the saved state and saves it again."""

    def __init__(
        self,
        builder: ProcessBuilder,
        variables: Mapping[str, Json] | None = None,
        handlers: Handlers | None = None,
        now: datetime = NOW,
        compiled: Compiled | None = None,
    ) -> None:
        self.compiled = compiled or compile_anew(builder)
        self.handlers = handlers or {}
        self.now = now
        self.elements: list[str] = []
        self.thrown: list[tuple[str, str, dict[str, Json]]] = []
        self.signals: list[tuple[str, dict[str, Json]]] = []
        self.facts: list[tuple[str, str]] = []
        game = state.new(self.compiled, self)
        starts = self.compiled.process.start_events(builder.id)
        stepping.begin(game, starts[0].id if starts else "", variables or {})
        self._save(game)

    def call(self, element: Element, variables: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Call a handler of the test."""
        handler = self.handlers.get(element.details.job_type or "")
        return None if handler is None else handler(variables)

    def decide(self, element: Element, decision: str, variables: Mapping[str, Json]) -> Decided:
        """Know no decision."""
        raise NotFound(kind="decision", key=decision)

    def due_after(self, working_days: int, _calendar: str, start: datetime | None) -> datetime:
        """Count every day as worked."""
        return (start or self.now) + timedelta(days=working_days)

    def _save(self, game: Game) -> None:
        self.text, self.status = state.dump(game), game.status
        self.elements += [fact.element for fact in game.facts if fact.kind == "element.completed"]
        self.thrown += [(t.name, t.correlation_key, dict(t.variables)) for t in game.thrown]
        self.signals += [(signal.name, dict(signal.variables)) for signal in game.signals]
        self.facts += [(fact.kind, fact.element) for fact in game.facts]
        assert state.dump(self.load()) == self.text, "saving and loading changes nothing"

    def load(self) -> Game:
        """Return the game of the saved state."""
        return state.load(self.compiled, self.text, self.status, self)

    @property
    def waiting(self) -> list[tuple[str, str]]:
        """Return kind and element of everything that waits."""
        return sorted((wait.kind, wait.element) for wait in state.waits(self.load()).values())

    @property
    def variables(self) -> dict[str, Any]:
        """Return the process variables."""
        return state.variables(self.text)

    def details(self, element: str) -> list[dict[str, Any]]:
        """Return what the waits on an element hold."""
        return [wait.details for wait in state.waits(self.load()).values() if wait.element == element]

    def go_on(self, element: str, index: int = 0, **values: Json) -> None:
        """Finish what waits on an element: a task done, a message received, a timer due, a job completed."""
        game = self.load()
        numbers = [wait.token for wait in state.waits(game).values() if wait.element == element]
        token = game.token(numbers[index])
        assert token is not None
        stepping.finish(game, token, values)
        self._save(game)

    def act(self, change: Callable[[Game], None]) -> None:
        """Load, do something to the game, save."""
        game = self.load()
        change(game)
        self._save(game)

    def hear(self, name: str, **values: Json) -> None:
        """Hear a signal that somebody else threw."""
        self.act(lambda game: stepping.hear(game, name, values))

    def assign(self, **values: Json) -> None:
        """Change process variables from outside."""

        def change(game: Game) -> None:
            game.scopes.assign(0, values)
            stepping.run(game)

        self.act(change)

    def retry(self, element: str) -> None:
        """Try an incident again."""
        game = self.load()
        numbers = [
            w.token for w in state.waits(game).values() if w.element == element and w.kind == "incident"
        ]
        token = game.token(numbers[0])
        assert token is not None
        stepping.retry(game, token)
        self._save(game)


def compile_anew(builder: ProcessBuilder) -> Compiled:
    """Return a process as another operating system process would: read and compiled from its file."""
    diagram = read(etree.fromstring(builder.xml()))
    return compile_process(diagram.processes[builder.id])
