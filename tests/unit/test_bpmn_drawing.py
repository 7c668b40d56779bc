from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path

import pytest
from lxml import etree

from engine.bpmn import drawing, drawing_text, loading

MIWG = Path(__file__).parents[2].parent / "shared" / "corpus" / "miwg"
ATTACKS = Path(__file__).parents[2].parent / "shared" / "corpus" / "attacks" / "xss"
NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:dd="http://www.omg.org/spec/DD/20100524/DI"'
)
SVG = "{http://www.w3.org/2000/svg}"


def shape(element: str, x: float, y: float, w: float, h: float, more: str = "", label: str = "") -> str:
    bounds = f'<dc:Bounds x="{x}" y="{y}" width="{w}" height="{h}"/>'
    return f'<di:BPMNShape bpmnElement="{element}" {more}>{bounds}{label}</di:BPMNShape>'


def diagram(process: str, plane: str, subject: str = "p") -> etree._Element:
    text = (
        f'<definitions {NAMESPACES} id="d" targetNamespace="t">{process}'
        f'<di:BPMNDiagram><di:BPMNPlane bpmnElement="{subject}">{plane}</di:BPMNPlane>'
        "</di:BPMNDiagram>"
        "</definitions>"
    )
    return loading.load(text.encode(), "x.bpmn")


SMALL = diagram(
    '<process id="p"><startEvent id="s" name="Bắt đầu"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
    '<userTask id="t" name="Trưởng phòng xem xét, ký"/></process>',
    shape("s", 100, 100, 36, 36)
    + shape("t", 200, 80, 100, 80)
    + '<di:BPMNEdge bpmnElement="f"><dd:waypoint x="136" y="118"/><dd:waypoint x="200" y="118"/>'
    "</di:BPMNEdge>",
)


def parse(svg: str) -> etree._Element:
    return etree.fromstring(svg.encode())


def group_of(svg: etree._Element, element: str) -> etree._Element:
    groups = [group for group in svg.iter(f"{SVG}g") if group.get("data-element") == element]
    (found,) = [group for group in groups if group.find(f"{SVG}title") is not None]
    return found


def test_a_drawing_is_an_image_with_a_title_and_a_tooltip_for_each_element() -> None:
    svg = parse(drawing.draw(SMALL, title="Đề xuất"))

    assert svg.get("role") == "img"
    assert svg.findtext(f"{SVG}title") == "Đề xuất"
    assert svg.get("aria-labelledby") == svg.find(f"{SVG}title").get("id")  # type: ignore[union-attr]
    title = group_of(svg, "t").findtext(f"{SVG}title")
    assert title == "Trưởng phòng xem xét, ký (Việc của người dùng)"


def test_states_are_classes_and_signs_not_colours_only() -> None:
    svg = parse(
        drawing.draw(
            SMALL,
            title="x",
            completed=["s"],
            taken_flows=["f"],
            current=["t"],
            findings={"s": "Có lỗi <b>"},
            language="en",
        )
    )

    assert "bv-done" in group_of(svg, "s").get("class", "")
    assert "bv-current" in group_of(svg, "t").get("class", "")
    assert "bv-taken" in group_of(svg, "f").get("class", "")
    assert "bv-finding" in group_of(svg, "s").get("class", "")
    assert "current" in (group_of(svg, "t").findtext(f"{SVG}title") or "")
    assert "Có lỗi <b>" in (group_of(svg, "s").findtext(f"{SVG}title") or "")
    badges = [g.get("class") for g in svg.iter(f"{SVG}g") if "bv-badge" in g.get("class", "")]
    assert len(badges) == 3


def test_a_drawing_works_under_a_strict_content_security_policy() -> None:
    svg = parse(drawing.draw(SMALL, title="x", current=["t"]))

    assert not [node for node in svg.iter() if node.get("style")]
    assert not list(svg.iter(f"{SVG}style", f"{SVG}script", f"{SVG}foreignObject"))
    assert not [key for node in svg.iter() for key in node.attrib if str(key).startswith("on")]


