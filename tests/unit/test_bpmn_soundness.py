from __future__ import annotations

import time

from lxml import etree

from engine.bpmn import reading, soundness
from engine.bpmn.findings import Finding

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'


def judge(elements: str, *flows: str) -> dict[str, list[str]]:
    """Return rule → ids for elements like "xor:g" and flows like "s>g" ("s?g" with a condition)."""
    kinds = {"xor": "exclusiveGateway", "and": "parallelGateway", "or": "inclusiveGateway"}
    kinds |= {"start": "startEvent", "end": "endEvent", "events": "eventBasedGateway", "user": "userTask"}
    body = ""
    for element in elements.split():
        kind, _, identity = element.partition(":")
        identity, _, host = identity.partition("@")
        attached = f' attachedToRef="{host}"' if host else ""
        inner = "<timerEventDefinition/>" if host or kind == "intermediateCatchEvent" else ""
        body += f'<{kinds.get(kind, kind)} id="{identity}"{attached}>{inner}</{kinds.get(kind, kind)}>'
    for flow in flows:
        source, _, target = flow.replace("?", ">").partition(">")
        inner = "<conditionExpression>=x</conditionExpression>" if "?" in flow else ""
        body += f'<sequenceFlow id="{flow}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
    text = f'{HEAD}<process id="p" isExecutable="true">{body.replace("?", "-")}</process></definitions>'
    return group(check(text))


def check(text: str) -> list[Finding]:
    (process,) = reading.read(etree.fromstring(text.encode())).processes.values()
    return list(soundness.check(process))


def group(findings: list[Finding]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in findings:
        found.setdefault(finding.rule, []).append(finding.element)
    return found


def test_an_exclusive_split_into_a_parallel_join_is_a_deadlock() -> None:
    found = judge("start:s xor:g and:j end:e task:a", "s>g", "g>a", "a>j", "g>j", "j>e")

    assert found == {"deadlock": ["j"]}


def test_a_deadlock_is_found_through_other_gateways_too() -> None:
    elements = "start:s and:f xor:g xor:m task:a task:b task:c and:j end:e"

    joined = judge(elements, "s>f", "f>a", "f>g", "g>b", "g>c", "b>m", "c>m", "a>j", "m>j", "j>e")
    starved = judge(elements, "s>f", "f>a", "f>g", "g>b", "g>c", "b>j", "c>j", "a>j", "j>m", "m>e")

    assert joined == {}
    assert starved == {"deadlock": ["j"]}


def test_an_inclusive_split_into_a_parallel_join_may_wait_forever() -> None:
    found = judge("start:s or:g and:j end:e task:a task:b", "s>g", "g?a", "g?b", "a>j", "b>j", "j>e")

    assert found == {"possible-deadlock": ["j"]}


def test_an_interrupting_timer_out_of_a_parallel_branch_may_starve_the_join() -> None:
    elements = "start:s and:f user:a user:b boundaryEvent:t@a end:late and:j end:e"

    found = judge(elements, "s>f", "f>a", "f>b", "a>j", "b>j", "j>e", "t>late")

    assert found == {"possible-deadlock": ["j"]}


def test_an_inclusive_join_waits_for_all_and_hangs_never() -> None:
    elements = "start:s or:g task:a task:b task:c or:j end:e"

    found = judge(elements, "s>g", "g?a", "g?b", "g?c", "a>j", "b>j", "c>j", "j>e")

    assert found == {}


def test_parallel_branches_that_meet_unjoined_run_twice() -> None:
    found = judge(
        "start:s and:f task:a task:b xor:m task:z end:e", "s>f", "f>a", "f>b", "a>m", "b>m", "m>z", "z>e"
    )

    assert found == {"runs-twice": ["m"]}


def test_a_loop_for_correction_is_sound() -> None:
    found = judge("start:s user:w xor:g end:e", "s>w", "w>g", "g?w", "g>e")

    assert found == {}


def test_a_loop_that_waits_for_nobody_is_told_apart_from_one_without_end() -> None:
    busy = judge("start:s task:w xor:g end:e", "s>w", "w>g", "g?w", "g>e")
    endless = judge("start:s task:w task:v", "s>w", "w>v", "v>w")
    patient = judge("start:s user:w task:v", "s>w", "w>v", "v>w")

    assert busy == {"busy-loop": ["w"]}
    assert endless == {"endless-loop": ["w"]}
    assert patient == {}


def test_what_no_path_reaches_is_named() -> None:
    found = judge("start:s task:a end:e task:x task:y", "s>a", "a>e", "x>y", "y>e")

    # connecting x brings y back
    assert found == {"unreachable": ["x"]}


def test_long_and_wide_models_are_judged_quickly() -> None:
    long = [f"task:t{n}" for n in range(3_000)]
    chain = ["s>t0", *(f"t{n}>t{n + 1}" for n in range(2_999)), "t2999>e"]
    wide = ["and:f", "and:j", *(f"xor:{kind}{n}" for n in range(12) for kind in "gm")]
    flows = [flow for n in range(12) for flow in (f"f>g{n}", f"g{n}?m{n}", f"g{n}>m{n}", f"m{n}>j")]

    began = time.perf_counter()
    straight = judge(" ".join(["start:s", *long, "end:e"]), *chain)
    branching = judge(" ".join(["start:s", *wide, "end:e"]), "s>f", *flows, "j>e")

    assert straight == {}
    assert branching == {}
    assert time.perf_counter() - began < 20  # a bound on the kind of growth, not a benchmark


def test_all_that_follows_an_instantiating_parallel_event_gateway_can_be_joined() -> None:
    catch = "<intermediateCatchEvent id='{0}'><messageEventDefinition/></intermediateCatchEvent>"
    flows = ("g>a", "g>b", "a>j", "b>j")
    body = (
        "<eventBasedGateway id='g' instantiate='true' eventGatewayType='Parallel'/><parallelGateway id='j'/>"
    )
    body += catch.format("a") + catch.format("b")
    body += "".join(
        f"<sequenceFlow id='{f[0] + f[2]}' sourceRef='{f[0]}' targetRef='{f[2]}'/>" for f in flows
    )

    found = group(check(f'{HEAD}<process id="p" isExecutable="true">{body}</process></definitions>'))

    assert "deadlock" not in found
    assert "possible-deadlock" not in found
