"""A diagram that names a unit, role, form or decision nobody has is refused by element, nothing is stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import deployments
from engine.actors import SYSTEM
from engine.bpmn.findings import Finding
from engine.errors import DeploymentRejected
from engine.tables import ProcessDefinition
from tests import databases
from tests.site import open_site
from web import cli
from workflows import HANDLERS, chains, demo, organisation_people

LAUNCH = (chains.ROOT / "tuyen_quang" / "construction_launch.bpmn").read_text("utf-8")
FORMS = [
    (path.name, path.read_bytes())
    for folder in ("chung", "tuyen_quang")
    for path in sorted((chains.ROOT / folder).glob("*.form"))
]


@pytest.fixture
def organised(session: Session) -> Session:
    """Give a session as the pages open it, with the demonstration's organisation."""
    session.info.update(handlers=HANDLERS, groups=organisation_people.known_groups)
    demo.load(session)
    return session


def findings(session: Session, diagram: str) -> list[tuple[str, str]]:
    """Return rule and element of everything that refuses a diagram."""
    with pytest.raises(DeploymentRejected) as refused:
        deployments.deploy(session, [("construction_launch.bpmn", diagram.encode()), *FORMS], SYSTEM)
    found = [one for one in refused.value.findings if isinstance(one, Finding)]
    return [(one.rule, one.element) for one in found if one.severity == "error"]


@pytest.mark.parametrize(
    ("known", "unknown", "rule"),
    [
        ("=unit + &quot;.office&quot;", "=unit + &quot;.clerks&quot;", "unknown-group"),
        ("=unit + &quot;.office&quot;", "TQ.SYT.office", "unknown-group"),
        ('formId="draft_construction_plan"', 'formId="draft_constructoin_plan"', "unknown-form"),
    ],
)
def test_what_does_not_exist_is_refused_by_element_and_nothing_is_stored(
    organised: Session, known: str, unknown: str, rule: str
) -> None:
    assert known in LAUNCH

    found = findings(organised, LAUNCH.replace(known, unknown))

    assert found == [(rule, "write_plan")]
    assert organised.scalar(select(func.count()).select_from(ProcessDefinition)) == 0


def test_an_unknown_decision_is_refused_by_element(organised: Session) -> None:
    task = '<bpmn:serviceTask id="start_plan" name="Đưa kế hoạch vào thực hiện">'
    assert task in LAUNCH
    job = '<zeebe:taskDefinition type="movement_launches.take_effect" retries="3"/>'
    decided = LAUNCH.replace(job, '<zeebe:calledDecision decisionId="no_such" resultVariable="x"/>')
    decided = decided.replace(task, task.replace("serviceTask", "businessRuleTask"))
    start = decided.index('id="start_plan"')
    decided = decided[:start] + decided[start:].replace("</bpmn:serviceTask>", "</bpmn:businessRuleTask>", 1)

    assert ("unknown-decision", "start_plan") in findings(organised, decided)


def test_the_carried_diagrams_name_only_what_the_organisation_has(organised: Session) -> None:
    files = [(path.name, path.read_bytes()) for path in chains.files()]

    found = [one for one in deployments.check(organised, files) if one.rule == "unknown-group"]

    assert found == []


def test_before_an_organisation_is_loaded_groups_are_not_judged(session: Session) -> None:
    session.info.update(handlers=HANDLERS, groups=organisation_people.known_groups)

    found = deployments.check(session, [("x.bpmn", LAUNCH.replace(".office", ".clerks").encode()), *FORMS])

    assert [one for one in found if one.rule == "unknown-group"] == []


def point_to(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands work on the database of a site."""
    url = str(site.config["SQLALCHEMY_DATABASE_URI"])
    for name, value in databases.settings(Path(site.config["INSTANCE"]), url).items():
        monkeypatch.setenv(name, value)


def test_the_command_line_asks_the_database_for_the_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "construction_launch.bpmn"
    path.write_text(LAUNCH.replace(".deputy_director", ".deputy"), encoding="utf-8")
    with open_site(tmp_path) as site:
        point_to(site, monkeypatch)
        result = CliRunner().invoke(cli.bangvang, ["check", "--json", "--database", str(path)])

    found = [(one["rule"], one["element"], one["severity"]) for one in json.loads(result.stdout)]
    assert ("unknown-group", "sign_for_director", "error") in found
    assert result.exit_code == 1


def test_a_file_of_units_is_shown_and_applied_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "don-vi.csv"
    path.write_text("code,name,kind,parent_code\nP9,Phòng Đo đạc,office,TTTV\n", encoding="utf-8")
    wrong = tmp_path / "sai.csv"
    wrong.write_text("code,name,kind,parent_code\nP9,,office,XX\n", encoding="utf-8")

    with open_site(tmp_path) as site:
        point_to(site, monkeypatch)
        outputs = [
            CliRunner().invoke(cli.bangvang, ["organisation", "import", str(file), *more])
            for file, more in ((path, ()), (path, ("--apply",)), (path, ()), (wrong, ("--apply",)))
        ]

    assert [one.exit_code for one in outputs] == [0, 0, 0, 1]
    assert "added" in outputs[0].output
    assert "added" not in outputs[2].output
    assert "Tên đơn vị" in outputs[3].output
