"""Give service accounts access tokens: OAuth 2.0 client credentials (RFC 6749, 4.4) at POST /oauth/token."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from web import rate_limits, security_events, service_accounts, tokens
from web.db import aside
from web.security import PUBLIC, open_to

blueprint = Blueprint("oauth", __name__)
GRANT = "client_credentials"
LONGEST = 200  # letters of an id


@blueprint.post("/oauth/token")
@open_to(PUBLIC)
def grant() -> ResponseReturnValue:
    """Return an access token for an id and a secret, in the form or as HTTP Basic; audience is accepted."""
    if any(len(request.form.getlist(name)) > 1 for name in request.form):
        return _refuse("invalid_request", "a parameter is repeated")
    asked = request.form.get("grant_type", "")
    if asked != GRANT:
        error = "unsupported_grant_type" if asked else "invalid_request"
        return _refuse(error, f"grant_type {GRANT} is expected")
    name, secret = _credentials()
    if not name or not secret:
        return _refuse("invalid_client", "client_id and client_secret are expected", 401)
    rate_limits.count("address")
    rate_limits.count("sign_in", name)
    account = service_accounts.check(name, secret)
    if account is None:
        security_events.note("sign_in.failed", "", name)
        return _refuse("invalid_client", "client_id and client_secret do not match", 401)
    with aside() as session:
        security_events.record(session, "sign_in.accepted", account.name, "OAuth")
    token, seconds = tokens.sign_access(account)
    granted = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
    if request.form.get("scope"):
        granted["scope"] = request.form["scope"]
    return _uncached(jsonify(granted))


def _credentials() -> tuple[str, str]:
    shown = request.authorization
    if shown is not None and shown.type == "basic":
        return (shown.username or "")[:LONGEST], shown.password or ""
    return request.form.get("client_id", "")[:LONGEST], request.form.get("client_secret", "")


def _refuse(error: str, description: str, status: int = 400) -> ResponseReturnValue:
    response = _uncached(jsonify(error=error, error_description=description))
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="bangvang", charset="UTF-8"'
    return response


def _uncached(response: Response) -> Response:
    response.headers["Pragma"] = "no-cache"
    return response
