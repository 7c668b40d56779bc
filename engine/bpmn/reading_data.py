"""Read which variables a multi-instance of plain BPMN walks through and fills, behind its data references."""

from __future__ import annotations

from lxml import etree

_B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def loop_data(activity: etree._Element, multi: etree._Element) -> dict[str, str]:
    """Return input_collection, input_element, output_collection and output_element, as far as they are given.

    A reference may name a data object, its reference or a property, or a data input or output of the activity
    that an association ties to one. The variable is called as that is: by its name, else by its id.
    """
    found = {
        "input_collection": _variable(activity, multi, "loopDataInputRef", "dataInputAssociation"),
        "input_element": _name(multi.find(f"{_B}inputDataItem")),
        "output_collection": _variable(activity, multi, "loopDataOutputRef", "dataOutputAssociation"),
        "output_element": _name(multi.find(f"{_B}outputDataItem")),
    }
    read = ("input_collection", "output_element")
    return {key: f"={value}" if key in read else value for key, value in found.items() if value}


def _variable(activity: etree._Element, multi: etree._Element, tag: str, association: str) -> str | None:
    reference = _text(multi.find(f"{_B}{tag}"))
    if not reference:
        return None
    inner, outer = ("targetRef", "sourceRef") if tag == "loopDataInputRef" else ("sourceRef", "targetRef")
    for tie in activity.iterchildren(f"{_B}{association}"):
        if _text(tie.find(f"{_B}{inner}")) == reference:
            reference = _text(tie.find(f"{_B}{outer}")) or reference
    return _named(activity, reference)


def _named(activity: etree._Element, reference: str) -> str:
    """Return the name of what a reference stands for; a data object reference stands for its data object."""
    nodes = {node.get("id"): node for node in activity.getroottree().getroot().iter(f"{_B}*")}
    node = nodes.get(reference)
    if node is not None and not node.get("name") and node.get("dataObjectRef"):
        node = nodes.get(node.get("dataObjectRef"), node)
    return _name(node) or reference


def _name(node: etree._Element | None) -> str | None:
    return None if node is None else node.get("name") or node.get("id")


def _text(node: etree._Element | None) -> str:
    return "" if node is None else (node.text or "").strip().rpartition(":")[2]
