"""Write a document as edXML (QCVN 102:2016/BTTTT) for exchange between offices; nothing is sent from here.

VERIFIED is False: the structure is known from one project's packets and a field list, not from the text of
the regulation. Receivers check prefixes strictly, so every element has the prefix `edXML`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime

from lxml import etree
from sqlalchemy.orm import Session

from engine.clock import local
from workflows import organisation
from workflows.documents.kinds import KINDS
from workflows.documents.wording import compose
from workflows.tables import Document, Unit

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
VERIFIED = False
NEW_DOCUMENT = "0"
Attachment = tuple[str, str, bytes]  # name, content type, content


def export(session: Session, document: Document, attachments: Sequence[Attachment]) -> bytes:
    """Return the packet of an issued document with its files, base64 outside the envelope."""
    unit = organisation.unit(session, document.unit)
    packet = etree.Element(_name("edXML"), nsmap={"edXML": NAMESPACE})
    envelope = _add(packet, "edXMLEnvelope")
    header = _add(envelope, "edXMLHeader")
    _message(session, _add(header, "MessageHeader"), document, unit)
    _trace(_add(header, "TraceHeaderList"), unit, document.issued_at or datetime.now(UTC))
    _add(header, "DigitalSignature")
    manifest = _add(_add(envelope, "edXMLBody"), "edXMLManifest")
    encoded = _add(packet, "AttachmentEncoded")
    for number, (name, content_type, content) in enumerate(attachments, start=1):
        identifier = f"{document.id}-{number}"
        reference = _add(manifest, "Reference")
        _fill(reference, ContentId=identifier, AttachmentName=name, ContentType=content_type, Description="")
        one = _add(encoded, "Attachment")
        _fill(one, ContentType=content_type, ContentId=identifier, AttachmentName=name)
        _fill(one, ContentTransferEncoded=base64.b64encode(content).decode("ascii"))
    return bytes(etree.tostring(packet, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _message(session: Session, message: etree._Element, document: Document, unit: Unit) -> None:
    number, _, notation = (document.number or "").partition("/")
    day = document.issued_on.strftime("%Y/%m/%d") if document.issued_on is not None else ""
    _organisation(_add(message, "From"), unit)
    for code in dict.fromkeys(recipient.unit for recipient in document.recipients if recipient.unit):
        _organisation(_add(message, "To"), organisation.unit(session, code))
    _fill(_add(message, "Code"), CodeNumber=number, CodeNotation=notation)
    _fill(_add(message, "PromulgationInfo"), Place=document.place, PromulgationDate=day)
    kind = KINDS[document.kind].name.vi
    _fill(_add(message, "DocumentType"), Type="2", TypeName=kind, TypeDetail="")
    _fill(message, Subject=document.subject_line, Content=document.subject_line)
    _fill(
        _add(message, "SignerInfo"),
        Competence=document.capacity,
        Position=" ".join(document.values["signature_lines"][-1:]),
        FullName=document.signer_name,
    )
    _fill(message, DueDate="")
    places = _add(message, "ToPlaces")
    for recipient in document.recipients:
        _fill(places, Place=recipient.name)
    _fill(
        _add(message, "OtherInfo"),
        Priority="0",
        SphereOfPromulgation="",
        TyperNotation="",
        PromulgationAmount=str(len(document.recipients)),
        PageAmount="",
        Appendixes="",
    )
    _fill(message, SteeringType="0", DocumentId=f"{_code(unit)},{day},{document.number or ''}")


def _trace(traces: etree._Element, unit: Unit, at: datetime) -> None:
    trace = _add(traces, "TraceHeader")
    _fill(trace, OrganId=_code(unit), Timestamp=local(at).strftime("%Y/%m/%d %H:%M:%S"))
    # "Bussiness" is how the schema writes it
    _fill(_add(traces, "Bussiness"), BussinessDocType=NEW_DOCUMENT, BussinessDocReason="", Paper="0")


def _organisation(parent: etree._Element, unit: Unit) -> None:
    _fill(parent, OrganId=_code(unit), OrganizationInCharge="", OrganName=unit.name)


def _code(unit: Unit) -> str:
    # An office without a code of QĐ 20/2020/QĐ-TTg is named by the code it has in this house.
    return unit.organisation_code or unit.code


def _name(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, _name(name))


def _fill(parent: etree._Element, **values: str) -> None:
    for name, value in values.items():
        _add(parent, name).text = compose(value)
