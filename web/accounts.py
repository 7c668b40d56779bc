"""Sign people in: argon2 passwords, a pause after wrong ones, and the actor with its groups of now.

A session ends when its password changes, when it is signed out, after SESSION_LENGTH without a request and
after LONGEST_SESSION whatever happens (ASVS 5.0 7.3.1, 7.3.2, 7.4.1, 7.4.3).
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, ClassVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from flask import Flask, current_app
from flask import session as cookie
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy import Date, and_, bindparam, delete, exists, or_, select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import SYSTEM, Actor
from engine.errors import EngineError
from web import db, programs
from web.access_tables import EndedSession
from web.tables import Credential
from workflows import organisation, validity
from workflows.tables import Membership, Person

FAILURES_ALLOWED = 5
PAUSE = timedelta(minutes=5)
SESSION_LENGTH = timedelta(hours=12)
LONGEST_SESSION = timedelta(days=7)
STRANGERS_KEPT = 10_000  # unknown names whose failures are remembered; the oldest are forgotten first
LANGUAGES = ("vi", "en")
KEY, BEGAN = "key", "began"  # of a session, in its cookie; its beginning by the wall clock
PERSON, SERVICE = "person", "service"  # kinds of credentials

# Built once: building it takes three times as long as running it, and every request does.
ACTIVE = (
    select(
        Credential.name.label("login"),
        Credential.language,
        Credential.password_hash,
        Credential.secret_hash,
        Credential.blocked_until,
        Person.name,
        Membership.group_name,
    )
    .outerjoin(Person, Person.login == Credential.name)
    .outerjoin(
        Membership,
        and_(
            Membership.person_id == Person.id,
            validity.in_force(Membership, bindparam("day", type_=Date)),
        ),
    )
    .where(Credential.active, or_(Person.id.is_(None), Person.active))
)
ACCOUNT = ACTIVE.where(Credential.name == bindparam("name"))
OF_SESSION = ACCOUNT.where(~exists().where(EndedSession.key == bindparam("key")))
FOUND = select(Credential).where(Credential.name == bindparam("name"))
LOCKED = FOUND.with_for_update().execution_options(populate_existing=True)

_lock = Lock()
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


class NameReserved(EngineError):
    """Expected the name of a person, but '{name}' is the system's own."""

    vi = "Tên đăng nhập “{name}” dành riêng cho hệ thống; hãy chọn tên khác."
    en = "The name '{name}' is reserved for the system; choose another one."
    status = 422


@dataclass(frozen=True)
class Account:
    """Who a request comes from, a person or a service account: login, name for people, language, actor.

    `mark` changes with the password, and with the secret of a service account.
    """

    name: str
    display: str
    language: str
    actor: Actor
    mark: str
    blocked_until: datetime | None = None  # after wrong passwords
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """Return what the session cookie keeps: a cookie from before a new password names nobody."""
        return f"{self.name}:{self.mark}"


def init_app(app: Flask) -> None:
    """Attach Flask-Login; every request looks person and groups up again, so changes work at once."""
    login.init_app(app)
    login.user_loader(resume)
    app.permanent_session_lifetime = SESSION_LENGTH
    app.extensions["bangvang.strangers"] = OrderedDict()


def resume(kept: str) -> Account | None:
    """Return the account that a session cookie names, None when it is gone or has another password now.

    Programs show a token or a password at every request: no cookie opens an address meant for them.
    """
    if programs.is_called():
        return None
    key, began = cookie.get(KEY), cookie.get(BEGAN)
    if not isinstance(key, str) or not isinstance(began, int):
        return None
    if time.time() - began > LONGEST_SESSION.total_seconds():
        return None
    values = {"name": kept.rpartition(":")[0], "day": organisation.today(), "key": _digest(key)}
    account = from_rows(db.db.session().execute(OF_SESSION, values).all())
    return account if account is not None and account.get_id() == kept else None


def begin_session(account: Account) -> None:
    """Give the browser a fresh session: nothing of the one before it lives on (no fixation)."""
    cookie.clear()
    cookie.permanent = True  # ends after SESSION_LENGTH without a request
    cookie[KEY], cookie[BEGAN] = secrets.token_urlsafe(16), int(time.time())
    login_user(account)


