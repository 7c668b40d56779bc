"""Name the elements of BPMN and their states for the tooltips of a drawing, in Vietnamese and English."""

from __future__ import annotations

KINDS: dict[str, tuple[str, str]] = {
    "participant": ("Bên tham gia", "Participant"),
    "lane": ("Làn", "Lane"),
    "task": ("Bước", "Task"),
    "userTask": ("Việc của người dùng", "User task"),
    "manualTask": ("Việc làm tay", "Manual task"),
    "serviceTask": ("Việc tự động", "Service task"),
    "scriptTask": ("Biểu thức", "Script task"),
    "sendTask": ("Gửi thông điệp", "Send task"),
    "receiveTask": ("Chờ thông điệp", "Receive task"),
    "businessRuleTask": ("Bảng quyết định", "Business rule task"),
    "subProcess": ("Quy trình con", "Sub-process"),
    "transaction": ("Giao dịch", "Transaction"),
    "adHocSubProcess": ("Quy trình con tùy ý", "Ad-hoc sub-process"),
    "callActivity": ("Gọi quy trình khác", "Call activity"),
    "startEvent": ("Bắt đầu", "Start event"),
    "endEvent": ("Kết thúc", "End event"),
    "intermediateCatchEvent": ("Chờ sự kiện", "Intermediate catch event"),
    "intermediateThrowEvent": ("Phát sự kiện", "Intermediate throw event"),
    "boundaryEvent": ("Sự kiện gắn vào bước", "Boundary event"),
    "exclusiveGateway": ("Cổng chọn một", "Exclusive gateway"),
    "parallelGateway": ("Cổng song song", "Parallel gateway"),
    "inclusiveGateway": ("Cổng chọn nhiều", "Inclusive gateway"),
    "eventBasedGateway": ("Cổng chờ sự kiện", "Event-based gateway"),
    "complexGateway": ("Cổng phức hợp", "Complex gateway"),
    "dataObjectReference": ("Dữ liệu", "Data object"),
    "dataStoreReference": ("Kho dữ liệu", "Data store"),
    "dataInput": ("Dữ liệu vào", "Data input"),
    "dataOutput": ("Dữ liệu ra", "Data output"),
    "textAnnotation": ("Ghi chú", "Annotation"),
    "group": ("Nhóm", "Group"),
    "sequenceFlow": ("Luồng", "Sequence flow"),
    "messageFlow": ("Luồng thông điệp", "Message flow"),
    "association": ("Liên kết", "Association"),
    "dataInputAssociation": ("Dữ liệu vào", "Data input"),
    "dataOutputAssociation": ("Dữ liệu ra", "Data output"),
    "choreographyTask": ("Bước trao đổi", "Choreography task"),
    "subChoreography": ("Nhóm trao đổi", "Sub-choreography"),
    "callChoreography": ("Gọi trao đổi khác", "Call choreography"),
    "conversation": ("Hội thoại", "Conversation"),
    "subConversation": ("Nhóm hội thoại", "Sub-conversation"),
    "callConversation": ("Gọi hội thoại khác", "Call conversation"),
    "conversationLink": ("Liên kết hội thoại", "Conversation link"),
}
STATES: dict[str, tuple[str, str]] = {
    "done": ("đã xong", "completed"),
    "current": ("đang ở đây", "current"),
    "taken": ("đã đi qua", "taken"),
}


def describe(kind: str, name: str, states: list[str], note: str, language: str) -> str:
    """Return the tooltip of an element: name, kind, states, and what the check says."""
    column = 0 if language == "vi" else 1
    shown = KINDS.get(kind, (kind, kind))[column]
    words = [STATES[state][column] for state in states]
    words = [shown, *words] if name else words
    head = name.replace("\n", " ") or shown
    line = f"{head} ({', '.join(words)})" if words else head
    return f"{line}\n{note}" if note else line
