"""Decisions as business rule tasks take them: deployed, versioned, recorded, refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, evaluations, history, incidents, instances, simulation
from engine.actors import Actor
from engine.bpmn.findings import Finding
from engine.errors import DeploymentRejected, NotFound
from engine.spiff import state
from engine.tables import Incident, ProcessInstance
from tests.builders import ProcessBuilder, a_process, mappings
from tests.deciding import NOW, a_decision, a_model, a_table, an_input, text

NORA = Actor("nora", frozenset({"staff"}))
pytestmark = pytest.mark.usefixtures("morning")


def awards(limit: int, **options: Any) -> tuple[str, bytes]:
    table = a_table(
        ["score"],
        [""],
        (f">= {limit}", '"commendation"', "Article 74"),
        (f"< {limit}", '"none"', ""),
        annotation="Source",
        **options,
    )
    return "awards.dmn", a_model(an_input("score", "number"), a_decision("award", table, inputs=["score"]))


def asking(decision: str = "award", **binding: str) -> ProcessBuilder:
    return (
        a_process("p").start().business_rule("ask", decision, "outcome", **binding).user_task("after").end()
    )


def deploy(session: Session, *files: tuple[str, bytes]) -> None:
    deployments.deploy(session, files, NORA)


def start(session: Session, score: Any) -> ProcessInstance:
    return instances.start(session, "p", {"score": score}, NORA)


def outcome(instance: ProcessInstance) -> Any:
    return state.variables(instance.state).get("outcome")


def evaluated(session: Session, instance: ProcessInstance) -> list[dict[str, Any]]:
    events = history.of_instance(session, instance.id)
    return [dict(event.data) for event in events if event.kind == "decision.evaluated"]


def test_the_result_becomes_a_variable_and_history_tells_why(session: Session) -> None:
    deploy(session, awards(90), asking().file())

    instance = start(session, 95)

    told = evaluated(session, instance)[0]
    assert outcome(instance) == "commendation"
    assert {key: told[key] for key in ("decision", "version", "inputs", "result")} == {
        "decision": "award",
        "version": 1,
        "inputs": {"score": 95},
        "result": "commendation",
    }
    assert told["evaluations"][0]["hits"] == [
        {
            "rule": "r1",
            "index": 1,
            "outputs": {"award": "commendation"},
            "annotations": {"Source": "Article 74"},
        }
    ]


def test_a_new_version_is_used_by_new_evaluations(session: Session) -> None:
    deploy(session, awards(90), asking().file())
    first = start(session, 80)
    deploy(session, awards(70))

    second = start(session, 80)

    assert (outcome(first), outcome(second)) == ("none", "commendation")
    assert [evaluated(session, one)[0]["version"] for one in (first, second)] == [1, 2]


def test_what_is_unchanged_keeps_its_version(session: Session) -> None:
    deploy(session, awards(90))
    deploy(session, awards(90), asking().file())

    assert evaluations.latest(session, "award").version == 1


def test_a_process_may_keep_the_version_it_was_deployed_with(session: Session) -> None:
    deploy(session, awards(90), asking(bindingType="deployment").file())
    deploy(session, awards(70))

    assert outcome(start(session, 80)) == "none"


def test_a_process_may_ask_for_a_version_by_its_tag(session: Session) -> None:
    name, content = awards(90)
    tag = (
        b'<extensionElements><versionTag xmlns="http://camunda.org/schema/zeebe/1.0" value="2026"/>'
        b"</extensionElements><variable"
    )
    before, _, after = content.rpartition(b"<variable")
    deploy(session, (name, before + tag + after))
    deploy(session, awards(70), asking(bindingType="versionTag", versionTag="2026").file())

    assert outcome(start(session, 80)) == "none"


def test_the_decision_may_be_named_by_an_expression_and_mapped(session: Session) -> None:
    given = mappings(("input", "=points", "score"))
    process = asking("=which")
    process.find("ask").find("{*}extensionElements").append(given)
    deploy(session, awards(90), process.file())

    instance = instances.start(session, "p", {"which": "award", "points": 99}, NORA)

    assert outcome(instance) == "commendation"


def test_an_error_is_an_incident_that_can_be_tried_again(session: Session) -> None:
    deploy(session, awards(90), asking().file())
    instance = start(session, "many")
    incident = session.scalars(select(Incident)).one()

    assert (incident.element, incident.status) == ("ask", "open")
    assert "score" in incident.text("vi")
    assert "number" in incident.text("en")
    assert evaluated(session, instance) == []

    incidents.repair(session, incident.id, {"score": 91}, NORA, "typed wrongly")

    assert outcome(instance) == "commendation"


def test_rules_that_argue_are_an_incident_with_their_numbers(session: Session) -> None:
    table = a_table(["score"], [""], ("> 1", "1"), ("> 2", "2"))
    model = "d.dmn", a_model(an_input("score"), a_decision("award", table, inputs=["score"]))
    deploy(session, model, asking().file())

    start(session, 3)

    assert "1, 2" in session.scalars(select(Incident)).one().text("vi")


def test_an_unknown_decision_is_refused_at_deployment(session: Session) -> None:
    with pytest.raises(DeploymentRejected) as refused:
        deploy(session, asking("nowhere").file())

    found = [one for one in refused.value.findings if isinstance(one, Finding)]
    assert [(one.rule, one.element) for one in found] == [("unknown-decision", "ask")]


def test_a_decision_that_is_named_at_run_time_and_unknown_is_an_incident(session: Session) -> None:
    deploy(session, asking("=which").file())

    instances.start(session, "p", {"which": "nowhere"}, NORA)

    assert "nowhere" in session.scalars(select(Incident)).one().text("vi")


def test_a_decision_that_cannot_be_evaluated_is_refused_at_deployment(session: Session) -> None:
    with pytest.raises(DeploymentRejected) as refused:
        deploy(session, ("d.dmn", a_model(a_decision("award", text("1 +")))))

    found = [one for one in refused.value.findings if isinstance(one, Finding)]
    assert [one.rule for one in found] == ["decision-expression"]
    with pytest.raises(NotFound):
        evaluations.latest(session, "award")


def test_models_of_one_deployment_import_each_other(session: Session) -> None:
    main = (
        "main.dmn",
        a_model(
            '<import name="base" namespace="base" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>',
            a_decision("award", text("base.low + 1"), needs=["base#low"]),
        ),
    )
    base = "base.dmn", a_model(a_decision("low", text("1")), namespace="base")
    deploy(session, main, base, asking().file())

    assert outcome(start(session, 1)) == 2

    deploy(session, main, ("base.dmn", a_model(a_decision("low", text("5")), namespace="base")))

    assert evaluations.latest(session, "award").version == 2
    assert outcome(start(session, 1)) == 6


def test_a_simulation_takes_decisions_beside_the_diagram() -> None:
    plan = simulation.Plan(
        [asking().file(), awards(90)], variables={"score": 95}, start=NOW, complete_user_tasks=True
    )

    found = simulation.simulate(plan)

    assert (found.status, found.variables["outcome"]) == ("completed", "commendation")
