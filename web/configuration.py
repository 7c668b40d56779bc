"""Read the settings of the web room from the environment: every name, default and meaning in one table."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workflows.documents.seals import Seal

PREFIX = "BANGVANG_"
YES = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True)
class Setting:
    """One environment variable: name without the prefix, default as text, meaning for the README."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("INSTANCE", "instance", "Folder of the database file and the generated secret key."),
    Setting("DATABASE_URL", "sqlite:///<INSTANCE>/bangvang.sqlite3", "SQLAlchemy address of the database."),
    Setting(
        "SECRET_KEY", "generated, kept in <INSTANCE>/secret_key", "Key that signs cookies and CSRF tokens."
    ),
    Setting(
        "AUDIT_KEY",
        "made with the first checkpoint, kept in <INSTANCE>/audit_key",
        "File of the key that signs checkpoints of the history: back it up, apart from the database.",
    ),
    Setting(
        "BALLOT_KEY",
        "derived from SECRET_KEY",
        "Text from which the key of secret ballot boxes is derived; keep it while a vote is open, and apart "
        "from the database.",
    ),
    Setting("SECURE_COOKIES", "0", "1 behind HTTPS: cookies travel only over HTTPS, HSTS is sent."),
    Setting(
        "SIGNING_CERTIFICATE",
        "none",
        "PKCS#12 or PEM file with key and certificate that sign PDFs (PAdES); none = no digital signature.",
    ),
    Setting("SIGNING_PASSWORD", "empty", "Password of that file; only from the environment."),
    Setting(
        "SIGNING_AUTHORITIES",
        "none",
        "PEM file of the authorities that signatures are trusted by; nothing is asked over the network.",
    ),
    Setting(
        "TEST_CLOCK", "0", "1 allows PUT /v2/clock (tests and demonstrations); refused with SECURE_COOKIES."
    ),
)


def read(environ: Mapping[str, str], instance: Path) -> dict[str, object]:
    """Return Flask's configuration from `environ`; `instance` is the folder used when none is named.

    Raise ValueError when the test clock is asked for on a site that runs behind HTTPS.
    """
    folder = Path(environ.get(f"{PREFIX}INSTANCE") or instance)
    secure = _is_yes(environ, "SECURE_COOKIES")
    test_clock = _is_yes(environ, "TEST_CLOCK")
    if secure and test_clock:
        raise ValueError("BANGVANG_TEST_CLOCK is refused together with BANGVANG_SECURE_COOKIES")
    url = environ.get(f"{PREFIX}DATABASE_URL") or f"sqlite:///{folder.resolve() / 'bangvang.sqlite3'}"
    secret_key = environ.get(f"{PREFIX}SECRET_KEY") or _kept_secret(folder)
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SECRET_KEY": secret_key,
        "BALLOT_KEY": _derive_ballot_key(environ.get(f"{PREFIX}BALLOT_KEY") or secret_key),
        "AUDIT_KEY": Path(environ.get(f"{PREFIX}AUDIT_KEY") or folder / "audit_key").resolve(),
        "SEAL": Seal(
            certificate=_path(environ, "SIGNING_CERTIFICATE"),
            password=environ.get(f"{PREFIX}SIGNING_PASSWORD", ""),
            authorities=_path(environ, "SIGNING_AUTHORITIES"),
        ),
        "TEST_CLOCK": test_clock,
        "SECURE_COOKIES": secure,
        "SESSION_COOKIE_NAME": "bangvang",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        # a form may stay open all day: its token is bound to the session, not to an hour
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": 4 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "MAX_FORM_PARTS": 20_000,
        "BABEL_DEFAULT_LOCALE": "vi",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Ho_Chi_Minh",
        "BABEL_TRANSLATION_DIRECTORIES": str(Path(__file__).parent / "translations"),
    }


def _is_yes(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(f"{PREFIX}{name}", "").strip().lower() in YES


def _derive_ballot_key(text: str) -> bytes:
    """Return 32 bytes that tell nothing of the text, and that no other use of it has."""
    return HKDF(SHA256(), length=32, salt=None, info=b"bangvang ballot box").derive(text.encode())


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    found = environ.get(f"{PREFIX}{name}", "").strip()
    return Path(found).resolve() if found else None


def _kept_secret(folder: Path) -> str:
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii")
