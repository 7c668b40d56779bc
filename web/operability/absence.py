"""Recognise that the database is away, full or overloaded: nobody's mistake, and it passes.

The codes are those of PostgreSQL's appendix A and of SQLite's rescode page. A lost race is not among them.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from procrastinate.exceptions import ConnectorException
from psycopg import Error as PsycopgError
from psycopg import OperationalError as PsycopgOperationalError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

AWAY, FULL, BUSY, SLOW, UNMADE = "away", "full", "busy", "slow", "unmade"
RETRY_AFTER = {AWAY: 5, FULL: 60, BUSY: 2, SLOW: 5, UNMADE: 60}  # seconds
# SQLSTATE by its whole code, then by its class
STATES = {
    "25006": AWAY,  # a standby that was not promoted yet
    "25P03": AWAY,  # the server ended a transaction that slept
    "25P04": SLOW,
    "42P01": UNMADE,  # a table is missing: never upgraded
    "53100": FULL,
    "53200": BUSY,
    "53300": BUSY,
    "53400": BUSY,
    "55P03": SLOW,
    "57014": SLOW,
    "57P01": AWAY,
    "57P02": AWAY,
    "57P03": AWAY,
    "57P04": AWAY,
    "57P05": AWAY,
    "XX001": AWAY,  # damaged pages
    "XX002": AWAY,
}
CLASSES = {"08": AWAY, "53": BUSY, "58": FULL}
# A server in another language is only taken for away.
CROWDED = ("too many clients", "remaining connection slots", "too many connections")
# primary result codes of SQLite
RESULTS = {
    sqlite3.SQLITE_PERM: AWAY,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_NOMEM: BUSY,
    sqlite3.SQLITE_READONLY: AWAY,
    sqlite3.SQLITE_IOERR: FULL,
    sqlite3.SQLITE_CORRUPT: AWAY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: AWAY,
    sqlite3.SQLITE_PROTOCOL: BUSY,
    sqlite3.SQLITE_NOTADB: AWAY,
}
ERRORS = (DBAPIError, PoolTimeout, ConnectorException)


@dataclass(frozen=True)
class Absence:
    """Why the database does not serve: AWAY, FULL, BUSY, SLOW or UNMADE."""

    reason: str

    @property
    def retry_after(self) -> int:
        """Return the seconds after which trying again is worth it."""
        return RETRY_AFTER[self.reason]

    @property
    def is_overload(self) -> bool:
        """Tell whether there are only too many who ask at once."""
        return self.reason == BUSY


def why(error: BaseException, *, writes: bool = True) -> Absence | None:
    """Return why the database does not serve, None when an error is none of its absence.

    Without `writes` a refused write is a mistake of ours (a page that only shows), not a read-only file.
    """
    reason = _reason(error)
    if reason is None or (not writes and _is_read_only(error)):
        return None
    return Absence(reason)


def _reason(error: BaseException | None) -> str | None:
    if isinstance(error, PoolTimeout):
        return BUSY
    if isinstance(error, DBAPIError):
        return _reason(error.orig) or (AWAY if error.connection_invalidated else None)
    if isinstance(error, ConnectorException):
        return _reason(error.__cause__)
    if isinstance(error, PsycopgError):
        return _by_state(error)
    if isinstance(error, sqlite3.Error):
        return _by_result(error)
    return FULL if isinstance(error, OSError) else None


def _by_state(error: PsycopgError) -> str | None:
    state = error.sqlstate
    if state is None:  # nobody answered, the connection broke, or it was refused: then only words tell why
        if any(words in str(error) for words in CROWDED):
            return BUSY
        return AWAY if isinstance(error, PsycopgOperationalError) else None
    return STATES.get(state) or CLASSES.get(state[:2])


def _by_result(error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)  # an error of the module itself has none
    if code is None:
        return None
    if code == sqlite3.SQLITE_ERROR and str(error).startswith("no such table"):
        return UNMADE
    return RESULTS.get(code & 0xFF)


def _is_read_only(error: BaseException) -> bool:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY
