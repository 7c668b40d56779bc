"""Watch the work of a worker: a span, a count and a log line for each job and timer, by id only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy.orm import Session

from engine import tracing
from engine.worker import Outside, Work
from web.operability import metrics

DONE, ROLLED_BACK = "done", "rolled back"  # a lost race is rolled back and tried again

log = structlog.get_logger(__name__)


def watch(work: Work) -> Work:
    """Return the same work, watched."""
    outside = work.outside
    return replace(
        work,
        fire_timer=_watched("timer", work.fire_timer),
        run_job=_watched("job", work.run_job),
        fail_job=_watched("failure", work.fail_job),
        fail_timer=None if work.fail_timer is None else _watched("failure", work.fail_timer),
        outside=None
        if outside is None
        else Outside(outside.prepare, _traced(outside.call), _watched("job", outside.take)),
    )


def _watched(kind: str, act: Callable[..., Any]) -> Callable[..., Any]:
    def perform(session: Session, number: int, *rest: Any) -> Any:
        began, outcome = time.perf_counter(), ROLLED_BACK
        try:
            with tracing.span(kind, number=number):
                result = act(session, number, *rest)
            outcome = DONE
        finally:
            seconds = time.perf_counter() - began
            metrics.count_job(kind, outcome, seconds)
            log.info(kind, number=number, outcome=outcome, ms=round(seconds * 1000, 1))
        return result

    return perform


def _traced(call: Callable[[Session, Any], Any]) -> Callable[[Session, Any], Any]:
    """Return a call that reaches outside as a span of its own; it may take longer than any transaction."""

    def perform(session: Session, prepared: Any) -> Any:
        with tracing.span("call"):
            return call(session, prepared)

    return perform
