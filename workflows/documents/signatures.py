"""Sign PDFs with the certificate of the configuration (PAdES) and tell what a signature is worth.

Nothing is asked over the network: no time stamp and no revocation list; a signature is trusted when its
certificate leads to one of the authorities of the configuration.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from asn1crypto import x509
from pyhanko import keys
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from engine.errors import Refused
from workflows.documents.pdf import Paper, draw_stamp

SOURCE = "BANGVANG_SIGNING_CERTIFICATE, BANGVANG_SIGNING_PASSWORD"
FIELD = "ChuKy"
WIDE, HIGH = 150.0, 52.0  # points
BLOCKS = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)


@dataclass(frozen=True)
class Verdict:
    """What one signature is worth: whose, when, unbroken, over the whole file, by a trusted certificate."""

    name: str
    signed_at: datetime | None
    intact: bool
    whole: bool
    trusted: bool


class _Appearance(PdfContent):
    """A page of a PDF as the face of the signature, in the carried font: pyHanko's own has no diacritics."""

    def __init__(self, page: bytes) -> None:
        super().__init__(box=BoxConstraints(width=WIDE, height=HIGH))
        self._page = page

    def render(self) -> bytes:
        """Import the page into the file that is being signed."""
        writer = self.writer
        if writer is None:
            raise PdfError("the appearance is not attached to a file")
        imported = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._page)))
        self.resources.xobject["/Stamp"] = imported
        return b"/Stamp Do"


def load_signer(path: Path, password: str) -> SimpleSigner:
    """Return the signer of a PKCS#12 file or of a PEM with key and certificates; raises Refused."""
    secret = password.encode() if password else None
    try:
        content = path.read_bytes()
        if b"-----BEGIN" not in content:
            signer: SimpleSigner = SimpleSigner.load_pkcs12_data(content, other_certs=[], passphrase=secret)
            return signer
        return _load_pem(content, secret)
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise Refused(
            vi="Không mở được chứng thư ký số đã cấu hình; hãy kiểm tra tệp và mật khẩu.",
            en="The configured signing certificate does not open: check the file and the password.",
            source=SOURCE,
        ) from error


def sign_pdf(paper: Paper, signer: SimpleSigner, lines: Sequence[str]) -> bytes:
    """Return the PDF signed over its whole content, with a visible field above the signer's name."""
    writer = IncrementalPdfFileWriter(io.BytesIO(paper.content))
    page, middle, bottom = paper.signature or (paper.pages - 1, 400.0, 80.0)
    left = middle - WIDE / 2
    box = (int(left), int(bottom), int(left + WIDE), int(bottom + HIGH))
    metadata = PdfSignatureMetadata(field_name=FIELD, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    style = StaticStampStyle(background=_Appearance(draw_stamp(lines, WIDE, HIGH)), border_width=0)
    place = SigFieldSpec(FIELD, on_page=page, box=box)
    pdf_signer = PdfSigner(metadata, signer, stamp_style=style, new_field_spec=place)
    out = io.BytesIO()
    pdf_signer.sign_pdf(writer, output=out)
    return out.getvalue()


def verify(content: bytes, authorities: Sequence[x509.Certificate]) -> list[Verdict]:
    """Return what each signature of a PDF is worth; none for a file without signatures."""
    verdicts = []
    for found in PdfFileReader(io.BytesIO(content)).embedded_signatures:
        context = ValidationContext(trust_roots=list(authorities), allow_fetching=False)
        status = validate_pdf_signature(found, context)
        verdicts.append(
            Verdict(
                name=str(found.signer_cert.subject.native.get("common_name", "")),
                signed_at=status.signer_reported_dt,
                intact=bool(status.intact and status.valid),
                whole=status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
                trusted=bool(status.trusted),
            )
        )
    return verdicts


def load_authorities(path: Path | None) -> list[x509.Certificate]:
    """Return the certificates that signatures are trusted by; none when none are configured."""
    return [] if path is None else list(keys.load_certs_from_pemder_data(path.read_bytes()))


def describe(signer: SimpleSigner) -> str:
    """Return whose certificate it is."""
    subject = signer.signing_cert.subject.native if signer.signing_cert is not None else {}
    return escape(str(subject.get("common_name", "")))


def _load_pem(content: bytes, secret: bytes | None) -> SimpleSigner:
    blocks = [(bytes(found[1]), bytes(found[0])) for found in BLOCKS.finditer(content)]
    key = next(block for kind, block in blocks if kind.endswith(b"PRIVATE KEY"))
    certificates = b"\n".join(block for kind, block in blocks if kind == b"CERTIFICATE")
    chain = list(keys.load_certs_from_pemder_data(certificates))
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(chain)
    return SimpleSigner(
        signing_cert=chain[0],
        signing_key=keys.load_private_key_from_pemder_data(key, secret),
        cert_registry=store,
    )
