"""Word the rules about reading a file and about the structure of a diagram (BPMN 2.0.2)."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """One rule: severity and its four texts, filled with the values of a finding and its {element}."""

    severity: str
    vi: str
    en: str
    remedy_vi: str
    remedy_en: str


_EXPORT = ("Lưu lại tệp trong trình thiết kế rồi thử lại.", "Save the file again in the designer and retry.")
_SPLIT = ("Chia thành nhiều quy trình gọi nhau.", "Split it into processes that call each other.")

READING = {
    "file-name": Rule(
        "error",
        "Tên tệp “{name}” không dùng được: phải có từ 1 đến {limit} ký tự, không chứa đường dẫn.",
        "File name '{name}' cannot be used: it must have 1 to {limit} characters and no path.",
        "Đổi tên tệp rồi gửi lại.",
        "Rename the file and send it again.",
    ),
    "file-twice": Rule(
        "error",
        "Có hai tệp cùng tên {name} trong một lần triển khai.",
        "Two files of one deployment are called {name}.",
        "Đổi tên một tệp, hoặc gửi thành hai lần.",
        "Rename one of them, or send them one after the other.",
    ),
    "too-many-files": Rule(
        "error",
        "Một lần triển khai nhận nhiều nhất {limit} tệp.",
        "A deployment takes at most {limit} files.",
        "Chia thành nhiều lần triển khai.",
        "Split it into several deployments.",
    ),
    "file-too-large": Rule(
        "error",
        "Tệp {name} lớn {size} byte, giới hạn là {limit} byte.",
        "File {name} has {size} bytes, the limit is {limit}.",
        *_SPLIT,
    ),
    "not-well-formed": Rule(
        "error",
        "Tệp {name} không phải XML đúng quy cách: {detail}",
        "File {name} is not well-formed XML: {detail}",
        *_EXPORT,
    ),
    "document-type": Rule(
        "error",
        "Tệp {name} có khai báo DOCTYPE; khai báo này có thể đọc tệp khác nên không được nhận.",
        "File {name} declares a DOCTYPE, which could read other files, so it is not accepted.",
        "Xóa dòng <!DOCTYPE …>; BPMN không cần nó.",
        "Delete the <!DOCTYPE …> part; BPMN does not need it.",
    ),
    "too-many-elements": Rule(
        "error",
        "Tệp {name} có hơn {limit} phần tử XML.",
        "File {name} has more than {limit} XML elements.",
        *_SPLIT,
    ),
    "nested-too-deep": Rule(
        "error",
        "Tệp {name} lồng nhau sâu hơn {limit} cấp.",
        "File {name} nests deeper than {limit} levels.",
        *_SPLIT,
    ),
    "too-many-attributes": Rule(
        "error",
        "Tệp {name} có phần tử với hơn {limit} thuộc tính.",
        "File {name} has an element with more than {limit} attributes.",
        *_EXPORT,
    ),
    "not-bpmn": Rule(
        "error",
        "Tệp {name} không phải BPMN 2.0: phần tử gốc là “{found}”, cần “definitions” của BPMN.",
        "File {name} is not BPMN 2.0: its root is '{found}', expected 'definitions' of BPMN.",
        "Chọn tệp .bpmn do trình thiết kế lưu ra.",
        "Choose a .bpmn file saved by a designer.",
    ),
}

STRUCTURE = {
    "more-findings": Rule(
        "warning",
        "Còn {count} điều nữa không được liệt kê.",
        "{count} more findings are not listed.",
        "Sửa những điều đã nêu rồi kiểm tra lại.",
        "Correct what is listed and check again.",
    ),
    "missing-id": Rule(
        "error",
        "Phần tử {kind} không có id.",
        "A {kind} has no id.",
        *_EXPORT,
    ),
    "duplicate-id": Rule(
        "error",
        "Mã “{element}” được dùng {count} lần trong tệp.",
        "Id '{element}' is used {count} times in the file.",
        "Đặt mỗi phần tử một mã riêng.",
        "Give every element an id of its own.",
    ),
    "unresolved-reference": Rule(
        "error",
        "“{element}”: {attribute} trỏ đến “{target}” nhưng không có phần tử phù hợp.",
        "'{element}': {attribute} points to '{target}', but there is no such element.",
        "Nối lại, chọn lại, hoặc xóa phần tử này.",
        "Connect it again, choose again, or delete this element.",
    ),
    "flow-crosses-scope": Rule(
        "error",
        "Luồng “{element}” đi qua ranh giới quy trình con hoặc quy trình khác.",
        "Sequence flow '{element}' crosses the border of a sub-process or process.",
        "Nối vào chính quy trình con; giữa hai quy trình hãy dùng thông điệp.",
        "Connect to the sub-process itself; between processes use messages.",
    ),
    "no-process": Rule(
        "error",
        "Tệp không có quy trình nào chạy được (isExecutable).",
        "The file has no executable process (isExecutable).",
        "Chọn quy trình và đánh dấu “Executable”.",
        "Select the process and tick 'Executable'.",
    ),
    "duplicate-process": Rule(
        "error",
        "Quy trình “{element}” có ở nhiều tệp được triển khai cùng lúc: {files}.",
        "Process '{element}' is in several files that are deployed together: {files}.",
        "Đổi mã của một quy trình, hoặc triển khai từng tệp để chúng thành các phiên bản.",
        "Change the id of one process, or deploy one file after the other to make them versions.",
    ),
    "missing-start": Rule(
        "error",
        "“{element}” không có sự kiện bắt đầu.",
        "'{element}' has no start event.",
        "Thêm một sự kiện bắt đầu.",
        "Add a start event.",
    ),
    "several-none-starts": Rule(
        "error",
        "“{element}” có {count} sự kiện bắt đầu không điều kiện: {ids}.",
        "'{element}' has {count} none start events: {ids}.",
        "Giữ một; các lối vào khác dùng thông điệp hoặc hẹn giờ.",
        "Keep one; make other entries message or timer starts.",
    ),
    "forbidden-incoming": Rule(
        "error",
        "“{element}” không được có luồng đi vào (BPMN 2.0.2, 10.5).",
        "'{element}' must not have an incoming flow (BPMN 2.0.2, 10.5).",
        "Bỏ luồng đi vào.",
        "Remove the incoming flow.",
    ),
    "forbidden-outgoing": Rule(
        "error",
        "Sự kiện kết thúc “{element}” có luồng đi ra (BPMN 2.0.2, 10.5.3).",
        "End event '{element}' has an outgoing flow (BPMN 2.0.2, 10.5.3).",
        "Bỏ luồng đi ra, hoặc đổi thành sự kiện trung gian.",
        "Remove the flow, or make it an intermediate event.",
    ),
    "unreachable": Rule(
        "error",
        "Không có đường nào từ sự kiện bắt đầu đến “{element}”: nó sẽ không bao giờ chạy.",
        "No path leads from a start event to '{element}': it would never run.",
        "Nối nó vào luồng, hoặc xóa đi.",
        "Connect it, or delete it.",
    ),
    "dead-end": Rule(
        "warning",
        "Nhánh dừng tại “{element}” mà không có sự kiện kết thúc.",
        "The path stops at '{element}' without an end event.",
        "Thêm sự kiện kết thúc để người đọc biết đây là chủ ý.",
        "Add an end event, so that readers see it is meant.",
    ),
    "endless-loop": Rule(
        "error",
        "Từ “{element}” chỉ quay vòng, không đường nào ra khỏi: {ids}.",
        "From '{element}' the flow only turns in a circle, nothing leads out: {ids}.",
        "Thêm một lối ra có điều kiện.",
        "Add a conditional way out.",
    ),
    "busy-loop": Rule(
        "warning",
        "Vòng lặp qua “{element}” không chờ ai: {ids}. Điều kiện không đổi thì quay mãi.",
        "The loop through '{element}' waits for nobody ({ids}); it may never end.",
        "Đặt trong vòng một việc của người dùng, hẹn giờ hoặc thông điệp.",
        "Put a user task, timer or message into the loop.",
    ),
    "deadlock": Rule(
        "error",
        "Cổng song song “{element}” chờ các nhánh mà cổng “{split}” chỉ chọn một: sẽ chờ mãi.",
        "Parallel gateway '{element}' waits forever: '{split}' takes only one of its branches.",
        "Gộp bằng cổng chọn một, hoặc tách bằng cổng song song.",
        "Join with an exclusive gateway, or split with a parallel one.",
    ),
    "possible-deadlock": Rule(
        "warning",
        "Cổng song song “{element}” có thể chờ mãi nhánh mà cổng “{split}” không chọn.",
        "Parallel gateway '{element}' may wait forever for a branch that '{split}' did not take.",
        "Gộp bằng cổng chọn nhiều.",
        "Join with an inclusive gateway.",
    ),
    "runs-twice": Rule(
        "warning",
        "Các nhánh song song từ “{split}” gặp nhau tại “{element}” mà không gộp: phần sau chạy nhiều lần.",
        "Parallel branches from '{split}' meet at '{element}' unjoined: what follows runs more than once.",
        "Gộp bằng cổng song song.",
        "Join them with a parallel gateway.",
    ),
    "missing-condition": Rule(
        "error",
        "Luồng “{element}” rời cổng “{gateway}” mà không có điều kiện và không phải luồng mặc định.",
        "Flow '{element}' leaves gateway '{gateway}' without a condition and is not its default.",
        "Viết điều kiện FEEL, hoặc đặt làm luồng mặc định.",
        "Write a FEEL condition, or make it the default flow.",
    ),
    "missing-default": Rule(
        "warning",
        "Cổng “{element}” không có luồng mặc định: khi không điều kiện nào đúng, hồ sơ dừng vì sự cố.",
        "Gateway '{element}' has no default flow: when no condition holds, an incident stops it.",
        "Đặt một luồng làm mặc định.",
        "Make one flow the default.",
    ),
    "useless-condition": Rule(
        "warning",
        "Điều kiện trên luồng “{element}” không bao giờ được xét.",
        "The condition on flow '{element}' is never evaluated.",
        "Bỏ điều kiện, hoặc dùng cổng chọn một hay chọn nhiều.",
        "Remove it, or use an exclusive or inclusive gateway.",
    ),
    "event-gateway-followers": Rule(
        "error",
        "Sau cổng chờ sự kiện “{gateway}”, “{element}” không được phép (BPMN 2.0.2, 10.6.6).",
        "'{element}' may not follow event-based gateway '{gateway}' (BPMN 2.0.2, 10.6.6).",
        "Chỉ nối đến sự kiện chờ giữa luồng hoặc việc chờ thông điệp, mỗi nơi chỉ một luồng vào.",
        "Connect only to catch events or receive tasks, each with this one flow.",
    ),
    "event-gateway-choice": Rule(
        "error",
        "Cổng chờ sự kiện “{element}” cần ít nhất hai lối ra.",
        "Event-based gateway '{element}' needs at least two ways out.",
        "Thêm sự kiện thứ hai, hoặc bỏ cổng.",
        "Add a second event, or remove the gateway.",
    ),
    "link-without-name": Rule(
        "error",
        "Liên kết “{element}” không có tên.",
        "Link event '{element}' has no link name.",
        "Đặt tên giống nhau cho nơi đi và nơi đến.",
        "Give source and target the same name.",
    ),
    "link-without-target": Rule(
        "error",
        "Liên kết “{element}” đi đến “{link}” nhưng cùng cấp không có đúng một nơi đến tên đó.",
        "Link '{element}' goes to '{link}', but its level does not have exactly one target of that name.",
        "Thêm đúng một sự kiện liên kết đến cùng tên ở cùng cấp.",
        "Add exactly one catching link of that name on the same level.",
    ),
    "duplicate-catcher": Rule(
        "error",
        "“{element}” bắt cùng mã “{code}” như một sự kiện khác trên “{host}”.",
        "'{element}' catches code '{code}', as another event on '{host}' does.",
        "Giữ một sự kiện cho mỗi mã.",
        "Keep one event per code.",
    ),
    "cancel-uncaught": Rule(
        "warning",
        "“{element}” hủy giao dịch “{transaction}” nhưng ở đó không có sự kiện hủy: nhánh dừng tại đây.",
        "'{element}' cancels '{transaction}', which has no cancel event attached: its path ends there.",
        "Gắn một sự kiện hủy vào giao dịch.",
        "Attach a cancel event to the transaction.",
    ),
    "duplicate-code": Rule(
        "warning",
        "“{element}”: {kind} “{code}” được khai báo nhiều lần; nơi bắt không phân biệt được.",
        "'{element}': {kind} '{code}' is declared more than once; who catches it cannot tell them apart.",
        "Giữ một khai báo, hoặc đặt mã khác nhau.",
        "Keep one declaration, or give them different codes.",
    ),
    "recursive-call": Rule(
        "error",
        "“{element}” gọi vòng lại chính quy trình này ({path}): sẽ gọi mãi.",
        "'{element}' calls back into its own process ({path}): it would call forever.",
        "Bỏ vòng gọi.",
        "Break the circle of calls.",
    ),
}
