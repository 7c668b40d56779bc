"""Find out which program calls: a bearer token, or name and password, at every request; never a cookie.

A right password is verified by argon2 once, then remembered for a quarter of an hour as a digest under a key
of this process; the pause after wrong ones and a new password count at once all the same.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from flask import Flask, current_app, g, request

from engine.errors import EngineError
from web import accounts, db, programs, rate_limits, security_events, tokens
from web.accounts import Account

REMEMBERED = 15 * 60.0  # seconds
PASSWORDS_KEPT = 10_000
LONGEST_NAME = 80

_lock = Lock()


@dataclass(frozen=True)
class _Verified:
    mark: str  # of the password that was right
    until: float  # by the clock that never turns back


@dataclass(frozen=True)
class _Memory:
    key: bytes
    verified: OrderedDict[bytes, _Verified]


def init_app(app: Flask) -> None:
    """Let Flask-Login ask here when a request has no session that counts."""
    app.extensions["bangvang.passwords"] = _Memory(secrets.token_bytes(32), OrderedDict())
    accounts.login.request_loader(lambda _request: identify())


def identify() -> Account | None:
    """Return who calls an address for programs, None for nobody; a refusal on the way waits in `g`."""
    if not programs.is_called():
        return None
    if "caller" not in g:
        g.caller, g.caller_refusal = None, None
        try:
            g.caller = _authenticate()
        except EngineError as error:  # raised in `refuse_strangers`, not in whoever asks first
            g.caller_refusal = error
    found: Account | None = g.caller
    return found


def raise_refusal() -> None:
    """Raise what refused the caller before the password was looked at: a pause, too many tries."""
    refusal: EngineError | None = g.get("caller_refusal")
    if refusal is not None:
        raise refusal


def _authenticate() -> Account | None:
    shown = request.authorization
    if shown is None:
        return None
    if shown.type == "bearer" and shown.token:
        return tokens.find_account(shown.token)
    if shown.type == "basic" and shown.username and shown.password is not None:
        return _by_password(shown.username[:LONGEST_NAME], shown.password)
    return None


def _by_password(name: str, password: str) -> Account | None:
    """Return the account of a name and its password; raises SignInPaused, TooManyRequests."""
    memory: _Memory = current_app.extensions["bangvang.passwords"]
    digest = hmac.digest(memory.key, f"{name}\0{password}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    account = accounts.load(name)
    known = memory.verified.get(digest)
    if account is not None and known is not None and known.mark == account.mark and _lasts(known):
        accounts.refuse_paused(account.blocked_until)
        return account
    rate_limits.count("sign_in", name)
    succeeded = accounts.verify(name, password)
    with db.aside() as session:
        accounts.record_attempt(session, name, succeeded)
        if succeeded:
            security_events.record(session, "sign_in.accepted", name, "Basic")
    if not succeeded or account is None:
        security_events.note("sign_in.failed", "", name)
        return None
    with _lock:
        memory.verified[digest] = _Verified(account.mark, time.monotonic() + REMEMBERED)
        while len(memory.verified) > PASSWORDS_KEPT:
            memory.verified.popitem(last=False)
    return account


def _lasts(known: _Verified) -> bool:
    return known.until > time.monotonic()
