"""Word the rules of BPMN 2.0 about data, expressions, operations and what only readers need.

Nothing here changes how a process runs: data objects and associations are drawn and kept, variables are the
dialect's. So these are warnings, and notes where files of the Camunda dialect differ by habit.
"""

from __future__ import annotations

from engine.bpmn.checking_rules_structure import Rule

_STATE_SAME = ("Chọn cùng một itemDefinition.", "Choose the same itemDefinition.")
_LIST_IT = ("Liệt kê nó trong tập dữ liệu.", "List it in the set.")
_ONE_ONLY = ("Giữ đúng một phần.", "Keep exactly one.")

DATA = {
    "informal-expression": Rule(
        "note",
        "“{element}”: {where} không ghi xsi:type tFormalExpression, theo BPMN là văn bản thường.",
        "'{element}': {where} has no xsi:type tFormalExpression, so BPMN takes it for plain language.",
        'Thêm xsi:type="tFormalExpression"; công cụ này chỉ cần dấu = của FEEL.',
        "Add xsi:type=\"tFormalExpression\"; this engine needs only the '=' of FEEL.",
    ),
    "formal-expression-empty": Rule(
        "warning",
        "“{element}”: {where} trống.",
        "'{element}': {where} is empty.",
        "Viết biểu thức hoặc xóa phần này.",
        "Write the expression, or delete it.",
    ),
    "text-format": Rule(
        "warning",
        "“{element}”: textFormat “{value}” không phải kiểu MIME.",
        "'{element}': textFormat '{value}' is not a MIME type.",
        "Ví dụ text/plain.",
        "For example text/plain.",
    ),
    "script-format": Rule(
        "note",
        "“{element}” có mã lệnh mà không ghi scriptFormat; mã đó không bao giờ được chạy.",
        "'{element}' has a script without scriptFormat; such code is never run.",
        "Dùng biểu thức FEEL (zeebe:script).",
        "Use a FEEL expression (zeebe:script).",
    ),
    "choreography-reference": Rule(
        "warning",
        "“{element}” không được trỏ đến một biên đạo (choreographyRef).",
        "'{element}' must not reference a choreography (choreographyRef).",
        "Bỏ choreographyRef.",
        "Remove choreographyRef.",
    ),
    "participant-count": Rule(
        "warning",
        "“{element}”: số bên tham gia từ {minimum} đến {maximum} không hợp lệ.",
        "'{element}': from {minimum} to {maximum} participants is not possible.",
        "Số nhỏ nhất từ 0, số lớn nhất từ 1 và không nhỏ hơn số nhỏ nhất.",
        "The least is 0 or more, the most 1 or more and not below the least.",
    ),
    "global-conversation-parts": Rule(
        "warning",
        "Hội thoại chung “{element}” không được chứa {kind}.",
        "Global conversation '{element}' must not contain a {kind}.",
        "Dùng collaboration.",
        "Use a collaboration.",
    ),
    "closed-differs": Rule(
        "warning",
        "“{element}”: isClosed khác với biên đạo được trỏ đến.",
        "'{element}': isClosed differs from the choreography it references.",
        "Đặt hai giá trị giống nhau.",
        "Give both the same value.",
    ),
    "public-executable": Rule(
        "warning",
        "Quy trình công khai (Public) “{element}” không được đánh dấu chạy được.",
        "Public process '{element}' must not be marked as executable.",
        "Đổi processType thành Private.",
        "Set processType to Private.",
    ),
    "collection-differs": Rule(
        "warning",
        "“{element}”: isCollection khác với itemDefinition “{item}”.",
        "'{element}': isCollection differs from itemDefinition '{item}'.",
        "Đặt hai giá trị giống nhau.",
        "Give both the same value.",
    ),
    "operation-sets": Rule(
        "warning",
        "“{element}” dùng {reference_kind} nên chỉ được có {expected} {part}, đang có {count}.",
        "'{element}' has a {reference_kind} and so takes {expected} {part}, found {count}.",
        *_ONE_ONLY,
    ),
    "item-differs": Rule(
        "warning",
        "“{element}”: kiểu dữ liệu của {one} và {other} khác nhau.",
        "'{element}': the data types of {one} and {other} differ.",
        *_STATE_SAME,
    ),
    "call-data": Rule(
        "warning",
        "“{element}”: dữ liệu vào và ra không khớp với “{called}” được gọi.",
        "'{element}': its data inputs and outputs do not match those of '{called}'.",
        "Khai báo ioSpecification giống nhau ở cả hai nơi; biến được chuyển bằng ioMapping.",
        "Declare the same ioSpecification on both sides; variables are passed by ioMapping.",
    ),
    "interface-binding": Rule(
        "warning",
        "“{element}” có supportedInterfaceRef mà không có ioBinding.",
        "'{element}' has a supportedInterfaceRef, but no ioBinding.",
        "Thêm ioBinding hoặc bỏ supportedInterfaceRef.",
        "Add an ioBinding, or remove supportedInterfaceRef.",
    ),
    "loop-data": Rule(
        "warning",
        "“{element}”: loopDataInputRef “{target}” không phải dữ liệu vào của chính việc này.",
        "'{element}': loopDataInputRef '{target}' is not a data input of this activity.",
        "Dùng zeebe:loopCharacteristics inputCollection.",
        "Use zeebe:loopCharacteristics inputCollection.",
    ),
    "data-object-name": Rule(
        "note",
        "“{element}”: theo BPMN tên của tham chiếu là “tên dữ liệu [trạng thái]”.",
        "'{element}': by BPMN a reference is named 'data object [state]'.",
        "Đặt tên theo quy ước nếu cần.",
        "Name it by the convention where it matters.",
    ),
    "data-in-sub-process": Rule(
        "warning",
        "Quy trình con “{element}” không được có ioSpecification.",
        "Sub-process '{element}' must not have an ioSpecification.",
        "Dùng ioMapping.",
        "Use ioMapping.",
    ),
    "data-set-missing": Rule(
        "warning",
        "“{element}” ({kind}) không thuộc tập dữ liệu nào.",
        "'{element}' ({kind}) is in no set.",
        *_LIST_IT,
    ),
    "data-set-list": Rule(
        "warning",
        "“{element}”: {part} “{target}” không có trong {whole}.",
        "'{element}': {part} '{target}' is not among its {whole}.",
        *_LIST_IT,
    ),
    "data-set-pair": Rule(
        "warning",
        "“{element}” trỏ đến “{target}”, nơi không trỏ lại.",
        "'{element}' references '{target}', which does not reference it back.",
        "Ghi ở cả hai nơi.",
        "State it on both sides.",
    ),
    "data-association-sources": Rule(
        "note",
        "Liên kết dữ liệu “{element}” không có transformation nên cần đúng một sourceRef, đang có {count}.",
        "Data association '{element}' has no transformation and so takes one sourceRef, found {count}.",
        *_ONE_ONLY,
    ),
    "event-data-count": Rule(
        "warning",
        "“{element}” có {count} dữ liệu cho {events} định nghĩa sự kiện.",
        "'{element}' has {count} data items for {events} event definitions.",
        "Mỗi định nghĩa một dữ liệu.",
        "Give each definition one.",
    ),
}
