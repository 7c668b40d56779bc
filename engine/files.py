"""Files of a deployment as they come in: what their names say, and what can be read of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from lxml import etree

from engine.bpmn import loading, model, reading
from engine.bpmn.findings import Finding, make
from engine.dmn import reading as decision_reading
from engine.dmn.model import Definitions
from engine.errors import DeploymentRejected

File: TypeAlias = tuple[str, bytes]
MODELS = frozenset({".bpmn", ".xml", ".dmn", ".form"})
MAX_FILES = 100
MAX_NAME = 200
# no path leads out of it, nothing in it is invisible
NAME = re.compile(rf"(?!\.+$)[^\x00-\x1f\x7f\\/:\ud800-\udfff]{{1,{MAX_NAME}}}")


@dataclass(frozen=True)
class Read:
    """One file as it was read: a diagram with its tree, a form, decisions, or none of them."""

    name: str
    content: bytes
    root: etree._Element | None = None
    diagram: model.Diagram | None = None
    form: Mapping[str, Any] | None = None
    decisions: Definitions | None = None


def is_model(name: str) -> bool:
    """Tell by its name whether a file is a diagram, decisions or a form."""
    return PurePosixPath(name).suffix in MODELS


def check_names(files: Sequence[File]) -> list[Finding]:
    """Return what is wrong with the names of files: they are told to people and clients, never opened."""
    names = [name for name, _ in files]
    findings = [make("too-many-files", limit=MAX_FILES)] if len(names) > MAX_FILES else []
    findings += [make("file-name", name=name, limit=MAX_NAME) for name in names if not NAME.fullmatch(name)]
    again = {name for name in names if names.count(name) > 1} if len(names) <= MAX_FILES else set()
    return findings + [make("file-twice", name=name) for name in sorted(again)]


def read_all(files: Sequence[File]) -> tuple[list[Read], list[Finding]]:
    """Return what can be read, and the findings of what cannot."""
    reads: list[Read] = []
    findings: list[Finding] = []
    for name, content in files:
        try:
            reads.append(read(name, content))
        except DeploymentRejected as rejected:
            findings += [finding for finding in rejected.findings if isinstance(finding, Finding)]
    return reads, findings


def read(name: str, content: bytes) -> Read:
    """Return a file as its name says; anything but a form or decisions is read as a diagram.

    Raises DeploymentRejected with what cannot be read.
    """
    if name.endswith(".form"):
        return Read(name, content, form=_read_form(name, content))
    if name.endswith(".dmn"):
        return Read(name, content, decisions=decision_reading.read_file(content, name))
    root = loading.load(content, name)
    return Read(name, content, root, reading.read(root, name))


def _read_form(name: str, content: bytes) -> dict[str, Any]:
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, str(error)) from error
    if not isinstance(schema, dict) or not isinstance(schema.get("id"), str):
        raise _unreadable(name, "no object with an id")
    return schema


def _unreadable(name: str, reason: str) -> DeploymentRejected:
    return DeploymentRejected([Finding("form-unreadable", name, values={"reason": reason})])
