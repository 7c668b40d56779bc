"""The reference models of OMG's Model Interchange Working Group: opened, saved and drawn without loss."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from lxml import etree

from engine.bpmn import drawing, loading
from tests.dialect import check_file
from tests.site import Visitor, open_site, sign_in

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "miwg"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def models() -> list[Path]:
    found = sorted(CORPUS.glob("*.bpmn"))
    if not found:
        pytest.skip(f"the reference models are absent: {CORPUS}")
    return found


def tell(capsys: pytest.CaptureFixture[str], *lines: str) -> None:
    with capsys.disabled():
        print("", *lines, sep="\n")  # noqa: T201  the report is what these tests are for


def test_what_keeps_a_model_from_running_is_said(
    models: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = []

    for model in models:
        findings = check_file(model.read_bytes(), model.name)
        told = Counter(finding.category for finding in findings if finding.severity == "error")
        lines.append(f"{model.stem}: {dict(told) or 'nothing'} keeps it from being deployed")
        # they are valid BPMN: only what this engine asks for beyond the standard is missing
        assert not told["reading"] + told["structure"], model.stem

    tell(capsys, *lines)


def canonical(content: bytes) -> bytes:
    """Return C14N of everything in a file: foreign extensions, diagram interchange, texts."""
    return etree.tostring(etree.fromstring(content), method="c14n", with_comments=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with open_site(tmp_path_factory.mktemp("miwg")) as app:
        yield app


@pytest.fixture(scope="module")
def designer(site: Flask) -> Visitor:
    return sign_in(site, "thao.it")


def save(designer: Visitor, address: str, content: bytes, version: int) -> None:
    headers = {
        "X-CSRFToken": designer.token(),
        "Content-Type": "application/xml",
        "If-Match": f'"{version}"',
    }
    answer = designer.client.put(address, data=content, headers=headers)
    assert answer.status_code == 200, answer.text


def test_a_designer_opens_and_saves_every_model_without_loss(
    designer: Visitor, models: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    kept = []

    for number, model in enumerate(models):
        process = {"name": model.stem, "process_id": f"model_{number}"}
        address = f"{designer.post('/designer/new', process).headers['Location']}/diagram"
        save(designer, address, model.read_bytes(), 1)
        opened = designer.client.get(address).data
        save(designer, address, opened, 2)
        again = designer.client.get(address).data
        # what a browser reads is UTF-8
        assert again.decode("utf-8")
        kept += [canonical(model.read_bytes()) == canonical(opened) == canonical(again)]

    tell(capsys, f"opened and saved without loss: {sum(kept)} of {len(models)}")
    assert all(kept)


def test_what_the_engine_reads_is_the_whole_file(models: list[Path]) -> None:
    for model in models:
        root = loading.load(model.read_bytes(), model.name)

        written = etree.tostring(root, encoding="UTF-8", xml_declaration=True)

        # the engine has no use for comments and processing instructions
        plain = etree.fromstring(model.read_bytes(), etree.XMLParser(remove_comments=True, remove_pis=True))
        assert canonical(written) == etree.tostring(plain, method="c14n"), model.stem


def squeeze(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def planes(root: etree._Element) -> Iterator[tuple[str, set[str]]]:
    """Yield every picture of a file by its id, with the elements that it shows."""
    known = {node.get("id", ""): node for node in root.iter(f"{BPMN}*") if node.get("id")}
    for plane in root.iter(f"{DI}BPMNPlane"):
        shown = [node.get("bpmnElement", "") for node in plane.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge")]
        subject = plane.get("id") or plane.get("bpmnElement") or ""
        yield subject, {one.rpartition(":")[2] for one in shown} & set(known)


def is_written(name: str, words: str) -> bool:
    """Say whether a name is in the picture; one that its shape has no room for is cut with an ellipsis."""
    return squeeze(name) in words or (f"{squeeze(name)[:12]}" in words.replace("…", "") and "…" in words)


def compare(model: Path) -> tuple[int, list[str]]:
    """Return how many shapes and edges a file shows, and what is missing from its drawings."""
    root = loading.load(model.read_bytes(), model.name)
    elements = {node.get("id", ""): node for node in root.iter(f"{BPMN}*")}
    count = 0
    missing: list[str] = []
    for subject, shown in planes(root):
        svg = etree.fromstring(drawing.draw(root, title=model.stem, process_id=subject).encode())
        drawn = [
            group.get("data-element", "")
            for group in svg.iter(f"{SVG}g")
            if "bv-element" in group.get("class", "").split()
        ]
        words = squeeze("".join("".join(map(str, text.itertext())) for text in svg.iter(f"{SVG}text")))
        missing += (Counter(shown) - Counter(drawn)).elements()
        missing += [one for one in shown if not is_written(elements[one].get("name", ""), words)]
        count += len(shown)
    return count, missing


def test_every_shape_edge_and_name_is_drawn(models: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    found = {model.stem: compare(model) for model in models}

    whole = [count for count, missing in found.values() if count and not missing]
    tell(capsys, f"drawn completely: {len(whole)} of {len(models)}, {sum(whole)} shapes and edges")
    assert {name: missing for name, (_, missing) in found.items() if missing} == {}
    assert len(whole) == len(models)
