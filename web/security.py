"""Decide who may open a page, at one place, and send the headers that keep a page to itself.

Every view declares who may call it with `open_to`; one that declares nothing is refused (ASVS 5.0 8.3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect

from engine.errors import EngineError
from web import accounts, callers, programs, rate_limits, security_events

PUBLIC = "public"
SIGNED_IN = "signed in"
DESIGNERS = "designers"
AUDITORS = "auditors"
ADMINISTRATORS = "administrators"
WORKERS = "workers"  # service accounts of outside programs
HASHED = "/static/dist/assets/"  # files whose names change with their contents

STAFF_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# The modeler writes style attributes and its icon font is a data: address.
DESIGNER_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

REFUSALS = {401: "refused.unknown", 403: "refused.forbidden"}  # statuses that are written down
WAYS_IN = ('Bearer realm="bangvang"', 'Basic realm="bangvang", charset="UTF-8"')


class CallerUnknown(EngineError):
    """Expected a token that is in force, or the name and password of an active person."""

    vi = (
        "Chưa biết ai đang gọi: cần mã truy cập còn hiệu lực, hoặc tên và mật khẩu đúng. Chưa có gì thay đổi."
    )
    en = "Expected a token that is in force, or a name with its password. Nothing was changed."
    status = 401


csrf = CSRFProtect()
View = TypeVar("View", bound=Callable[..., Any])


def open_to(*audiences: str) -> Callable[[View], View]:
    """Declare who may call a view: PUBLIC, SIGNED_IN or names of groups, one of which is enough."""

    def declare(view: View) -> View:
        view.__dict__["audiences"] = frozenset(audiences)
        return view

    return declare


def init_app(app: Flask) -> None:
    """Check every request before its view, add the headers after it, protect every form against forgery."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # `refuse_forgeries` checks, by the rule of `programs` alone
    csrf.init_app(app)
    for part in (security_events, rate_limits, callers):
        part.init_app(app)
    app.before_request(refuse_forgeries)
    app.before_request(refuse_strangers)
    app.before_request(refuse_zero_bytes)
    app.after_request(add_headers)


def refuse_forgeries() -> None:
    """Refuse a form that no page of ours has sent (400), except where cookies do not count."""
    if request.endpoint is not None and not programs.is_called():
        csrf.protect()


def refuse_strangers() -> ResponseReturnValue | None:
    """Send strangers to sign in, refuse people outside the view's audience (403); None lets pass.

    A program is told 401 instead, and 429 when it asks too often.
    """
    if request.endpoint is None or request.endpoint == "static":
        return None
    audiences = audiences_of(current_app, request.endpoint)
    if PUBLIC in audiences:
        return None
    if programs.is_called():
        _refuse_unknown_callers()
    elif not current_user.is_authenticated:
        if request.method not in ("GET", "HEAD"):
            abort(401)
        session["after_sign_in"] = request.full_path.rstrip("?")
        return redirect(url_for("sign_in.show"), code=303)
    if SIGNED_IN not in audiences and audiences.isdisjoint(current_user.actor.groups):
        abort(403)
    return None


def _refuse_unknown_callers() -> None:
    known = current_user.is_authenticated
    callers.raise_refusal()
    if not known:
        raise CallerUnknown
    rate_limits.count_caller(current_user.name)


def refuse_zero_bytes() -> None:
    """Refuse a text with zero bytes in address or form (400): PostgreSQL stores none, nobody types one."""
    typed = (text for values in (request.args, request.form) for text in values.values())
    if "\0" in request.path or any("\0" in text for text in typed):
        abort(400)


def audiences_of(app: Flask, endpoint: str) -> frozenset[str]:
    """Return who may call the view of an endpoint; nobody when the view declares nothing."""
    declared: frozenset[str] = getattr(app.view_functions[endpoint], "audiences", frozenset())
    return declared


def add_headers(response: Response) -> Response:
    """Add the content security policy and its companions to every answer."""
    designer = (request.endpoint or "").startswith("designer.")
    response.headers["Content-Security-Policy"] = DESIGNER_POLICY if designer else STAFF_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    elif request.path.startswith(HASHED):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if current_app.config["SECURE_COOKIES"]:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    _explain_refusal(response)
    return response


def _explain_refusal(response: Response) -> None:
    """Tell a refused program how to come in and when, and write the refusal down."""
    if response.status_code == 429:
        pause = int(accounts.PAUSE.total_seconds())
        response.headers.setdefault("Retry-After", str(g.get("retry_after", pause)))
    if response.status_code not in REFUSALS:
        return
    if response.status_code == 401 and programs.is_called():
        for way in WAYS_IN if "WWW-Authenticate" not in response.headers else ():
            response.headers.add("WWW-Authenticate", way)
    name = current_user.name if current_user.is_authenticated else ""
    security_events.note(REFUSALS[response.status_code], name, request.endpoint or "")
