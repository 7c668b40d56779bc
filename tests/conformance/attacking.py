"""Let hostile files loose on the engine, each in a process of its own with little time, memory and trust.

Started by test_attacks.py as a program: it reads its cases from standard input as JSON and writes what
happened to each. Everything is imported and used once before the cases, so that a case that opens a file, a
connection or a program, or compiles Python, has no excuse.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree

from engine import deployments, feel, simulation
from engine.bpmn import drawing, loading
from engine.dmn import loading as dmn_loading
from engine.errors import EngineError
from workflows import HANDLERS

CPU_SECONDS = 5  # a case that needs more is stopped
NOW = datetime(2026, 10, 1, tzinfo=UTC)
Json = Any
FORBIDDEN = (
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "os.fork",
    "os.remove",
    "os.mkdir",
    "os.rename",
    "os.kill",
    "open",
    "import",
    "compile",
    "exec",
    "urllib.Request",
    "ctypes.dlopen",
    "pickle.find_class",
    "code.__new__",
)
ROOT = Path(__file__).parents[2]
# where Python's own machinery reads: lines of source for a traceback, time zones, the schema of BPMN
OWN_FILES = (
    sys.prefix,
    sys.base_prefix,
    str(ROOT / "engine"),
    str(ROOT / "workflows"),
    "/usr/share/zoneinfo",
)


def watch(seen: list[str]) -> None:
    """Note every forbidden thing that Python is about to do, and refuse connections and programs."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not event.startswith(FORBIDDEN):
            return
        about = " ".join(str(one)[:200] for one in arguments[:2])
        if event in ("open", "import", "compile", "exec") and is_own(event, arguments):
            return
        seen.append(f"{event} {about}")
        if event.startswith(("socket", "subprocess", "os.")):
            raise PermissionError(event)

    sys.addaudithook(hook)


def is_own(event: str, arguments: tuple[Any, ...]) -> bool:
    """Say whether Python's own machinery is at work on its own files."""
    if event == "import":
        return arguments[0] in sys.modules
    if event == "exec":
        place = getattr(arguments[0], "co_filename", "")
    else:
        place = arguments[1] if event == "compile" else arguments[0]
    return isinstance(place, int) or str(place).startswith(OWN_FILES)


def attack(case: Json) -> Json:
    """Do with one case everything that a designer or a running process would do; return what came out."""
    files = case["read"]
    told: dict[str, Json] = {"findings": [], "outcome": None, "pictures": [], "expressions": []}
    findings = deployments.check(None, files, job_types=HANDLERS, notes=True)
    told["findings"] = [finding.as_dict("en") for finding in findings]
    for language in ("vi", "en"):
        [finding.as_dict(language) for finding in findings]
    plan = simulation.Plan(files, variables=case.get("variables", {}), start=NOW, complete_user_tasks=True)
    told["outcome"] = simulation.simulate(plan).as_dict()
    for name, content in files:
        told["pictures"] += draw(name, content)
    told["expressions"] = [evaluate(text) for text in case.get("expressions", ())]
    return told


def read(case: Json) -> Json:
    """Return the case with the contents of its files; they are read or made before anything is watched."""
    files = [(name, Path(path).read_bytes()) for name, path in case["files"]]
    made = [("made.bpmn", BOMBS[case["made"]]().encode())] if case.get("made") else []
    return case | {"read": files + made}


def draw(name: str, content: bytes) -> list[str]:
    try:
        return [drawing.draw(loading.load(content, name), title=name)]
    except EngineError as error:
        return [error.text("en")]


def misbehave(case: Json) -> Json:
    """Do what no case may do, to prove that it would be noticed."""
    with open(case["path"]) as file:
        file.read()
    with suppress(PermissionError):
        socket.create_connection(("127.0.0.1", 9))
    with suppress(PermissionError):
        os.system("true")  # noqa: S605  the hook stops it
    return eval("1 + 1")  # noqa: S307


def evaluate(text: str) -> str:
    """Run a text as FEEL; a clear refusal or a value, never anything else."""
    variables = {"obj": {"name": "n"}, "x": 1, "items": [1, 2, 3]}
    try:
        return repr(feel.evaluate(text, variables, NOW))[:200]
    except EngineError as error:
        return f"refused: {error.text('en')[:200]}"


def a_chain(count: int) -> str:
    steps = "".join(f'<task id="t{n}"/>{_flow(n, n + 1)}' for n in range(count))
    return _file(f'<startEvent id="s"/>{_flow("s", 0)}{steps}<endEvent id="t{count}"/>')


def a_fan(count: int) -> str:
    branches = "".join(
        f'<sequenceFlow id="i{n}" sourceRef="g" targetRef="b{n}"/><task id="b{n}"/>'
        f'<sequenceFlow id="o{n}" sourceRef="b{n}" targetRef="j"/>'
        for n in range(count)
    )
    gateways = '<parallelGateway id="g"/><parallelGateway id="j"/>'
    rest = (
        '<sequenceFlow id="f" sourceRef="s" targetRef="g"/><sequenceFlow id="z" sourceRef="j" targetRef="e"/>'
    )
    return _file(f'<startEvent id="s"/>{rest}{gateways}{branches}<endEvent id="e"/>')


def a_ring(count: int) -> str:
    processes = (
        f'<process id="p{n}" isExecutable="true"><callActivity id="c{n}" calledElement="p{(n + 1) % count}"/>'
        "</process>"
        for n in range(count)
    )
    return _file("").replace("</definitions>", "".join(processes) + "</definitions>")


