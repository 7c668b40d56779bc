"""Evidence: the files of a dossier, kept as they came, with names that cannot do harm."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound, Refused
from engine.handlers import ServiceCall
from workflows import names
from workflows.dossiers.records import ensure_editable
from workflows.tables import EvidenceFile, Nomination

MEGABYTE = 1024 * 1024
LARGEST_FILE = 10 * MEGABYTE
LARGEST_DOSSIER = 50 * MEGABYTE
LONGEST_NAME = 120
HOUSE = "Quy ước của hệ thống về tệp minh chứng"
ZIP = b"PK\x03\x04"
# What a file may be: its media type and how its content begins, by the end of its name.
KINDS = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ZIP),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ZIP),
    ".odt": ("application/vnd.oasis.opendocument.text", ZIP),
}
FORBIDDEN = "<>:\"/\\|?*'`$;&"


@dataclass(frozen=True)
class Upload:
    """A file as somebody sends it: for which paper, under which name, with which content."""

    paper: str
    file_name: str
    content: bytes


def add(session: Session, call: ServiceCall, nomination: Nomination, upload: Upload) -> EvidenceFile:
    """Add a file to a dossier; raises Refused for an empty, too large or unknown kind of file."""
    ensure_editable(nomination)
    name = clean_name(upload.file_name)
    media_type = _check(name, upload.content)
    used = session.scalar(
        select(func.coalesce(func.sum(EvidenceFile.size), 0)).where(
            EvidenceFile.nomination_id == nomination.id, EvidenceFile.removed_at.is_(None)
        )
    )
    if int(used or 0) + len(upload.content) > LARGEST_DOSSIER:
        raise _refused(
            f"Hồ sơ vượt {LARGEST_DOSSIER // MEGABYTE} MB tệp minh chứng.",
            f"The dossier has more than {LARGEST_DOSSIER // MEGABYTE} MB of files.",
        )
    row = EvidenceFile(
        nomination_id=nomination.id,
        paper=upload.paper or "other",
        file_name=name,
        media_type=media_type,
        sha256=hashlib.sha256(upload.content).hexdigest(),
        size=len(upload.content),
        content=upload.content,
        added_by=call.actor.name,
        added_at=call.now,
    )
    session.add(row)
    session.flush()
    return row


def remove(session: Session, call: ServiceCall, nomination: Nomination, file_id: int) -> None:
    """Take a file back while the office has the dossier; the row stays, with who did it and when."""
    ensure_editable(nomination)
    row = find(session, nomination, file_id)
    row.removed_by, row.removed_at = call.actor.name, call.now
    session.flush()


def find(session: Session, nomination: Nomination, file_id: int) -> EvidenceFile:
    """Return a file of a nomination that was not taken back; raises NotFound."""
    row = session.get(EvidenceFile, file_id)
    if row is None or row.nomination_id != nomination.id or row.removed_at is not None:
        raise NotFound(kind="file", key=file_id)
    return row


def files(session: Session, nomination: Nomination) -> Sequence[EvidenceFile]:
    """Return the files of a nomination, oldest first, without their contents."""
    query = select(EvidenceFile).where(
        EvidenceFile.nomination_id == nomination.id, EvidenceFile.removed_at.is_(None)
    )
    return session.scalars(query.order_by(EvidenceFile.id)).all()


def clean_name(name: str) -> str:
    """Return a file name without folders, control signs and signs that shells or systems read otherwise."""
    last = names.normalise(name).replace("\\", "/").rpartition("/")[2]
    plain = "".join("_" if mark in FORBIDDEN else mark for mark in last).strip(". -")
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        return plain[:LONGEST_NAME] or "tep"
    return f"{stem[:LONGEST_NAME].rstrip() or 'tep'}.{ending[:8].lower()}"


def _check(name: str, content: bytes) -> str:
    ending = f".{name.rpartition('.')[2]}"
    if not content:
        raise _refused(f"Tệp “{name}” rỗng.", f"File '{name}' is empty.")
    if len(content) > LARGEST_FILE:
        raise _refused(
            f"Tệp “{name}” lớn hơn {LARGEST_FILE // MEGABYTE} MB.",
            f"File '{name}' is larger than {LARGEST_FILE // MEGABYTE} MB.",
        )
    media_type, beginning = KINDS.get(ending, ("", b""))
    if not media_type or not content.startswith(beginning):
        known = ", ".join(kind.removeprefix(".") for kind in KINDS)
        raise _refused(
            f"Tệp “{name}” không thuộc loại được nhận ({known}) hoặc nội dung không đúng loại.",
            f"File '{name}' is none of the kinds taken ({known}), or its content is of another kind.",
        )
    return media_type


def _refused(vi: str, en: str) -> Refused:
    return Refused(vi=vi, en=en, source=HOUSE)
