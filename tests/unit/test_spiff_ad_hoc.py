"""Ad-hoc sub-processes: activities start without flows, at once or one by one, until a condition is true."""

from __future__ import annotations

from lxml import etree

from tests.builders import B, ProcessBuilder, Z, a_process
from tests.playing import Play


def ad_hoc(*children: etree._Element, condition: str | None = None, **attributes: str) -> ProcessBuilder:
    """Return three user tasks in an ad-hoc sub-process with a task behind it."""
    process = a_process().start().open_sub_process("box", *children, kind="adHocSubProcess", **attributes)
    for task in "abc":
        process.at(None).user_task(task)
    if condition is not None:
        process.container.append(B.completionCondition(condition))
    return process.close_sub_process().user_task("after").end()


def test_everything_starts_at_once_and_all_of_it_must_end() -> None:
    play = Play(ad_hoc())

    assert play.waiting == [("task", "a"), ("task", "b"), ("task", "c")]
    for task in "bca":
        play.go_on(task)

    assert play.waiting == [("task", "after")]
    assert play.elements == ["start", "b", "c", "a", "box"]


def test_a_sequential_one_runs_one_after_the_other_in_the_order_of_the_file() -> None:
    play = Play(ad_hoc(ordering="Sequential"))

    for task in "abc":
        assert play.waiting == [("task", task)]
        play.go_on(task)

    assert play.waiting == [("task", "after")]


def test_a_collection_names_what_starts_and_in_which_order() -> None:
    named = Z.adHoc(activeElementsCollection="=chosen")
    play = Play(ad_hoc(named, ordering="Sequential"), {"chosen": ["c", "a"]})

    assert play.waiting == [("task", "c")]
    play.go_on("c")
    play.go_on("a")

    assert play.waiting == [("task", "after")]


def test_an_unknown_name_is_an_incident_and_nothing_has_started() -> None:
    named = Z.adHoc(activeElementsCollection="=chosen")

    play = Play(ad_hoc(named), {"chosen": ["a", "nothing"]})

    assert play.waiting == [("incident", "box")]


def test_the_completion_condition_ends_it_and_cancels_what_is_left() -> None:
    play = Play(ad_hoc(condition="=enough"), {"enough": False})

    play.go_on("a")
    assert play.waiting == [("task", "b"), ("task", "c")]
    play.go_on("b", enough=True)

    assert play.waiting == [("task", "after")]
    assert "c" not in play.elements


def test_what_is_left_may_complete_when_it_is_not_to_be_cancelled() -> None:
    process = ad_hoc(condition="=enough", cancelRemainingInstances="false", ordering="Parallel")
    play = Play(process, {"enough": False})

    play.go_on("a", enough=True)
    assert play.waiting == [("task", "b"), ("task", "c")]
    play.go_on("c")
    play.go_on("b")

    assert play.waiting == [("task", "after")]


def test_a_sequential_one_starts_nothing_new_when_it_is_over() -> None:
    play = Play(ad_hoc(condition="=enough", ordering="Sequential"), {"enough": False})

    play.go_on("a")
    play.go_on("b", enough=True)

    assert play.waiting == [("task", "after")]


def test_a_condition_that_fails_is_an_incident_of_the_step_before_it_leaves() -> None:
    play = Play(ad_hoc(condition="=enough"))

    play.go_on("a")
    assert ("incident", "a") in play.waiting
    game = play.load()
    game.scopes.write(0, "enough", True)
    play._save(game)
    play.retry("a")

    assert play.waiting == [("task", "after")]


def test_flows_inside_are_followed() -> None:
    process = (
        a_process().start().open_sub_process("box", kind="adHocSubProcess").user_task("a").user_task("b")
    )
    process.at(None).user_task("c").close_sub_process().end()
    play = Play(process)

    assert play.waiting == [("task", "a"), ("task", "c")]
    play.go_on("a")
    assert play.waiting == [("task", "b"), ("task", "c")]
    play.go_on("b")
    play.go_on("c")

    assert play.status == "completed"
