from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from engine.bpmn import loading
from engine.bpmn.findings import Finding

ATTACKS = Path(__file__).parents[2].parent / "shared" / "corpus" / "attacks"
HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
TAIL = "</definitions>"
MANY = " ".join(f"a{number}=''" for number in range(201))


def refuse(content: bytes) -> Finding:
    began = time.perf_counter()
    with pytest.raises(loading.UnreadableDiagram) as caught:
        loading.load(content, "x.bpmn")
    # generous: the limit is "well under a second" on an idle machine
    assert time.perf_counter() - began < 5
    (finding,) = caught.value.findings
    assert isinstance(finding, Finding)
    return finding


def test_a_bpmn_file_is_loaded_with_its_lines() -> None:
    content = f'{HEAD}\n<process id="p"><!-- a remark --><startEvent id="s"/></process>\n{TAIL}'.encode()

    root = loading.load(content, "x.bpmn")

    assert root.tag == loading.ROOT
    assert [(child.tag.rpartition("}")[2], child.sourceline) for child in root.iter()][1:] == [
        ("process", 2),
        ("startEvent", 2),
    ]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "not-well-formed"),
        (b"\x00\xff\xfe", "not-well-formed"),
        (b"PK\x03\x04", "not-well-formed"),
        (b"<html/>", "not-bpmn"),
        (b'<definitions xmlns="http://other"/>', "not-bpmn"),
        (HEAD.encode(), "not-well-formed"),
        (f"<!DOCTYPE definitions>{HEAD}{TAIL}".encode(), "document-type"),
        (f'<!DOCTYPE definitions SYSTEM "http://127.0.0.1:9/x.dtd">{HEAD}{TAIL}'.encode(), "document-type"),
        (f"<!DOCTYPE definitions>{HEAD}{TAIL}".encode("utf-16"), "document-type"),
        (f"{HEAD}{'<task/>' * 20_001}{TAIL}".encode(), "too-many-elements"),
        (f"{HEAD}{'<subProcess>' * 110}{'</subProcess>' * 110}{TAIL}".encode(), "nested-too-deep"),
        (f"{HEAD}{'<subProcess>' * 10_000}".encode(), "not-well-formed"),
        (f"{HEAD}<task {MANY}/>{TAIL}".encode(), "too-many-attributes"),
        (f"{HEAD}<documentation>{'x' * 10_000_000}</documentation>{TAIL}".encode(), "file-too-large"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_what_is_no_safe_bpmn_is_refused_with_a_remedy(content: bytes, rule: str) -> None:
    finding = refuse(content)

    # libxml2 stops very deep nesting before our own limit is reached
    assert finding.rule in (rule, "nested-too-deep") if "not-well" in rule else finding.rule == rule
    assert finding.severity == "error"
    assert finding.remedy("vi")


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "windows-1252"])
def test_a_file_in_another_encoding_is_given_in_utf_8_with_all_its_parts(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><!-- kept -->{HEAD}<process id="p" name="é"/>{TAIL}'

    given = loading.recode(text.encode(encoding))

    assert 'name="é"' in given.decode("utf-8")
    assert "<!-- kept -->" in given.decode("utf-8")
    assert loading.load(given, "x.bpmn").tag == loading.ROOT


def test_a_file_in_utf_8_is_given_byte_for_byte() -> None:
    content = f"{HEAD}\r\n<process   id='p'/>{TAIL}".encode()

    assert loading.recode(content) == content


def test_the_refusal_names_the_line() -> None:
    finding = refuse(f"{HEAD}\n<process>\n</proces>{TAIL}".encode())

    assert finding.line == 3


def test_every_hostile_file_is_loaded_harmlessly_or_refused() -> None:
    if not ATTACKS.is_dir():
        pytest.skip(f"the attack corpus is absent: {ATTACKS}")
    cases = json.loads((ATTACKS / "expected.json").read_text("utf-8"))
    must_refuse = {case["file"] for case in cases if case["cls"] in ("xxe", "xxe-ssrf", "bomb", "type")}
    must_refuse |= {"xml/utf16_doctype.bpmn"}
    files = sorted(ATTACKS.glob("*/*.bpmn"))

    refused = set()
    shown = []
    for file in files:
        try:
            root = loading.load(file.read_bytes(), file.name)
        except loading.UnreadableDiagram as error:
            refused.add(file.relative_to(ATTACKS).as_posix())
            shown.append(error.text("vi") + error.text("en"))
        else:
            shown.append("".join(map(str, root.itertext())))

    present = {case for case in must_refuse if case.endswith(".bpmn") and (ATTACKS / case).is_file()}
    assert present
    assert "CANARY-FILE-CONTENT" not in "".join(shown)
    assert present <= refused
    assert not {name for name in refused if name.startswith(("script/", "condition/", "xss/", "structure/"))}
