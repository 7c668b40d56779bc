"""Tokens moved by people: activated, let go, moved; iterations added and removed; values set in scopes.

What is activated inside a sub-process that is not open opens it, from the outermost one inwards, without its
start event. What is let go and leaves a sub-process empty takes the sub-process along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from SpiffWorkflow.task import Task

from engine import feel
from engine.bpmn.model import GATEWAYS, Element
from engine.errors import EngineError
from engine.handlers import Json
from engine.spiff import listeners, loops, stepping
from engine.spiff.game import Game, StepFailed, is_armed
from engine.spiff.scopes import PROCESS


class NotMovable(EngineError):
    """Expected tokens that can be moved so, but {reason}."""

    vi = "Không di chuyển được: {reason_vi}. Chưa có gì thay đổi; hãy sửa yêu cầu rồi xem trước lại."
    en = "Expected tokens that can be moved so, but {reason}. Nothing was changed; preview it again."
    status = 409


@dataclass(frozen=True)
class Activate:
    """Put a token on an element; `within` names the token of one of several open sub-processes around it."""

    element: str
    variables: Mapping[str, Json] = field(default_factory=dict)
    within: int | None = None


@dataclass(frozen=True)
class Terminate:
    """Let a token go, or every token on an element."""

    element: str | None = None
    token: int | None = None


@dataclass(frozen=True)
class Move:
    """Let a token go, or every token on an element, and put one on the target for each."""

    target: str
    element: str | None = None
    token: int | None = None
    variables: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class AddIteration:
    """Add an iteration with this item to a running multi-instance; `token` names one of several loops."""

    element: str
    item: Json = None
    token: int | None = None


Instruction: TypeAlias = Activate | Terminate | Move | AddIteration


def begin_at(game: Game, elements: Sequence[str], variables: Mapping[str, Json]) -> None:
    """Begin a new instance at these elements instead of a start event; raises NotMovable."""
    for name, value in variables.items():
        game.scopes.write(PROCESS, name, value)
    listeners.open_scope(game, PROCESS, game.process.id)
    for element in elements:
        _activate(game, element, None, {})
    stepping.run(game)


def relocate(game: Game, instructions: Sequence[Instruction]) -> None:
    """Carry out all instructions, then run to the next wait states; raises NotMovable."""
    gone = [token for instruction in instructions for token in _carry_out(game, instruction)]
    for token in gone:
        _let_go(game, token)
    if all(is_armed(token) for token in game.tokens()):
        raise _refused(
            "nothing would be left of the instance; cancel it instead",
            "hồ sơ sẽ không còn bước nào; hãy hủy hồ sơ",
        )
    stepping.run(game)


def _carry_out(game: Game, instruction: Instruction) -> list[Task]:
    """Place what an instruction adds; return the tokens that go when everything has been placed."""
    match instruction:
        case Activate(element, variables, within):
            near = None if within is None else _inside_of(game, within)
            _activate(game, element, near, variables)
        case AddIteration(element, item, number):
            loops.add(_body(game, element, number), item)
        case Terminate(element, number):
            return _named(game, element, number)
        case Move():
            return _move(game, instruction)
    return []


def _move(game: Game, move: Move) -> list[Task]:
    tokens = _named(game, move.element, move.token)
    for token in tokens:
        if "body" in token.internal_data:
            element = token.task_spec.element.id
            raise _refused(
                f"token {token.id} is one iteration of '{element}'",
                f"bước số {token.id} là một lượt của “{element}”",
            )
        _activate(game, move.target, token.internal_data["scope"], move.variables)
    return tokens


def place(game: Game, element_id: str, scope: int, variables: Mapping[str, Json]) -> Task:
    """Put a token on an element in an open scope, as if it had come along a flow."""
    element = game.process.elements[element_id]
    for name, value in variables.items():
        game.scopes.write(scope, name, value)
    if element.kind == "startEvent":
        return game.place(element_id, scope, triggered=True)
    if element.kind in GATEWAYS and element.incoming:
        return game.place(element_id, scope, flow=_free_flow(game, element, scope))
    return game.place(element_id, scope)


def let_go(game: Game, token: Task) -> None:
    """Let a token go with all that hangs on it, without closing what it leaves empty."""
    group = token.internal_data.get("group")
    rivals = [] if group is None else [o for o in game.tokens() if o.internal_data.get("group") == group]
    for other in [token, *rivals]:
        game.cancel_token(other)


def find_scope(game: Game, number: int | None) -> tuple[int, str | None]:
    """Return the scope that a token's variables are set in with its element; without one the process."""
    if number is None:
        return PROCESS, None
    token = game.token(number)
    if token is None:
        raise _gone(number)
    scope: int = token.internal_data.get("local", token.internal_data["scope"])
    return scope, token.task_spec.element.id


def write(game: Game, scope: int, values: Mapping[str, Json], *, goes_on: bool) -> None:
    """Set variables in exactly one scope; what waits for a condition over them is woken when it goes on."""
    for name, value in values.items():
        game.scopes.write(scope, name, value)
    if goes_on:
        stepping.run(game)


def ask_conditions(game: Game) -> None:
    """Wake what waits for a condition that has become true while nothing could move."""
    game.seen_changes = -1
    stepping.run(game)


def set_due(game: Game, number: int | None, due: str | None) -> None:
    """Let a token that waits for a person or a time say another due moment."""
    token = None if number is None else game.token(number)
    if token is not None and "wait" in token.internal_data:
        token.internal_data["wait"]["due"] = due


