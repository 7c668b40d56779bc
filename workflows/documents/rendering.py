"""Fill a template with the frozen values of a document: DOCX in, DOCX out, the same bytes each time."""

from __future__ import annotations

import io
from typing import Any

from docxtpl import DocxTemplate

from workflows.documents.checking import FieldEnvironment, check_fields
from workflows.documents.docx_parts import open_package, repack
from workflows.documents.kinds import kind as kind_of
from workflows.documents.samples import sample_values


def fill(kind: str, template: bytes, values: dict[str, Any]) -> bytes:
    """Return the DOCX of a template filled with values; every text is escaped, nothing in it is run."""
    opened = DocxTemplate(io.BytesIO(template))
    opened.render(values, jinja_env=FieldEnvironment(kind), autoescape=True)
    out = io.BytesIO()
    opened.save(out)
    return repack(out.getvalue())


def check_template(kind: str, content: bytes) -> None:
    """Raise FormInvalid for `file` unless the DOCX is safe, uses known fields only and fills in."""
    kind_of(kind)
    open_package(content)
    check_fields(kind, DocxTemplate(io.BytesIO(content)))
    open_package(fill(kind, content, sample_values(kind)))
