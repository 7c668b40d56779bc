"""Templates: which version a new document is made from; offices upload their own, old versions stay."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound
from workflows import rows
from workflows.documents.kinds import kind as kind_of
from workflows.tables import DocumentTemplate

CARRIED = Path(__file__).parent.parent / "data" / "templates"


def carried(kind: str) -> bytes:
    """Return the template that comes with the program; raises NotFound for an unknown kind."""
    kind_of(kind)
    return (CARRIED / f"{kind}.docx").read_bytes()


def choose(session: Session, kind: str, unit: str) -> int:
    """Return the id of the newest template of a kind for a unit: the unit's own, else the one for all.

    The carried one is kept as version 1 when the first document is made from it.
    """
    query = _ranked(kind, unit).with_only_columns(DocumentTemplate.id)
    found = session.scalar(query)
    if found is None:
        _keep(session, kind, carried(kind), clock.now())
        found = session.scalars(query).one()
    return found


def newest(session: Session, kind: str, unit: str) -> bytes:
    """Return the template a document of a unit would be made from now; nothing is written."""
    found = session.scalar(_ranked(kind, unit))
    return carried(kind) if found is None else found.content


def _ranked(kind: str, unit: str) -> Select[DocumentTemplate]:
    return (
        select(DocumentTemplate)
        .where(DocumentTemplate.kind == kind, or_(DocumentTemplate.unit == unit, DocumentTemplate.unit == ""))
        .order_by(DocumentTemplate.unit.desc(), DocumentTemplate.version.desc())
        .limit(1)
    )


def find(session: Session, template_id: int) -> DocumentTemplate:
    """Return a template; raises NotFound."""
    found = session.get(DocumentTemplate, template_id)
    if found is None:
        raise NotFound(kind="document template", key=template_id)
    return found


def add(session: Session, kind: str, unit: str, content: bytes, actor: str) -> DocumentTemplate:
    """Add the next version of a template for a unit (“” = for all); the caller has checked the file."""
    if unit == "":
        # what came with the program stays version 1, also when nothing was made from it yet
        choose(session, kind, "")
    query = select(func.max(DocumentTemplate.version)).where(
        DocumentTemplate.kind == kind, DocumentTemplate.unit == unit
    )
    template = DocumentTemplate(
        kind=kind,
        unit=unit,
        version=(session.scalar(query) or 0) + 1,
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        uploaded_by=actor,
        uploaded_at=clock.now(),
    )
    session.add(template)
    session.flush()
    return template


def _keep(session: Session, kind: str, content: bytes, at: datetime) -> None:
    rows.add_once(
        session,
        DocumentTemplate,
        kind=kind,
        unit="",
        version=1,
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        uploaded_by="",
        uploaded_at=at,
    )
