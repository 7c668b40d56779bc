"""The README says what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from engine.bpmn.checking_rules import RULES
from web.cli import bangvang
from web.configuration import SETTINGS

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_every_setting_stands_in_the_readme_as_it_is() -> None:
    rows = [f"| `BANGVANG_{setting.name}` | {setting.default} | {setting.meaning} |" for setting in SETTINGS]

    assert [row for row in rows if row not in README] == []
    assert len(re.findall(r"^\| `BANGVANG_", README, re.M)) == len(rows)


def test_every_command_stands_in_the_readme() -> None:
    commands = {
        f"{name} {inner}" if inner else name
        for name, command in bangvang.commands.items()
        for inner in (getattr(command, "commands", None) or {"": None})
    }
    written = set(
        re.findall(r"^\| `bangvang ((?:audit |db |organisation |service |token |user )?\w+)", README, re.M)
    )

    assert written == commands


def test_every_dependency_says_what_it_is_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [
        re.split(r"[\[<>=~]", requirement)[0]
        for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]
    ]
    table = README.split("## Libraries")[1].lower()

    assert [name for name in names if name.lower() not in table] == []


def test_the_ci_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")

    assert "make test" in README
    assert script.rstrip().endswith("make test")


def test_the_makefile_has_every_target_that_the_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.M))

    assert [target for target in named if f"\n{target}:" not in makefile] == []


def test_every_refusal_that_the_engines_readme_names_is_a_rule_of_the_check() -> None:
    table = (ROOT / "engine" / "README.md").read_text("utf-8").split("| refused | rule |")[1].split("\n\n")[0]

    named = {
        rule for line in table.splitlines()[2:] for rule in re.findall(r"`([a-z-]+)`", line.split("|")[2])
    }

    assert len(named) > 20
    assert named - set(RULES) == set()
