"""Change something through the API: one transaction, and once only for one Idempotency-Key.

The key is kept with the answer in the transaction of the change: a client that got no answer sends the same
request with the same key again and is told what the first one was told. Keys are forgotten after KEPT.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import EngineError, Text
from web.accounts import current_actor
from web.db import transaction
from web.rejections import InvalidRequest
from web.tables import IdempotentRequest

HEADER = "Idempotency-Key"
LONGEST = 255
KEPT = timedelta(days=7)  # far longer than any client tries again
REASON = "qua API"
Result = Mapping[str, Any] | None


class KeyUsed(EngineError):
    """Expected a new Idempotency-Key, but '{key}' was used for another request."""

    vi = "Khóa Idempotency-Key “{key}” đã dùng cho một yêu cầu khác. Chưa có gì thay đổi; hãy dùng khóa mới."
    en = "Idempotency-Key '{key}' was used for another request. Nothing was changed; use a new key."
    status = 422


def perform(act: Callable[[Session], Result]) -> Result:
    """Run `act` in the one transaction of this request and return its result, a JSON object or None.

    With an Idempotency-Key that was used before for the same request, return the first result instead.
    Raises KeyUsed for another request under the same key, and whatever `act` refuses; then nothing happened.
    """
    key = request.headers.get(HEADER)
    if key is None:
        with transaction() as session:
            return act(session)
    return _perform_once(_checked(key), act)


def _perform_once(key: str, act: Callable[[Session], Result]) -> Result:
    try:
        with transaction() as session:
            known = _find(session, key)
            if known is None:
                session.execute(delete(IdempotentRequest).where(IdempotentRequest.at < clock.now() - KEPT))
                session.add(known := _request(key))
                session.flush()  # a second one at the same time waits here, and loses
                known.answer = dict(result) if (result := act(session)) is not None else None
            return _answer_of(known)
    except IntegrityError as error:
        if IdempotentRequest.__tablename__ not in str(error.orig):
            raise
    with transaction() as session:
        return _answer_of(_find(session, key) or _request(key))


def reason(body: Mapping[str, Any]) -> str:
    """Return what history says as the reason of an operation: the API asks for none."""
    reference = body.get("operationReference")
    return REASON if reference is None else f"{REASON} (operationReference {reference})"


def _checked(key: str) -> str:
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        raise InvalidRequest(
            Text(f"tiêu đề {HEADER} không hợp lệ", f"Header {HEADER} is not valid"),
            {HEADER: [f"1 to {LONGEST} printable characters are expected."]},
        )
    return key


def _find(session: Session, key: str) -> IdempotentRequest | None:
    found = select(IdempotentRequest).where(
        IdempotentRequest.actor == current_actor().name, IdempotentRequest.key == key
    )
    return session.scalars(found).one_or_none()


def _request(key: str) -> IdempotentRequest:
    return IdempotentRequest(
        actor=current_actor().name, key=key, digest=_digest(), at=clock.now(), answer=None
    )


def _answer_of(known: IdempotentRequest) -> Result:
    if known.digest != _digest():
        raise KeyUsed(key=known.key)
    answer: Result = known.answer
    return answer


def _digest() -> str:
    """Return what tells one request from another: method, address and body; of parts, not their borders."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    for name, text in request.form.items(multi=True):
        digest.update(f"{name}={text}\n".encode())
    for name, file in request.files.items(multi=True):
        digest.update(f"{name}={file.filename}\n".encode())
        digest.update(file.stream.read())
        file.stream.seek(0)
    if not request.files:
        digest.update(request.get_data(cache=True))
    return digest.hexdigest()
