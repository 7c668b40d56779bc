"""Transactions: cancelled as a whole, what completed undone before the cancel event goes on."""

from __future__ import annotations

from engine.handlers import Json
from tests.builders import B, ProcessBuilder, a_process, each
from tests.playing import Handlers, Play


def booking(*children: object) -> ProcessBuilder:
    """Return a transaction: book, pay, then cancelled by choice; cancelled it continues with `sorry`."""
    process = a_process().start().open_sub_process("deal", *children, kind="transaction").start("deal_start")
    process.user_task("book").compensation("book", "unbook").user_task("pay").compensation("pay", "refund")
    process.gateway("fine").when("=cancel").end("cancelled", B.cancelEventDefinition())
    process.default("fine", "deal_end").at(None).end("deal_end").close_sub_process().user_task("next").end()
    process.boundary("on_cancel", "deal", B.cancelEventDefinition()).user_task("sorry").end("end_cancel")
    return process


def logging(log: list[Json], *names: str) -> Handlers:
    """Return handlers that write down that they ran."""
    return {name: lambda _, name=name: (log.append(name), {})[1] for name in names}  # type: ignore[misc]


def test_a_transaction_that_is_not_cancelled_is_a_sub_process() -> None:
    play = Play(booking(), {"cancel": False})

    play.go_on("book")
    play.go_on("pay")

    assert play.waiting == [("task", "next")]


def test_a_cancel_end_undoes_what_completed_then_leaves_by_the_cancel_event() -> None:
    log: list[Json] = []
    play = Play(booking(), {"cancel": True}, logging(log, "unbook", "refund"))

    play.go_on("book")
    play.go_on("pay")

    assert log == ["refund", "unbook"]
    assert play.waiting == [("task", "sorry")]


def test_the_cancel_event_waits_for_handlers_across_saved_states() -> None:
    play = Play(booking(), {"cancel": True})

    for element in ("book", "pay", "refund", "unbook"):
        assert [waiting for _, waiting in play.waiting] == [element]
        play.go_on(element)

    assert play.waiting == [("task", "sorry")]
    play.go_on("sorry")
    assert play.status == "completed"


def test_a_cancel_ends_everything_else_in_the_transaction() -> None:
    process = a_process().start().open_sub_process("deal", kind="transaction").start("deal_start")
    process.gateway("split", "parallel").user_task("a").end("cancelled", B.cancelEventDefinition())
    process.at("split").open_sub_process("nested").start("nested_start").user_task("done")
    process.compensation("done", "undo").user_task("open").end("nested_end").close_sub_process()
    process.end("deal_end").close_sub_process().end()
    process.boundary("on_cancel", "deal", B.cancelEventDefinition()).end("end_cancel")
    play = Play(process)
    play.go_on("done")

    play.go_on("a")
    # what completed inside a sub-process that was still running is undone, too
    assert play.waiting == [("job", "undo")]
    play.go_on("undo")

    assert play.status == "completed"
    assert play.elements[-2:] == ["on_cancel", "end_cancel"]
    assert "open" not in play.elements


def test_a_cancel_takes_over_what_a_compensation_under_way_had_still_to_undo() -> None:
    process = a_process().start().open_sub_process("deal", kind="transaction").start("deal_start")
    process.user_task("a").compensation("a", "undo_a").user_task("b").compensation("b", "undo_b")
    process.gateway("split", "parallel").throw("back", B.compensateEventDefinition()).end("deal_end")
    process.at("split").user_task("c").end("cancelled", B.cancelEventDefinition()).close_sub_process()
    process.end().boundary("on_cancel", "deal", B.cancelEventDefinition()).end("end_cancel")
    play = Play(process)
    for element in ("a", "b", "c"):
        play.go_on(element)

    assert play.waiting == [("job", "undo_a")]
    play.go_on("undo_a")

    assert play.elements[-2:] == ["on_cancel", "end_cancel"]


def test_an_error_leaves_a_transaction_without_undoing() -> None:
    log: list[Json] = []
    process = a_process().start().open_sub_process("deal", kind="transaction").start("deal_start")
    process.user_task("book").compensation("book", "unbook")
    process.end("failed", B.errorEventDefinition()).close_sub_process().end()
    process.boundary("on_error", "deal", B.errorEventDefinition()).user_task("repair").end("end_error")
    play = Play(process, {}, logging(log, "unbook"))

    play.go_on("book")

    assert log == []
    assert play.waiting == [("task", "repair")]


def test_a_completed_transaction_can_be_undone_as_any_sub_process() -> None:
    log: list[Json] = []
    process = a_process().start().open_sub_process("deal", kind="transaction").start("deal_start")
    process.user_task("book").compensation("book", "unbook").end("deal_end").close_sub_process()
    process.throw("back", B.compensateEventDefinition()).end()
    play = Play(process, {}, logging(log, "unbook"))

    play.go_on("book")

    assert log == ["unbook"]
    assert play.status == "completed"


def test_a_cancel_in_one_instance_takes_a_whole_multi_instance_transaction_back() -> None:
    process = booking(each("=[1,2,3]", "n"))
    play = Play(process, {"cancel": False})
    play.go_on("book", 0)
    play.go_on("pay")
    play.go_on("book", 0)
    play.go_on("book", 0)

    play.go_on("pay", 1, cancel=True)

    for undone in ("refund", "unbook", "unbook", "refund", "unbook"):
        assert [element for _, element in play.waiting] == [undone]
        play.go_on(undone)
    assert play.waiting == [("task", "sorry")]
