"""Say what went wrong: a page in the person's language, or problem details (RFC 9457) when JSON is asked for.

Every page says what happened, what was kept, what to do next. No stack trace leaves the server.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask import session as cookie
from flask_babel import force_locale, gettext, lazy_gettext
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from engine import steps
from engine.errors import EngineError, FormInvalid, StateUnreadable
from engine.operations import damage
from web import accounts, db, names, rejections
from web.accounts import LANGUAGES, language_now
from web.operability import absence

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Guidance:
    """What a page of one status says besides the error's own text."""

    title: LazyString
    happened: LazyString
    kept: LazyString
    next_step: LazyString


# Values of errors that hold a login.
PEOPLE = frozenset({"by", "actor"})
UNCHANGED = lazy_gettext("Chưa có gì thay đổi trong hồ sơ.")
GUIDANCE = {
    400: Guidance(
        lazy_gettext("Yêu cầu không đọc được"),
        lazy_gettext("Trình duyệt gửi một yêu cầu mà hệ thống không đọc được, hoặc phiên làm việc đã cũ."),
        UNCHANGED,
        lazy_gettext("Quay lại trang trước, tải lại trang rồi thử lần nữa."),
    ),
    401: Guidance(
        lazy_gettext("Cần đăng nhập"),
        lazy_gettext("Phiên làm việc đã hết nên hệ thống không biết ai đang gửi."),
        UNCHANGED,
        lazy_gettext("Đăng nhập lại rồi thực hiện lần nữa."),
    ),
    403: Guidance(
        lazy_gettext("Không có quyền"),
        lazy_gettext("Trang hoặc việc này không thuộc phần việc của bạn."),
        UNCHANGED,
        lazy_gettext("Về trang chính, hoặc hỏi người quản trị nếu bạn cần được giao việc này."),
    ),
    404: Guidance(
        lazy_gettext("Không tìm thấy"),
        lazy_gettext("Địa chỉ này không có trang nào, hoặc nội dung đã được gỡ."),
        UNCHANGED,
        lazy_gettext("Kiểm tra lại địa chỉ, hoặc tìm trong danh sách việc và danh sách đề nghị."),
    ),
    405: Guidance(
        lazy_gettext("Không thực hiện được theo cách này"),
        lazy_gettext("Địa chỉ này không nhận loại yêu cầu vừa gửi."),
        UNCHANGED,
        lazy_gettext("Mở trang từ danh sách rồi dùng các nút trên trang."),
    ),
    409: Guidance(
        lazy_gettext("Việc đã thay đổi"),
        lazy_gettext("Trong lúc bạn mở trang, người khác đã thay đổi nội dung này."),
        lazy_gettext("Nội dung bạn vừa gửi chưa được ghi."),
        lazy_gettext("Mở lại trang để xem tình trạng mới nhất."),
    ),
    413: Guidance(
        lazy_gettext("Nội dung quá lớn"),
        lazy_gettext("Tệp hoặc biểu mẫu vừa gửi lớn hơn mức cho phép."),
        UNCHANGED,
        lazy_gettext("Chia nhỏ nội dung hoặc gửi tệp nhẹ hơn."),
    ),
    422: Guidance(
        lazy_gettext("Chưa thực hiện được"),
        lazy_gettext("Một quy định hoặc một mục trong biểu mẫu chưa được đáp ứng."),
        UNCHANGED,
        lazy_gettext("Sửa theo lý do nêu trên rồi gửi lại."),
    ),
    500: Guidance(
        lazy_gettext("Hệ thống gặp lỗi"),
        lazy_gettext("Có lỗi ngoài dự kiến ở máy chủ; lỗi đã được ghi vào nhật ký kèm giờ xảy ra."),
        lazy_gettext("Thao tác dở dang đã được hoàn lại toàn bộ."),
        lazy_gettext("Thử lại sau ít phút; nếu còn lỗi, báo người quản trị giờ ghi bên dưới."),
    ),
    503: Guidance(
        lazy_gettext("Cơ sở dữ liệu tạm thời chưa trả lời"),
        lazy_gettext("Hệ thống chưa đọc, ghi được dữ liệu; thường chỉ kéo dài ít phút và tự trở lại."),
        lazy_gettext(
            "Mọi việc đã báo hoàn thành trước đó vẫn còn nguyên. Việc vừa gửi có thể chưa được ghi; gửi lại "
            "không làm một việc thành hai lần."
        ),
        lazy_gettext("Đợi ít phút rồi gửi lại hoặc tải lại trang này; không phải đăng nhập lại."),
    ),
}
PARTS = ("title", "happened", "kept", "next_step")
OVERLOADED = "RESOURCE_EXHAUSTED"  # published clients slow down and try again when they read it


def init_app(app: Flask) -> None:
    """Answer every error of the engine, of Flask and of the database with a page that helps."""
    app.register_error_handler(EngineError, answer_engine_error)
    app.register_error_handler(StaleDataError, answer_lost_race)
    app.register_error_handler(DBAPIError, answer_database_error)
    app.register_error_handler(PoolTimeout, answer_absence)
    app.register_error_handler(ConnectorException, answer_absence)
    app.register_error_handler(CSRFError, answer_http_error)
    app.register_error_handler(HTTPException, answer_http_error)


