"""Sign people in with an OpenID provider: authorization code with PKCE, state and nonce, by Authlib.

Who a person is: at the first sign-in the login that the configured claim names, from then on the provider's
subject alone, so that a login given to somebody else there opens nothing here. Nobody is added by signing in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import SYSTEM
from engine.errors import EngineError
from web import accounts, security_events
from web.tables import Credential
from workflows import organisation, organisation_changes, organisation_people
from workflows.tables import Membership, Person

NEAR = frozenset({"localhost", "127.0.0.1", "::1"})  # providers that may do without HTTPS: for trying out
TIMEOUT = 10  # seconds for one answer of the provider
LEEWAY = 60  # seconds by which its clock may differ
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
EXTENSION = "bangvang.oidc"
# What goes wrong at the provider or on the way: its words are in the log, people are told what to do.
FAILURES = (AuthlibBaseError, JoseError, RequestException, RuntimeError, ValueError, KeyError, TypeError)


class ProviderFailed(EngineError):
    """Expected a valid answer of the OpenID provider: {reason}."""

    vi = (
        "Chưa đăng nhập được bằng tài khoản chung: nơi đăng nhập trả lời không hợp lệ, hoặc đã quá "
        "lâu. Chưa có gì thay đổi; hãy thử lại, hoặc đăng nhập bằng mật khẩu."
    )
    en = (
        "Signing in with the shared account failed: its provider gave no valid answer, or the attempt is too "
        "old. Nothing was changed; try again, or sign in with a password."
    )
    status = 422


class PersonUnknown(EngineError):
    """Expected a person with the login '{login}', but there is none who may sign in so."""

    vi = (
        "Tài khoản chung “{login}” chưa gắn với người nào ở đây. Chưa có gì thay đổi; hãy nhờ quản trị viên "
        "thêm tên đăng nhập này (`bangvang user add`) hoặc đăng nhập bằng tài khoản khác."
    )
    en = (
        "The shared account '{login}' belongs to nobody here. Nothing was changed; ask an administrator to "
        "add this login (`bangvang user add`), or sign in with another account."
    )
    status = 403


def init_app(app: Flask) -> None:
    """Register the provider when one is configured; raises ValueError for one without HTTPS or client id."""
    issuer = app.config["OIDC_ISSUER"]
    if not issuer:
        return
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in NEAR:
        raise ValueError("BANGVANG_OIDC_ISSUER must begin with https://")
    if not app.config["OIDC_CLIENT_ID"]:
        raise ValueError("BANGVANG_OIDC_CLIENT_ID is missing beside BANGVANG_OIDC_ISSUER")
    app.extensions[EXTENSION] = OAuth(app).register(
        "provider",
        client_id=app.config["OIDC_CLIENT_ID"],
        client_secret=app.config["OIDC_CLIENT_SECRET"],
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT,
        },
    )


def is_offered() -> bool:
    """Tell whether people may sign in with a provider."""
    return EXTENSION in current_app.extensions


def begin(back: str) -> ResponseReturnValue:
    """Send the browser to the provider, which sends it to the address `back`; raises ProviderFailed."""
    try:
        client = _client()
        _discover(client)
        answer: ResponseReturnValue = client.authorize_redirect(back)
    except FAILURES as error:
        raise _failed(error) from error
    return answer


def finish() -> Mapping[str, Any]:
    """Return the proven claims of who came back from the provider.

    State, nonce, signature, issuer, audience and time are checked; raises ProviderFailed.
    """
    issuer, client_id = current_app.config["OIDC_ISSUER"], current_app.config["OIDC_CLIENT_ID"]
    options = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
    try:
        client = _client()
        _discover(client)
        if request.args.get("iss", issuer) != issuer:  # RFC 9207: another provider's answer
            raise ValueError("iss")
        token = client.authorize_access_token(claims_options=options, leeway=LEEWAY, timeout=TIMEOUT)
        claims: Mapping[str, Any] = token["userinfo"]
    except FAILURES as error:
        raise _failed(error) from error
    return claims


def leaving_address(back: str) -> str | None:
    """Return the provider's own address for signing out there, too; None when it has none or is away."""
    try:
        answer = _client().create_logout_url(back, client_id=current_app.config["OIDC_CLIENT_ID"])
    except FAILURES:
        return None
    return str(answer["url"])


