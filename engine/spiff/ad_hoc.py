"""Ad-hoc sub-processes: their activities start without flows, and a condition may end them early."""

from __future__ import annotations

from SpiffWorkflow.task import Task

from engine import feel
from engine.bpmn.model import AdHoc, Element, Process
from engine.handlers import Json
from engine.spiff.game import Game, StepFailed


def entries(token: Task, element: Element) -> list[str]:
    """Return what starts now: everything, or the first of it with the others to follow one by one."""
    wanted = _wanted(token, element)
    if not _rules(element).sequential:
        return wanted
    token.internal_data["remaining"] = wanted[1:]
    return wanted[:1]


def _rules(element: Element) -> AdHoc:
    return element.ad_hoc or AdHoc()


def _wanted(token: Task, element: Element) -> list[str]:
    """Return the ids of what starts, evaluated before anything does."""
    game: Game = token.workflow
    collection = _rules(element).active_elements
    inside = {inner.id for inner in game.process.inside(element.id) if not inner.triggered_by_event}
    if collection is None:
        return [inner.id for inner in game.process.implicit_starts(element.id)]
    named: Json = game.evaluate(collection, game.variables(token))
    if not isinstance(named, list) or any(one not in inside for one in named):
        raise StepFailed(
            element=element.id,
            reason="the elements to start are not a list of ids from inside it",
            reason_vi="danh sách cần bắt đầu không phải là danh sách mã của các bước bên trong",
        )
    return [str(one) for one in named]


def start_next(token: Task) -> bool:
    """Start what comes next in an ad-hoc sub-process in which nothing is left; False when nothing comes."""
    remaining: list[str] = token.internal_data.get("remaining", [])
    if not remaining:
        return False
    token.workflow.place(remaining.pop(0), token.internal_data["local"])
    return True


def container(process: Process, element: Element) -> Element | None:
    """Return the ad-hoc sub-process around an element when a completed step of it may end that."""
    around = process.elements.get(element.scope)
    ends = around is not None and around.ad_hoc is not None and around.ad_hoc.completion_condition
    return around if ends else None


def ends(token: Task, around: Element) -> bool:
    """Tell whether an ad-hoc sub-process is over with a step that completes now, seen from its own scope."""
    game: Game = token.workflow
    view = game.scopes.view(token.internal_data["scope"])
    return feel.condition(_rules(around).completion_condition or "", view, game.host.now)


def finish(game: Game, scope: int, around: Element) -> None:
    """End an ad-hoc sub-process: what still runs is cancelled, or completes while nothing new starts."""
    owner = game.owner(scope)
    if owner is None:
        return
    owner.internal_data["remaining"] = []
    if _rules(around).cancels_remaining:
        for other in game.inside(scope):
            game.cancel_token(other)
