"""What can be refused: one base error, its few kinds, each message in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Text:
    """Hold one message for people in both languages."""

    vi: str
    en: str

    def text(self, language: str = "vi") -> str:
        """Return the message in the language asked for, English for any other than Vietnamese."""
        return self.vi if language == "vi" else self.en


class Readable(Protocol):
    """Anything that can be told to people in a language."""

    def text(self, language: str = "vi") -> str:
        """Return the message in the language asked for."""


class EngineError(Exception):
    """Refuse an operation; subclasses fill `vi` and `en` with templates over their values."""

    vi = "Không thực hiện được."
    en = "The operation was refused."
    status = 422

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.text("en"))

    def text(self, language: str = "vi") -> str:
        """Return the filled message in the language asked for."""
        template = self.vi if language == "vi" else self.en
        return template.format_map(_Missing(self.values))


class _Missing(dict[str, object]):
    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__(values)

    def __missing__(self, key: str) -> str:
        return "…"


# What is looked for, in words for people.
KINDS_VI = {
    "access token": "mã truy cập",
    "account": "tài khoản",
    "calendar feed": "đường dẫn lịch",
    "calendar": "lịch làm việc",
    "consolidation": "kỳ tổng hợp",
    "council profile": "quy chế hội đồng",
    "council session": "phiên họp hội đồng",
    "council": "hội đồng",
    "decision": "quyết định",
    "decision requirements": "tệp quyết định",
    "difficulty": "vướng mắc",
    "disclosure": "danh sách công khai",
    "document kind": "loại văn bản",
    "document template": "mẫu văn bản",
    "document": "văn bản",
    "draft": "bản nháp",
    "element instance": "lượt thực hiện bước",
    "file": "tệp",
    "form": "biểu mẫu",
    "group": "nhóm",
    "handler": "chương trình xử lý",
    "history event": "sự kiện lịch sử",
    "history value": "giá trị trong lịch sử",
    "import": "tệp nhập",
    "incident": "sự cố",
    "job": "bước tự động",
    "movement version": "bản kế hoạch",
    "movement": "phong trào",
    "nomination": "đề nghị",
    "person": "người",
    "process definition": "quy trình",
    "process instance": "hồ sơ",
    "proposal": "đề xuất",
    "recipient": "nơi nhận",
    "resource": "tệp đã triển khai",
    "rule": "quy tắc",
    "signing authority": "thẩm quyền ký",
    "submission": "tờ trình",
    "summary report": "báo cáo tổng kết",
    "summary request": "công văn đề nghị tổng kết",
    "timer": "hẹn giờ",
    "token": "bước đang chờ",
    "unit": "đơn vị",
    "user task": "việc",
    "variable": "dữ liệu",
}


class NotFound(EngineError):
    """Expected {kind} '{key}', but there is none."""

    vi = "Không tìm thấy {kind_vi} “{key}”."
    en = "Expected {kind} '{key}', but there is none."
    status = 404

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(kind=kind, kind_vi=KINDS_VI.get(kind, kind), key=key)


class NotAllowed(EngineError):
    """Expected an actor who may {operation}, but '{actor}' may not."""

    vi = "“{actor}” không được phép {operation_vi}: {reason_vi}. Chưa có gì thay đổi."
    en = "Expected an actor who may {operation}, but '{actor}' may not: {reason}. Nothing was changed."
    status = 403


class Conflict(EngineError):
    """Expected {expected}, but {found}."""

    vi = "Yêu cầu không còn phù hợp: {found_vi}. Chưa có gì thay đổi; hãy tải lại trang."
    en = "Expected {expected}, but {found}. Nothing was changed; reload and look again."
    status = 409


class TaskNotOpen(EngineError):
    """Expected to {operation} user task '{task}', but it is already {state} by {by} at {at}."""

    vi = "Việc “{task}” đã được {by} xử lý xong lúc {at} ({state_vi}). Nội dung vừa nhập chưa được ghi."
    en = "Expected to {operation} user task '{task}', but it is already {state} by {by} at {at}."
    status = 409


class StaleInstance(EngineError):
    """Expected process instance {instance} unchanged, but another transaction changed it first."""

    vi = "Hồ sơ vừa được người khác cập nhật. Chưa có gì thay đổi; hãy thử lại."
    en = "Expected process instance {instance} unchanged, but another changed it first. Try again."
    status = 409


class StateUnreadable(EngineError):
    """Expected process instance {instance} to have a state that can be read, but {cause}."""

    vi = (
        "Không đọc được trạng thái đã lưu của hồ sơ {instance}: {cause_vi}. Hồ sơ được giữ nguyên, các hồ sơ "
        "khác không bị ảnh hưởng; hãy báo người quản trị khôi phục hồ sơ này."
    )
    en = (
        "Expected process instance {instance} to have a state that can be read, but {cause}. It is kept as "
        "it is and no other instance is touched; restore it from a backup, then retry its incident."
    )
    status = 409

    def __init__(self, instance: int, cause: str, cause_vi: str) -> None:
        self.instance = instance
        super().__init__(instance=instance, cause=cause, cause_vi=cause_vi)


class BadInput(EngineError):
    """Expected {expected}, but got {found}."""

    vi = "Dữ liệu không hợp lệ: cần {expected_vi}, nhận được {found}."
    en = "Expected {expected}, but got {found}."
    status = 422


class ReasonMissing(EngineError):
    """Expected a reason to {operation}, but there is none."""

    vi = "Chưa nêu lý do {operation_vi}. Chưa có gì thay đổi; hãy nhập lý do rồi gửi lại."
    en = "Expected a reason to {operation}, but there is none. Nothing was changed; give one and try again."


class FormInvalid(EngineError):
    """Expected a valid form, but some fields are wrong: {fields}."""

    vi = "Biểu mẫu còn lỗi ở các mục: {fields}. Nội dung đã nhập được giữ nguyên."
    en = "Expected a valid form, but some fields are wrong: {fields}. What was typed is kept."
    status = 422

    def __init__(self, messages: Mapping[str, Sequence[Readable]]) -> None:
        self.messages = {path: list(texts) for path, texts in messages.items()}
        super().__init__(fields=", ".join(self.messages))


class Refused(EngineError):
    """A rule of the domain refuses; the source (article, plan, rule) is part of the message."""

    vi = "{reason_vi} (Căn cứ: {source})"
    en = "{reason} (Source: {source})"

    def __init__(self, vi: str, en: str, source: str, **values: object) -> None:
        self.source = source
        super().__init__(reason_vi=vi, reason=en, source=source, **values)


class DeploymentRejected(EngineError):
    """Expected deployable files, but found {count} errors."""

    vi = "Không triển khai được: {count} lỗi, lỗi đầu tiên: {first_vi} Chưa lưu gì."
    en = "Expected deployable files, but found {count} errors, first: {first} Nothing was stored."

    def __init__(self, findings: Sequence[Readable]) -> None:
        self.findings = list(findings)
        first = self.findings[0] if self.findings else Text("", "")
        super().__init__(count=len(self.findings), first_vi=first.text("vi"), first=first.text("en"))


class BpmnError(EngineError):
    """A business error with code '{code}', to be caught by an error event: {message}."""

    vi = "Lỗi nghiệp vụ {code}: {message}"
    en = "Business error {code}: {message}"

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        super().__init__(code=code, message=message)


class Restless(EngineError):
    """Expected the instances to come to rest, but after {count} messages and calls they have not."""

    vi = "Các hồ sơ gọi và nhắn nhau không dừng sau {count} lần. Chưa có gì thay đổi."
    en = "Expected the instances to come to rest, but after {count} messages and calls they have not."