def end_session(session: Session) -> None:
    """End this request's session for every copy of its cookie, and forget sessions that are over anyway."""
    key = cookie.get(KEY)
    logout_user()
    cookie.clear()
    over = datetime.now(UTC) - LONGEST_SESSION
    session.execute(delete(EndedSession).where(EndedSession.at < over))
    if isinstance(key, str) and session.get(EndedSession, _digest(key)) is None:
        session.add(EndedSession(key=_digest(key), at=datetime.now(UTC)))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def load(name: str) -> Account | None:
    """Return the account of an active person, None when it is gone or switched off; one statement.

    The groups are those of today: a membership counts from its first to its last day.
    """
    rows = db.db.session().execute(ACCOUNT, {"name": name, "day": organisation.today()}).all()
    return from_rows(rows)


def from_rows(rows: Sequence[Any]) -> Account | None:
    """Return the account of the rows that ACTIVE has found, one row per group; None for no row."""
    if not rows:
        return None
    first = rows[0]
    groups = frozenset(row.group_name for row in rows if row.group_name is not None)
    secret = first.password_hash + (first.secret_hash or "")
    mark = hashlib.sha256(secret.encode()).hexdigest()[:16]
    actor = Actor(first.login, groups)
    return Account(first.login, first.name or first.login, first.language, actor, mark, first.blocked_until)


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
        blocked_until = credential.blocked_until if credential is not None else _stranger(name)[1]
    refuse_paused(blocked_until)
    try:
        hasher.verify(known, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return known is not DECOY and credential is not None and credential.kind == PERSON


def record_attempt(session: Session, name: str, succeeded: bool) -> None:
    """Count a wrong password, pause the sign-in after too many, or forget the earlier ones.

    Locks the person's row, so that guesses sent at the same time are all counted; raises SignInPaused when
    others have paused it meanwhile.
    """
    credential = session.scalars(LOCKED, {"name": name}).one_or_none()
    if credential is None:
        _count_stranger(name)
        return
    refuse_paused(credential.blocked_until)
    if succeeded:
        credential.failures, credential.blocked_until = 0, None
    else:
        credential.failures, credential.blocked_until = _count(credential.failures)


def set_password(session: Session, name: str, password: str) -> Credential:
    """Create the sign-in of a person, or give an existing one a new password; the language stays.

    Raises NameReserved for the name under which the history records what no person did.
    """
    if name.strip().casefold() == SYSTEM.name:
        raise NameReserved(name=name)
    credential = _find(session, name)
    if credential is None:
        credential = Credential(name=name, language="vi", active=True, kind=PERSON)
        session.add(credential)
    credential.password_hash = hasher.hash(password)
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
    return session.scalars(FOUND, {"name": name}).one_or_none()


def refuse_paused(blocked_until: datetime | None) -> None:
    """Refuse a name whose pause after wrong passwords lasts until a moment still to come; SignInPaused."""
    if blocked_until is not None and blocked_until > clock.now():
        raise SignInPaused(limit=FAILURES_ALLOWED, minutes=int(PAUSE.total_seconds() // 60))


def _count(failures: int) -> tuple[int, datetime | None]:
    """Return failures and pause after one more failure."""
    return (failures + 1, None) if failures + 1 < FAILURES_ALLOWED else (0, clock.now() + PAUSE)


def _stranger(name: str) -> tuple[int, datetime | None]:
    """Return failures and pause of a name nobody has, so that a pause does not tell who exists.

    Kept in this process only: nothing that strangers send grows the database.
    """
    found: tuple[int, datetime | None] = current_app.extensions["bangvang.strangers"].get(name, (0, None))
    return found


def _count_stranger(name: str) -> None:
    strangers = current_app.extensions["bangvang.strangers"]
    with _lock:
        failures, blocked_until = _stranger(name)
        refuse_paused(blocked_until)
        strangers[name] = _count(failures)
        strangers.move_to_end(name)
        while len(strangers) > STRANGERS_KEPT:
            strangers.popitem(last=False)
