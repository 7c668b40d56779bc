"""The files of a document: DOCX and PDF from its frozen values, the signed PDF as it is kept, edXML.

What lays out pages and signs is loaded with the first file that needs it: it takes a second to import, and a
machine without Pango still issues documents, it only prints none.
"""

from __future__ import annotations

import hashlib
import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Refused
from workflows.documents import templates
from workflows.documents.samples import sample_values
from workflows.tables import Document, DocumentFile

if TYPE_CHECKING:
    from workflows.documents.pdf import Paper

PANGO = "WeasyPrint, https://doc.courtbouillon.org/weasyprint/stable/first_steps.html"


def docx(session: Session, document: Document) -> bytes:
    """Return a document as DOCX, made from its values and the version of the template it was issued with."""
    template = templates.find(session, document.template_id)
    filled: bytes = _load("rendering").fill(document.kind, template.content, document.values)
    return filled


def pdf(session: Session, document: Document) -> bytes:
    """Return a document as PDF: the signed file when there is one, else laid out from its DOCX.

    Raises Refused on a machine that has no Pango.
    """
    kept = signed_file(session, document)
    if kept is not None:
        return kept.content
    content: bytes = paper(session, document).content
    return content


def paper(session: Session, document: Document) -> Paper:
    """Return a document laid out anew, with the place of its signature; raises Refused without Pango."""
    laid_out: Paper = _load("pdf").lay_out(docx(session, document))
    return laid_out


def fill(kind: str, template: bytes, values: dict[str, Any], form: str) -> bytes:
    """Return a template filled with values, as `docx` or `pdf`."""
    filled: bytes = _load("rendering").fill(kind, template, values)
    return filled if form == "docx" else bytes(_load("pdf").lay_out(filled).content)


def preview(kind: str, template: bytes) -> bytes:
    """Return the PDF of a template filled with made-up values."""
    return fill(kind, template, sample_values(kind), "pdf")


def check_template(kind: str, content: bytes) -> None:
    """Raise FormInvalid for `file` unless an uploaded template is safe and uses known fields only."""
    _load("rendering").check_template(kind, content)


def signed_file(session: Session, document: Document) -> DocumentFile | None:
    """Return the newest signed PDF of a document, if it has one."""
    return session.scalar(
        select(DocumentFile)
        .where(DocumentFile.document_id == document.id, DocumentFile.signed)
        .order_by(DocumentFile.id.desc())
        .limit(1)
    )


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _load(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"workflows.documents.{name}")
    except OSError as error:
        raise Refused(
            vi="Máy chủ chưa cài thư viện Pango nên chưa in được PDF; hãy cài libpango-1.0 rồi thử lại. "
            "Văn bản và số văn bản không bị ảnh hưởng.",
            en="This machine has no Pango, which printing needs: install libpango-1.0 and try again. "
            "Document and number are not affected.",
            source=PANGO,
        ) from error
