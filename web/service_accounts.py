"""Service accounts: programs with an id, a secret and groups; they never sign in at a page.

A service account is a person of the organisation without a unit: the same statement finds its groups.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import EngineError
from web import accounts, db, people, security_events, tokens
from web.accounts import Account
from web.tables import Credential


class NameTaken(EngineError):
    """Expected a name that no person has, but '{name}' is a person."""

    vi = "“{name}” là tên đăng nhập của một người. Chưa có gì thay đổi; hãy chọn tên khác."
    en = (
        "'{name}' is the login of a person. Nothing was changed; choose another name for the service account."
    )
    status = 409


def add(session: Session, name: str, groups: Sequence[str], by: str) -> str:
    """Add a service account, or give an existing one more groups, and return its new secret.

    The secret before it, and every access token it got, is worth nothing from then on. Raises NameTaken for
    the login of a person, NameReserved for the system's.
    """
    known = session.scalar(select(Credential).where(Credential.name == name))
    if known is not None and known.kind != accounts.SERVICE:
        raise NameTaken(name=name)
    people.add(session, name, groups, secrets.token_urlsafe(tokens.SECRET_BYTES))
    credential = session.scalars(select(Credential).where(Credential.name == name)).one()
    secret = secrets.token_urlsafe(tokens.SECRET_BYTES)
    credential.kind, credential.secret_hash = accounts.SERVICE, tokens.digest(secret)
    security_events.record(session, "service.added", by, f"{name} {', '.join(groups)}")
    session.flush()
    return secret


def check(name: str, secret: str) -> Account | None:
    """Return the service account of an id and its secret, None when they do not match."""
    credential = db.db.session().scalar(
        select(Credential).where(Credential.name == name, Credential.kind == accounts.SERVICE)
    )
    kept = credential.secret_hash if credential is not None else None
    if not hmac.compare_digest(kept or tokens.digest(""), tokens.digest(secret)) or kept is None:
        return None
    return accounts.load(name)
