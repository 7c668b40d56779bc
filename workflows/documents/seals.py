"""The digital signature of a document: made with the site's certificate, kept with the file, read anew."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Refused
from engine.handlers import ServiceCall
from workflows.documents import files
from workflows.tables import Document, DocumentFile

SOURCE = "Nghị định 30/2020/NĐ-CP, Điều 13; BANGVANG_SIGNING_CERTIFICATE"


@dataclass(frozen=True)
class Seal:
    """The signing settings of a site: certificate with key, its password, authorities that are trusted."""

    certificate: Path | None = None
    password: str = field(default="", repr=False)
    authorities: Path | None = None


@dataclass(frozen=True)
class Reading:
    """What the kept file is worth now: whether it is the one that was kept, and each of its signatures."""

    unchanged: bool
    verdicts: Sequence[Any]


def seal(session: Session, call: ServiceCall, document: Document, settings: Seal) -> DocumentFile:
    """Sign the PDF of an issued document and keep it; raises Refused when this person or site may not."""
    if settings.certificate is None:
        raise Refused(
            vi="Máy chủ chưa được cấu hình chứng thư số.",
            en="This site has no signing certificate.",
            source=SOURCE,
        )
    if document.status != "issued" or document.signer != call.actor.name:
        raise Refused(
            vi="Chỉ người đã ký văn bản đang có hiệu lực mới ký số được.",
            en="Only whoever signed a document in force signs it digitally.",
            source=SOURCE,
        )
    paper = files.paper(session, document)
    signatures = importlib.import_module("workflows.documents.signatures")
    signer = signatures.load_signer(settings.certificate, settings.password)
    lines = (
        f"Ký bởi: {signatures.describe(signer)}",
        f"Người ký: {document.signer_name}",
        f"Thời gian ký: {local(call.now).isoformat(timespec='seconds')}",
    )
    content = signatures.sign_pdf(paper, signer, lines)
    kept = DocumentFile(
        document_id=document.id,
        format="pdf",
        signed=True,
        sha256=files.digest(content),
        content=content,
        made_at=call.now,
        made_by=call.actor.name,
    )
    session.add(kept)
    session.flush()
    return kept


def read(kept: DocumentFile, settings: Seal) -> Reading:
    """Return what a signed file is worth: a file altered in any way says so."""
    signatures = importlib.import_module("workflows.documents.signatures")
    authorities = signatures.load_authorities(settings.authorities)
    verdicts = signatures.verify(kept.content, authorities)
    return Reading(files.digest(kept.content) == kept.sha256, verdicts)
