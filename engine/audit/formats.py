"""Write a history for others: JSON lines that can be proved, XES for process mining, CSV and JSON for people.

Each format is a stream of texts: nothing is held in memory, however long the history is.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from sqlalchemy import select
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
    for event in _events(session):
        if event["instance"] != instance:
            yield "</trace>\n" if instance is not None else ""
            instance = event["instance"]
            yield f"<trace>{_trace_attributes(event)}\n"
        yield f"<event>{_event_attributes(event)}</event>\n"
    yield "</trace>\n</log>\n" if instance is not None else "</log>\n"


FORMATS: dict[str, Callable[[Session], Iterator[str]]] = {
    "jsonl": write_jsonl,
    "xes": write_xes,
    "csv": write_csv,
    "json": write_json,
}


def _events(session: Session) -> Iterator[dict[str, Any]]:
    query = (
        select(HistoryEvent, ProcessInstance.process_id, ProcessInstance.business_key)
        .join(ProcessInstance, ProcessInstance.id == HistoryEvent.instance_id)
        .order_by(HistoryEvent.instance_id, HistoryEvent.sequence)
    )
    for event, process, key in session.execute(query.execution_options(yield_per=log.CHUNK)):
        yield {
            "instance": event.instance_id,
            "process": process,
            "business_key": key,
            "sequence": event.sequence,
            "at": history.say_moment(event.at),
            "kind": event.kind,
            "element": event.element,
            "actor": event.actor,
            "on_behalf_of": event.on_behalf_of,
            "groups": event.actor_groups,
            "data": event.data,
        }


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _taken(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text


def _trace_attributes(event: Mapping[str, Any]) -> str:
    name = event["business_key"] or f"{event['process']}/{event['instance']}"
    return (
        _attribute("string", "concept:name", name)
        + _attribute("string", "process", event["process"])
        + _attribute("int", "instance", event["instance"])
    )


def _event_attributes(event: Mapping[str, Any]) -> str:
    parts = [
        _attribute("string", "concept:name", event["element"] or event["kind"]),
        _attribute("string", "lifecycle:transition", _TRANSITIONS.get(event["kind"], "unknown")),
        _attribute("date", "time:timestamp", event["at"]),
        _attribute("string", "org:resource", event["actor"]),
        _attribute("string", "kind", event["kind"]),
        _attribute("int", "sequence", event["sequence"]),
    ]
    if event["groups"]:
        parts.append(_attribute("string", "org:group", " ".join(event["groups"])))
    if event["on_behalf_of"]:
        parts.append(_attribute("string", "on_behalf_of", event["on_behalf_of"]))
    if event["data"]:
        parts.append(_attribute("string", "data", json.dumps(event["data"], ensure_ascii=False)))
    return "".join(parts)


def _attribute(kind: str, key: str, value: object) -> str:
    clean = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))
    return f'<{kind} key="{key}" value={quoteattr(clean)}/>'
