"""Word the rules of BPMN 2.0 about flows, events, gateways, activities and pools.

Each stands in the list of M. Geiger, "BPMN 2.0 Process Model Serialization Constraints" (Bamberg, 2013); its
number goes with every finding. A note says what the standard asks for and files of the Camunda dialect do
without: it never refuses, and is shown only when asked for.
"""

from __future__ import annotations

from engine.bpmn.checking_rules_structure import Rule

_RECONNECT = ("Nối lại hoặc xóa luồng này.", "Connect it again, or delete the flow.")
_REDRAW = ("Vẽ lại phần này trong trình thiết kế.", "Draw this part again in the designer.")
_CHOOSE_EVENT = ("Chọn loại sự kiện khác, hoặc chuyển chỗ.", "Choose another kind of event, or move it.")
_DIRECTION = ("Đổi gatewayDirection thành Unspecified.", "Set gatewayDirection to Unspecified.")

STANDARD = {
    "artifact-in-flow": Rule(
        "error",
        "Luồng “{element}”: {attribute} là {kind} “{target}”; luồng không nối với chú thích hay nhóm.",
        "Flow '{element}': its {attribute} is the {kind} '{target}'; a flow never connects artifacts.",
        "Dùng liên kết (association) thay cho luồng.",
        "Use an association instead of the flow.",
    ),
    "flow-end-kind": Rule(
        "error",
        "Luồng “{element}”: {attribute} là {kind} “{target}”; chỉ hoạt động, cổng và sự kiện được nối, "
        "quy trình con sự kiện thì không.",
        "Flow '{element}': its {attribute} is the {kind} '{target}'; only activities, gateways and events "
        "are connected, event sub-processes are not.",
        *_RECONNECT,
    ),
    "reference-kind": Rule(
        "error",
        "“{element}”: {attribute} trỏ đến {kind} “{target}”, cần {expected}.",
        "'{element}': {attribute} points to the {kind} '{target}', expected {expected}.",
        "Chọn lại phần tử đúng loại.",
        "Choose an element of the right kind.",
    ),
    "flow-not-listed": Rule(
        "note",
        "Luồng “{element}” không được liệt kê ở {tag} của “{target}”.",
        "Flow '{element}' is not listed as {tag} of '{target}'.",
        "Lưu lại tệp trong trình thiết kế; công cụ này chỉ đọc sourceRef và targetRef.",
        "Save the file again in a designer; this engine reads sourceRef and targetRef alone.",
    ),
    "not-immediate": Rule(
        "error",
        "Luồng “{element}” có isImmediate=false; quy trình chạy được không cho phép.",
        "Flow '{element}' has isImmediate=false, which an executable process must not have.",
        "Bỏ thuộc tính isImmediate.",
        "Remove the attribute isImmediate.",
    ),
    "lonely-condition": Rule(
        "warning",
        "Luồng “{element}” có điều kiện nhưng là lối ra duy nhất của “{source}”.",
        "Flow '{element}' has a condition, yet it is the only way out of '{source}'.",
        "Bỏ điều kiện, hoặc thêm lối ra khác.",
        "Remove the condition, or add another way out.",
    ),
    "choreography-in-process": Rule(
        "error",
        "“{element}” ({kind}) thuộc biên đạo (choreography), không được nằm trong quy trình.",
        "'{element}' ({kind}) belongs to a choreography and must not stand in a process.",
        "Thay bằng việc hoặc sự kiện thông điệp.",
        "Replace it by a task or a message event.",
    ),
    "message-flow-same-pool": Rule(
        "error",
        "Luồng thông điệp “{element}” nối hai nơi trong cùng một quy trình (“{source}”, “{target}”).",
        "Message flow '{element}' connects two places of one pool ('{source}', '{target}').",
        "Trong một quy trình dùng luồng thường.",
        "Inside a pool use a sequence flow.",
    ),
    "message-flow-at-event": Rule(
        "error",
        "Luồng thông điệp “{element}”: {kind} “{target}” không thể là {attribute}.",
        "Message flow '{element}': the {kind} '{target}' cannot be its {attribute}.",
        *_RECONNECT,
    ),
    "message-flow-without-message": Rule(
        "error",
        "“{element}” nối với luồng thông điệp “{flow}” nhưng không phải sự kiện thông điệp.",
        "'{element}' is connected by message flow '{flow}', but is not a message event.",
        "Đổi thành sự kiện thông điệp, hoặc xóa luồng thông điệp.",
        "Make it a message event, or delete the message flow.",
    ),
    "quantity": Rule(
        "error",
        "“{element}”: {attribute} là “{value}”, phải là số nguyên từ 1.",
        "'{element}': {attribute} is '{value}', expected a whole number of at least 1.",
        "Nhập số từ 1 hoặc bỏ thuộc tính.",
        "Enter 1 or more, or remove the attribute.",
    ),
    "instantiating-with-incoming": Rule(
        "error",
        "“{element}” khởi tạo quy trình (instantiate) nên không được có luồng đi vào.",
        "'{element}' starts the process (instantiate) and must not have an incoming flow.",
        "Bỏ luồng đi vào hoặc thuộc tính instantiate.",
        "Remove the flow or the attribute instantiate.",
    ),
    "event-sub-process-flows": Rule(
        "error",
        "Quy trình con sự kiện “{element}” không được có luồng vào hoặc ra.",
        "Event sub-process '{element}' must not have incoming or outgoing flows.",
        *_RECONNECT,
    ),
    "event-sub-process-start": Rule(
        "error",
        "Quy trình con sự kiện “{element}” phải có đúng một sự kiện bắt đầu, đang có {count}.",
        "Event sub-process '{element}' must have exactly one start event, found {count}.",
        "Giữ đúng một sự kiện bắt đầu.",
        "Keep exactly one start event.",
    ),
    "event-kind": Rule(
        "error",
        "“{element}”: loại sự kiện “{event}” không được phép ở {place_vi}.",
        "'{element}': an event of kind '{event}' is not allowed as {place}.",
        *_CHOOSE_EVENT,
    ),
    "cancel-outside-transaction": Rule(
        "error",
        "“{element}” hủy giao dịch nhưng không thuộc giao dịch nào.",
        "'{element}' cancels a transaction, but belongs to none.",
        "Đặt vào quy trình con loại giao dịch (transaction), hoặc dùng sự kiện lỗi.",
        "Put it into a transaction, or use an error event.",
    ),
    "shared-thrown-definition": Rule(
        "error",
        "Định nghĩa sự kiện của “{element}” được sự kiện khác dùng lại; sự kiện phát không cho phép.",
        "The event definition of '{element}' is used by another event; throwing events must not share it.",
        "Đặt định nghĩa riêng cho mỗi sự kiện, hoặc để nó ngoài quy trình.",
        "Give each event a definition of its own, or put the definition outside of the process.",
    ),
    "ad-hoc-empty": Rule(
        "error",
        "Quy trình con tùy ý “{element}” không có việc nào.",
        "Ad-hoc sub-process '{element}' contains no activity.",
        "Thêm ít nhất một việc.",
        "Add at least one activity.",
    ),
    "ad-hoc-parts": Rule(
        "error",
        "“{element}” ({kind}) không được nằm trong quy trình con tùy ý.",
        "'{element}' ({kind}) must not stand in an ad-hoc sub-process.",
        "Xóa phần tử này; việc không có luồng vào sẽ tự bắt đầu.",
        "Delete it; activities without incoming flow start by themselves.",
    ),
    "end-without-start": Rule(
        "warning",
        "“{element}” có sự kiện kết thúc nhưng không có sự kiện bắt đầu ở cùng cấp.",
        "'{element}' has an end event, but no start event on the same level.",
        "Thêm sự kiện bắt đầu.",
        "Add a start event.",
    ),
    "start-without-end": Rule(
        "note",
        "“{element}” có sự kiện bắt đầu nhưng không có sự kiện kết thúc ở cùng cấp.",
        "'{element}' has a start event, but no end event on the same level.",
        "Thêm sự kiện kết thúc.",
        "Add an end event.",
    ),
    "called-without-start": Rule(
        "error",
        "“{element}” gọi quy trình “{process}”, quy trình này không có sự kiện bắt đầu không điều kiện.",
        "'{element}' calls process '{process}', which has no none start event.",
        "Thêm một sự kiện bắt đầu không điều kiện vào quy trình được gọi.",
        "Add a none start event to the called process.",
    ),
    "compensation-flow": Rule(
        "error",
        "Sự kiện hoàn tác “{element}” không được có luồng đi ra.",
        "Compensation event '{element}' must not have an outgoing flow.",
        "Nối với việc hoàn tác bằng liên kết (association).",
        "Connect the compensating activity by an association.",
    ),
    "compensation-handler": Rule(
        "error",
        "Sự kiện hoàn tác “{element}” không được liên kết với việc nào có dấu hoàn tác (isForCompensation).",
        "Compensation event '{element}' is not associated with an activity marked isForCompensation.",
        "Nối liên kết (association) đến việc hoàn tác.",
        "Draw an association to the compensating activity.",
    ),
    "link-both-ways": Rule(
        "error",
        "Liên kết “{element}” vừa là nơi đi vừa là nơi đến.",
        "Link event '{element}' is both source and target.",
        "Nơi đi chỉ có luồng vào, nơi đến chỉ có luồng ra.",
        "A source has incoming flows only, a target outgoing ones only.",
    ),
    "link-not-paired": Rule(
        "note",
        "Liên kết “{element}” không ghi {part}; công cụ này ghép theo tên.",
        "Link event '{element}' does not state its {part}; this engine pairs links by name.",
        "Ghi {part} nếu tệp sẽ được dùng ở công cụ khác.",
        "State the {part} when the file is used in other tools.",
    ),
    "link-other-target": Rule(
        "error",
        "Liên kết “{element}” đi đến “{target}”, nơi không nhận nó hoặc nằm ở cấp khác.",
        "Link event '{element}' goes to '{target}', which does not name it or is on another level.",
        "Ghi source và target khớp nhau, ở cùng một cấp.",
        "Let source and target name each other on the same level.",
    ),
    "no-operation": Rule(
        "note",
        "Sự kiện thông điệp “{element}” không ghi operationRef; công cụ này không cần.",
        "Message event '{element}' has no operationRef; this engine does not need one.",
        "Ghi operationRef nếu tệp sẽ được dùng ở công cụ khác.",
        "Set operationRef when the file is used in other tools.",
    ),
    "gateway-direction": Rule(
        "warning",
        "Cổng “{element}” ghi hướng {direction} nhưng có {incoming} luồng vào và {outgoing} luồng ra.",
        "Gateway '{element}' says {direction}, but has {incoming} incoming and {outgoing} outgoing flows.",
        *_DIRECTION,
    ),
    "idle-gateway": Rule(
        "warning",
        "Cổng “{element}” không tách cũng không gộp: chỉ có một lối vào và một lối ra.",
        "Gateway '{element}' neither splits nor joins: it has one way in and one way out.",
        "Bỏ cổng này.",
        "Remove the gateway.",
    ),
    "event-gateway-mixed": Rule(
        "error",
        "Sau cổng chờ sự kiện “{element}” có cả việc chờ thông điệp lẫn sự kiện thông điệp.",
        "Event-based gateway '{element}' is followed by receive tasks and message events alike.",
        "Chỉ dùng một trong hai loại.",
        "Use only one of the two.",
    ),
    "schema": Rule(
        "warning",
        "Dòng {at}: tệp không theo lược đồ BPMN 2.0 của OMG: {detail}",
        "Line {at}: the file does not follow OMG's BPMN 2.0 schema: {detail}",
        *_REDRAW,
    ),
    "import-missing": Rule(
        "note",
        "Tệp nhập “{location}” không nằm trong các tệp đang kiểm tra; phần của nó không được xét.",
        "The imported file '{location}' is not among the files checked; its parts are not judged.",
        "Kiểm tra các tệp cùng một lần.",
        "Check the files together.",
    ),
    "import-kind": Rule(
        "error",
        "Tệp nhập “{location}” không phải BPMN như đã ghi, hoặc có targetNamespace khác.",
        "The imported file '{location}' is not BPMN as stated, or has another targetNamespace.",
        "Sửa dòng import.",
        "Correct the import.",
    ),
    "import-duplicate-id": Rule(
        "error",
        "Mã “{element}” cũng có trong tệp nhập “{location}” với cùng không gian tên.",
        "Id '{element}' stands in the imported file '{location}', too, in the same namespace.",
        "Đổi mã ở một trong hai tệp.",
        "Change the id in one of the files.",
    ),
}
