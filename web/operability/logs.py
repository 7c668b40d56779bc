"""Write log lines, our own and the libraries', to the error stream: as text, or as one JSON object per line.

Nothing that people send can begin a line of its own: values are quoted, tracebacks are indented. Values of
statements never stand in them (`hide_parameters` in web.configuration).
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

JSON_LINES = "json"
SETTING = "BANGVANG_LOG_FORMAT"
ORDER = ("timestamp", "level", "event", "request_id")
INDENT = "    "

_write_values = structlog.processors.KeyValueRenderer(key_order=ORDER, drop_missing=True)


def configure(environ: Mapping[str, str]) -> None:
    """Set up logging of this process as its environment asks; each entry to the program does it once."""
    as_json = environ.get(SETTING, "").strip().lower() == JSON_LINES
    renderer: Processor = structlog.processors.JSONRenderer(serializer=_dump) if as_json else write_text
    facts: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*facts, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*facts, structlog.stdlib.add_logger_name],
            processors=[ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def write_text(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Return one line of quoted values, a traceback indented below it."""
    traceback = str(event.pop("exception", ""))
    line = _write_values(logger, name, event)
    return "\n".join([line, *(f"{INDENT}{part}" for part in traceback.splitlines())])


def _dump(event: EventDict, **options: object) -> str:
    return json.dumps(event, ensure_ascii=False, default=str)
