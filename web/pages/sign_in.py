"""Sign in, sign out and choose a language; the only pages open to strangers."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from web import accounts, rate_limits, security_events
from web.db import transaction
from web.security import PUBLIC, SIGNED_IN, open_to
from web.translating import gettext as _

blueprint = Blueprint("sign_in", __name__)
log = structlog.get_logger(__name__)
LONGEST_NAME = 80


@blueprint.get("/sign-in")
@open_to(PUBLIC)
def show() -> ResponseReturnValue:
    """Show the sign-in form; people who are in already go home."""
    if current_user.is_authenticated:
        return redirect(url_for("home.show"), code=303)
    return render_template("sign_in/sign_in.html", name="", error="")


@blueprint.post("/sign-in")
@open_to(PUBLIC)
def enter() -> ResponseReturnValue:
    """Check the name and the password, start a fresh session, return to the page that was asked for."""
    name = request.form.get("name", "").strip()[:LONGEST_NAME]
    try:
        rate_limits.count("address")
        rate_limits.count("sign_in", name)
        succeeded = accounts.verify(name, request.form.get("password", ""))
        with transaction() as database:
            accounts.record_attempt(database, name, succeeded)
            if succeeded:
                security_events.record(database, "sign_in.accepted", name)
    except (accounts.SignInPaused, rate_limits.TooManyRequests) as error:
        security_events.note("sign_in.paused", "", name)
        return _refuse(name, error.text(accounts.language_now())), error.status
    account = accounts.load(name) if succeeded else None
    if account is None:
        security_events.note("sign_in.failed", "", name)
        return _refuse(name, accounts.SignInRefused().text(accounts.language_now())), 422
    wanted = session.get("after_sign_in")
    accounts.begin_session(account)
    log.info("sign_in.accepted", person=account.name)
    return redirect(own_address(wanted), code=303)


@blueprint.post("/sign-out")
@open_to(SIGNED_IN)
def leave() -> ResponseReturnValue:
    """End the session, and every copy of its cookie with it."""
    elsewhere = session.get("elsewhere")
    with transaction() as database:
        security_events.record(database, "sign_in.ended", current_user.name)
        accounts.end_session(database)
    return redirect(url_for("sign_in.show", elsewhere=1 if elsewhere else None), code=303)


@blueprint.post("/language")
@open_to(PUBLIC)
def choose_language() -> ResponseReturnValue:
    """Remember the language for this browser, and for the person when one is signed in."""
    language = request.form.get("language", "vi")
    if language in accounts.LANGUAGES:
        session["language"] = language
        if current_user.is_authenticated:
            with transaction() as database:
                accounts.set_language(database, current_user.name, language)
    return redirect(own_address(request.form.get("back")), code=303)


def own_address(wanted: str | None) -> str:
    """Return the address when it is a page of this site, else the home page (no open redirect)."""
    parts = urlsplit(wanted or "")
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith(("//", "/\\")):
        return url_for("home.show")
    return str(wanted)


def _refuse(name: str, reason: str) -> str:
    return render_template("sign_in/sign_in.html", name=name, error=reason or _("Chưa đăng nhập được"))
