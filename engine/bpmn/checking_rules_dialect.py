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
    "token-quantity": _refuse(
        "startQuantity hoặc completionQuantity lớn hơn {limit}",
        "a startQuantity or completionQuantity of more than {limit}",
        "Dùng số nhỏ hơn, hoặc lặp nhiều thực thể.",
        "Use a smaller number, or multi-instance.",
    ),
    "process-compensation": _refuse(
        "quy trình con sự kiện bù trừ của cả quy trình",
        "a compensation event sub-process of a whole process",
        "Đặt nó vào quy trình con mà nó phải bù trừ.",
        "Put it into the sub-process that it compensates.",
    ),
    "instantiating": _refuse(
        "khởi tạo (instantiate) trong quy trình con",
        "instantiating (instantiate) inside a sub-process",
        "Bỏ thuộc tính instantiate; quy trình con tự bắt đầu.",
        "Remove the attribute; a sub-process starts by itself.",
    ),
    "event-not-here": _refuse(
        "sự kiện “{event}” ở vị trí này ({place})",
        "an event of kind '{event}' in this place ({place})",
        "Chọn loại sự kiện khác, hoặc chuyển chỗ.",
        "Choose another kind of event, or move it.",
    ),
    "unknown-element": _refuse(
        "phần tử “{kind}”",
        "an element of kind '{kind}'",
        "Thay bằng phần tử được hỗ trợ.",
        "Replace it by a supported element.",
    ),
    "without-effect": Rule(
        "warning",
        "“{element}”: {kind} được giữ trong tệp nhưng không có tác dụng khi chạy.",
        "'{element}': {kind} is kept in the file, but has no effect when the process runs.",
        "Dùng {instead}.",
        "Use {instead}.",
    ),
    "foreign-extension": Rule(
        "note",
        "“{element}”: tệp có phần mở rộng của {engine}; chúng được giữ nhưng không có tác dụng.",
        "'{element}': the file has extensions of {engine}; they are kept, but have no effect.",
        "Dùng phần mở rộng zeebe: cho những gì phải chạy.",
        "Use zeebe: extensions for what must run.",
    ),
    "zeebe-not-executed": _refuse(
        "phần mở rộng {tag}",
        "the extension {tag}",
        "Bỏ phần mở rộng này.",
        "Remove this extension.",
    ),
}

_END_LOOP = ("Điền loopCondition hoặc loopMaximum.", "Give it a loopCondition or a loopMaximum.")
_NAME_IT = ("Đặt tên cho thông điệp.", "Name the message.")

DIALECT = {
    "too-much-feel": Rule(
        "error",
        "Các quy trình của tệp có hơn {limit} ký tự FEEL.",
        "The processes of the file hold more than {limit} characters of FEEL.",
        "Chuyển quy tắc vào bảng quyết định (DMN), hoặc chia thành nhiều quy trình.",
        "Move rules into decision tables (DMN), or split the file.",
    ),
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
    "unknown-decision": Rule(
        "error",
        "“{element}” dùng quyết định “{decision}” chưa có.",
        "'{element}' uses decision '{decision}', which does not exist.",
        "Triển khai tệp .dmn có mã này cùng lúc, hoặc chọn quyết định khác.",
        "Deploy the .dmn file with this id together, or choose another decision.",
    ),
    "called-decision": Rule(
        "error",
        "“{element}” gọi quyết định mà thiếu mã quyết định hoặc biến kết quả, hoặc không phải bước quy tắc.",
        "'{element}' calls a decision without its id or a result variable, or is no business rule task.",
        "Điền decisionId và resultVariable trên một business rule task.",
        "Give decisionId and resultVariable, on a business rule task.",
    ),
    "decision-binding": Rule(
        "error",
        "“{element}” gắn quyết định theo “{binding}”, cách này không có hoặc thiếu nhãn phiên bản.",
        "'{element}' binds its decision by '{binding}', which does not exist or has no version tag.",
        "Chọn latest, deployment, hoặc versionTag kèm nhãn.",
        "Choose latest, deployment, or versionTag with a tag.",
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
    "loop-without-end": Rule(
        "error",
        "Vòng lặp của “{element}” không có điều kiện và không có số vòng tối đa: nó chạy mãi.",
        "The loop of '{element}' has neither a condition nor a maximum: it would run forever.",
        *_END_LOOP,
    ),
    "loop-maximum": Rule(
        "error",
        "Số vòng tối đa của “{element}” là “{value}”, cần một số nguyên từ 0.",
        "The loop maximum of '{element}' is '{value}', expected a whole number from 0.",
        *_END_LOOP,
    ),
    "version-tag": Rule(
        "error",
        "“{element}” gọi quy trình theo thẻ phiên bản nhưng không ghi thẻ (versionTag).",
        "'{element}' calls a process by version tag, but names no versionTag.",
        "Điền thẻ phiên bản, hoặc chọn cách gắn khác.",
        "Name the version tag, or choose another binding.",
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
        "Dùng khoảng thời gian hoặc thời điểm, hoặc cho sự kiện không ngắt.",
        "Use a duration or date, or make the event non-interrupting.",
    ),
    "missing-message": Rule(
        "error",
        "“{element}” không chọn thông điệp nào.",
        "'{element}' names no message.",
        "Chọn hoặc tạo thông điệp.",
        "Choose or create a message.",
    ),
    "missing-signal": Rule(
        "error",
        "“{element}” không chọn tín hiệu nào.",
        "'{element}' names no signal.",
        "Chọn hoặc tạo tín hiệu có tên.",
        "Choose or create a signal with a name.",
    ),
    "missing-event-condition": Rule(
        "error",
        "Sự kiện điều kiện “{element}” không có điều kiện.",
        "Conditional event '{element}' has no condition.",
        "Viết điều kiện bằng FEEL.",
        "Write the condition in FEEL.",
    ),
    "message-without-name": Rule(
        "error",
        "Thông điệp “{message}” của “{element}” không có tên.",
        "Message '{message}' of '{element}' has no name.",
        *_NAME_IT,
    ),
    "message-without-key": Rule(
        "warning",
        "“{element}” chờ thông điệp “{message}” không có khóa tương quan: ai chờ trước nhận trước.",
        "'{element}' waits for message '{message}' without a correlation key: whoever waits first gets it.",
        "Điền khóa tương quan bằng FEEL (zeebe:subscription correlationKey) nếu có nhiều hồ sơ cùng lúc.",
        "Set a correlation key in FEEL (zeebe:subscription correlationKey) when several run at once.",
    ),
    "missing-code": Rule(
        "error",
        "“{element}” phát {event} mà không có mã.",
        "'{element}' throws an {event} without a code.",
        "Chọn lỗi hoặc leo thang có mã.",
        "Choose an error or escalation with a code.",
    ),
}
