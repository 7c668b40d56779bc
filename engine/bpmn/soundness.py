"""Look for paths that never start, never end, wait forever or run twice.

Deadlocks are found by playing the token game of one scope at a time over a bounded number of markings; the
rest is read from the graph. A scope is the process or one sub-process; its boundary events belong to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from engine.bpmn.findings import Finding, make
from engine.bpmn.model import ACTIVITIES, SUB_PROCESSES, Element, Process

MAX_MARKINGS = 2_000
MAX_SPLITS = 50
_JOINING = frozenset({"parallelGateway", "inclusiveGateway"})
_WAITING = frozenset(
    {"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway", "callActivity"} | SUB_PROCESSES
)
_FINAL = frozenset({"terminate", "error", "cancel"})
Marking = frozenset[str]


@dataclass(frozen=True)
class Net:
    """One scope as a graph: its elements, and which flows each of its nodes may send tokens on."""

    elements: Mapping[str, Element]
    targets: Mapping[str, str]  # flow → element
    conditional: frozenset[str]
    hosted: Mapping[str, list[Element]]  # activity → its boundary events
    links: Mapping[str, Element]  # link name → catching event

    def following(self, element: Element) -> Iterator[str]:
        """Yield the elements that may come next, boundary events and link targets included."""
        yield from (self.targets[flow] for flow in element.outgoing if flow in self.targets)
        yield from (event.id for event in self.hosted.get(element.id, ()))
        target = self.link_target(element)
        if target is not None:
            yield target.id

    def carried(self, element: Element) -> Marking:
        """Return a token on every flow that leaves the element."""
        return frozenset(flow for flow in element.outgoing if flow in self.targets)

    def link_target(self, element: Element) -> Element | None:
        """Return the catching link event of a throwing one."""
        if element.kind != "intermediateThrowEvent" or element.event is None or element.event_kind != "link":
            return None
        return self.links.get(element.event.code or "")

    def reach(self, starts: Iterable[str], stops: frozenset[str] = frozenset()) -> set[str]:
        """Return everything reachable from some elements, these included; never passing beyond `stops`."""
        seen: set[str] = set()
        waiting = deque(starts)
        while waiting:
            current = waiting.popleft()
            if current in seen or current not in self.elements:
                continue
            seen.add(current)
            if current not in stops:
                waiting.extend(self.following(self.elements[current]))
        return seen


def check(process: Process) -> Iterator[Finding]:
    """Yield the findings of every scope of the process."""
    scopes = [process.id]
    scopes += [element.id for element in process.elements.values() if element.kind in SUB_PROCESSES]
    for scope in scopes:
        container = process.elements.get(scope)
        if container is not None and container.kind == "adHocSubProcess":
            continue
        net = _net(process, scope)
        starts = [element.id for element in process.start_events(scope)]
        if starts:
            yield from _check_reachable(net, starts)
        yield from _check_loops(net)
        yield from _check_double_runs(net)
        yield from _check_deadlocks(net, starts)


def _net(process: Process, scope: str) -> Net:
    elements = {element.id: element for element in process.inside(scope)}
    flows = [flow for flow in process.flows.values() if flow.source in elements and flow.target in elements]
    hosted: dict[str, list[Element]] = {}
    for element in elements.values():
        if element.attached_to in elements:
            hosted.setdefault(element.attached_to or "", []).append(element)
    links = {
        element.event.code or "": element
        for element in elements.values()
        if element.kind == "intermediateCatchEvent" and element.event and element.event_kind == "link"
    }
    conditional = frozenset(flow.id for flow in flows if flow.condition is not None)
    return Net(elements, {flow.id: flow.target for flow in flows}, conditional, hosted, links)


def _check_reachable(net: Net, starts: list[str]) -> Iterator[Finding]:
    """BPMN would start an element without incoming flow together with the process; we refuse it."""
    aside = [e.id for e in net.elements.values() if e.triggered_by_event or e.event_kind == "compensate"]
    reached = net.reach([*starts, *aside])
    compensates = any(element.event_kind == "compensate" for element in net.elements.values())
    cut_off = []
    for element in net.elements.values():
        # a boundary event on a missing host has its own finding, a compensation handler has no flows at all
        lost = element.kind == "boundaryEvent" and element.attached_to not in net.elements
        handler = compensates and element.kind in ACTIVITIES and not element.incoming
        if element.id not in reached and not lost and not handler:
            cut_off.append(element)
    # elements nothing leads to come first: connecting one of them brings back all that lies behind it
    for element in sorted(cut_off, key=lambda one: bool(one.incoming or one.attached_to)):
        if element.id not in reached:
            yield make("unreachable", element.id, element.line)
            reached = reached | net.reach([element.id])


def _check_loops(net: Net) -> Iterator[Finding]:
    """Yield a finding for circles in which nothing ever waits, worse when nothing leads out."""
    for circle in _circles(net):
        members = [net.elements[identity] for identity in circle]
        if any(member.kind in _WAITING for member in members):
            continue
        leaves = any(
            not member.outgoing or any(step not in circle for step in net.following(member))
            for member in members
        )
        first = members[0]
        rule = "busy-loop" if leaves else "endless-loop"
        yield make(rule, first.id, first.line, ids=", ".join(circle))


def _circles(net: Net) -> list[list[str]]:
    """Return the groups of elements that can all reach each other (Kosaraju), in the order of the file."""
    after = {identity: list(net.following(element)) for identity, element in net.elements.items()}
    before: dict[str, list[str]] = {identity: [] for identity in after}
    for identity, steps in after.items():
        for step in steps:
            before[step].append(identity)
    place = {identity: number for number, identity in enumerate(after)}
    circles: list[list[str]] = []
    placed: set[str] = set()
    for identity in reversed(_finished(after)):
        group = _collect(before, identity, placed)
        if len(group) > 1 or (group and identity in after[identity]):
            circles.append(sorted(group, key=place.__getitem__))
    return circles


def _finished(after: Mapping[str, list[str]]) -> list[str]:
    """Return the elements in the order in which a depth-first walk leaves them, without recursion."""
    order: list[str] = []
    seen: set[str] = set()
    for root in after:
        trail = [] if root in seen else [(root, iter(after[root]))]
        seen.add(root)
        while trail:
            current, steps = trail[-1]
            step = next((one for one in steps if one not in seen), None)
            if step is None:
                order.append(current)
                trail.pop()
            else:
                seen.add(step)
                trail.append((step, iter(after[step])))
    return order


def _collect(before: Mapping[str, list[str]], start: str, placed: set[str]) -> list[str]:
    """Return what leads to an element and is not placed yet, and place it."""
    group: list[str] = []
    waiting = [start]
    while waiting:
        current = waiting.pop()
        if current not in placed:
            placed.add(current)
            group.append(current)
            waiting.extend(before[current])
    return group


def _check_double_runs(net: Net) -> Iterator[Finding]:
    """Yield a warning where branches that run together meet without being joined."""
    merging = _JOINING | {"complexGateway"}
    joins = frozenset(e.id for e in net.elements.values() if e.kind in merging and len(e.incoming) > 1)
    splits = [element for element in net.elements.values() if _splits(element)]
    for split in splits[:MAX_SPLITS]:
        branches = [net.reach([net.targets[flow]], joins) for flow in split.outgoing if flow in net.targets]
        for element in net.elements.values():
            entered = [branch for branch in branches if element.id in branch]
            harmless = element.id in joins or (element.kind == "endEvent" and element.event_kind == "none")
            if len(entered) > 1 and len(element.incoming) > 1 and not harmless:
                yield make("runs-twice", element.id, element.line, split=split.id)
                break


def _splits(element: Element) -> bool:
    """Say whether tokens may leave the element on several flows at once."""
    if len(element.outgoing) < 2:
        return False
    return element.kind in _JOINING or element.kind in ACTIVITIES or element.kind.endswith("Event")


def _check_deadlocks(net: Net, starts: list[str]) -> Iterator[Finding]:
    """Yield a finding for every parallel gateway that can be left waiting for a branch not taken.

    It is an error when the gateway can never go on, a warning when it goes on in some runs.
    """
    if not any(e.kind == "parallelGateway" and len(e.incoming) > 1 for e in net.elements.values()):
        return
    games = [_play(net, net.carried(net.elements[start])) for start in starts]
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
        if element.kind == "parallelGateway":
            yield element


def _blame(net: Net, join: Element, marking: Marking) -> str:
    """Return the nearest element whose choice left a branch of the join without a token."""
    missing = [flow for flow in join.incoming if flow not in marking]
    sources = {e.id for e in net.elements.values() if any(flow in e.outgoing for flow in missing)}
    best = (len(net.elements) + 1, join.id)
    for element in net.elements.values():
        if _chooses(net, element) and sources & net.reach([element.id]):
            best = min(best, (len(net.reach([element.id], frozenset({join.id}))), element.id))
    return best[1]


def _chooses(net: Net, element: Element) -> bool:
    if any(event.interrupting for event in net.hosted.get(element.id, ())):
        return True
    choice = element.kind in ("exclusiveGateway", "eventBasedGateway", "inclusiveGateway")
    return len(element.outgoing) > 1 and (choice or any(flow in net.conditional for flow in element.outgoing))


@dataclass(frozen=True)
class _Game:
    """What playing the token game showed."""

    stuck: list[Marking]
    fired: frozenset[str]  # parallel gateways that went on at least once
    complete: bool  # every marking was seen


def _play(net: Net, first: Marking) -> _Game:
    """Walk through the markings of a scope until all, or MAX_MARKINGS, are seen."""
    seen = {first}
    waiting = deque([first])
    stuck: list[Marking] = []
    fired: set[str] = set()
    while waiting and len(seen) < MAX_MARKINGS:
        marking = waiting.popleft()
        if not marking:
            continue
        mover = _mover(net, marking)
        if mover is None:
            stuck.append(marking)
            continue
        fired.update([mover.id] if mover.kind == "parallelGateway" else [])
        fresh = [step for step in _fire(net, marking, mover) if step not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
    return _Game(stuck, frozenset(fired), not waiting)


def _mover(net: Net, marking: Marking) -> Element | None:
    """Return the element that moves next; None when tokens are stuck.

    The choices of one node do not depend on tokens elsewhere (only inclusive joins do), so it is enough to
    move one node at a time; inclusive joins move when nothing else can.
    """
    late: Element | None = None
    for identity in sorted({net.targets[flow] for flow in marking}):
        element = net.elements[identity]
        if element.kind == "parallelGateway" and any(flow not in marking for flow in element.incoming):
            continue
        if element.kind != "inclusiveGateway" or len(element.incoming) == 1:
            return element
        late = late or element
    return late


def _fire(net: Net, marking: Marking, element: Element) -> list[Marking]:
    """Return the markings that may follow when an element takes its tokens; joins take all of them."""
    arrived = [flow for flow in element.incoming if flow in marking]
    used = arrived if element.kind in _JOINING else arrived[:1]
    if element.kind == "endEvent" and element.event_kind in _FINAL:
        return []
    rest = marking - frozenset(used)
    return [rest | produced for produced in _outcomes(net, element)]


def _outcomes(net: Net, element: Element) -> list[Marking]:
    """Return the sets of flows on which an element may send tokens."""
    outgoing = [flow for flow in element.outgoing if flow in net.targets]
    target = net.link_target(element)
    if target is not None:
        return [net.carried(target)]
    free = frozenset(flow for flow in outgoing if flow not in net.conditional and flow != element.default)
    if element.kind in ("exclusiveGateway", "eventBasedGateway"):
        normal = [frozenset({flow}) for flow in outgoing] or [frozenset()]
    elif element.kind == "inclusiveGateway" and len(outgoing) > 1:
        normal = _subsets(outgoing)
    elif element.kind in ACTIVITIES and len(free) < len(outgoing):
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
