"""Sign in with an OpenID provider: there, and back with a proof of who it was."""

from __future__ import annotations

import structlog
from flask import Blueprint, abort, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from engine.errors import EngineError
from web import accounts, oidc, rate_limits, security_events
from web.db import aside
from web.pages.sign_in import own_address
from web.security import PUBLIC, open_to

blueprint = Blueprint("oidc", __name__, url_prefix="/sign-in/oidc")
log = structlog.get_logger(__name__)
ELSEWHERE = "elsewhere"  # in the cookie of a session that a provider vouched for


@blueprint.get("")
@open_to(PUBLIC)
def leave() -> ResponseReturnValue:
    """Send the browser to the provider."""
    _ensure_offered()
    try:
        rate_limits.count("address")
        return oidc.begin(url_for("oidc.enter", _external=True))
    except (oidc.ProviderFailed, rate_limits.TooManyRequests) as error:
        return _refuse(error)


@blueprint.get("/back")
@open_to(PUBLIC)
def enter() -> ResponseReturnValue:
    """Start a fresh session for whom the provider vouches for, return to the page that was asked for."""
    _ensure_offered()
    try:
        rate_limits.count("address")
        claims = oidc.finish()
        with aside() as database:  # a GET that signs in: the provider sends no other
            name = oidc.recognise(database, claims).name
            security_events.record(database, "sign_in.accepted", name, "OpenID")
    except (oidc.ProviderFailed, oidc.PersonUnknown, rate_limits.TooManyRequests) as error:
        return _refuse(error)
    account = accounts.load(name)
    if account is None:
        return _refuse(oidc.PersonUnknown(login=name))
    wanted = session.get("after_sign_in")
    accounts.begin_session(account)
    session[ELSEWHERE] = True
    log.info("sign_in.accepted", person=name)
    return redirect(own_address(wanted), code=303)


@blueprint.get("/leave")
@open_to(PUBLIC)
def sign_out() -> ResponseReturnValue:
    """Send the browser to the provider's own sign-out; here the person is signed out already."""
    _ensure_offered()
    here = url_for("sign_in.show", _external=True)
    return redirect(oidc.leaving_address(here) or here, code=303)


def _ensure_offered() -> None:
    if not oidc.is_offered():
        abort(404)


def _refuse(error: EngineError) -> ResponseReturnValue:
    text = error.text(accounts.language_now())
    return render_template("sign_in/sign_in.html", name="", error=text), error.status
