"""Check that the groups a user task names exist: the work for a unit or role nobody has reaches nobody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from engine.bpmn.findings import Finding, make
from engine.bpmn.model import Element

# Candidates of one person, and what is only known when the case runs, are not judged.
_ONE_PERSON = "user:"
_TEXT = r'"(?:[^"\\]|\\.)*"'
_TERM = rf"(?:{_TEXT}|[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
_SUM = re.compile(rf"\s*{_TERM}(?:\s*\+\s*{_TERM})*\s*")
_LIST = re.compile(rf"\s*\[\s*{_TERM}(?:\s*\+\s*{_TERM})*(?:\s*,\s*{_TERM}(?:\s*\+\s*{_TERM})*)*\s*\]\s*")
_PARTS = re.compile(_TERM)
_ESCALATION = "bv:escalateTo"


def check(element: Element, groups: Collection[str] | None) -> Iterator[Finding]:
    """Yield a finding for each group that the organisation does not know; None: nothing is known or judged.

    Of an expression, texts and their simple sums are judged: in `=office + ".staff"` some group has to end in
    `.staff`. What needs more than that is known only when the case runs.
    """
    if element.kind != "userTask" or groups is None:
        return
    details = element.details
    for written in (details.candidate_groups, details.properties.get(_ESCALATION)):
        for shown, pattern in _patterns(written or ""):
            if not any(pattern.fullmatch(group) for group in groups):
                yield make("unknown-group", element.id, element.line, group=shown)


def _patterns(written: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield each named group as people read it and as a pattern, names of variables standing for any text."""
    if not written.startswith("="):
        names = (name.strip() for name in written.split(","))
        yield from ((name, re.compile(re.escape(name))) for name in names if _judged(name))
        return
    body = written[1:]
    sums = body.strip()[1:-1].split(",") if _LIST.fullmatch(body) else [body]
    for one in sums:
        if _SUM.fullmatch(one) and '"' in one:
            terms = _PARTS.findall(one)
            shown = "".join(term[1:-1] if term.startswith('"') else "*" for term in terms)
            literal = (re.escape(term[1:-1]) if term.startswith('"') else ".+" for term in terms)
            if _judged(shown):
                yield shown, re.compile("".join(literal))


def _judged(name: str) -> bool:
    return bool(name) and not name.startswith(_ONE_PERSON)
