"""Build diagrams inside the test that needs them: `a_process("p").start().user_task("review").end()`."""

from __future__ import annotations

from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACES = {"bpmn": BPMN, "zeebe": ZEEBE, "xsi": XSI}
B = ElementMaker(namespace=BPMN, nsmap=NAMESPACES)
Z = ElementMaker(namespace=ZEEBE, nsmap=NAMESPACES)


class ProcessBuilder:
    """One process; nodes are chained in the order they are added unless `at` moves back to another one."""

    def __init__(self, process_id: str, name: str = "") -> None:
        self.id = process_id
        self.node: etree._Element = B.process(id=process_id, name=name or process_id, isExecutable="true")
        self.container = self.node
        self.last: str | None = None
        self.flows = 0
        self.messages: dict[str, etree._Element] = {}
        self.codes: dict[str, etree._Element] = {}
        self.condition: str | None = None

    def at(self, element: str | None) -> ProcessBuilder:
        """Continue after another element."""
        self.last = element
        return self

    def when(self, condition: str) -> ProcessBuilder:
        """Put a condition on the next flow."""
        self.condition = condition
        return self

    def add(self, tag: str, element: str, *children: etree._Element, **attributes: str) -> ProcessBuilder:
        """Add a node and a flow to it from the last one."""
        extensions = [child for child in children if child.tag.startswith(f"{{{ZEEBE}}}")]
        others = [child for child in children if not child.tag.startswith(f"{{{ZEEBE}}}")]
        node = B(tag, id=element, name=attributes.pop("name", element), **attributes)
        if extensions:
            node.append(B.extensionElements(*extensions))
        node.extend(others)
        self.container.append(node)
        if self.last is not None and tag not in ("boundaryEvent", "startEvent"):
            self.flow(self.last, element, self.condition)
        self.condition = None
        self.last = element
        return self

    def flow(
        self, source: str, target: str, condition: str | None = None, **attributes: str
    ) -> ProcessBuilder:
        """Add a sequence flow; it does not move."""
        self.flows += 1
        flow = B.sequenceFlow(
            id=attributes.pop("id", f"{self.id}_flow{self.flows}"), sourceRef=source, targetRef=target
        )
        if condition is not None:
            expression = B.conditionExpression(condition)
            expression.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
            flow.append(expression)
        self.container.append(flow)
        return self

    def default(self, source: str, target: str) -> ProcessBuilder:
        """Add the default flow of an element."""
        identity = f"{self.id}_default_{source}"
        self.flow(source, target, id=identity)
        self.find(source).set("default", identity)
        return self

    def find(self, element: str) -> etree._Element:
        """Return the XML of an element."""
        return self.node.xpath("//*[@id=$id]", id=element)[0]

    def start(self, element: str = "start", *children: etree._Element) -> ProcessBuilder:
        """Add a start event."""
        return self.add("startEvent", element, *children)

    def end(self, element: str = "end", *children: etree._Element) -> ProcessBuilder:
        """Add an end event."""
        return self.add("endEvent", element, *children)

    def user_task(self, element: str, *children: etree._Element, **assignment: str) -> ProcessBuilder:
        """Add a user task; without assignment it is for the group `staff`."""
        if not assignment:
            assignment = {"candidateGroups": "staff"}
        return self.add("userTask", element, Z.userTask(), Z.assignmentDefinition(**assignment), *children)

    def service_task(self, element: str, job_type: str, *children: etree._Element) -> ProcessBuilder:
        """Add a service task."""
        return self.add("serviceTask", element, Z.taskDefinition(type=job_type), *children)

    def business_rule(self, element: str, decision: str, result: str, **binding: str) -> ProcessBuilder:
        """Add a business rule task that takes the result of a decision."""
        called = Z.calledDecision(decisionId=decision, resultVariable=result, **binding)
        return self.add("businessRuleTask", element, called)

    def script(self, element: str, expression: str, result: str, *children: etree._Element) -> ProcessBuilder:
        """Add a FEEL script task."""
        return self.add(
            "scriptTask", element, Z.script(expression=expression, resultVariable=result), *children
        )

    def gateway(self, element: str, kind: str = "exclusive") -> ProcessBuilder:
        """Add a gateway: exclusive, parallel, inclusive or eventBased."""
        return self.add(f"{kind}Gateway", element)

    def boundary(
        self, element: str, host: str, definition: etree._Element, interrupting: bool = True
    ) -> ProcessBuilder:
        """Attach a boundary event and continue behind it."""
        cancel = "true" if interrupting else "false"
        return self.add("boundaryEvent", element, definition, attachedToRef=host, cancelActivity=cancel)

    def catch(self, element: str, definition: etree._Element) -> ProcessBuilder:
        """Add an intermediate catch event."""
        return self.add("intermediateCatchEvent", element, definition)

    def throw(self, element: str, *children: etree._Element) -> ProcessBuilder:
        """Add an intermediate throw event."""
        return self.add("intermediateThrowEvent", element, *children)

    def open_sub_process(
        self, element: str, *children: etree._Element, kind: str = "subProcess", **attributes: str
    ) -> ProcessBuilder:
        """Add a sub-process (or transaction, adHocSubProcess) and go inside."""
        self.add(kind, element, *children, **attributes)
        self.container, self.last = self.find(element), None
        return self

    def close_sub_process(self) -> ProcessBuilder:
        """Go outside again and continue behind the sub-process."""
        inner = self.container
        parent = inner.getparent()
        assert parent is not None
        self.container, self.last = parent, inner.get("id")
        return self

    def message(self, name: str, key: str | None = None) -> etree._Element:
        """Return a message event definition; the message is declared once per name."""
        if name not in self.messages:
            declared = B.message(id=f"Message_{len(self.messages) + 1}", name=name)
            if key is not None:
                declared.append(B.extensionElements(Z.subscription(correlationKey=key)))
            self.messages[name] = declared
        return B.messageEventDefinition(messageRef=self.messages[name].get("id"))

    def timer(self, kind: str, expression: str) -> etree._Element:
        """Return a timer event definition: timeDate, timeDuration or timeCycle."""
        time = B(kind, expression)
        time.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
        return B.timerEventDefinition(time)

    def coded(self, kind: str, code: str | None = None) -> etree._Element:
        """Return an error or escalation event definition; without a code it catches any."""
        if code is None:
            return B(f"{kind}EventDefinition")
        if code not in self.codes:
            attribute = {f"{kind}Code": code}
            self.codes[code] = B(kind, id=f"{kind}_{code}", name=code, **attribute)
        return B(f"{kind}EventDefinition", **{f"{kind}Ref": f"{kind}_{code}"})

    def open_event_sub_process(
        self, element: str, definition: etree._Element, interrupting: bool = True
    ) -> ProcessBuilder:
        """Add an event sub-process and continue behind its start event, `<element>_start`."""
        self.at(None).open_sub_process(element, triggeredByEvent="true")
        cancels = "true" if interrupting else "false"
        return self.add("startEvent", f"{element}_start", definition, isInterrupting=cancels)

    def signal(self, name: str) -> etree._Element:
        """Return a signal event definition; the signal is declared once per name."""
        self.codes.setdefault(f"signal {name}", B.signal(id=f"signal_{name}", name=name))
        return B.signalEventDefinition(signalRef=f"signal_{name}")

    def conditional(self, condition: str) -> etree._Element:
        """Return a conditional event definition."""
        expression = B.condition(condition)
        expression.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
        return B.conditionalEventDefinition(expression)

    def compensation(self, activity: str, handler: str, *children: etree._Element) -> ProcessBuilder:
        """Attach a compensation handler to an activity: a service task of job type `handler`; no move."""
        event = B.compensateEventDefinition()
        self.add("boundaryEvent", f"{handler}_event", event, attachedToRef=activity).at(None)
        self.service_task(handler, handler, *children).find(handler).set("isForCompensation", "true")
        link = B.association(
            id=f"{handler}_link", associationDirection="One", sourceRef=f"{handler}_event", targetRef=handler
        )
        self.container.append(link)
        return self.at(activity)

    def xml(self) -> bytes:
        """Return the file."""
        for link in list(self.node.iter(f"{{{BPMN}}}association")):
            link.getparent().append(link)  # artifacts come after all flow elements
        definitions = B.definitions(
            *self.messages.values(),
            *self.codes.values(),
            self.node,
            id="definitions",
            targetNamespace="http://bangvang.vn/tests",
        )
        return etree.tostring(definitions, xml_declaration=True, encoding="UTF-8")

    def file(self) -> tuple[str, bytes]:
        """Return name and content, as a deployment takes them."""
        return f"{self.id}.bpmn", self.xml()


def a_process(process_id: str = "process", name: str = "") -> ProcessBuilder:
    """Begin a process."""
    return ProcessBuilder(process_id, name)


def each(collection: str, item: str, sequential: bool = False, **attributes: Any) -> etree._Element:
    """Return multi-instance characteristics over a collection."""
    zeebe = Z.loopCharacteristics(inputCollection=collection, inputElement=item, **attributes)
    loop = B.multiInstanceLoopCharacteristics(B.extensionElements(zeebe))
    if sequential:
        loop.set("isSequential", "true")
    return loop


def mappings(*entries: tuple[str, str, str]) -> etree._Element:
    """Return io mappings from (input|output, source, target)."""
    return Z.ioMapping(*(Z(kind, source=source, target=target) for kind, source, target in entries))
