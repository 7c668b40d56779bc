"""Migrations since release 0009 only add: the program of the release before goes on beside the new one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

VERSIONS = Path(__file__).parent.parent.parent / "web" / "migrations" / "versions"
NEWER = [path for path in sorted(VERSIONS.glob("[0-9]*.py")) if path.name[:4] > "0009"]
# What the older program would miss, or trip over.
SHRINKS = re.compile(r"\.?(drop_table|drop_column|drop_constraint|rename_table|create_check_constraint)$")


def upgrade_of(text: str) -> ast.FunctionDef:
    tree = ast.parse(text)
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")


def calls(text: str) -> list[ast.Call]:
    return [node for node in ast.walk(upgrade_of(text)) if isinstance(node, ast.Call)]


def name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def options(call: ast.Call) -> dict[str, object]:
    return {
        word.arg: word.value.value if isinstance(word.value, ast.Constant) else word.value
        for word in call.keywords
        if word.arg
    }


def shrinking(text: str) -> list[str]:
    """Return what a migration takes away, renames or tightens."""
    found = []
    for call in calls(text):
        told = options(call)
        if SHRINKS.search(name(call)):
            found.append(name(call))
        if name(call) == "alter_column" and (told.get("nullable") is False or "new_column_name" in told):
            found.append("alter_column")
        if name(call) == "add_column":
            column = next(
                arg for arg in ast.walk(call) if isinstance(arg, ast.Call) and name(arg) == "Column"
            )
            rules = options(column)
            if rules.get("nullable") is False and "server_default" not in rules:
                found.append("add_column without a default for older programs")
    return found


@pytest.mark.parametrize("path", NEWER, ids=lambda path: path.stem)
def test_a_migration_only_adds(path: Path) -> None:
    assert shrinking(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "statement",
    [
        'op.drop_table("job")',
        'batch_op.drop_column("name")',
        'op.rename_table("job", "work")',
        'op.alter_column("job", "name", nullable=False)',
        'op.alter_column("job", "name", new_column_name="title")',
        'op.add_column("job", sa.Column("kind", sa.Text(), nullable=False))',
    ],
)
def test_what_an_older_program_would_trip_over_is_named(statement: str) -> None:
    assert shrinking(f"def upgrade():\n    {statement}\n") != []


def test_a_column_with_a_default_is_no_hindrance() -> None:
    added = 'op.add_column("job", sa.Column("kind", sa.Text(), server_default="x", nullable=False))'

    assert shrinking(f"def upgrade():\n    {added}\n") == []
