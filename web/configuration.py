"""Read the settings of the web room from the environment: every name, default and meaning in one table."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workflows.documents.seals import Seal

PREFIX = "BANGVANG_"
HIDDEN = {"hide_parameters": True}  # what people typed never stands in the text of an error
CONNECT_TIMEOUT = 5  # seconds to wait for PostgreSQL before a request is told to come back
POOL_TIMEOUT = 10  # seconds to wait for another request's connection
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
        "RATE_SIGN_IN", "20 per minute", "Passwords and secrets tried per name and address; 0 = no limit."
    ),
    Setting("RATE_ADDRESS", "600 per minute", "The same per address, whatever the name; 0 = no limit."),
    Setting("RATE_API", "6000 per minute", "Requests to the API per account; 0 = no limit."),
    Setting(
        "RATE_STORAGE",
        "memory://",
        "Where the limits count: each process for itself, or together in redis://… or memcached://….",
    ),
    Setting("ACCESS_TOKEN_SECONDS", "3600", "How long an access token of /oauth/token lasts."),
    Setting(
        "OIDC_ISSUER", "none", "Address of the OpenID provider people may sign in with; none = no button."
    ),
    Setting("OIDC_CLIENT_ID", "empty", "This site's id at the provider."),
    Setting("OIDC_CLIENT_SECRET", "empty", "This site's secret there; only from the environment."),
    Setting("OIDC_LOGIN_CLAIM", "preferred_username", "Claim that holds the person's login."),
    Setting(
        "OIDC_GROUPS_CLAIM",
        "none",
        "Claim with a list of groups; at each sign-in the person's groups become those of them that exist.",
    ),
    Setting(
        "POOL_SIZE",
        "10",
        "Connections to PostgreSQL kept by a process, twice as many at peaks; at least the threads of `web`.",
    ),
    Setting(
        "STATEMENT_TIMEOUT",
        "0",
        "Seconds after which PostgreSQL ends a statement; 0 = never. For `web`; not for `db upgrade`.",
    ),
    Setting(
        "METRICS_TOKEN",
        "none",
        "Bearer token that opens /metrics; without one it answers this machine only, behind a proxy nobody.",
    ),
    Setting("LOG_FORMAT", "text", "How log lines are written: text or json, one object per line."),
    Setting(
        "STOP_DELAY", "0", "Seconds that `serve` goes on after SIGTERM while /ready already tells to stop."
    ),
    Setting(
        "API_WAIT",
        "10",
        "Longest seconds that an API request waits (awaitCompletion, job activation); each keeps a thread.",
    ),
    Setting(
        "TEST_CLOCK", "0", "1 allows PUT /v2/clock (tests and demonstrations); refused with SECURE_COOKIES."
    ),
)

# Read as they are written, their default as the table says.
PLAIN = (
    "RATE_SIGN_IN",
    "RATE_ADDRESS",
    "RATE_API",
    "RATE_STORAGE",
    "ACCESS_TOKEN_SECONDS",
    "OIDC_ISSUER",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "OIDC_LOGIN_CLAIM",
    "OIDC_GROUPS_CLAIM",
    "METRICS_TOKEN",
    "LOG_FORMAT",
    "STOP_DELAY",
    "API_WAIT",
)
NOTHING = frozenset({"none", "empty"})  # defaults that say there is nothing


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
        "INSTANCE": str(folder.resolve()),
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(environ, url),
        "SECRET_KEY": secret_key,
        "BALLOT_KEY": _derive_ballot_key(environ.get(f"{PREFIX}BALLOT_KEY") or secret_key),
        "AUDIT_KEY": Path(environ.get(f"{PREFIX}AUDIT_KEY") or folder / "audit_key").resolve(),
        "SEAL": Seal(
            certificate=_path(environ, "SIGNING_CERTIFICATE"),
            password=environ.get(f"{PREFIX}SIGNING_PASSWORD", ""),
            authorities=_path(environ, "SIGNING_AUTHORITIES"),
        ),
        **{name: _text(environ, name) for name in PLAIN},
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


def _engine_options(environ: Mapping[str, str], url: str) -> dict[str, object]:
    """Return pool and patience towards a PostgreSQL server; what the address itself says wins."""
    if not url.startswith("postgresql"):
        return dict(HIDDEN)
    waits = {"connect_timeout": str(CONNECT_TIMEOUT), "tcp_user_timeout": str(CONNECT_TIMEOUT * 2000)}
    patience = float(_text(environ, "STATEMENT_TIMEOUT"))
    if patience:
        waits["options"] = f"-c statement_timeout={int(patience * 1000)}"
    asked = {name: value for name, value in waits.items() if name not in url}
    size = int(_text(environ, "POOL_SIZE"))
    pool = {"pool_timeout": POOL_TIMEOUT, "pool_size": size, "max_overflow": size}
    return {**HIDDEN, **pool, "connect_args": asked}


def _is_yes(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(f"{PREFIX}{name}", "").strip().lower() in YES


def _text(environ: Mapping[str, str], name: str) -> str:
    default = next(setting.default for setting in SETTINGS if setting.name == name)
    return environ.get(f"{PREFIX}{name}", "").strip() or ("" if default in NOTHING else default)


def _derive_ballot_key(text: str) -> bytes:
    """Return 32 bytes that tell nothing of the text, and that no other use of it has."""
    return HKDF(SHA256(), length=32, salt=None, info=b"bangvang ballot box").derive(text.encode())


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    found = environ.get(f"{PREFIX}{name}", "").strip()
    return Path(found).resolve() if found else None


def _kept_secret(folder: Path) -> str:
    """Return the key of a folder; two processes that start there at once take the same one."""
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32), encoding="ascii")
        with suppress(FileExistsError):
            os.link(draft, path)  # whole or not at all, and never over a key that is there
        draft.unlink()
    return path.read_text(encoding="ascii")
