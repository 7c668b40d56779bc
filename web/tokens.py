"""Tokens with which programs act for a person or a service account; only their digests are kept.

Two kinds: an API token stands until it is revoked or its day comes; an access token is what a service account
gets for its id and secret at /oauth/token, signed, short-lived, worth nothing once the secret has changed.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from datetime import timedelta

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound
from web import accounts, db, security_events
from web.access_tables import ApiToken
from web.accounts import Account
from web.tables import Credential
from workflows import organisation

MARK = "bv_"  # an API token begins so: scanners of leaked secrets find it
SECRET_BYTES = 32
LONGEST = 2_000  # letters of a token that is looked at
ISSUER = "bangvang"
ALGORITHM = "HS256"
LONGEST_LABEL = 80

OF_TOKEN = (
    accounts.ACTIVE.add_columns(ApiToken.id.label("token_id"), ApiToken.used_on)
    .join(ApiToken, ApiToken.owner == Credential.name)
    .where(
        ApiToken.secret_hash == bindparam("digest"),
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > bindparam("now")),
    )
)


def create(session: Session, owner: str, label: str, by: str, days: int | None = None) -> str:
    """Make a token for a person or a service account and return it; nobody can read it again.

    `days` is how long it lasts, None for no end. Raises NotFound for an unknown or inactive owner.
    """
    known = select(Credential.id).where(Credential.name == owner, Credential.active)
    if session.scalar(known) is None:
        raise NotFound(kind="account", key=owner)
    prefix = MARK + secrets.token_hex(4)
    token = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    session.add(
        ApiToken(
            prefix=prefix,
            secret_hash=digest(token),
            owner=owner,
            label=label.strip()[:LONGEST_LABEL],
            created_at=clock.now(),
            created_by=by,
            expires_at=clock.now() + timedelta(days=days) if days is not None else None,
        )
    )
    security_events.record(session, "token.created", by, f"{owner} {prefix}")
    session.flush()
    return token


def of(session: Session, owner: str | None = None) -> Sequence[ApiToken]:
    """Return the tokens of an owner, or of everybody, the newest first."""
    query = select(ApiToken).order_by(ApiToken.id.desc())
    return session.scalars(query if owner is None else query.where(ApiToken.owner == owner)).all()


def revoke(session: Session, prefix: str, by: str, owner: str | None = None) -> ApiToken:
    """End a token at once; `owner` narrows it to that one's own. Raises NotFound, also for one of others."""
    query = select(ApiToken).where(ApiToken.prefix == prefix)
    found = session.scalar(query if owner is None else query.where(ApiToken.owner == owner))
    if found is None:
        raise NotFound(kind="access token", key=prefix)
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        security_events.record(session, "token.revoked", by, f"{found.owner} {prefix}")
    return found


def find_account(token: str) -> Account | None:
    """Return whom a token speaks for, with the groups of now; None for one that is not in force.

    One statement; a token's first use on a day writes that day down.
    """
    if len(token) > LONGEST or not token.isascii():
        return None
    if not token.startswith(MARK):
        return _of_access_token(token)
    day = organisation.today()
    rows = db.db.session().execute(OF_TOKEN, {"digest": digest(token), "now": clock.now(), "day": day}).all()
    if rows and rows[0].used_on != day:
        with db.aside() as session:
            used = session.get(ApiToken, rows[0].token_id)
            if used is not None:
                used.used_on = day
    return accounts.from_rows(rows)


def sign_access(account: Account) -> tuple[str, int]:
    """Return a signed access token for a service account, and the seconds that it lasts by the wall clock."""
    seconds = int(current_app.config["ACCESS_TOKEN_SECONDS"])
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": account.name, "mark": account.mark, "iat": now, "exp": now + seconds}
    return jwt.encode({"alg": ALGORITHM}, claims, _key()), seconds


def _of_access_token(token: str) -> Account | None:
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, sub={"essential": True}, exp={"essential": True}
    )
    try:
        claims = jwt.decode(token, _key(), algorithms=[ALGORITHM]).claims
        registry.validate(claims)
    except (JoseError, ValueError):
        return None
    account = accounts.load(str(claims["sub"]))
    return account if account is not None and account.mark == claims.get("mark") else None


def _key() -> OctKey:
    """Return the key of access tokens: derived, so that no cookie of ours passes for one."""
    kept = current_app.extensions.get("bangvang.access_key")
    if kept is None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"bangvang access token").derive(
            str(current_app.config["SECRET_KEY"]).encode()
        )
        kept = current_app.extensions["bangvang.access_key"] = OctKey.import_key(derived)
    found: OctKey = kept
    return found


def digest(secret: str) -> str:
    """Return what is kept of a secret of 256 random bits: SHA-256 is enough where nothing can be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
