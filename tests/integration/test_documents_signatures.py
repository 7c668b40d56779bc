"""Digital signatures of documents: made with a certificate of the tests' own authority, and read again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy.orm import Session

from engine.errors import Refused
from tests import papers
from workflows.documents import files, seals
from workflows.documents.seals import Seal

PASSWORD = "mật khẩu của thử nghiệm"


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@pytest.fixture
def session() -> Iterator[Session]:
    with papers.office() as opened:
        yield opened


def certify(name: str, by: Issued | None = None) -> Issued:
    """Return a certificate of a name, signed by an authority or by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(True, True, False, False, False, by is None, by is None, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return Issued(builder.sign(key if by is None else by.key, hashes.SHA256()), key)


def find_field(pdf: bytes) -> tuple[int, tuple[float, ...]]:
    """Return the page from 0 and the box of the first signature field, in points."""
    (found,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    document = pypdfium2.PdfDocument(pdf)
    last = len(document) - 1
    document.close()
    return last, tuple(float(number) for number in found.sig_field["/Rect"])


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    """Give the settings of a site whose certificate a trusted authority has issued, as PKCS#12."""
    authority = certify("Cơ quan chứng thực thử nghiệm")
    own = certify("Sở Xây dựng thử nghiệm", authority)
    secret = serialization.BestAvailableEncryption(PASSWORD.encode())
    (tmp_path / "seal.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"seal", own.key, own.certificate, [authority.certificate], secret
        )
    )
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    return Seal(tmp_path / "seal.p12", PASSWORD, tmp_path / "ca.pem")


def test_a_signed_document_is_whole_unchanged_and_trusted_and_shows_who_signed(
    session: Session, seal: Seal
) -> None:
    issued = papers.letter(session)

    kept = seals.seal(session, papers.call(), issued, seal)

    reading = seals.read(kept, seal)
    (verdict,) = reading.verdicts
    assert reading.unchanged
    assert (verdict.intact, verdict.whole, verdict.trusted) == (True, True, True)
    assert verdict.name == "Sở Xây dựng thử nghiệm"
    assert files.pdf(session, issued) == kept.content


def test_the_signature_stands_between_the_capacity_and_the_name(session: Session, seal: Seal) -> None:
    kept = seals.seal(session, papers.call(), papers.letter(session), seal)

    page, (left, bottom, right, top) = find_field(kept.content)

    capacity = papers.find_text(kept.content, page, "GIÁM ĐỐC")
    name = papers.find_text(kept.content, page, "Lý Hồng Phúc")
    assert name.top <= bottom < top <= capacity.bottom
    assert left < (name.left + name.right) / 2 < right


def test_a_changed_byte_is_told(session: Session, seal: Seal) -> None:
    kept = seals.seal(session, papers.call(), papers.letter(session), seal)
    position = kept.content.index(b"stream") + 40

    kept.content = kept.content[:position] + b"\x00" + kept.content[position + 1 :]

    reading = seals.read(kept, seal)
    assert not reading.unchanged
    assert not any(verdict.intact for verdict in reading.verdicts)


def test_what_is_added_after_the_signature_is_not_covered(session: Session, seal: Seal) -> None:
    kept = seals.seal(session, papers.call(), papers.letter(session), seal)

    kept.content += b"\n% added afterwards\n"

    reading = seals.read(kept, seal)
    assert not reading.unchanged
    assert not all(verdict.whole for verdict in reading.verdicts)


def test_a_certificate_of_a_stranger_is_not_trusted(session: Session, seal: Seal, tmp_path: Path) -> None:
    kept = seals.seal(session, papers.call(), papers.letter(session), seal)
    stranger = certify("Người lạ").certificate.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "other.pem").write_bytes(stranger)

    (verdict,) = seals.read(kept, Seal(authorities=tmp_path / "other.pem")).verdicts

    assert verdict.intact
    assert not verdict.trusted


def test_a_pem_file_with_key_and_certificate_signs_too(session: Session, tmp_path: Path) -> None:
    own = certify("Sở Nội vụ thử nghiệm")
    key = own.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"pem"),
    )
    path = tmp_path / "seal.pem"
    path.write_bytes(key + own.certificate.public_bytes(serialization.Encoding.PEM))

    kept = seals.seal(session, papers.call(), papers.letter(session), Seal(path, "pem"))

    assert seals.read(kept, Seal()).verdicts[0].intact


def test_a_wrong_password_is_said_and_nothing_is_kept(session: Session, seal: Seal) -> None:
    issued = papers.letter(session)

    with pytest.raises(Refused, match="does not open"):
        seals.seal(session, papers.call(), issued, Seal(seal.certificate, "wrong"))

    assert files.signed_file(session, issued) is None
    assert PASSWORD not in repr(seal)


def test_only_who_signed_the_document_seals_it(session: Session, seal: Seal) -> None:
    issued = papers.letter(session)

    with pytest.raises(Refused, match="Only whoever signed"):
        seals.seal(session, papers.call("cuong.sxd"), issued, seal)
    with pytest.raises(Refused, match="no signing certificate"):
        seals.seal(session, papers.call(), issued, Seal())
