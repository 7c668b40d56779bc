"""Checkpoints are signed with Ed25519; the private key lies in a file outside the database."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.audit.canonical import NotCanonical, dumps, encode
from engine.errors import EngineError

SIGNATURE, KEY = "sig", "key"
_LENGTH = 32


class KeyMissing(EngineError):
    """Expected the audit key in {path}, but it is not there and earlier checkpoints were signed with it."""

    vi = (
        "Không thấy khóa ký lịch sử ở {path}; các điểm kiểm trước đã ký bằng khóa đó. Lịch sử vẫn được ghi, "
        "chưa lập điểm kiểm mới. Hãy chép lại tệp khóa từ bản sao lưu."
    )
    en = (
        "Expected the audit key in {path}, but it is not there, and earlier checkpoints were signed with it. "
        "History is still written; no new checkpoint was made. Put the key file back from your backup."
    )


class KeyUnreadable(EngineError):
    """Expected an Ed25519 key of 32 bytes as base64 in {path}."""

    vi = "Tệp khóa {path} không phải khóa Ed25519 (32 byte, base64). Chưa có gì thay đổi."
    en = "Expected an Ed25519 key of 32 bytes as base64 in {path}. Nothing was changed."


def create_key(path: Path) -> Ed25519PrivateKey:
    """Make a key file that only its owner reads; a file made by another process meanwhile is taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = base64.b64encode(os.urandom(_LENGTH))
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text + b"\n")
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(draft, path)  # never over a key that is there
    except FileExistsError:
        return read_key(path)
    finally:
        draft.unlink()
    return read_key(path)


def read_key(path: Path) -> Ed25519PrivateKey:
    """Return the private key of a file; raise KeyMissing or KeyUnreadable."""
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_bytes(), validate=False))
    except FileNotFoundError as error:
        raise KeyMissing(path=path) from error
    except ValueError as error:
        raise KeyUnreadable(path=path) from error


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public key that belongs to a private one, 32 bytes as base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign(body: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return a body with its public key and its signature."""
    signed = {**body, KEY: public_text(key)}
    signature = key.sign(encode(dumps(signed)))
    return {**signed, SIGNATURE: base64.b64encode(signature).decode()}


def is_signed(body: Mapping[str, Any]) -> bool:
    """Tell whether a body carries the signature of the public key that it names."""
    signed = {name: value for name, value in body.items() if name != SIGNATURE}
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(body[KEY])))
        key.verify(base64.b64decode(str(body[SIGNATURE])), encode(dumps(signed)))
    except (KeyError, ValueError, binascii.Error, InvalidSignature, NotCanonical):
        return False
    return True


def fingerprint(body: Mapping[str, Any]) -> str:
    """Return the hash of a signed body, signature included, as hex."""
    return sha256(encode(dumps(dict(body)))).hexdigest()
