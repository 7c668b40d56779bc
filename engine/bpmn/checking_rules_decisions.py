"""Word the rules about decisions (DMN 1.5): what the check refuses, and what an evaluation can run into."""

from __future__ import annotations

from engine.bpmn.checking_rules_structure import Rule

_DESIGN = ("Sửa trong trình thiết kế bảng quyết định.", "Correct it in the decision editor.")
_DATA = (
    "Kiểm tra giá trị đưa vào và kiểu đã khai báo.",
    "Check the value that was given and the type that is declared.",
)
_HREF = (
    "Nối lại mũi tên trong sơ đồ quyết định hoặc đưa tệp được nhập vào cùng lần triển khai.",
    "Draw the requirement again, or give the imported file together with this one.",
)

DECISIONS = {
    "not-dmn": Rule(
        "error",
        "Tệp {name} không phải DMN 1.1–1.5: phần tử gốc là “{found}”, cần “definitions” của DMN.",
        "File {name} is not DMN 1.1-1.5: its root is '{found}', expected 'definitions' of DMN.",
        "Chọn tệp .dmn do trình thiết kế lưu ra.",
        "Choose a .dmn file saved by a designer.",
    ),
    "too-many-expressions": Rule(
        "error",
        "Các biểu thức của tệp {name} dài {size} ký tự, giới hạn là {limit}.",
        "The expressions of file {name} have {size} characters, the limit is {limit}.",
        "Chia thành nhiều tệp nhập lẫn nhau.",
        "Split it into files that import each other.",
    ),
    "type-too-large": Rule(
        "error",
        "Kiểu “{name}” có quá nhiều phần hoặc quá nhiều tầng.",
        "The type '{name}' has too many parts or levels.",
        "Chia kiểu thành nhiều kiểu nhỏ hơn.",
        "Divide it into smaller types.",
    ),
    "no-decision": Rule(
        "error",
        "Tệp không có quyết định nào.",
        "The file has no decision.",
        *_DESIGN,
    ),
    "duplicate-decision": Rule(
        "error",
        "Mã quyết định “{element}” có ở nhiều tệp: {files}.",
        "Decision id '{element}' is in several files: {files}.",
        "Đặt mỗi quyết định một mã riêng.",
        "Give every decision an id of its own.",
    ),
    "same-name": Rule(
        "warning",
        "Tên “{name}” được dùng cho nhiều phần tử của mô hình: {others}.",
        "The name '{name}' is used for several elements of the model: {others}.",
        "Đặt mỗi phần tử một tên riêng; biểu thức gọi chúng bằng tên.",
        "Give every element a name of its own; expressions know them by name.",
    ),
    "missing-requirement": Rule(
        "error",
        "“{name}” cần “{href}” nhưng không có phần tử nào như vậy.",
        "'{name}' requires '{href}', but there is no such element.",
        *_HREF,
    ),
    "missing-model": Rule(
        "error",
        "Mô hình được nhập “{name}” ({namespace}) không có trong các tệp.",
        "The imported model '{name}' ({namespace}) is not among the files.",
        *_HREF,
    ),
    "foreign-import": Rule(
        "warning",
        "Phần nhập “{name}” thuộc loại {kind}, không phải DMN; nó bị bỏ qua.",
        "The import '{name}' is of kind {kind}, not DMN; it is not used.",
        *_DESIGN,
    ),
    "requirement-cycle": Rule(
        "error",
        "Các quyết định cần lẫn nhau thành vòng: {path}.",
        "Decisions require each other in a circle: {path}.",
        "Bỏ một mũi tên của vòng.",
        "Remove one requirement of the circle.",
    ),
    "no-logic": Rule(
        "warning",
        "“{name}” không có biểu thức hay bảng nào; kết quả luôn trống.",
        "'{name}' has no expression and no table; its result is always null.",
        *_DESIGN,
    ),
    "missing-expression": Rule(
        "error",
        "Thiếu một biểu thức trong “{name}”.",
        "An expression is missing in '{name}'.",
        *_DESIGN,
    ),
    "empty-expression": Rule(
        "warning",
        "Một biểu thức trong “{name}” để trống; giá trị của nó là null.",
        "An expression in '{name}' is empty; its value is null.",
        *_DESIGN,
    ),
    "expression-language": Rule(
        "error",
        "Biểu thức trong “{name}” viết bằng {language}; chỉ FEEL được chạy.",
        "An expression in '{name}' is written in {language}; only FEEL is run.",
        "Viết lại bằng FEEL.",
        "Write it in FEEL.",
    ),
    "decision-expression": Rule(
        "error",
        "“{name}”: {error}",
        "'{name}': {error}",
        "Sửa biểu thức ở vị trí đã nêu.",
        "Correct the expression at the position given.",
    ),
    "external-function": Rule(
        "error",
        "Hàm trong “{name}” thuộc loại {kind}; hàm bên ngoài không bao giờ được gọi.",
        "A function in '{name}' is of kind {kind}; external functions are never called.",
        "Viết thân hàm bằng FEEL.",
        "Write its body in FEEL.",
    ),
    "unknown-type": Rule(
        "warning",
        "“{name}” có kiểu “{type}” chưa được định nghĩa; mọi giá trị đều được nhận.",
        "'{name}' has the type '{type}', which is not defined; every value is accepted.",
        "Định nghĩa kiểu này hoặc chọn kiểu khác.",
        "Define the type or choose another.",
    ),
    "unknown-hit-policy": Rule(
        "error",
        "Bảng “{name}” có chính sách khớp “{policy}” không tồn tại.",
        "Table '{name}' has the hit policy '{policy}', which does not exist.",
        "Chọn UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, OUTPUT ORDER hoặc COLLECT.",
        "Choose UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, OUTPUT ORDER or COLLECT.",
    ),
    "unknown-aggregation": Rule(
        "error",
        "Bảng “{name}” có phép gộp “{aggregation}” không dùng được với {policy}.",
        "Table '{name}' has the aggregation '{aggregation}', which does not go with {policy}.",
        "Chọn SUM, MIN, MAX hoặc COUNT với COLLECT.",
        "Choose SUM, MIN, MAX or COUNT, with COLLECT.",
    ),
    "table-without-output": Rule(
        "error",
        "Bảng “{name}” không có cột kết quả.",
        "Table '{name}' has no output.",
        *_DESIGN,
    ),
    "output-name": Rule(
        "error",
        "Bảng “{name}” có nhiều cột kết quả nhưng có cột không tên hoặc trùng tên.",
        "Table '{name}' has several outputs, but one has no name or the name of another.",
        "Đặt tên riêng cho từng cột kết quả.",
        "Give every output a name of its own.",
    ),
    "rule-entries": Rule(
        "error",
        "Quy tắc {index} của bảng “{name}” có {found} ô, cần {expected}.",
        "Rule {index} of table '{name}' has {found} entries, expected {expected}.",
        "Thêm hoặc bớt ô để mỗi cột có đúng một ô.",
        "Add or remove entries, one for each column.",
    ),
    "missing-priorities": Rule(
        "error",
        "Bảng “{name}” xếp theo ưu tiên ({policy}) nhưng không cột nào liệt kê giá trị theo thứ tự.",
        "Table '{name}' orders by priority ({policy}), but no output lists its values in order.",
        "Khai báo các giá trị cho phép của cột kết quả, quan trọng nhất đứng trước.",
        "Give the output its allowed values, the most important first.",
    ),
    "rules-overlap": Rule(
        "warning",
        "Quy tắc {first} và {second} của bảng UNIQUE “{name}” có thể cùng khớp.",
        "Rules {first} and {second} of the UNIQUE table '{name}' can hit together.",
        "Sửa điều kiện để chỉ một quy tắc khớp, hoặc đổi chính sách khớp.",
        "Change the conditions so that one rule hits, or choose another hit policy.",
    ),
    "decision-not-unique": Rule(
        "error",
        "Bảng UNIQUE “{name}”: các quy tắc {rules} cùng khớp.",
        "UNIQUE table '{name}': the rules {rules} hit together.",
        "Sửa điều kiện để chỉ một quy tắc khớp, hoặc đổi chính sách khớp.",
        "Change the conditions so that one rule hits, or choose another hit policy.",
    ),
    "decision-conflict": Rule(
        "error",
        "Bảng ANY “{name}”: các quy tắc {rules} cùng khớp nhưng cho kết quả khác nhau.",
        "ANY table '{name}': the rules {rules} hit together with different outputs.",
        "Cho các quy tắc cùng kết quả hoặc sửa điều kiện.",
        "Give the rules the same output, or change their conditions.",
    ),
    "value-not-allowed": Rule(
        "error",
        "“{name}” có giá trị {value}, không thuộc các giá trị cho phép: {allowed}.",
        "'{name}' has the value {value}, which is not allowed: {allowed}.",
        *_DATA,
    ),
    "wrong-type": Rule(
        "error",
        "“{name}” có giá trị {value}, cần kiểu {type}.",
        "'{name}' has the value {value}, expected the type {type}.",
        *_DATA,
    ),
    "cannot-aggregate": Rule(
        "error",
        "Bảng “{name}”: không tính được {aggregation} của {value}.",
        "Table '{name}': cannot compute {aggregation} of {value}.",
        *_DATA,
    ),
    "evaluation-limit": Rule(
        "error",
        "“{name}”: {error}",
        "'{name}': {error}",
        "Chia nhỏ quyết định hoặc rút gọn dữ liệu.",
        "Split the decision or give it less data.",
    ),
    "decision-unreadable-input": Rule(
        "error",
        "Dữ liệu đưa vào “{name}” không đọc được: {error}",
        "What was given to '{name}' cannot be read: {error}",
        *_DATA,
    ),
}
