"""Fourteen hazards of the library under the engine: each shown on the library alone, then right here.

The first half of a test is the evidence: the library really does that. When a new release of it no longer
does, the test fails, and somebody may think again about what stands in `engine/spiff`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, tasks
from engine.actors import Actor
from engine.errors import EngineError
from engine.handlers import Json, Registration, ServiceCall
from engine.spiff import state, stepping
from engine.tables import ProcessInstance, UserTask
from tests.builders import ProcessBuilder, Z, a_process, mappings
from tests.conformance import plain
from tests.conformance.plain import Plain
from tests.playing import NOW, Play

NORA = Actor("nora", frozenset({"staff"}))
FIXTURES = Path(__file__).parents[1] / "fixtures"
FIRST_OF_JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def two_branches(kind: str = "parallel") -> ProcessBuilder:
    process = a_process("branches").start().user_task("init").gateway("split", kind)
    process.user_task("a").gateway("join", kind).at("split").user_task("b").flow("b", "join")
    return process.at("join").user_task("after").end()


def at_branches(variables: Mapping[str, Any]) -> tuple[Plain, Play]:
    """Return both with the branches open, the variables set before the split."""
    library, ours = Plain(two_branches()), Play(two_branches())
    library.complete("init", **variables)
    ours.go_on("init", **variables)
    return library, ours


def test_01_a_state_may_be_stored_with_its_keys_in_another_order() -> None:
    library, ours = at_branches({"dossier": {"name": "An"}})

    body = json.loads(plain.save(library.workflow))
    body["tasks"] = dict(reversed(body["tasks"].items()))  # as a store may give them back
    loaded = plain.load(json.dumps(body))

    assert all(task.data == {} for task in loaded.get_tasks(state=TaskState.READY))  # empty, no exception

    before = ours.waiting
    ours.text = json.dumps(json.loads(ours.text), sort_keys=True)

    assert ours.waiting == before
    assert ours.variables == {"dossier": {"name": "An"}}


def test_02_nested_values_are_not_shared_between_branches_and_the_past(session: Session) -> None:
    library, _ = at_branches({"dossier": {"item": {"rank": 1}}})

    library.task("a").data["dossier"]["item"]["rank"] = 99

    (past,) = [task for task in library.workflow.tasks.values() if task.task_spec.name == "init"]
    assert library.task("b").data["dossier"]["item"]["rank"] == 99
    assert past.data["dossier"]["item"]["rank"] == 99  # history is falsified

    def spoil(_session: Session, call: ServiceCall) -> Mapping[str, Json]:
        call.variables["dossier"]["item"]["rank"] = 99  # type: ignore[index,call-overload]
        return {"done": True}

    session.info["handlers"] = {"spoil": Registration(spoil)}
    process = a_process("shared").start().user_task("init").gateway("split", "parallel")
    process.service_task("a", "spoil").end("a_end").at("split").user_task("b").end("b_end")
    deployments.deploy(session, [process.file()], NORA)
    instance = instances.start(session, "shared", {}, NORA)
    complete(session, instance, "init", {"dossier": {"item": {"rank": 1}}})

    game = instances.load(session, instance, NORA)
    (waiting,) = [token for token in game.tokens() if token.task_spec.element.id == "b"]
    assert game.variables(waiting)["dossier"] == {"item": {"rank": 1}}
    changes = [
        change
        for event in history.of_instance(session, instance.id)
        if event.kind == "variables.changed"
        for change in event.data["changes"]
    ]
    assert [change["after"] for change in changes if change["name"] == "dossier"] == [{"item": {"rank": 1}}]


def test_03_a_join_loses_no_update_and_merges_no_lists() -> None:
    library, ours = at_branches({"status": "waiting"})

    library.complete("a", status="a has approved")
    library.complete("b")

    assert library.task("after").data["status"] == "waiting"  # only a changed it: lost

    ours.go_on("a", status="a has approved")
    ours.go_on("b")

    assert ours.variables["status"] == "a has approved"

    library, ours = at_branches({})
    votes = {"a": ["yes", "yes", "no"], "b": ["yes", "no", "yes", "yes"]}
    for branch, given in votes.items():
        library.task(branch).data["votes"] = given
    for branch, given in votes.items():
        library.complete(branch)
        ours.go_on(branch, votes=given)

    assert library.task("after").data["votes"] == ["yes", "no", "yes"]  # neither the one nor the other
    assert ours.variables["votes"] == votes["b"]


def test_04_an_inclusive_join_in_a_loop_waits_in_every_round() -> None:
    def loop() -> ProcessBuilder:
        process = a_process("rounds").start().gateway("in").user_task("init").gateway("split", "inclusive")
        process.when("=x").user_task("a").gateway("join", "inclusive")
        process.at("split").when("=y").user_task("b").flow("b", "join")
        process.at("join").user_task("after").gateway("again").when("=more").flow("again", "in", "=more")
        return process.at(None).end().default("again", "end")

    variables = {"x": True, "y": True, "more": True}
    library, ours = Plain(loop(), variables), Play(loop(), variables)
    for _ in range(2):
        library.complete("init")
        library.complete("a")
        early = library.names()
        if "b" in early:
            library.complete("b")
        library.complete("after")
        ours.go_on("init")
        ours.go_on("a")
        waited = ours.waiting
        ours.go_on("b")
        ours.go_on("after")

    assert early == ["after", "b"]  # in the second round it fires after one branch
    assert waited == [("task", "b")]


def test_05_a_thousand_rounds_are_as_good_as_one() -> None:
    def loop() -> ProcessBuilder:
        process = a_process("long").start().script("count", "=n + 1", "n").gateway("enough")
        return process.when("=n = 520").user_task("rest").end().default("enough", "count")

    library = Plain(loop(), {"n": 0})
    for _ in range(10):
        library.settle()

    ready = [task for task in library.workflow.tasks.values() if task.state == TaskState.READY]
    assert ready  # there is something to do
    assert library.workflow.get_tasks(state=TaskState.READY) == []  # but it is not found
    assert library.completed  # and the library believes that all is done

    ours = Play(loop(), {"n": 0})

    assert ours.waiting == [("task", "rest")]
    assert ours.variables == {"n": 520}


def test_05b_the_state_of_a_thousand_return_rounds_is_as_small_as_that_of_one() -> None:
    def loop() -> ProcessBuilder:
        process = a_process("returns").start().gateway("in").user_task("prepare").user_task("review")
        return (
            process.gateway("sent_back")
            .when("=back")
            .flow("sent_back", "in", "=back")
            .at(None)
            .end()
            .default("sent_back", "end")
        )

    library, ours = Plain(loop()), Play(loop())
    for _ in range(30):
        library.complete("prepare")
        library.complete("review", back=True)
    sizes = []
    for _ in range(1000):
        ours.go_on("prepare")
        ours.go_on("review", back=True)
        sizes.append(len(ours.text))

    assert len(plain.save(library.workflow)) > 3 * len(plain.save(Plain(loop()).workflow))
    assert sizes[-1] < sizes[0] + 20  # the numbers of its tokens have more digits


def test_06_two_timers_behind_an_event_gateway_have_two_due_times() -> None:
    def gateway() -> ProcessBuilder:
        process = a_process("two_timers").start().gateway("which", "eventBased")
        process.catch("slow", process.timer("timeDuration", "P5D")).end("slow_end").at("which")
        return process.catch("fast", process.timer("timeDuration", "PT1H")).user_task("after").end()

    with time_machine.travel(FIRST_OF_JANUARY, tick=False) as traveller:
        library = Plain(gateway())
        traveller.shift(timedelta(hours=2))
        library.settle()
        assert library.names() == []  # an hour late, and nothing has happened

    ours = Play(gateway())
    due = {name: ours.details(name)[0]["due"] for name in ("slow", "fast")}

    assert due == {
        "slow": (NOW + timedelta(days=5)).isoformat(),
        "fast": (NOW + timedelta(hours=1)).isoformat(),
    }
    ours.go_on("fast")
    assert ours.waiting == [("task", "after")]


def test_10_states_are_written_by_many_threads_at_once() -> None:
    class Slow:
        """A value whose conversion takes as long as another thread needs for its own."""

    library, other = Plain(two_branches()), Plain(two_branches())
    serializer = BpmnWorkflowSerializer()
    beside: list[Any] = []

    def convert(_value: Slow) -> dict[str, Any]:
        thread = threading.Thread(target=lambda: beside.append(serializer.to_dict(other.workflow)))
        thread.start()
        thread.join()
        return {"slow": True}

    serializer.registry.register(Slow, convert, lambda _: Slow())
    other.task("init").data["at"] = {"nested": FIRST_OF_JANUARY}
    library.task("init").data["slow"] = Slow()
    serializer.serialize_json(library.workflow)

    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(beside[0])

    ours = Play(two_branches())
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.extend(state.dump(ours.load()) for _ in range(50)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(texts) == 400
    assert set(texts) == {ours.text}


def test_11_what_happens_in_one_instance_changes_nothing_for_the_next() -> None:
    def with_event_sub_process() -> ProcessBuilder:
        process = a_process("poisoned").start().user_task("work").end()
        process.open_event_sub_process("es", process.message("news", '="K"'), interrupting=False)
        return process.script("note", "=1", "noted").end("es_end").close_sub_process()

    specs = plain.parse(with_event_sub_process())
    first = Plain.__new__(Plain)
    first.workflow = plain.start(specs)
    first.send_message("news")
    second = Plain.__new__(Plain)
    second.workflow = plain.start(specs)
    second.complete("work")
    assert not second.completed  # the second instance has been infected by the first one

    ours = Play(with_event_sub_process())
    ours.go_on("es_start")
    assert ours.elements.count("note") == 1
    game = state.new(ours.compiled, ours)  # the same specs, as all instances of a version share them
    stepping.begin(game, "start", {})
    assert "note" not in {fact.element for fact in game.facts}
    (token,) = [token for token in game.tokens() if token.task_spec.element.id == "work"]
    stepping.finish(game, token, {})
    assert game.status == "completed"


@pytest.mark.parametrize(
    "value", [{"typename": "x"}, {"typename": "Task"}, {"typename": "UUID", "value": "1"}]
)
def test_12_no_key_of_a_form_can_break_a_state(value: dict[str, str]) -> None:
    library, ours = at_branches({"form": value})

    with pytest.raises((TypeError, ValueError, KeyError, AttributeError)):
        plain.load(plain.save(library.workflow))

    assert ours.load().scopes.view(0)["form"] == value


def test_12b_true_is_not_one() -> None:
    library, ours = at_branches({"x": 1})
    library.task("a").data["x"] = True
    ours.go_on("a", x=True)

    (loaded,) = [
        task
        for task in plain.load(plain.save(library.workflow)).get_tasks(state=TaskState.READY)
        if task.task_spec.name == "a"
    ]
    assert loaded.data["x"] is not True

    assert ours.variables["x"] is True


def test_13_an_old_state_goes_on_and_an_unknown_one_is_refused() -> None:
    old = (FIXTURES / "plain_3_0_0_subprocess.json").read_text(encoding="utf-8")
    with pytest.raises(NameError):
        plain.load(old)  # saved inside a sub-process by the library's release 3.0.0
    future = json.loads(plain.save(Plain(two_branches()).workflow)) | {"serializer_version": "99.0"}
    assert isinstance(plain.load(json.dumps(future)), BpmnWorkflow)  # taken for its own, whatever it means

    # the states of our own old releases: tests/integration/test_release_1.py
    ours = Play(two_branches())
    ours.text = json.dumps(json.loads(ours.text) | {"format": 99})
    with pytest.raises(EngineError, match="99"):
        ours.load()


def test_14_the_same_steps_lead_to_the_same_state() -> None:
    library = [Plain(two_branches()), Plain(two_branches())]
    assert not set(library[0].workflow.tasks) & set(library[1].workflow.tasks)  # random ids

    ours = [Play(two_branches()), Play(two_branches())]
    for play in ours:
        play.go_on("init", x=1)
        play.go_on("a")

    assert ours[0].text == ours[1].text


def test_14b_a_called_process_gives_back_what_is_asked_for(session: Session) -> None:
    def calling() -> ProcessBuilder:
        process = a_process("calling").start()
        wanted = mappings(("output", "=result", "heard"))
        return (
            process.add("callActivity", "ask", Z.calledElement(processId="called"), wanted)
            .user_task("u")
            .end()
        )

    called = a_process("called").start().script("one", "=1", "own").script("two", "=2", "result").end()
    library = Plain(calling(), {}, called)
    assert library.task("u").data == {"own": 1, "result": 2}  # everything comes back

    deployments.deploy(session, [calling().file(), called.file()], NORA)
    instance = instances.start(session, "calling", {}, NORA)

    assert state.variables(instance.state) == {"heard": 2}


def complete(session: Session, instance: ProcessInstance, element: str, values: Mapping[str, Json]) -> None:
    query = select(UserTask.id).where(UserTask.instance_id == instance.id, UserTask.element == element)
    tasks.complete(session, session.scalars(query.where(UserTask.status == "open")).one(), values, NORA)
