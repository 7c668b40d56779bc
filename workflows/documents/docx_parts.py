"""Open a DOCX safely: its parts within limits, no macros, no embedded objects, nothing from outside."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from engine.errors import FormInvalid, Text

MAXIMUM_SIZE = 1024 * 1024  # a template of 16 pages with a logo takes 100 kB
MAXIMUM_PARTS = 200
MAXIMUM_CONTENT = 16 * 1024 * 1024  # what it may unfold to
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
# Fields that only count pages; any other can fetch a file or run a program (INCLUDETEXT, DDEAUTO …).
FIELDS = frozenset({"PAGE", "NUMPAGES"})
ACTIVE = re.compile(
    r"vbaProject|vbaData|activeX|embeddings/|oleObject|/afchunk|attachedToolbars", re.IGNORECASE
)
PICTURES = (".png", ".jpg", ".jpeg")
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


@dataclass(frozen=True)
class Package:
    """The parts of a DOCX by name, XML parsed; pictures as they are."""

    parts: Mapping[str, bytes]

    def tree(self, name: str) -> etree._Element | None:
        """Return a parsed part; None when there is no such part."""
        content = self.parts.get(name)
        return None if content is None else etree.fromstring(content, PARSER)

    def targets(self, name: str) -> dict[str, str]:
        """Return what a part refers to by relationship id: names of parts."""
        folder, base = posixpath.split(name)
        tree = self.tree(f"{folder}/_rels/{base}.rels")
        if tree is None:
            return {}
        return {
            str(one.get("Id")): posixpath.normpath(posixpath.join(folder, str(one.get("Target")).lstrip("/")))
            for one in tree
        }


def open_package(content: bytes) -> Package:
    """Open a DOCX that a person sent; raises FormInvalid for `file` naming what is wrong with it."""
    if len(content) > MAXIMUM_SIZE:
        raise reject("Tệp lớn hơn 1 MB.", "The file is larger than 1 MB.")
    try:
        package = Package(_read(content))
        trees = {name: package.tree(name) for name in package.parts if name.endswith((".xml", ".rels"))}
    except (zipfile.BadZipFile, etree.XMLSyntaxError, NotImplementedError, RuntimeError, EOFError) as error:
        raise reject("Tệp không mở được như một tệp DOCX.", "The file does not open as a DOCX.") from error
    for name, tree in trees.items():
        if b"<!DOCTYPE" in package.parts[name]:
            raise reject(f"Phần {name} khai báo DTD.", f"Part {name} declares a document type.")
        if tree is not None:
            _check_tree(tree)
    _check_types(package)
    return package


def read_package(content: bytes) -> Package:
    """Open a DOCX that was made here from a template that was checked when it was uploaded."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return Package({name: archive.read(name) for name in archive.namelist()})


def reject(vi: str, en: str) -> FormInvalid:
    """Return the refusal of an uploaded file."""
    return FormInvalid({"file": [Text(vi, en)]})


def repack(content: bytes) -> bytes:
    """Return a DOCX whose bytes depend on its parts only: fixed order and time in the archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(entry, source.read(name))
    return out.getvalue()


def tag(name: str) -> str:
    """Return the full name of a WordprocessingML element or attribute."""
    return f"{{{W}}}{name}"


def _read(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        # the sizes are what the archive claims; reading stops at them, so a bomb cannot unfold further
        if len(entries) > MAXIMUM_PARTS or sum(entry.file_size for entry in entries) > MAXIMUM_CONTENT:
            raise reject("Tệp nén chứa quá nhiều dữ liệu.", "The archive unfolds to too much data.")
        names = [entry.filename for entry in entries]
        if len(set(names)) != len(names) or any(".." in name.split("/") for name in names):
            raise reject("Tệp nén có tên phần không hợp lệ.", "The archive has parts with impossible names.")
        for name in names:
            if ACTIVE.search(name):
                raise reject(
                    f"Tệp chứa macro hoặc đối tượng nhúng ({name}); hãy lưu lại thành DOCX không có macro.",
                    f"The file holds a macro or an embedded object ({name}); save it as a DOCX without.",
                )
        return {entry.filename: archive.read(entry) for entry in entries if not entry.is_dir()}


def _check_tree(tree: etree._Element) -> None:
    for one in tree.iter(f"{{{RELATIONSHIPS}}}Relationship"):
        kind = str(one.get("Type")).rpartition("/")[2]
        if one.get("TargetMode") == "External" or kind in ("oleObject", "aFChunk", "attachedTemplate"):
            raise reject(
                f"Tệp liên kết ra ngoài ({kind}: {one.get('Target')}); hãy bỏ liên kết.",
                f"The file points outside ({kind}: {one.get('Target')}); remove the link.",
            )
    for field in [*tree.iter(tag("instrText")), *tree.iter(tag("fldSimple"))]:
        code = str(field.get(tag("instr")) or field.text or "").split()
        if code and code[0].upper() not in FIELDS and not code[0].startswith("\\"):
            raise reject(
                f"Trường “{code[0]}” không được dùng trong mẫu; chỉ dùng số trang.",
                f"Field '{code[0]}' may not stand in a template; only page numbers may.",
            )


def _check_types(package: Package) -> None:
    types = package.parts.get("[Content_Types].xml", b"").decode("utf-8", "replace")
    if MAIN not in types or "word/document.xml" not in package.parts:
        raise reject("Tệp không phải là văn bản Word (.docx).", "The file is no Word document (.docx).")
    tree = package.tree("word/document.xml")
    if tree is None or len(list(tree.iter(tag("sectPr")))) != 1:
        raise reject(
            "Mẫu phải có đúng một phần (section): một khổ giấy, một kiểu lề.",
            "A template has exactly one section: one page size, one set of margins.",
        )
