"""Say where time goes, to whoever listens: OpenTelemetry spans around requests, transactions, steps and jobs.

    with tracing.span("step", instance=7):
        ...

Without a provider set up by the operator (`opentelemetry-instrument`, or an SDK in the process) nothing is
recorded and next to nothing is spent. Attributes are names and numbers, never people or what they typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

NAME = "bangvang"
_SILENT = (ProxyTracerProvider, NoOpTracerProvider)
_NOTHING: AbstractContextManager[None] = nullcontext()


@dataclass(frozen=True)
class Request:
    """A span that begins and ends in different functions, and what was current before it."""

    span: Span
    token: object


def is_on() -> bool:
    """Tell whether somebody listens."""
    return not isinstance(trace.get_tracer_provider(), _SILENT)


def span(name: str, **attributes: AttributeValue) -> AbstractContextManager[None]:
    """Return a block that is one span; an error inside marks it as failed."""
    return _recorded(name, attributes) if is_on() else _NOTHING


def begin_request(
    name: str, headers: Iterable[tuple[str, str]], **attributes: AttributeValue
) -> Request | None:
    """Begin the span of a request, below the caller's `traceparent`; None when nobody listens."""
    if not is_on():
        return None
    parent: Context = propagate.extract({key.lower(): value for key, value in headers})
    begun = trace.get_tracer(NAME).start_span(
        name, context=parent, kind=SpanKind.SERVER, attributes=_named(attributes)
    )
    return Request(begun, context.attach(trace.set_span_in_context(begun, parent)))


def end_request(request: Request | None, status: int) -> None:
    """End the span of a request with the status it was answered with."""
    if request is None:
        return
    request.span.set_attribute("http.response.status_code", status)
    if status >= 500:
        request.span.set_status(Status(StatusCode.ERROR))
    context.detach(request.token)  # type: ignore[arg-type]
    request.span.end()


@contextmanager
def _recorded(name: str, attributes: Mapping[str, AttributeValue]) -> Iterator[None]:
    with trace.get_tracer(NAME).start_as_current_span(name, attributes=_named(attributes)):
        yield


def _named(attributes: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    return {f"{NAME}.{name}": value for name, value in attributes.items()}
