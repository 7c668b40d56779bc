"""Decide who may open a page, at one place, and send the headers that keep a page to itself.

Every view declares who may call it with `open_to`; one that declares nothing is refused (ASVS 5.0 8.3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from flask import Flask, Response, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect

PUBLIC = "public"
SIGNED_IN = "signed in"
DESIGNERS = "designers"
AUDITORS = "auditors"
ADMINISTRATORS = "administrators"
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

log = structlog.get_logger(__name__)
csrf = CSRFProtect()
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def open_to(*audiences: str) -> Callable[[View], View]:
    """Declare who may call a view: PUBLIC, SIGNED_IN or names of groups, one of which is enough."""

    def declare(view: View) -> View:
        view.__dict__["audiences"] = frozenset(audiences)
        return view

    return declare


def init_app(app: Flask) -> None:
    """Check every request before its view, add the headers after it, protect every form against forgery."""
    csrf.init_app(app)
    app.before_request(refuse_strangers)
    app.before_request(refuse_zero_bytes)
    app.after_request(add_headers)


def refuse_strangers() -> ResponseReturnValue | None:
    """Send strangers to sign in, refuse people outside the view's audience (403); None lets pass."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    audiences = audiences_of(current_app, request.endpoint)
    if PUBLIC in audiences:
        return None
    if not current_user.is_authenticated:
        if request.method not in ("GET", "HEAD"):
            abort(401)
        session["after_sign_in"] = request.full_path.rstrip("?")
        return redirect(url_for("sign_in.show"), code=303)
    if SIGNED_IN not in audiences and audiences.isdisjoint(current_user.actor.groups):
        log.warning("page.refused", endpoint=request.endpoint, person=current_user.name)
        abort(403)
    return None


def refuse_zero_bytes() -> None:
    """Refuse a text with zero bytes in address or form (400): PostgreSQL stores none, nobody types one."""
    if any("\0" in text for values in (request.args, request.form) for text in values.values()):
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
    return response