def answer_engine_error(error: EngineError) -> tuple[Response | str, int]:
    """Answer a refusal of the engine or of the domain with its own words, people by name.

    A case whose state cannot be read gets its incident, as soon as somebody sends something to it.
    """
    if isinstance(error, StateUnreadable) and request.method not in db.READS:
        with db.transaction() as session:
            damage.report(session, error)
    for key in PEOPLE & set(error.values):
        error.values[key] = names.person(str(error.values[key]))
    kind = type(error).__name__
    if rejections.is_asked():
        return answer(
            rejections.status_of(error), error.text("en"), error_type=kind, fields=rejections.fields_of(error)
        )
    return answer(error.status, error.text(language_now()), error_type=kind, fields=_fields(error))


def answer_lost_race(_error: StaleDataError) -> tuple[Response | str, int]:
    """Answer a lost version check: somebody else changed the row first."""
    return answer(409, "", error_type="StaleInstance")


def answer_database_error(error: DBAPIError) -> tuple[Response | str, int]:
    """Answer a lost race as such: a deadlock of PostgreSQL, or a row that another one has just put there.

    Anything else that the database refuses is unexpected, unless it is away.
    """
    if not isinstance(error, IntegrityError) and not steps.is_lost_race(error):
        return answer_absence(error)
    log.warning("page.lost_race", type=type(error.orig).__name__, path=request.path)
    return answer(409, "", error_type="StaleInstance")


def answer_absence(error: Exception) -> tuple[Response | str, int]:
    """Answer 503 while the database is away, asking it nothing; raise what is none of its absence."""
    found = absence.why(error, writes=request.method not in db.READS)
    if found is None:
        raise error
    log.error("database.absent", reason=found.reason, error=type(error).__name__)
    language = forget_the_person()
    status, title = 503, OVERLOADED if found.is_overload and rejections.is_asked() else None
    if wants_json():
        happened = str(GUIDANCE[status].happened)
        answered = problem_details(status, happened, "DatabaseAway", None, title=title)
    else:
        answered = make_response(draw_absence(language), status)
    answered.headers["Retry-After"] = str(found.retry_after)
    return answered, status


def forget_the_person() -> str:
    """Draw nothing from the account of this request any more; return its language, if that is known."""
    person = g.get("_login_user")  # where Flask-Login keeps who it looked up
    known = person is not None and person.is_authenticated
    g._login_user = accounts.login.anonymous_user()
    return str(person.language if known else cookie.get("language", LANGUAGES[0]))


def draw_absence(language: str) -> str:
    """Return the page in both languages, the person's first, with what was sent, to send it again."""
    others = [other for other in LANGUAGES if other != language]
    texts = {}
    for one in (language, *others):
        with force_locale(one):
            texts[one] = {name: str(getattr(GUIDANCE[503], name)) for name in PARTS}
            texts[one]["again"] = gettext("Gửi lại")
    with force_locale(language):
        return render_template(
            "away.html", texts=texts, sent=what_was_sent(), again=request.full_path.rstrip("?")
        )


def what_was_sent() -> list[tuple[str, str]] | None:
    """Return the values of a sent form; None for none, and for one with files or passwords."""
    if request.method != "POST" or request.files or not request.form:
        return None
    values = list(request.form.items(multi=True))
    return None if any("password" in name for name, _ in values) else values


def answer_http_error(error: HTTPException) -> tuple[Response | str, int]:
    """Answer an error of HTTP: unknown address, missing right, too large, the unexpected.

    The unexpected may be a database that went away while another error was being answered.
    """
    original = getattr(error, "original_exception", None)
    if isinstance(original, absence.ERRORS) and absence.why(original) is not None:
        return answer_absence(original)
    status = error.code or 500
    return answer(status, "", error_type=type(error).__name__)


def answer(
    status: int, detail: str, *, error_type: str, fields: dict[str, list[str]] | None = None
) -> tuple[Response | str, int]:
    """Return the page or the problem details of a status; `detail` is what happened."""
    guidance = GUIDANCE.get(status) or GUIDANCE[400 if status < 500 else 500]
    log.info("page.problem", status=status, type=error_type, path=request.path)
    if wants_json():
        with force_locale("en") if rejections.is_asked() else nullcontext():
            happened = detail or str(guidance.happened)
        return problem_details(status, happened, error_type, fields), status
    page = render_template(
        "problem.html", status=status, guidance=guidance, detail=detail, fields=fields, back=way_back()
    )
    return page, status


def way_back() -> str:
    """Return the address of the page that a refused form was sent from, "" when it was none of ours."""
    parts = urlsplit(request.referrer or "")
    ours = request.method == "POST" and parts.netloc == request.host
    return parts._replace(scheme="", netloc="", fragment="").geturl() if ours else ""


def problem_details(
    status: int,
    detail: str,
    error_type: str,
    fields: dict[str, list[str]] | None = None,
    *,
    title: str | None = None,
) -> Response:
    """Return an answer of the type application/problem+json (RFC 9457)."""
    content: dict[str, object] = {
        "type": f"urn:bangvang:problem:{error_type}",
        "title": title or rejections.title_of(status) if rejections.is_asked() else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
    }
    if fields:
        content["errors"] = fields
    response = jsonify(content)
    response.status_code, response.mimetype = status, "application/problem+json"
    return response


def wants_json() -> bool:
    """Tell whether the caller reads JSON rather than pages."""
    if rejections.is_asked() or request.is_json:
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best is not None and best != "text/html" and "text/html" not in request.accept_mimetypes.values()


def field_messages(error: FormInvalid) -> dict[str, list[str]]:
    """Return the messages of a form by the path of their field, in the person's language."""
    language = language_now()
    return {path: [text.text(language) for text in texts] for path, texts in error.messages.items()}


def _fields(error: EngineError) -> dict[str, list[str]] | None:
    return field_messages(error) if isinstance(error, FormInvalid) else None