def test_two_drawings_on_one_page_share_no_id() -> None:
    first = parse(drawing.draw(SMALL, title="x", prefix="a"))
    second = parse(drawing.draw(SMALL, title="x", prefix="b"))

    ids = [{node.get("id") for node in svg.iter() if node.get("id")} for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    used = set(re.findall(r"url\(#([^)]+)\)", drawing.draw(SMALL, title="x", prefix="a")))
    assert used <= ids[0]


def test_labels_lie_inside_the_picture() -> None:
    label = '<di:BPMNLabel><dc:Bounds x="-200" y="300" width="90" height="40"/></di:BPMNLabel>'
    root = diagram(
        '<process id="p"><startEvent id="s" name="Một nhãn rất dài ở xa hình vẽ"/></process>',
        shape("s", 100, 100, 36, 36, label=label),
    )

    x, y, width, height = map(float, parse(drawing.draw(root, title="x")).get("viewBox", "").split())

    assert x < -195
    assert y < 100
    assert x + width > 136
    assert y + height > 300 + 2 * 11


def test_the_words_of_a_task_stay_inside_it() -> None:
    long = "Xử lý việc quá hạn báo cáo Sở Xây dựng và các phòng chuyên môn thuộc Trung tâm Tư vấn kỹ thuật"

    lines, size = drawing_text.fit(long, 90, 70)

    assert len(lines) * size * drawing_text.LINE <= 70
    assert all(drawing_text.measure(line, size) <= 90 + size for line in lines)


def test_vietnamese_letters_are_as_wide_as_their_bases() -> None:
    assert drawing_text.measure("ế", 100) == drawing_text.measure("e", 100)
    assert drawing_text.measure("e\u0302\u0301", 100) == drawing_text.measure("ế", 100)
    assert drawing_text.measure("ữ", 100) == drawing_text.measure("ư", 100) > drawing_text.measure("u", 100)


def test_a_vertical_pool_has_its_name_on_top() -> None:
    root = diagram(
        '<collaboration id="c"><participant id="P" name="Sở" processRef="p"/></collaboration>'
        '<process id="p"/>',
        shape("P", 0, 0, 300, 600, 'isHorizontal="false"'),
        "c",
    )

    svg = parse(drawing.draw(root, title="x", process_id="p"))

    text = next(svg.iter(f"{SVG}tspan"))
    assert float(text.get("y", "0")) < 30
    assert not [g for g in svg.iter(f"{SVG}g") if "rotate" in g.get("transform", "")]


def test_what_lies_in_a_collapsed_sub_process_is_not_drawn() -> None:
    root = diagram(
        '<process id="p"><subProcess id="sub" name="Con"><task id="inner"/></subProcess></process>',
        shape("sub", 0, 0, 100, 80, 'isExpanded="false"') + shape("inner", 10, 10, 50, 40),
    )

    svg = drawing.draw(root, title="x")

    assert 'data-element="sub"' in svg
    assert 'data-element="inner"' not in svg


def test_a_file_without_a_picture_says_so() -> None:
    root = loading.load(f'<definitions {NAMESPACES}><process id="p"/></definitions>'.encode(), "x")

    with pytest.raises(drawing.NoDrawing, match="drawing"):
        drawing.draw(root, title="x")
    with pytest.raises(drawing.NoDrawing):
        drawing.draw(SMALL, title="x", process_id="another")


@pytest.mark.parametrize("value", ["", "abc", "NaN", "inf", "1e300", "-1"])
def test_broken_coordinates_are_left_out(value: str) -> None:
    root = diagram(
        '<process id="p"><task id="a"/><task id="b"/></process>',
        shape("a", 0, 0, 100, 80) + shape("b", 0, 0, 100, 80).replace('width="100"', f'width="{value}"'),
    )

    svg = drawing.draw(root, title="x")

    assert 'data-element="a"' in svg
    assert 'data-element="b"' not in svg


def test_hostile_names_are_drawn_as_text() -> None:
    if not ATTACKS.is_dir():
        pytest.skip(f"the attack corpus is absent: {ATTACKS}")
    bounds = shape("T", 0, 0, 100, 80)

    for file in sorted(ATTACKS.glob("*.bpmn")):
        name = next(loading.load(file.read_bytes(), file.name).iter("{*}userTask")).get("name", "")
        root = diagram('<process id="p"><userTask id="T"/></process>', bounds)
        next(root.iter("{*}userTask")).set("name", name)
        svg = parse(drawing.draw(root, title=name))
        assert {node.tag.rpartition("}")[2] for node in svg.iter()} <= {
            "svg", "title", "defs", "marker", "path", "circle", "rect", "g", "text", "tspan",
        }  # fmt: skip


def test_what_pools_say_to_each_other_is_drawn() -> None:
    talks = (
        '<collaboration id="c"><participant id="A" name="Phòng"/><participant id="B" name="Sở"/>'
        '<conversation id="k" name="Trao đổi"/><conversationLink id="l" sourceRef="A" targetRef="k"/>'
        '</collaboration><choreography id="h"><choreographyTask id="t" name="Gửi đề xuất"/></choreography>'
    )
    root = diagram(
        talks,
        shape("k", 200, 0, 60, 50)
        + shape("t", 0, 100, 120, 100)
        + shape("A", 0, 100, 120, 22, 'participantBandKind="top_initiating"')
        + shape("B", 0, 178, 120, 22, 'participantBandKind="bottom_non_initiating"')
        + '<di:BPMNEdge bpmnElement="l"><dd:waypoint x="120" y="30"/><dd:waypoint x="200" y="25"/>'
        + "</di:BPMNEdge>",
    )

    svg = parse(drawing.draw(root, title="x", language="en"))

    fills = [rect.get("fill") for one in ("A", "B") for rect in group_of(svg, one).iter(f"{SVG}rect")]
    assert fills[0] != fills[1]
    assert group_of(svg, "k").findtext(f"{SVG}title") == "Trao đổi (Conversation)"
    assert len(list(group_of(svg, "l").iter(f"{SVG}path"))) == 2
    # the bands lie over the task that they belong to
    drawn = [group.get("data-element") for group in svg.iter(f"{SVG}g") if group.get("data-element")]
    assert drawn.index("t") < drawn.index("A")


def test_a_call_of_a_global_task_looks_like_that_task() -> None:
    call = '<process id="p"><callActivity id="a" calledElement="{}"/></process><globalUserTask id="g"/>'

    task = group_of(parse(drawing.draw(diagram(call.format("g"), shape("a", 0, 0, 100, 80)), title="x")), "a")
    process = group_of(
        parse(drawing.draw(diagram(call.format("q"), shape("a", 0, 0, 100, 80)), title="x")), "a"
    )

    signs = [[path.get("d") for path in group.iter(f"{SVG}path")] for group in (task, process)]
    assert "M-8,9c0,-11 16,-11 16,0z" in signs[0]
    assert "M-7,-7h14v14h-14z" not in signs[0]
    assert "M-7,-7h14v14h-14z" in signs[1]


def test_every_plane_of_a_file_is_drawn_by_its_id() -> None:
    root = diagram(
        '<process id="p"><subProcess id="sub"><task id="inner"/></subProcess></process>',
        shape("sub", 0, 0, 100, 80, 'isExpanded="false"'),
    )
    (first,) = root.iter("{*}BPMNDiagram")
    second = deepcopy(first)
    (plane,) = second.iter("{*}BPMNPlane")
    plane.set("id", "inside")
    plane.set("bpmnElement", "sub")
    (node,) = plane.iter("{*}BPMNShape")
    node.set("bpmnElement", "inner")
    root.append(second)

    assert 'data-element="inner"' not in drawing.draw(root, title="x")
    assert 'data-element="inner"' in drawing.draw(root, title="x", process_id="inside")
    assert 'data-element="inner"' in drawing.draw(root, title="x", process_id="sub")


def test_every_reference_model_is_drawn_with_all_its_shapes() -> None:
    if not MIWG.is_dir():
        pytest.skip(f"the reference models are absent: {MIWG}")
    files = sorted(MIWG.glob("*.bpmn"))
    assert files

    for file in files:
        root = loading.load(file.read_bytes(), file.name)
        svg = parse(drawing.draw(root, title=file.stem))
        drawn = {node.get("data-element") for node in svg.iter(f"{SVG}g")}
        known = {node.get("id") for node in root.iter("{http://www.omg.org/spec/BPMN/20100524/MODEL}*")}
        wanted = {
            node.get("bpmnElement", "").rpartition(":")[2]
            for node in next(root.iter("{*}BPMNPlane")).iter("{*}BPMNShape", "{*}BPMNEdge")
        }
        assert wanted & known <= drawn, file.name