def _activate(game: Game, element_id: str, near: int | None, variables: Mapping[str, Json]) -> None:
    element = game.process.elements.get(element_id)
    if element is None:
        raise _refused(f"there is no element '{element_id}'", f"không có phần tử “{element_id}”")
    if element.attached_to is not None or element.triggered_by_event or element.for_compensation:
        raise _refused(
            f"'{element_id}' begins only by its event", f"“{element_id}” chỉ bắt đầu bằng sự kiện của nó"
        )
    place(game, element_id, _open_scope(game, element.scope, near), variables)


def _open_scope(game: Game, container: str, near: int | None) -> int:
    """Return the scope inside a sub-process: the one around `near`, the only open one, or a new one."""
    if container == game.process.id:
        return PROCESS
    around = _around(game, container, near)
    if around is not None:
        return around
    opened = [
        token
        for token in game.tokens()
        if token.task_spec.element.id == container and token.internal_data.get("inner")
    ]
    if len(opened) > 1:
        numbers = ", ".join(str(token.id) for token in opened)
        raise _refused(
            f"'{container}' is open several times: say within which token ({numbers})",
            f"“{container}” đang mở nhiều lượt: hãy nêu lượt nào ({numbers})",
        )
    if opened:
        local: int = opened[0].internal_data["local"]
        return local
    return _open(game, game.process.elements[container], near)


def _around(game: Game, container: str, near: int | None) -> int | None:
    """Return the scope of the sub-process around a scope, itself included."""
    scope = near
    while scope is not None:
        owner = game.owner(scope)
        if owner is None:
            return None
        if owner.task_spec.element.id == container:
            return scope
        scope = owner.internal_data["scope"]
    return None


def _open(game: Game, element: Element, near: int | None) -> int:
    """Open a sub-process without its start: attached events, inputs and listeners as ever."""
    if element.loop is not None or element.triggered_by_event:
        raise _refused(
            f"'{element.id}' is not under way and cannot be entered in its middle",
            f"“{element.id}” chưa chạy nên không vào giữa được",
        )
    owner = game.hold(element.id, _open_scope(game, element.scope, near))
    planned = set(game.agenda)
    try:
        owner.task_spec._update(owner)
    except (feel.FeelError, StepFailed) as error:
        raise _refused(error.text("en"), error.text("vi")) from error
    local: int = owner.internal_data["local"]
    for token in [token for token in game.agenda if token not in planned and not is_armed(token)]:
        game.agenda.remove(token)
        game.remove(token)
    return local


def _free_flow(game: Game, element: Element, scope: int) -> str:
    """Return the first incoming flow of a gateway by which nothing has come yet."""
    arrived = {
        token.internal_data.get("flow") for token in game.inside(scope) if token.task_spec.element is element
    }
    return next((flow for flow in element.incoming if flow not in arrived), element.incoming[0])


def _named(game: Game, element: str | None, number: int | None) -> list[Task]:
    """Return the tokens that an instruction names; raises NotMovable when there is none to be moved."""
    if number is not None:
        return [_token(game, number)]
    found = [
        token
        for token in game.tokens()
        if token.task_spec.element.id == element and not is_armed(token) and "body" not in token.internal_data
    ]
    if not found:
        raise _refused(f"no token stands on '{element}'", f"không có bước nào đang ở “{element}”")
    for token in found:
        _ensure_free(token)
    return found


def _token(game: Game, number: int) -> Task:
    token = game.token(number)
    if token is None or token.task_spec is game.spec.start:
        raise _gone(number)
    if is_armed(token):
        raise _refused(
            f"token {number} only listens beside another one",
            f"bước số {number} chỉ chờ sự kiện bên cạnh bước khác",
        )
    _ensure_free(token)
    return token


def _ensure_free(token: Task) -> None:
    if "compensates" in token.internal_data or "plan" in token.internal_data:
        raise _refused(
            f"token {token.id} is undoing what was done", f"bước số {token.id} đang hoàn tác việc đã làm"
        )


def _inside_of(game: Game, number: int) -> int:
    token = _token(game, number)
    if not token.internal_data.get("inner"):
        raise _refused(
            f"token {number} is no open sub-process", f"bước số {number} không phải quy trình con đang mở"
        )
    local: int = token.internal_data["local"]
    return local


def _body(game: Game, element: str, number: int | None) -> Task:
    bodies = [token for token in _named(game, element, number) if "count" in token.internal_data]
    if len(bodies) != 1:
        raise _refused(
            f"'{element}' runs {len(bodies)} multi-instances", f"“{element}” đang có {len(bodies)} vòng lặp"
        )
    return bodies[0]


def _let_go(game: Game, token: Task) -> None:
    if token.id not in game.tasks:
        return
    scope = token.internal_data["scope"]
    if "body" in token.internal_data:
        loops.drop(token)
        return
    let_go(game, token)
    owner = game.owner(scope)
    if owner is None or owner.internal_data.get("remaining"):
        return
    if all(is_armed(other) for other in game.inside(scope)):
        _let_go(game, owner)


def _gone(number: int) -> NotMovable:
    return _refused(f"there is no token {number} any more", f"không còn bước số {number}")


def _refused(reason: str, reason_vi: str) -> NotMovable:
    return NotMovable(reason=reason, reason_vi=reason_vi)
