"""Word the rules about what this engine does not execute, and about the `zeebe:` dialect and FEEL."""

from __future__ import annotations

from engine.bpmn.checking_rules_structure import Rule


def _refuse(vi: str, en: str, remedy_vi: str, remedy_en: str) -> Rule:
    """Word a construct that is drawn and kept but not executed."""
    return Rule(
        "error",
        f"“{{element}}”: {vi} chưa được thực thi.",
        f"'{{element}}': {en} is not executed.",
        remedy_vi,
        remedy_en,
    )


CONSTRUCTS = {
    "complex-gateway": _refuse(
        "cổng phức hợp",
        "a complex gateway",
        "Dùng cổng chọn một, song song hoặc chọn nhiều.",
        "Use an exclusive, parallel or inclusive gateway.",
    ),
    "compensation": _refuse(
        "bù trừ (compensation)",
        "compensation",
        "Vẽ việc hủy bỏ thành nhánh thường sau một cổng.",
        "Draw the undoing as an ordinary branch after a gateway.",
    ),
    "signal-event": _refuse(
        "tín hiệu (signal)",
        "a signal event",
        "Dùng thông điệp với khóa tương quan.",
        "Use a message with a correlation key.",
    ),
    "conditional-event": _refuse(
        "sự kiện điều kiện",
        "a conditional event",
        "Dùng cổng có điều kiện sau một thông điệp hoặc hẹn giờ.",
        "Use a gateway with conditions after a message or timer.",
    ),
    "cancel-event": _refuse(
        "sự kiện hủy giao dịch",
        "a cancel event",
        "Dùng sự kiện lỗi trên quy trình con thường.",
        "Use an error event on an ordinary sub-process.",
    ),
    "multiple-events": _refuse(
        "sự kiện có nhiều định nghĩa",
        "an event with several definitions",
        "Vẽ mỗi định nghĩa một sự kiện; để chờ nhiều thứ, dùng cổng chờ sự kiện.",
        "Draw one event per definition; to wait for several, use an event-based gateway.",
    ),
    "event-definition-reference": _refuse(
        "định nghĩa sự kiện dùng chung (eventDefinitionRef)",
        "a shared event definition (eventDefinitionRef)",
        "Đặt định nghĩa ngay trong sự kiện.",
        "Put the definition into the event itself.",
    ),
    "ad-hoc-sub-process": _refuse(
        "quy trình con tùy ý (ad-hoc)",
        "an ad-hoc sub-process",
        "Dùng quy trình con thường với cổng.",
        "Use an ordinary sub-process with gateways.",
    ),
    "transaction": _refuse(
        "giao dịch (transaction)",
        "a transaction",
        "Đổi thành quy trình con thường với sự kiện lỗi.",
        "Make it an ordinary sub-process with an error event.",
    ),
    "event-sub-process": _refuse(
        "quy trình con sự kiện",
        "an event sub-process",
        "Dùng sự kiện gắn trên một quy trình con bao quanh.",
        "Use a boundary event on a surrounding sub-process.",
    ),
    "standard-loop": _refuse(
        "vòng lặp chuẩn",
        "a standard loop",
        "Vẽ vòng lặp bằng cổng chọn một, hoặc dùng lặp nhiều thực thể.",
        "Draw the loop with an exclusive gateway, or use multi-instance.",
    ),
    "loop-behavior": _refuse(
        "sự kiện của lặp nhiều thực thể (behavior)",
        "an event of multi-instance (behavior)",
        "Bỏ thuộc tính behavior.",
        "Remove the behavior attribute.",
    ),
    "token-quantity": _refuse(
        "startQuantity hoặc completionQuantity khác 1",
        "a startQuantity or completionQuantity other than 1",
        "Bỏ thuộc tính, dùng cổng song song hoặc lặp nhiều thực thể.",
        "Remove it; use a parallel gateway or multi-instance.",
    ),
    "instantiating": _refuse(
        "khởi tạo quy trình bằng cổng hoặc việc chờ thông điệp (instantiate)",
        "starting a process by a gateway or receive task (instantiate)",
        "Dùng sự kiện bắt đầu bằng thông điệp.",
        "Use a message start event.",
    ),
    "called-decision": _refuse(
        "bảng quyết định DMN (calledDecision)",
        "a DMN decision (calledDecision)",
        "Dùng loại công việc (taskDefinition) cho bước này.",
        "Give this task a job type (taskDefinition).",
    ),
    "event-not-here": _refuse(
        "sự kiện “{event}” ở vị trí này ({place})",
        "an event of kind '{event}' in this place ({place})",
        "Chọn loại sự kiện khác, hoặc chuyển chỗ.",
        "Choose another kind of event, or move it.",
    ),
    "must-interrupt": _refuse(
        "sự kiện “{event}” không ngắt",
        "a non-interrupting event of kind '{event}'",
        "Đổi thành sự kiện ngắt (BPMN 2.0.2, bảng 10.91).",
        "Make it interrupting (BPMN 2.0.2, table 10.91).",
    ),
    "unknown-element": _refuse(
        "phần tử “{kind}”",
        "an element of kind '{kind}'",
        "Thay bằng phần tử được hỗ trợ.",
        "Replace it by a supported element.",
    ),
    "zeebe-not-executed": _refuse(
        "phần mở rộng {tag}",
        "the extension {tag}",
        "Bỏ phần mở rộng này.",
        "Remove this extension.",
    ),
}

