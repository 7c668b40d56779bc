"""Ballots of a secret vote: sealed at once into one box, opened all together; nobody can link one to a voter.

The box is encrypted with a key of its own session, which lies beside it wrapped by the key of the
configuration (`session.info["ballot_key"]`). How and against whom this holds: `decisions/0002`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.errors import EngineError
from workflows.tables import BallotBox, OpenedBallot

CHOICES = ("yes", "no", "blank")
KEY_BYTES = 32
_NONCE = 12
_BLOCK = 64  # a box holds a multiple of so many ballots: its length tells no number of votes
_EMPTY = 0
_shuffle = secrets.SystemRandom().shuffle


class BoxUnreadable(EngineError):
    """Expected to open the ballot box of council session {session}, but {cause}."""

    vi = "Không mở được hòm phiếu của phiên họp {session}: {cause_vi}. Chưa có gì thay đổi."
    en = "Expected to open the ballot box of council session {session}, but {cause}. Nothing was changed."
    status = 409


def make_box(session: Session, council_session: int, nominees: Sequence[int], voters: int) -> None:
    """Put an empty, closed box in place of whatever box the session had."""
    discard_box(session, council_session)
    key = AESGCM.generate_key(bit_length=KEY_BYTES * 8)
    slots = _BLOCK * (1 + voters // _BLOCK)
    session.add(
        BallotBox(
            session_id=council_session,
            wrapped_key=_encrypt(_master(session, council_session), key, council_session),
            sealed=_encrypt(key, bytes(slots * len(nominees)), council_session),
        )
    )
    session.flush()


def discard_box(session: Session, council_session: int) -> None:
    """Destroy the closed box of a session, if it has one, with the ballots in it."""
    box = session.get(BallotBox, council_session)
    if box is not None:
        session.delete(box)
        session.flush()


def put(session: Session, council_session: int, nominees: Sequence[int], choices: Mapping[int, str]) -> None:
    """Put a ballot into the box: all ballots are taken out, shuffled with it and sealed again."""
    box = _find(session, council_session)
    key = _unwrap(session, box)
    held = _unseal(box, key)
    width = len(nominees)
    ballots = _split(held, width)
    ballots.append(bytes(CHOICES.index(choices[nominee]) + 1 for nominee in sorted(nominees)))
    if len(ballots) * width > len(held):
        raise _unreadable(council_session, "it is full", "hòm phiếu đã đầy")
    _shuffle(ballots)
    box.sealed = _encrypt(key, b"".join(ballots).ljust(len(held), bytes(1)), council_session)
    session.flush()


def open_box(session: Session, council_session: int, nominees: Sequence[int], expected: int) -> int:
    """Open the box: its votes become rows in random order, all at once, and box and key are gone.

    Returns the number of ballots. Raises BoxUnreadable when it is not the number of those who have voted.
    """
    box = _find(session, council_session)
    ballots = _split(_unseal(box, _unwrap(session, box)), len(nominees))
    if len(ballots) != expected:
        raise _unreadable(
            council_session,
            f"it holds {len(ballots)} ballots and {expected} people have voted",
            f"có {len(ballots)} phiếu nhưng {expected} người đã bỏ phiếu",
        )
    ordered = sorted(nominees)
    rows = [
        {
            "key": secrets.token_hex(16),
            "session_id": council_session,
            "nomination_id": nominee,
            "choice": CHOICES[ballot[place] - 1],
        }
        for ballot in ballots
        for place, nominee in enumerate(ordered)
    ]
    rows.sort(key=lambda row: str(row["key"]))
    session.delete(box)
    session.flush()
    if rows:
        session.execute(insert(OpenedBallot), rows)
    return len(ballots)


def opened(session: Session, council_session: int) -> list[OpenedBallot]:
    """Return the opened votes of a session by their random keys."""
    query = select(OpenedBallot).where(OpenedBallot.session_id == council_session)
    return list(session.scalars(query.order_by(OpenedBallot.key)))


def digest(votes: Sequence[OpenedBallot]) -> str:
    """Return SHA-256 over the opened votes, one line `key nominee choice` each, sorted."""
    lines = sorted(f"{vote.key} {vote.nomination_id} {vote.choice}" for vote in votes)
    return hashlib.sha256("\n".join(lines).encode("ascii")).hexdigest()


def _find(session: Session, council_session: int) -> BallotBox:
    query = select(BallotBox).where(BallotBox.session_id == council_session).with_for_update()
    box = session.scalars(query.execution_options(populate_existing=True)).first()
    if box is None:
        raise _unreadable(council_session, "there is none", "không có hòm phiếu")
    return box


def _split(held: bytes, width: int) -> list[bytes]:
    pieces = [held[start : start + width] for start in range(0, len(held), width)] if width else []
    return [piece for piece in pieces if piece[0] != _EMPTY]


def _master(session: Session, council_session: int) -> bytes:
    key = session.info.get("ballot_key")
    if not isinstance(key, bytes) or len(key) != KEY_BYTES:
        raise _unreadable(council_session, "no ballot key is configured", "chưa cấu hình khóa hòm phiếu")
    return key


def _unwrap(session: Session, box: BallotBox) -> bytes:
    return _decrypt(_master(session, box.session_id), box.wrapped_key, box.session_id)


def _unseal(box: BallotBox, key: bytes) -> bytes:
    return _decrypt(key, box.sealed, box.session_id)


def _encrypt(key: bytes, content: bytes, council_session: int) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, _bound_to(council_session))


def _decrypt(key: bytes, sealed: bytes, council_session: int) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound_to(council_session))
    except InvalidTag as error:
        raise _unreadable(
            council_session,
            "the ballot key is another one, or the box was changed",
            "khóa hòm phiếu đã đổi hoặc hòm phiếu bị sửa",
        ) from error


def _bound_to(council_session: int) -> bytes:
    return b"bangvang council session %d" % council_session


def _unreadable(council_session: int, cause: str, cause_vi: str) -> BoxUnreadable:
    return BoxUnreadable(session=council_session, cause=cause, cause_vi=cause_vi)
