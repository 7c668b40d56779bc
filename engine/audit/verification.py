"""Prove a history from its records alone: no database, no secret; needs the public key and kept checkpoints.

Records are the lines of an export (`log`): header, checkpoints, events in the order of the log, heads
of the instances, end. What is proved, and by what:

* an event is what was written: its hash; it follows the one before it in its instance: that one's hash;
* nothing of the log is gone or moved: numbers without gaps, and the root that a checkpoint signed;
* nothing was cut off since a checkpoint that somebody kept elsewhere (an anchor): its root stands in the log.
"""

from __future__ import annotations

import json
from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.audit import chain, merkle, signing
from engine.audit.texts import TEXTS
from engine.errors import EngineError, Text

Entry: TypeAlias = Mapping[str, Any]

FORMAT = "bangvang-audit"
ERASURE = "history.erased"
FINDINGS = 1_000  # kept; more only counted
EVENT_FIELDS = frozenset(
    {
        "type",
        "v",
        "id",
        "inst",
        "n",
        "prev",
        "at",
        "actor",
        "on_behalf_of",
        "groups",
        "kind",
        "element",
        "data",
        "salts",
        "hash",
        "leaf",
        "leaf_hash",
    }
)
_WRONG = (EngineError, ValueError, TypeError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was written: what, in which instance, at which event."""

    kind: str
    instance: int | None
    sequence: int | None
    message: Text

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {
            "kind": self.kind,
            "instance": self.instance,
            "event": self.sequence,
            "vi": self.message.vi,
            "en": self.message.en,
        }


@dataclass
class Report:
    """What was looked at, and what was found; without findings the history is whole."""

    events: int = 0
    covered: int = 0  # events under a signed checkpoint
    checkpoints: int = 0
    count: int = 0  # of findings
    findings: list[Finding] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "ok": not self.count,
            "events": self.events,
            "covered": self.covered,
            "checkpoints": self.checkpoints,
            "findings": [found.as_dict() for found in self.findings],
            "more_findings": self.count - len(self.findings),
            "notes": [{"vi": note.vi, "en": note.en} for note in self.notes],
        }

    def find(self, kind: str, instance: int | None = None, n: int | None = None, **values: object) -> None:
        """Keep a finding."""
        self.count += 1
        if len(self.findings) < FINDINGS:
            values |= {"inst": instance, "n": n}
            text = Text(*(template.format_map(values) for template in TEXTS[kind]))
            self.findings.append(Finding(kind, instance, n, text))

    def note(self, kind: str, **values: object) -> None:
        """Keep something that is worth knowing and no finding."""
        self.notes.append(Text(*(template.format_map(values) for template in TEXTS[kind])))


@dataclass
class _Audit:
    """What is known after the records read so far."""

    report: Report
    trusted: frozenset[str] | None  # None: no key is known from elsewhere
    roots: dict[int, list[tuple[str, str]]]  # size of the log: (what is expected of it, root)
    heads: dict[int, tuple[int, str]] = field(default_factory=dict)  # instance: last event and its hash
    frontier: list[bytes] = field(default_factory=list)
    size: int = 0
    proved: int = 0  # size at which the root was right last
    broken: bool = False  # the tree cannot be compared any more
    last: Entry | None = None  # checkpoint
    erased: set[tuple[int, int, str]] = field(default_factory=set)
    erasures: set[tuple[int, int, str]] = field(default_factory=set)
    waiting: int = 0  # events that have not entered the log yet
    ended: bool = False


def verify(records: Iterable[Entry], trusted: Iterable[str] = (), anchors: Sequence[Entry] = ()) -> Report:
    """Return what is wrong with a history.

    `trusted` are public keys known from elsewhere (base64); `anchors` are checkpoints kept elsewhere.
    """
    known = frozenset(trusted) | {str(anchor.get("key")) for anchor in anchors}
    audit = _Audit(Report(), known or None, {})
    _expect_anchors(audit, anchors)
    for record in records:
        try:
            _READERS[record["type"]](audit, record)
        except _WRONG as error:
            audit.report.find("unreadable", error=f"{type(error).__name__}: {error}")
    _conclude(audit, anchors)
    return audit.report


def read_lines(lines: Iterable[str]) -> Iterator[Entry]:
    """Return the records of an export; a line that is none is given as such."""
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        yield record if isinstance(record, dict) else {"type": "unreadable", "line": line[:60].rstrip()}


def name_path(parts: Iterable[str | int]) -> str:
    """Return the path of a value inside an event's data, as a JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _expect_anchors(audit: _Audit, anchors: Sequence[Entry]) -> None:
    for anchor in anchors:
        if not signing.is_signed(anchor) or not isinstance(anchor.get("size"), int):
            audit.report.find("anchor_signature", size=anchor.get("size"))
            continue
        audit.roots.setdefault(anchor["size"], []).append(("anchor", str(anchor.get("root"))))


def _read_header(audit: _Audit, record: Entry) -> None:
    if record["format"] != FORMAT or record["v"] != chain.VERSION:
        audit.report.find("format", found=f"{record['format']} {record['v']}")
    if audit.trusted is None:
        audit.trusted = None if record["key"] is None else frozenset({record["key"]})
        audit.report.note("own_key")


def _read_checkpoint(audit: _Audit, record: Entry) -> None:
    body = {name: value for name, value in record.items() if name != "type"}
    report, size, last = audit.report, body["size"], audit.last
    if not signing.is_signed(body):
        report.find("signature", size=size)
    elif audit.trusted is not None and body["key"] not in audit.trusted:
        report.find("foreign_key", size=size)
    follows = "" if last is None else signing.fingerprint(last)
    if body["prev"] != follows or (last is not None and (size <= last["size"] or body["log"] != last["log"])):
        report.find("checkpoint_gap", size=size)
    audit.last = body
    audit.roots.setdefault(size, []).append(("checkpoint", body["root"]))
    report.checkpoints += 1


def _read_event(audit: _Audit, record: Entry) -> None:
    inst, n = record["inst"], record["n"]
    audit.report.events += 1
    _check_content(audit, record, inst, n)
    _check_place(audit, record, inst, n)
    audit.heads[inst] = (n, record["hash"])
    if record["leaf"] is not None:
        if record["hash"] != record["leaf_hash"]:
            audit.report.find("rewritten", inst, n, leaf=record["leaf"])
        _grow(audit, record["leaf"], record["leaf_hash"], inst, n)
    else:
        audit.waiting += 1


def _check_content(audit: _Audit, record: Entry, inst: int, n: int) -> None:
    """Compute the hash of an event anew, and remember what was erased from it."""
    try:
        salts = a2b_base64(record["salts"])
        covered = chain.cover(record["data"], salts)
        whole = (
            chain.digest(record, covered).hex() == record["hash"]
            and record.keys() == EVENT_FIELDS
            and record["v"] == chain.VERSION
        )
        if chain.ERASED in salts:
            audit.erased.update((inst, n, path) for path in _erased_paths(record["data"], salts))
        if record["kind"] == ERASURE:
            audit.erasures.update((inst, one["n"], one["path"]) for one in record["data"]["erasures"])
    except _WRONG:
        whole = False
    if not whole:
        audit.report.find("edited", inst, n, what=record.get("kind"))


def _erased_paths(data: Mapping[str, Any], salts: bytes) -> Iterator[str]:
    for number, (path, _value) in enumerate(chain.units(data)):
        if salts[number * chain.SALT : (number + 1) * chain.SALT] == chain.ERASED:
            yield name_path(path)


def _check_place(audit: _Audit, record: Entry, inst: int, n: int) -> None:
    """Compare an event's number and the hash that it follows with the event before it."""
    before, head = audit.heads.get(inst, (0, ""))
    if n == before + 1:
        if record["prev"] != head:
            audit.report.find("chain", inst, n)
    elif n > before:
        audit.report.find("missing", inst, n, first=before + 1, last=n - 1)
    else:
        audit.report.find("order", inst, n)


def _read_missing(audit: _Audit, record: Entry) -> None:
    """Take note of an event that the log knows and that is not there any more."""
    audit.report.find("deleted", record["inst"], record["n"], leaf=record["leaf"])
    _grow(audit, record["leaf"], record["leaf_hash"], record["inst"], record["n"])


def _grow(audit: _Audit, leaf: int, leaf_hash: str, inst: int, n: int) -> None:
    """Add an event to the tree and compare its root wherever one is known."""
    if leaf != audit.size:
        if not audit.broken:
            audit.report.find("log_gap", inst, n, expected=audit.size, found=leaf)
        audit.broken = True
        audit.size = max(audit.size, leaf)
    audit.size = (
        audit.size + 1
        if audit.broken
        else merkle.append(audit.frontier, audit.size, bytes.fromhex(leaf_hash))
    )
    if audit.size in audit.roots and not audit.broken:
        _compare_root(audit)


def _compare_root(audit: _Audit) -> None:
    root = merkle.root(audit.frontier).hex()
    for source, expected in audit.roots[audit.size]:
        if root != expected:
            audit.report.find(f"{source}_root", size=audit.size, first=audit.proved, last=audit.size - 1)
            audit.broken = True
    audit.proved = audit.proved if audit.broken else audit.size


def _read_head(audit: _Audit, record: Entry) -> None:
    inst = record["inst"]
    n, head = audit.heads.pop(inst, (0, ""))
    if (record["n"], record["hash"]) != (n, head):
        audit.report.find("head", inst, n, expected=record["n"])


def _read_end(audit: _Audit, record: Entry) -> None:
    audit.ended = record["events"] == audit.report.events


def _read_unreadable(audit: _Audit, record: Entry) -> None:
    audit.report.find("unreadable", error=record["line"])


_READERS = {
    "header": _read_header,
    "checkpoint": _read_checkpoint,
    "event": _read_event,
    "missing": _read_missing,
    "head": _read_head,
    "end": _read_end,
    "unreadable": _read_unreadable,
}


def _conclude(audit: _Audit, anchors: Sequence[Entry]) -> None:
    """Look at what only the end shows: cut logs, instances without a row, erasures that nobody recorded."""
    report = audit.report
    if not audit.ended:
        report.find("cut")
    for inst, (n, _head) in audit.heads.items():
        report.find("orphan", inst, n)
    for inst, n, path in sorted(audit.erased - audit.erasures):
        report.find("erasure", inst, n, path=path)
    _conclude_log(audit)
    if audit.waiting:
        report.note("not_yet", count=audit.waiting)
    if not anchors:
        report.note("no_anchor")


def _conclude_log(audit: _Audit) -> None:
    """Compare the length of the log with what was signed."""
    covered = audit.last["size"] if audit.last is not None else 0
    audit.report.covered = min(covered, audit.size)
    if covered < audit.size:
        audit.report.find("uncovered", covered=covered, size=audit.size)
    for size in sorted(size for size in audit.roots if size > audit.size):
        for source, _root in audit.roots[size]:
            audit.report.find(f"{source}_beyond", size=size, found=audit.size)
