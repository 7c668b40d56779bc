"""What a call activity gives and takes, which version it asks for, and where mappings write."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from engine.spiff.game import Call
from tests.builders import Z, a_process, mappings
from tests.playing import Play


class Asking(Play):
    """A play that remembers what its call activities asked for."""

    def _save(self, game: Any) -> None:
        self.calls: list[Call] = [*getattr(self, "calls", []), *game.calls]
        super()._save(game)


def calling(*children: etree._Element, **called: str) -> Asking:
    """Start a process that calls `child` with two variables in sight."""
    process = a_process().start().add("callActivity", "call", Z.calledElement(processId="child", **called))
    for child in children:
        process.find("call").find("{*}extensionElements").append(child)
    return Asking(process.user_task("after").end(), {"a": 1, "b": {"c": 2}})


@pytest.mark.parametrize(
    ("attributes", "mapped", "expected"),
    [
        ({}, False, {"a": 1, "b": {"c": 2}}),
        ({}, True, {"x": 2}),
        ({"propagateAllParentVariables": "true"}, True, {"a": 1, "b": {"c": 2}, "x": 2}),
        ({"propagateAllParentVariables": "false"}, True, {"x": 2}),
        ({"propagateAllParentVariables": "false"}, False, {}),
    ],
)
def test_a_child_begins_with_what_the_call_says(
    attributes: dict[str, str], mapped: bool, expected: dict[str, Any]
) -> None:
    io = [mappings(("input", "=b.c", "x"))] if mapped else []

    play = calling(*io, **attributes)

    assert dict(play.calls[0].variables) == expected


@pytest.mark.parametrize(
    ("attributes", "version", "asked"),
    [
        ({}, None, ("latest", "")),
        ({"bindingType": "deployment"}, None, ("deployment", "")),
        ({"bindingType": "versionTag", "versionTag": '="t" + string(a)'}, None, ("versionTag", "t1")),
        ({}, "3", ("version", "3")),
        ({}, "=a + 1", ("version", "2")),
    ],
)
def test_a_call_asks_for_the_version_that_it_is_bound_to(
    attributes: dict[str, str], version: str | None, asked: tuple[str, str]
) -> None:
    pinned = [Z.properties(Z.property(name="bv:calledVersion", value=version))] if version else []

    play = calling(*pinned, **attributes)

    assert (play.calls[0].binding, play.calls[0].version) == asked


def test_what_a_child_ends_with_comes_back_as_the_call_says() -> None:
    everything = calling()
    nothing = calling(propagateAllChildVariables="false")
    mapped = calling(mappings(("output", "=answer", "b.heard")))

    for play in (everything, nothing, mapped):
        play.go_on("call", answer="yes", other=1)

    assert everything.variables == {"a": 1, "b": {"c": 2}, "answer": "yes", "other": 1}
    assert nothing.variables == {"a": 1, "b": {"c": 2}}
    assert mapped.variables == {"a": 1, "b": {"c": 2, "heard": "yes"}}


def test_mappings_to_paths_build_contexts_and_keep_what_else_is_in_them() -> None:
    io = mappings(
        ("input", "=1", "form.first"),
        ("input", "=form.first + 1", "form.more.second"),
        ("output", "=form", "dossier.form"),
        ("output", "=3", "dossier.form.third"),
        ("output", "=4", "plain.value"),
    )
    play = Play(a_process().start().user_task("a", io).end(), {"dossier": {"id": 7}, "plain": "text"})

    play.go_on("a")

    form = {"first": 1, "more": {"second": 2}, "third": 3}
    assert play.variables == {"dossier": {"id": 7, "form": form}, "plain": {"value": 4}}


def test_a_manual_task_passes() -> None:
    play = Play(a_process().start().add("manualTask", "sign").end())

    assert play.elements == ["start", "sign", "end"]
