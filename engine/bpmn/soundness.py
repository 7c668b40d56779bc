"""Look for paths that never start, never end, wait forever or run twice.

Deadlocks are found by playing the token game of one scope at a time over a bounded number of markings; the
rest is read from the graph. A scope is the process or one sub-process; its boundary events belong to it. An
event sub-process is a scope of its own, beside the flow of the one around it; so is what compensates.
Signals, messages, conditions and timers are choices of time: an event may happen now or never. A marking is
a set, so quantities of tokens are not counted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from engine.bpmn import circles, soundness_net
from engine.bpmn.findings import Finding, make
from engine.bpmn.model import ACTIVITIES, SUB_PROCESSES, Element, Process
from engine.bpmn.soundness_net import START, Marking, Net

MAX_MARKINGS = 2_000
MAX_TOKENS = 100_000  # in all markings together
MAX_SPLITS = 50
MAX_EXACT = 300  # elements of a scope up to which inclusive joins are judged exactly
MAX_STEPS = 200_000  # flows walked over while looking for branches that meet
_LATE = frozenset({"inclusiveGateway", "complexGateway"})  # they join what still comes
_JOINING = _LATE | {"parallelGateway"}
_WAITING = frozenset(
    {"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway", "callActivity"} | SUB_PROCESSES
)
_FINAL = frozenset({"terminate", "error", "cancel"})


def check(process: Process) -> Iterator[Finding]:
    """Yield the findings of every scope of the process."""
    scopes = [process.id]
    scopes += [element.id for element in process.elements.values() if element.kind in SUB_PROCESSES]
    for scope in scopes:
        container = process.elements.get(scope)
        net = soundness_net.build(process, scope)
        starts = [e for e in process.inside(scope) if e.kind == "startEvent" or e.instantiates]
        implicit = process.implicit_starts(scope) if not starts else []
        yield from _check_loops(net)
        yield from _check_double_runs(net)
        # of several start events one begins the scope, what needs none begins with it together
        yield from _check_deadlocks(net, [[start.id] for start in starts] or [[one.id for one in implicit]])
        if starts and not (container is not None and container.kind == "adHocSubProcess"):
            yield from _check_reachable(net, [start.id for start in starts])


def _check_reachable(net: Net, starts: list[str]) -> Iterator[Finding]:
    """BPMN would start an element without incoming flow together with the process; we refuse it."""
    reached = net.reach([*starts, *(one.id for one in net.elements.values() if _is_aside(one))])
    # a boundary event on a missing host has its own finding
    cut_off = [
        element
        for element in net.elements.values()
        if element.id not in reached
        and not (element.kind == "boundaryEvent" and element.attached_to not in net.elements)
    ]
    # elements nothing leads to come first: connecting one of them brings back all that lies behind it
    for element in sorted(cut_off, key=lambda one: bool(one.incoming or one.attached_to)):
        if element.id not in reached:
            yield make("unreachable", element.id, element.line)
            net.reach([element.id], seen=reached)


def _is_aside(element: Element) -> bool:
    """Say whether an element runs without a flow leading to it: on an event, or to compensate."""
    return element.triggered_by_event or element.for_compensation or element.event_kind == "compensate"


def _check_loops(net: Net) -> Iterator[Finding]:
    """Yield a finding for circles in which nothing ever waits, worse when nothing leads out."""
    for circle in _circles(net):
        members = [net.elements[identity] for identity in circle]
        leaves = any(
            not member.outgoing or any(step not in circle for step in net.following(member))
            for member in members
        )
        first = members[0]
        rule = "busy-loop" if leaves else "endless-loop"
        yield make(rule, first.id, first.line, ids=", ".join(circle))


def _circles(net: Net) -> list[list[str]]:
    """Return the groups of elements that reach each other without a wait, in the order of the file."""
    moving = {identity: e for identity, e in net.elements.items() if e.kind not in _WAITING}
    return circles.find({identity: list(net.following(element)) for identity, element in moving.items()})


def _check_double_runs(net: Net) -> Iterator[Finding]:
    """Yield a warning where branches that run together meet without being joined."""
    joins = frozenset(e.id for e in net.elements.values() if e.kind in _JOINING and len(e.incoming) > 1)
    splits = [element for element in net.elements.values() if _splits(element)]
    left = MAX_STEPS
    for split in splits[:MAX_SPLITS]:
        branches = []
        for flow in split.outgoing:
            if flow in net.targets and left > 0:
                branches.append(net.reach([net.targets[flow]], joins))
                left -= sum(len(net.after[identity]) for identity in branches[-1])
        meeting = _meeting(net, branches, joins)
        if meeting is not None:
            yield make("runs-twice", meeting.id, meeting.line, split=split.id)


def _meeting(net: Net, branches: list[set[str]], joins: frozenset[str]) -> Element | None:
    """Return the first element of the file that several branches enter on different flows."""
    entered = Counter(identity for branch in branches for identity in branch)
    for element in net.elements.values():
        harmless = element.id in joins or (element.kind == "endEvent" and element.event_kind == "none")
        if entered[element.id] > 1 and len(element.incoming) > 1 and not harmless:
            return element
    return None


def _splits(element: Element) -> bool:
    """Say whether tokens may leave the element on several flows at once."""
    if len(element.outgoing) < 2:
        return False
    splits = element.kind in _JOINING or element.kind in ACTIVITIES or element.kind.endswith("Event")
    return splits or element.awaits_all


def _check_deadlocks(net: Net, beginnings: list[list[str]]) -> Iterator[Finding]:
    """Yield a finding for every joining gateway that can be left waiting for a branch not taken.

    It is an error when the gateway can never go on, a warning when it goes on in some runs. Inclusive joins
    can be left when each waits for what the other one may still send.
    """
    if not any(e.kind in _JOINING and len(e.incoming) > 1 for e in net.elements.values()):
        return
    games = [_play(net, frozenset(f"{START}{one}" for one in beginning)) for beginning in beginnings]
    fired = {identity for game in games for identity in game.fired}
    complete = all(game.complete for game in games)
    told: set[str] = set()
    for marking in (marking for game in games for marking in game.stuck):
        for join in _starved(net, marking):
            if join.id not in told:
                told.add(join.id)
                rule = "deadlock" if complete and join.id not in fired else "possible-deadlock"
                yield make(rule, join.id, join.line, split=_blame(net, join, marking))


def _starved(net: Net, marking: Marking) -> Iterator[Element]:
    for identity in sorted({net.targets[flow] for flow in marking}):
        element = net.elements[identity]
        if element.kind in _JOINING:
            yield element


def _blame(net: Net, join: Element, marking: Marking) -> str:
    """Return the nearest element before the join whose choice left a branch of it without a token."""
    missing = {flow for flow in join.incoming if flow not in marking}
    waiting = deque(e.id for e in net.elements.values() if missing & set(e.outgoing))
    seen: set[str] = set()
    before = net.before
    while waiting:
        current = waiting.popleft()
        if current not in seen and _chooses(net, net.elements[current]):
            return current
        waiting.extend(() if current in seen else before.get(current, ()))
        seen.add(current)
    return join.id


def _chooses(net: Net, element: Element) -> bool:
    if any(event.interrupting for event in net.hosted.get(element.id, ())):
        return True
    choice = element.kind in ("exclusiveGateway", "eventBasedGateway") or element.kind in _LATE
    choice = choice and not element.awaits_all
    return len(element.outgoing) > 1 and (choice or any(flow in net.conditional for flow in element.outgoing))


@dataclass(frozen=True)
class _Game:
    """What playing the token game showed."""

    stuck: list[Marking]
    fired: frozenset[str]  # joining gateways that went on at least once
    complete: bool  # every marking was seen


def _play(net: Net, first: Marking) -> _Game:
    """Walk through the markings of a scope until all, or as many as the limits allow, are seen."""
    seen = {first}
    waiting = deque([first])
    stuck: list[Marking] = []
    fired: set[str] = set()
    tokens = 0
    while waiting and len(seen) < MAX_MARKINGS and tokens < MAX_TOKENS:
        marking = waiting.popleft()
        tokens += len(marking)
        if not marking:
            continue
        mover = _mover(net, marking)
        if mover is None:
            stuck.append(marking)
            continue
        fired.update([mover.id] if mover.kind in _JOINING else [])
        stuck += _doubled(net, marking, mover)
        fresh = [step for step in _fire(net, marking, mover) if step not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
    return _Game(stuck, frozenset(fired), not waiting)


def _mover(net: Net, marking: Marking) -> Element | None:
    """Return the element that moves next; None when tokens are stuck.

    The choices of one node do not depend on tokens elsewhere (only joins of what still comes do), so it is
    enough to move one node at a time; such joins move when nothing else can.
    """
    late: list[Element] = []
    for identity in sorted({net.targets[flow] for flow in marking}):
        element = net.elements[identity]
        if element.kind == "parallelGateway" and any(flow not in marking for flow in element.incoming):
            continue
        if element.kind not in _LATE or len(element.incoming) == 1:
            return element
        late.append(element)
    return next((element for element in late if _may_join(net, marking, element)), None)


def _may_join(net: Net, marking: Marking, join: Element) -> bool:
    """Say whether no token elsewhere can still bring what an inclusive join lacks, as the engine asks it."""
    if len(net.elements) > MAX_EXACT:
        return True
    empty = {flow for flow in join.incoming if flow not in marking}
    arrived = set(join.incoming) - empty
    for start in {net.targets[flow] for flow in marking} - {join.id}:
        reached = {
            f for e in net.reach([start], frozenset({join.id})) - {join.id} for f in net.elements[e].outgoing
        }
        if reached & empty and not reached & arrived:
            return False
    return True


def _fire(net: Net, marking: Marking, element: Element) -> list[Marking]:
    """Return the markings that may follow when an element takes its tokens; joins take all of them."""
    arrived = [flow for flow in (f"{START}{element.id}", *element.incoming) if flow in marking]
    used = arrived if element.kind in _JOINING else arrived[:1]
    if element.kind == "endEvent" and any(one.kind in _FINAL for one in element.event_definitions):
        return []
    rest = marking - frozenset(used)
    return [rest | produced for produced in _outcomes(net, element)]


def _doubled(net: Net, marking: Marking, element: Element) -> list[Marking]:
    """Return the flows on which a parallel gateway would get a second token before it has used the first.

    The second one is left over when the gateway goes on, and waits for branches that have come already.
    """
    meant = [marking & sent - frozenset(element.incoming) for sent in _outcomes(net, element)]
    joins = [frozenset(f for f in twice if _is_parallel_join(net, net.targets[f])) for twice in meant]
    return [twice for twice in joins if twice]


def _is_parallel_join(net: Net, identity: str) -> bool:
    element = net.elements[identity]
    return element.kind == "parallelGateway" and len(element.incoming) > 1


def _outcomes(net: Net, element: Element) -> list[Marking]:
    """Return the sets of flows on which an element may send tokens."""
    outgoing = [flow for flow in element.outgoing if flow in net.targets]
    target = net.link_target(element)
    if target is not None:
        return [net.carried(target)]
    free = frozenset(flow for flow in outgoing if flow not in net.conditional and flow != element.default)
    if element.kind in ("exclusiveGateway", "eventBasedGateway") and not element.awaits_all:
        normal = [frozenset({flow}) for flow in outgoing] or [frozenset()]
    elif element.kind in _LATE and len(outgoing) > 1:
        normal = _subsets(outgoing)
    elif element.kind != "parallelGateway" and len(free) < len(outgoing):
        normal = [free | chosen for chosen in _subsets([flow for flow in outgoing if flow not in free])]
    else:
        normal = [frozenset(outgoing)]
    return _with_boundary_events(net, element, normal)


def _with_boundary_events(net: Net, element: Element, normal: list[Marking]) -> list[Marking]:
    """Add what boundary events may send: instead of the activity when they interrupt, else beside it."""
    found = list(normal)
    for event in net.hosted.get(element.id, ()):
        sent = net.carried(event)
        found += [sent] if event.interrupting else [one | sent for one in normal]
    return found


def _subsets(flows: list[str]) -> list[Marking]:
    """Return every choice of at least one flow; of many flows only the single ones and all together."""
    if len(flows) > 4:
        return [*(frozenset({flow}) for flow in flows), frozenset(flows)]
    sizes = range(1, len(flows) + 1)
    return [frozenset(chosen) for size in sizes for chosen in combinations(flows, size)]