def _loop(inner: str) -> str:
    loop = f"<multiInstanceLoopCharacteristics>{inner}</multiInstanceLoopCharacteristics>"
    return _file(
        f'<startEvent id="s"/>{_flow("s", 0)}<task id="t0">{loop}</task>{_flow(0, 1)}<endEvent id="t1"/>'
    )


def _call(process: str) -> str:
    called = f'<extensionElements><zeebe:calledElement processId="{process}"/></extensionElements>'
    activity = f'<callActivity id="t0">{called}</callActivity>'
    return _file(f'<startEvent id="s"/>{_flow("s", 0)}{activity}{_flow(0, 1)}<endEvent id="t1"/>')


def _flow(source: object, target: object) -> str:
    ends = [f"t{end}" if isinstance(end, int) else end for end in (source, target)]
    return f'<sequenceFlow id="{ends[0]}_{ends[1]}" sourceRef="{ends[0]}" targetRef="{ends[1]}"/>'


def _file(body: str) -> str:
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">'
        f'<process id="p" isExecutable="true">{body}</process></definitions>'
    )


def _busy_loop() -> str:
    condition = "<conditionExpression>=true</conditionExpression>"
    back = f'<sequenceFlow id="back" sourceRef="t1" targetRef="t0">{condition}</sequenceFlow>'
    gate = f'<exclusiveGateway id="t1" default="t1_t2"/>{back}{_flow(1, 2)}<endEvent id="t2"/>'
    return _file(f'<startEvent id="s"/>{_flow("s", 0)}<task id="t0"/>{_flow(0, 1)}{gate}')


# structures made here: too large, or without an end; each must be refused, or end in an incident, in time
BOMBS: dict[str, Callable[[], str]] = {
    "a chain of 3,000 tasks": lambda: a_chain(3_000),
    "a chain of 10,000 tasks": lambda: a_chain(10_000),
    "3,000 parallel branches": lambda: a_fan(3_000),
    "50 levels": lambda: _file('<subProcess id="a">' * 50 + "</subProcess>" * 50),
    "200 levels": lambda: _file('<subProcess id="a">' * 200 + "</subProcess>" * 200),
    "a billion instances": lambda: _loop("<loopCardinality>1000000000</loopCardinality>"),
    "a billion instances, counted late": lambda: _loop("<loopCardinality>=10 ** 9</loopCardinality>"),
    "a process that calls itself": lambda: _call("p"),
    "a process that calls itself by an expression": lambda: _call('="p"'),
    "a loop without a wait": _busy_loop,
    "a ring of 4,000 calls": lambda: a_ring(4_000),
    "19,000 references to nothing": lambda: _file(
        "".join(f'<receiveTask id="t{n}" messageRef="x:y"/>' for n in range(19_000))
    ),
    "a megabyte of FEEL": lambda: _file(
        f'<startEvent id="s"/>{_flow("s", 0)}<scriptTask id="t0"><extensionElements><zeebe:script '
        f'expression="={"+".join(["a"] * 500_000)}" resultVariable="r"/></extensionElements></scriptTask>'
    ),
    "a name of 3 MB": lambda: _file(f'<task id="a" name="{"x" * 3_000_000}"/>'),
    "a name of 50 MB": lambda: _file(f'<task id="a" name="{"x" * 50_000_000}"/>'),
}


def run_alone(case: Json, work: Callable[[Json], Json]) -> Json:
    """Run one case in a copy of this process; return its result, its time and its memory."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        seen: list[str] = []
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        watch(seen)
        try:
            told: Json = {"told": work(case)}
        except BaseException as error:  # noqa: BLE001  whatever escapes is what this test looks for
            told = {"escaped": f"{type(error).__name__}: {str(error)[:300]}"}
        with os.fdopen(write_end, "w") as pipe:
            json.dump(told | {"seen": list(seen)}, pipe, default=str)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        written = pipe.read()
    _, status, used = os.wait4(child, 0)
    ended = {"seconds": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1024, "status": status}
    return (json.loads(written) if written else {"escaped": "it was stopped"}) | ended


def warm_up() -> None:
    """Use everything once, so that lazy imports and caches are done with."""
    assigned = '<zeebe:assignmentDefinition candidateGroups="=office"/>'
    task = f'<userTask id="t0"><extensionElements>{assigned}</extensionElements></userTask>'
    content = _file(f'<startEvent id="s"/>{_flow("s", 0)}{task}{_flow(0, 1)}<endEvent id="t1"/>').encode()
    attack(
        {
            "read": [("warm.bpmn", _busy_loop().encode())],
            "expressions": ["1 + ", "now()", 'date("2026-01-01")'],
        }
    )
    for files in ([("warm.bpmn", content)], [("bad.bpmn", b"<a"), ("b.bpmn", b"<!DOCTYPE a><a/>")]):
        deployments.check(None, files)
        simulation.simulate(simulation.Plan(files, start=NOW))
    for text in ("<a", "<a/>"):
        try:
            dmn_loading.load(text.encode(), "x.dmn")
        except EngineError as error:
            error.text("en")
    etree.fromstring("<a/>")


if __name__ == "__main__":
    CASES = json.load(sys.stdin)
    warm_up()
    for one in CASES:
        work = misbehave if "path" in one else attack
        print(json.dumps({"name": one["name"]} | run_alone(read(one), work)), flush=True)  # noqa: T201