_NAME_IT = ("Đặt tên cho thông điệp.", "Name the message.")

DIALECT = {
    "zeebe-unknown": Rule(
        "error",
        "“{element}”: không biết phần mở rộng {tag}; nó sẽ bị bỏ qua và mất khi lưu.",
        "'{element}': extension {tag} is unknown; it would be ignored and lost on saving.",
        "Sửa tên hoặc xóa phần mở rộng này.",
        "Correct its name or delete it.",
    ),
    "empty-property": Rule(
        "error",
        "“{element}” có thuộc tính mở rộng không tên.",
        "'{element}' has an extension property without a name.",
        "Đặt tên hoặc xóa thuộc tính này.",
        "Name it or delete it.",
    ),
    "unknown-rule": Rule(
        "warning",
        "“{element}”: thuộc tính {name} không có tác dụng, công cụ không biết nó.",
        "'{element}': property {name} has no effect, the engine does not know it.",
        "Sửa tên, hoặc vẽ điều đó vào sơ đồ (ví dụ sự kiện hẹn giờ gắn vào việc).",
        "Correct its name, or draw it (for example a timer event attached to the task).",
    ),
    "unassigned": Rule(
        "error",
        "Việc “{element}” không giao cho ai: không có người nhận, nhóm hay danh sách người.",
        "User task '{element}' is assigned to nobody: no assignee, candidate groups or users.",
        "Điền người nhận hoặc nhóm ứng viên (assignmentDefinition).",
        "Set an assignee or candidate groups (assignmentDefinition).",
    ),
    "unknown-form": Rule(
        "error",
        "“{element}” dùng biểu mẫu “{form}” chưa có.",
        "'{element}' uses form '{form}', which does not exist.",
        "Triển khai tệp .form có mã này cùng lúc, hoặc chọn biểu mẫu khác.",
        "Deploy the .form file with this id together, or choose another form.",
    ),
    "form-unreadable": Rule(
        "error",
        "Biểu mẫu {element} không đọc được: {reason}",
        "Form {element} cannot be read: {reason}",
        "Lưu lại tệp .form trong trình thiết kế rồi thử lại.",
        "Save the .form file again in the designer and retry.",
    ),
    "form-refused": Rule(
        "error",
        "Biểu mẫu “{form}”: {vi}",
        "Form '{form}': {en}",
        "Sửa biểu mẫu trong trình thiết kế.",
        "Correct the form in the designer.",
    ),
    "priority": Rule(
        "error",
        "“{element}”: độ ưu tiên “{value}” không phải số nguyên từ 0 đến 100.",
        "'{element}': priority '{value}' is not a whole number from 0 to 100.",
        "Nhập số từ 0 đến 100 hoặc biểu thức FEEL.",
        "Enter 0 to 100 or a FEEL expression.",
    ),
    "retries": Rule(
        "error",
        "“{element}”: số lần thử “{value}” không phải số nguyên dương.",
        "'{element}': retries '{value}' is not a positive whole number.",
        "Nhập số nguyên từ 1.",
        "Enter a whole number of at least 1.",
    ),
    "missing-job-type": Rule(
        "error",
        "“{element}” không có loại công việc: không ai thực hiện được.",
        "'{element}' has no job type: nobody can perform it.",
        "Điền loại công việc (taskDefinition type); việc gửi có thể chọn thông điệp thay vào.",
        "Set a job type (taskDefinition type); a send task may name a message instead.",
    ),
    "unknown-job-type": Rule(
        "warning",
        "“{element}”: không có bộ xử lý nào cho “{type}”; việc sẽ chờ một worker bên ngoài.",
        "'{element}': no handler for '{type}' is known; it will wait for an outside worker.",
        "Kiểm tra chính tả, hoặc chắc chắn có worker cho loại này.",
        "Check the spelling, or be sure that a worker serves this type.",
    ),
    "script": Rule(
        "error",
        "“{element}” không có biểu thức FEEL (zeebe:script); mã của ngôn ngữ khác không bao giờ được chạy.",
        "'{element}' has no FEEL expression (zeebe:script); code in other languages is never run.",
        "Viết biểu thức FEEL và tên biến nhận kết quả.",
        "Write a FEEL expression and the name of its result variable.",
    ),
    "expression": Rule(
        "error",
        "“{element}”, {where}: {detail}",
        "'{element}', {where}: {detail}",
        "Sửa biểu thức FEEL.",
        "Correct the FEEL expression.",
    ),
    "missing-equals": Rule(
        "error",
        "“{element}”, {where}: biểu thức phải bắt đầu bằng dấu =, đang là “{value}”.",
        "'{element}', {where}: an expression begins with =, found '{value}'.",
        "Thêm dấu = ở đầu và viết bằng FEEL.",
        "Put = in front and write it in FEEL.",
    ),
    "mapping": Rule(
        "error",
        "“{element}”: ánh xạ dữ liệu thiếu nguồn hoặc tên biến đích.",
        "'{element}': a mapping lacks its source or its target variable.",
        "Điền đủ nguồn (FEEL) và đích.",
        "Fill in source (FEEL) and target.",
    ),
    "loop-collection": Rule(
        "error",
        "“{element}” lặp nhiều thực thể mà không có inputCollection hay loopCardinality.",
        "'{element}' is multi-instance without inputCollection or loopCardinality.",
        "Điền danh sách đầu vào bằng FEEL.",
        "Set the input collection in FEEL.",
    ),
    "loop-cardinality": Rule(
        "error",
        "“{element}”: số lần lặp “{value}” phải là biểu thức FEEL hoặc số nguyên từ 0 đến {limit}.",
        "'{element}': cardinality '{value}' must be FEEL or a whole number from 0 to {limit}.",
        "Nhập số hợp lệ.",
        "Enter a valid number.",
    ),
    "loop-output": Rule(
        "error",
        "“{element}”: outputCollection và outputElement phải đi cùng nhau.",
        "'{element}': outputCollection and outputElement belong together.",
        "Điền cả hai hoặc bỏ cả hai.",
        "Set both or neither.",
    ),
    "called-process": Rule(
        "error",
        "“{element}” không nói gọi quy trình nào.",
        "'{element}' does not say which process it calls.",
        "Điền mã quy trình (calledElement processId).",
        "Set the process id (calledElement processId).",
    ),
    "unknown-process": Rule(
        "error",
        "“{element}” gọi quy trình “{process}” chưa có.",
        "'{element}' calls process '{process}', which does not exist.",
        "Triển khai quy trình đó cùng lúc, hoặc sửa mã.",
        "Deploy that process together, or correct the id.",
    ),
    "timer-missing": Rule(
        "error",
        "Hẹn giờ “{element}” không có thời điểm, khoảng thời gian hay chu kỳ.",
        "Timer '{element}' has no date, duration or cycle.",
        "Điền một trong ba.",
        "Set one of the three.",
    ),
    "timer-zone": Rule(
        "error",
        "Hẹn giờ “{element}”: “{value}” không có múi giờ.",
        "Timer '{element}': '{value}' has no time zone.",
        "Viết thêm +07:00.",
        "Add +07:00.",
    ),
    "timer-value": Rule(
        "error",
        "Hẹn giờ “{element}”: “{value}” không phải {expected} theo ISO 8601.",
        "Timer '{element}': '{value}' is not a {expected} in ISO 8601.",
        "Ví dụ: 2026-10-16T00:00:00+07:00, P3D, R5/PT1H; hoặc biểu thức FEEL bắt đầu bằng =.",
        "For example 2026-10-16T00:00:00+07:00, P3D, R5/PT1H; or FEEL beginning with =.",
    ),
    "timer-range": Rule(
        "error",
        "Hẹn giờ “{element}”: “{value}” quá lớn hoặc quá dày (tối đa 100 năm, 10.000 lần, cách 1 giây).",
        "Timer '{element}': '{value}' is out of range (100 years, 10,000 times, 1 second apart).",
        "Chọn giá trị nhỏ hơn.",
        "Choose a smaller value.",
    ),
    "timer-cycle-here": Rule(
        "error",
        "Hẹn giờ “{element}” có chu kỳ ở nơi chỉ chờ được một lần.",
        "Timer '{element}' has a cycle where it can wait only once.",
        "Dùng khoảng thời gian hoặc thời điểm; chu kỳ chỉ cho sự kiện bắt đầu và sự kiện gắn không ngắt.",
        "Use a duration or date; cycles are for start events and non-interrupting boundary events.",
    ),
    "missing-message": Rule(
        "error",
        "“{element}” không chọn thông điệp nào.",
        "'{element}' names no message.",
        "Chọn hoặc tạo thông điệp.",
        "Choose or create a message.",
    ),
    "message-without-name": Rule(
        "error",
        "Thông điệp “{message}” của “{element}” không có tên.",
        "Message '{message}' of '{element}' has no name.",
        *_NAME_IT,
    ),
    "message-without-key": Rule(
        "error",
        "“{element}” chờ thông điệp “{message}” nhưng thông điệp không có khóa tương quan.",
        "'{element}' waits for message '{message}', which has no correlation key.",
        "Điền khóa tương quan bằng FEEL (zeebe:subscription correlationKey).",
        "Set a correlation key in FEEL (zeebe:subscription correlationKey).",
    ),
    "missing-code": Rule(
        "error",
        "“{element}” phát {event} mà không có mã.",
        "'{element}' throws an {event} without a code.",
        "Chọn lỗi hoặc leo thang có mã.",
        "Choose an error or escalation with a code.",
    ),
}