def recognise(session: Session, claims: Mapping[str, Any]) -> Credential:
    """Return the person of the claims, bound to the provider's subject from the first time on.

    Raises PersonUnknown: nobody by that login, one who has left, a service account, a login bound to another
    subject, an e-mail address that the provider has not verified.
    """
    claim = current_app.config["OIDC_LOGIN_CLAIM"]
    subject, login = f"{claims['iss']} {claims['sub']}", str(claims.get(claim, ""))
    found = session.scalar(select(Credential).where(Credential.oidc_subject == subject).with_for_update())
    if found is None and not (claim == "email" and claims.get("email_verified") is not True):
        named = select(Credential).where(Credential.name == login, Credential.oidc_subject.is_(None))
        found = session.scalar(named.with_for_update())
    if found is None or found.kind != accounts.PERSON or accounts.load(found.name) is None:
        raise PersonUnknown(login=login[: security_events.LONGEST])
    if found.oidc_subject is None:
        found.oidc_subject = subject
        security_events.record(session, "oidc.linked", found.name, subject)
    _take_groups(session, found.name, claims)
    return found


def _take_groups(session: Session, login: str, claims: Mapping[str, Any]) -> None:
    """Make the person's groups those that the claim lists, as far as they exist here."""
    listed = claims.get(current_app.config["OIDC_GROUPS_CLAIM"] or "")
    person = session.scalar(select(Person).where(Person.login == login))
    if not isinstance(listed, list) or person is None:
        return
    wanted = {name for name in listed if isinstance(name, str)} & organisation_people.known_groups(session)
    before = organisation.groups(session, login, organisation.today())
    _end_memberships(session, person, before - wanted)
    _begin_memberships(session, person, wanted - before)
    if before != wanted:
        security_events.record(session, "oidc.groups", login, ", ".join(sorted(wanted)))


def _end_memberships(session: Session, person: Person, names: Iterable[str]) -> None:
    for one in (row for row in person.memberships if row.group_name in names):
        before = organisation_changes.snapshot(one)
        one.valid_until = organisation.today() - timedelta(days=1)
        _record(session, person, one, before)


def _begin_memberships(session: Session, person: Person, names: Iterable[str]) -> None:
    known = {row.group_name: row for row in person.memberships}
    for name in sorted(names):
        before = organisation_changes.snapshot(known[name]) if name in known else None
        one = known.get(name) or Membership(group_name=name)
        one.valid_from, one.valid_until = organisation.today(), None
        if before is None:
            person.memberships.append(one)
        _record(session, person, one, before)


def _record(session: Session, person: Person, one: Membership, before: dict[str, Any] | None) -> None:
    about = ("membership", f"{person.login}/{one.group_name}")
    organisation_changes.record(session, SYSTEM, about, before, organisation_changes.snapshot(one))


def _client() -> FlaskOAuth2App:
    return current_app.extensions[EXTENSION]


def _discover(client: FlaskOAuth2App) -> None:
    """Ask what the provider offers, once; refuse one that calls itself otherwise than it is configured.

    OpenID Discovery 4.3. Of its signatures only those of its own key are taken: Authlib would believe a token
    that is not signed at all from a provider that lists "none".
    """
    metadata = client.load_server_metadata()
    if metadata.get("issuer") != current_app.config["OIDC_ISSUER"]:
        raise ValueError("issuer")
    offered = metadata.get("id_token_signing_alg_values_supported", ())
    metadata["id_token_signing_alg_values_supported"] = [name for name in SIGNATURES if name in offered]


def _failed(error: Exception) -> ProviderFailed:
    security_events.note("oidc.failed", "", f"{type(error).__name__}: {error}")
    return ProviderFailed(reason=type(error).__name__)
