"""Prove that opening, editing and saving a diagram in the designer loses nothing unseen.

Each test is one way in which the stock editor loses data without saying so.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.designer_page import (
    MODELER,
    SAMPLE,
    Application,
    find,
    list_facts,
    list_tags,
    open_group,
    rename,
    save,
    select,
)

pytestmark = pytest.mark.browser


def test_opening_and_saving_changes_nothing(
    open_designer: Callable[..., Page], application: Application
) -> None:
    page = open_designer()

    save(page, application)

    assert list_facts(application.sent_to("/draft")[0][2]) == list_facts(SAMPLE)


def test_looking_at_every_element_changes_nothing_and_is_all_vietnamese(
    open_designer: Callable[..., Page],
) -> None:
    page = open_designer()

    page.evaluate(f"""async () => {{
        const modeler = {MODELER};
        const pause = () => new Promise((done) => setTimeout(done, 40));
        for (const element of modeler.get('elementRegistry').filter((one) => !one.labelTarget)) {{
            modeler.get('selection').select(element);
            modeler.get('contextPad').open(element, true);
            await pause();
            const closed = '.bio-properties-panel-group-header:not(.open)';
            document.querySelectorAll(closed).forEach((header) => header.click());
            await pause();
            for (const menu of ['bpmn-replace', 'bpmn-append', 'bpmn-create']) {{
                if (!modeler.get('popupMenu').isEmpty(element, menu)) {{
                    modeler.get('popupMenu').open(element, menu, {{ x: 100, y: 100 }});
                    modeler.get('popupMenu').close();
                }}
            }}
        }}
    }}""")

    missed = page.evaluate("[...document.getElementById('designer').designer.missed]")
    assert missed == []
    assert page.evaluate(f"{MODELER}.get('commandStack').canUndo()") is False


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<zeebe:userTask />", "<zeebe:userTask /><zeebe:unheard a='1' />", "zeebe:unheard"),
        ('messageRef="Message_in" />', 'messageRef="Message_gone" />', "Message_gone"),
        (
            'bpmnElement="Data_1">',
            'bpmnElement="Data_gone">',
            "Hình vẽ <bpmndi:BPMNShape> không thuộc phần tử nào",
        ),
    ],
)
def test_saving_is_blocked_when_it_would_lose_something(
    open_designer: Callable[..., Page], application: Application, old: str, new: str, said: str
) -> None:
    page = open_designer(SAMPLE.replace(old, new, 1))

    page.keyboard.press("Control+s")

    expect(page.locator('[data-role="notice"]')).to_contain_text("Không cho lưu")
    expect(page.locator('[data-role="notice"]')).to_contain_text(said)
    expect(page.locator('[data-role="status"]')).to_contain_text("Chưa lưu")
    for action in ("save", "deploy", "download-xml"):
        expect(page.locator(f'[data-action="{action}"]')).to_be_disabled()
    assert application.sent_to("/draft") == []


def test_saving_is_blocked_when_a_shape_is_dropped_without_a_warning(
    open_designer: Callable[..., Page],
) -> None:
    # the editor does not draw a process beside the pools and forgets its shapes
    process = '<bpmn:process id="loose"><bpmn:task id="loose_task" /></bpmn:process>'
    shape = (
        '<bpmndi:BPMNShape id="loose_di" bpmnElement="loose_task">'
        '<dc:Bounds x="200" y="600" width="100" height="80" /></bpmndi:BPMNShape>'
    )
    xml = SAMPLE.replace("<bpmn:message ", f"{process}<bpmn:message ", 1)

    page = open_designer(xml.replace("</bpmndi:BPMNPlane>", f"{shape}</bpmndi:BPMNPlane>"))

    losses = page.locator('[data-role="notice"] li')
    expect(losses).to_have_text(["Phần tử <bpmndi:BPMNShape> của “loose_task” sẽ bị mất"])
    expect(page.locator('[data-action="save"]')).to_be_disabled()


def test_comments_that_cannot_be_kept_are_announced(open_designer: Callable[..., Page]) -> None:
    page = open_designer(SAMPLE.replace("<bpmn:collaboration", "<!-- one --><bpmn:collaboration", 1))

    expect(page.locator('[data-role="status"]')).to_contain_text("1 chú thích XML")


def test_pasting_and_changing_an_element_keep_what_other_tools_wrote(
    open_designer: Callable[..., Page], application: Application
) -> None:
    page = open_designer()

    copies = page.evaluate(f"""() => {{
        const modeler = {MODELER};
        const registry = modeler.get('elementRegistry');
        modeler.get('copyPaste').copy([registry.get('U1')]);
        const pasted = modeler.get('copyPaste').paste({{
            element: registry.get('Pool_1'), point: {{ x: 1000, y: 380 }},
        }});
        const replace = modeler.get('bpmnReplace');
        const changed = replace.replaceElement(registry.get('U1'), {{ type: 'bpmn:ManualTask' }});
        return [pasted.find((one) => one.type === 'bpmn:UserTask').id, changed.id];
    }}""")
    root = save(page, application)

    for copy in copies:
        node = find(root, copy)
        kept = list_tags(node)
        assert {"taskListener", "field", "string", "instructionsForEndUser", "other", "inner"} <= set(kept)
        assert node.get("{urn:vendor:1}mark") == "7"
        assert node.get("{http://camunda.org/schema/1.0/bpmn}assignee") == "demo"


@pytest.mark.parametrize("element", ["B_cycle", "I_timer"])
def test_renaming_a_timer_keeps_its_cycle(
    open_designer: Callable[..., Page], application: Application, element: str
) -> None:
    page = open_designer()

    rename(page, element, "Nhắc hằng ngày")
    root = save(page, application)

    assert find(root, element).get("name") == "Nhắc hằng ngày"
    assert "timeCycle" in list_tags(find(root, element))


def test_changing_a_receiving_task_into_a_sending_one_keeps_its_message(
    open_designer: Callable[..., Page], application: Application
) -> None:
    page = open_designer()

    changed = page.evaluate(f"""() => {MODELER}.get('bpmnReplace').replaceElement(
        {MODELER}.get('elementRegistry').get('M1'), {{ type: 'bpmn:SendTask' }}).id""")
    root = save(page, application)

    assert find(root, changed).get("messageRef") == "Message_in"


@pytest.mark.parametrize("with_zeebe", [True, False])
def test_loop_references_that_name_a_variable_survive(
    open_designer: Callable[..., Page], application: Application, *, with_zeebe: bool
) -> None:
    reference = "<bpmn:loopDataInputRef>members</bpmn:loopDataInputRef>"
    xml = SAMPLE.replace("<bpmn:completionCondition", f"{reference}<bpmn:completionCondition", 1)
    if not with_zeebe:
        start = xml.index("<zeebe:loopCharacteristics")
        xml = xml[:start] + xml[xml.index("/>", start) + 2 :]
    page = open_designer(xml)

    rename(page, "U2", "Hội đồng họp")
    root = save(page, application)

    assert find(root, "U2").findtext(".//{*}loopDataInputRef") == "members"
    assert ("loopCharacteristics" in list_tags(find(root, "U2"))) is with_zeebe


def test_plain_text_that_was_meant_as_a_variable_is_reported(open_designer: Callable[..., Page]) -> None:
    page = open_designer(SAMPLE.replace('source="=dossier.name"', 'source="dossier.name"'))
    select(page, "U2")
    open_group(page, "assignmentDefinition")

    page.locator("#bio-properties-panel-assignmentDefinitionAssignee").fill("drafter")

    findings = page.locator('[data-role="findings"]')
    expect(findings).to_contain_text("“drafter” được lưu là chữ cố định, nhưng có biến trùng tên này.")
    expect(findings).to_contain_text("Muốn lấy giá trị của quy trình, hãy viết “=drafter”.")
    expect(findings).to_contain_text("Biến “name” nhận chữ cố định “dossier.name”.")
    # a group's name is plain text rightly
    expect(findings).not_to_contain_text("P1.staff")


def test_a_file_in_another_encoding_is_read_rightly_and_saved_as_utf_8(
    open_designer: Callable[..., Page], application: Application
) -> None:
    application.encoding = "utf-16"
    page = open_designer(SAMPLE.replace('encoding="UTF-8"', 'encoding="UTF-16"'))

    save(page, application)

    assert list_facts(application.sent_to("/draft")[0][2]) == list_facts(SAMPLE)
