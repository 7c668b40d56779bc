"""Write a history for others: JSON lines that can be proved, XES for process mining, CSV and JSON for people.

Each format is a stream of texts: nothing is held in memory, however long the history is.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from engine import history
from engine.audit import log
from engine.tables import HistoryEvent, ProcessInstance

COLUMNS = (
    "instance",
    "process",
    "business_key",
    "sequence",
    "at",
    "kind",
    "element",
    "actor",
    "on_behalf_of",
    "groups",
    "data",
)
# A spreadsheet would run what begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_HARMLESS = re.compile(r"[ !#-%'-;=?-~\u00a0-\ud7ff]*")
# The standard life cycle of IEEE 1849 for what happens to an element; any other event is of its own kind.
_TRANSITIONS = {
    "element.cancelled": "ate_abort",
    "element.completed": "complete",
    "element.entered": "start",
    "incident.raised": "suspend",
    "incident.resolved": "resume",
    "job.cancelled": "withdraw",
    "job.completed": "complete",
    "job.created": "schedule",
    "task.cancelled": "withdraw",
    "task.claimed": "assign",
    "task.completed": "complete",
    "task.created": "schedule",
    "task.reassigned": "reassign",
    "task.recalled": "withdraw",
    "task.released": "reassign",
    "task.returned": "withdraw",
}
_XES_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/>\
<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/></global>
<classifier name="Activity" scope="event" keys="concept:name lifecycle:transition"/>
<string key="lifecycle:model" value="standard"/>
"""


def write_jsonl(session: Session) -> Iterator[str]:
    """Return every record on a line of its own: what `verification` proves without the database."""
    for record in log.records(session):
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def write_json(session: Session) -> Iterator[str]:
    """Return one JSON array of events by instance and number."""
    separator = "["
    for event in _events(session):
        yield f"{separator}\n{json.dumps(event, ensure_ascii=False)}"
        separator = ","
    yield "[]\n" if separator == "[" else "\n]\n"


def write_csv(session: Session) -> Iterator[str]:
    """Return a table of events, its first line the names; no cell can begin a formula."""
    line = io.StringIO()
    writer = csv.DictWriter(line, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for event in _events(session):
        row = {name: event[name] for name in COLUMNS if name not in ("groups", "data")}
        row["groups"] = " ".join(event["groups"] or ())
        row["data"] = json.dumps(event["data"], ensure_ascii=False)
        writer.writerow({name: _harmless(value) for name, value in row.items()})
        yield _taken(line)
    yield _taken(line)


def write_xes(session: Session) -> Iterator[str]:
    """Return the history as IEEE 1849-2016 XES: a trace for each instance."""
    yield _XES_HEAD
    instance = None
    for row in _rows(session):
        if row[0] != instance:
            yield "</trace>\n" if instance is not None else ""
            instance = row[0]
            yield f"<trace>{_trace_attributes(*row[:3])}\n"
        yield f"<event>{_event_attributes(*row[3:])}</event>\n"
    yield "</trace>\n</log>\n" if instance is not None else "</log>\n"


FORMATS: dict[str, Callable[[Session], Iterator[str]]] = {
    "jsonl": write_jsonl,
    "xes": write_xes,
    "csv": write_csv,
    "json": write_json,
}


def _rows(session: Session) -> Iterable[Any]:
    """Return the columns of an export, whole objects would be loaded for nothing; data and groups as text."""
    query = (
        select(
            HistoryEvent.instance_id,
            ProcessInstance.process_id,
            ProcessInstance.business_key,
            HistoryEvent.sequence,
            HistoryEvent.at,
            HistoryEvent.kind,
            HistoryEvent.element,
            HistoryEvent.actor,
            HistoryEvent.on_behalf_of,
            type_coerce(HistoryEvent.actor_groups, Text),
            type_coerce(HistoryEvent.data, Text),
        )
        .join(ProcessInstance, ProcessInstance.id == HistoryEvent.instance_id)
        .order_by(HistoryEvent.instance_id, HistoryEvent.sequence)
    )
    return session.execute(query.execution_options(yield_per=log.CHUNK))


def _events(session: Session) -> Iterator[dict[str, Any]]:
    for row in _rows(session):
        event = dict(zip(COLUMNS, row, strict=True))
        event["at"] = history.say_moment(event["at"])
        event["groups"] = None if event["groups"] is None else json.loads(event["groups"])
        event["data"] = json.loads(event["data"])
        yield event


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _taken(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text


def _trace_attributes(instance: int, process: str, business_key: str) -> str:
    return (
        f'<string key="concept:name" value={_quote(business_key or f"{process}/{instance}")}/>'
        f'<string key="process" value={_quote(process)}/>'
        f'<int key="instance" value="{instance:d}"/>'
    )


def _event_attributes(
    sequence: int, at: datetime, kind: str, element: str | None, actor: str, *more: str | None
) -> str:
    behalf, groups, data = more
    parts = [
        f'<string key="concept:name" value={_quote(element or kind)}/>'
        f'<string key="lifecycle:transition" value="{_TRANSITIONS.get(kind, "unknown")}"/>'
        f'<date key="time:timestamp" value="{history.say_moment(at)}"/>'
        f'<string key="org:resource" value={_quote(actor)}/>'
        f'<string key="kind" value={_quote(kind)}/>'
        f'<int key="sequence" value="{sequence:d}"/>'
    ]
    if groups:
        parts.append(f'<string key="org:group" value={_quote(" ".join(json.loads(groups)))}/>')
    if behalf:
        parts.append(f'<string key="on_behalf_of" value={_quote(behalf)}/>')
    if data and data != "{}":
        parts.append(f'<string key="data" value={_quote(data)}/>')
    return "".join(parts)


def _quote(text: str) -> str:
    """Return an attribute's value in quotation marks; most values have nothing to escape."""
    return (
        f'"{text}"'
        if _HARMLESS.fullmatch(text)
        else quoteattr(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))
    )
