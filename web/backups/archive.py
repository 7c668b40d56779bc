"""One file that holds a copy: a ZIP with the data and a manifest that says what must be in it.

The manifest is written last, so a file that was cut off has none. Nothing is held in memory but one block.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from engine.errors import EngineError

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 4 * 1024 * 1024
BLOCK = 1024 * 1024


class BackupUnreadable(EngineError):
    """Expected a whole backup, but {problem}."""

    vi = (
        "Tệp sao lưu không dùng được: {problem_vi}. Chưa có gì được khôi phục; hãy lấy bản sao lưu khác, "
        "hoặc chép lại tệp này từ nơi lưu giữ."
    )
    en = (
        "The backup cannot be used: {problem}. Nothing was restored; take another backup, or copy this file "
        "again from where it is kept."
    )
    status = 422


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: kind of database, schema, rows by table, last checkpoint of the history, sums."""

    kind: str  # sqlite, postgresql
    revision: str
    made_at: str
    program: str
    tables: dict[str, int]
    columns: dict[str, list[str]] = field(default_factory=dict)  # PostgreSQL: in the order of the data
    sequences: dict[str, int] = field(default_factory=dict)  # PostgreSQL: the last number given out
    checkpoint: dict[str, Any] | None = None
    members: dict[str, dict[str, Any]] = field(default_factory=dict)  # name → sha256, bytes
    format: int = FORMAT


@contextmanager
def create(path: Path) -> Iterator[zipfile.ZipFile]:
    """Give a new archive that only its owner reads; it has its name when everything is on the disk."""
    part = path.with_name(f"{path.name}.part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
                yield made
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def add(
    made: zipfile.ZipFile, name: str, blocks: Callable[[Callable[[bytes], object]], int]
) -> dict[str, Any]:
    """Write one member; `blocks` is given where to write and returns its rows; return size, sum and rows."""
    digest, size = hashlib.sha256(), 0
    with made.open(name, "w", force_zip64=True) as out:

        def write(block: bytes) -> None:
            nonlocal size
            digest.update(block)
            size += len(block)
            out.write(block)

        rows = blocks(write)
    return {"sha256": digest.hexdigest(), "bytes": size, "rows": rows}


def add_manifest(made: zipfile.ZipFile, manifest: Manifest) -> None:
    """Write the manifest, the last member."""
    made.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Give an archive with its manifest; raises BackupUnreadable."""
    try:
        with zipfile.ZipFile(path) as found:
            yield found, _read_manifest(found)
    except (zipfile.BadZipFile, EOFError) as error:
        raise BackupUnreadable(problem=f"it is cut off ({error})", problem_vi="tệp bị cắt cụt") from error


def ensure_whole(found: zipfile.ZipFile, manifest: Manifest) -> None:
    """Read everything once and compare it with the manifest; raises BackupUnreadable."""
    for name, told in manifest.members.items():
        digest = hashlib.sha256()
        with open_member(found, name) as member:
            while block := member.read(BLOCK):
                digest.update(block)
        if digest.hexdigest() != told.get("sha256"):
            raise BackupUnreadable(problem=f"{name} was changed", problem_vi=f"{name} đã bị thay đổi")


def open_member(found: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Return a member that the manifest names; raises BackupUnreadable."""
    try:
        return found.open(name)
    except KeyError as error:
        raise BackupUnreadable(problem=f"{name} is missing", problem_vi=f"thiếu {name}") from error


def extract(found: zipfile.ZipFile, name: str, path: Path) -> None:
    """Write a member to a new file that only its owner reads."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open_member(found, name) as member, os.fdopen(handle, "wb") as file:
        shutil.copyfileobj(member, file, BLOCK)
        file.flush()
        os.fsync(file.fileno())


def _read_manifest(found: zipfile.ZipFile) -> Manifest:
    try:
        if found.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
            raise BackupUnreadable(problem="its manifest is too long", problem_vi="bản kê quá dài")
        manifest = Manifest(**json.loads(found.read(MANIFEST)))
    except (KeyError, ValueError, TypeError) as error:
        raise BackupUnreadable(problem="it has no manifest", problem_vi="không có bản kê") from error
    if manifest.format != FORMAT:
        problem = f"its format {manifest.format} is not known"
        raise BackupUnreadable(problem=problem, problem_vi=f"không biết dạng {manifest.format}")
    return manifest
