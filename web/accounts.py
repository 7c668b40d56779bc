"""Sign people in: argon2 passwords, a pause after wrong ones, and the actor with its groups of now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from flask import Flask
from flask import session as cookie
from flask_login import LoginManager, current_user
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.errors import EngineError
from web import db
from web.tables import Credential
from workflows.tables import Membership, Person

FAILURES_ALLOWED = 5
PAUSE = timedelta(minutes=5)
LANGUAGES = ("vi", "en")

# Built once: building it takes three times as long as running it, and every request does.
ACCOUNT = (
    select(Credential.language, Person.name, Membership.group_name)
    .outerjoin(Person, Person.login == Credential.name)
    .outerjoin(Membership, Membership.person_id == Person.id)
    .where(Credential.name == bindparam("name"), Credential.active)
)

login = LoginManager()
hasher = PasswordHasher()
# Verified when the name is unknown, so that an unknown name takes as long as a wrong password.
DECOY = hasher.hash("no such person")


class SignInRefused(EngineError):
    """Expected the name and password of an active person, but they do not match."""

    vi = "Tên đăng nhập hoặc mật khẩu không đúng."
    en = "The name or the password is wrong."
    status = 422


class SignInPaused(EngineError):
    """Expected at most {limit} wrong passwords; signing in is paused."""

    vi = "Đã nhập sai mật khẩu {limit} lần. Hãy đợi {minutes} phút rồi thử lại, hoặc hỏi người quản trị."
    en = "Too many wrong passwords ({limit}). Wait {minutes} minutes and try again, or ask an administrator."
    status = 429


@dataclass(frozen=True)
class Account:
    """One signed-in person as the pages see them: login name, name for people, language, actor."""

    name: str
    display: str
    language: str
    actor: Actor
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """Return what the session cookie keeps."""
        return self.name


def init_app(app: Flask) -> None:
    """Attach Flask-Login; every request looks person and groups up again, so changes work at once."""
    login.init_app(app)
    login.user_loader(load)


def load(name: str) -> Account | None:
    """Return the account of an active person, None when it is gone or switched off; one statement."""
    rows = db.db.session().execute(ACCOUNT, {"name": name}).all()
    if not rows:
        return None
    groups = frozenset(row.group_name for row in rows if row.group_name is not None)
    return Account(name, rows[0].name or name, rows[0].language, Actor(name, groups))


def current_actor() -> Actor:
    """Return the actor of this request; only for views that need a signed-in person."""
    actor: Actor = current_user.actor
    return actor


def verify(name: str, password: str) -> bool:
    """Tell whether the password is right for an active person; raise SignInPaused after too many wrong ones.

    Reads from a snapshot, so that hashing never holds the queue of writers.
    """
    with db.reading() as session:
        credential = _find(session, name)
        known = DECOY if credential is None or not credential.active else credential.password_hash
        blocked_until = credential.blocked_until if credential is not None else None
    if blocked_until is not None and blocked_until > clock.now():
        raise SignInPaused(limit=FAILURES_ALLOWED, minutes=int(PAUSE.total_seconds() // 60))
    try:
        hasher.verify(known, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return known is not DECOY


def record_attempt(session: Session, name: str, succeeded: bool) -> None:
    """Count a wrong password, pause the sign-in after too many, or forget the earlier ones."""
    credential = _find(session, name)
    if credential is None:
        return
    credential.failures = 0 if succeeded else credential.failures + 1
    if credential.failures >= FAILURES_ALLOWED:
        credential.failures, credential.blocked_until = 0, clock.now() + PAUSE
    elif succeeded:
        credential.blocked_until = None


def set_password(session: Session, name: str, password: str, language: str = "vi") -> Credential:
    """Create the sign-in of a person, or give an existing one a new password."""
    credential = _find(session, name)
    if credential is None:
        credential = Credential(name=name, active=True, failures=0)
        session.add(credential)
    credential.password_hash, credential.language = hasher.hash(password), language
    credential.failures, credential.blocked_until = 0, None
    session.flush()
    return credential


def set_language(session: Session, name: str, language: str) -> None:
    """Remember the language a person reads."""
    credential = _find(session, name)
    if credential is not None and language in LANGUAGES:
        credential.language = language


def language_now() -> str:
    """Return the language of this request: the person's, else the browser's choice, else Vietnamese."""
    if current_user and current_user.is_authenticated:
        return str(current_user.language)
    return str(cookie.get("language", "vi"))


def _find(session: Session, name: str) -> Credential | None:
    return session.scalars(select(Credential).where(Credential.name == name)).one_or_none()
