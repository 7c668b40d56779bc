"""Match the rows that came in with the rows of the context, by their hidden `id`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import Text
from engine.form_fields import MAX_ROWS, Component, identifies_rows, is_fixed, own
from engine.handlers import Json

BAD_LIST = Text("Danh sách không đọc được.", "The list cannot be read.")
TOO_MANY = Text(f"Nhiều hơn {MAX_ROWS} dòng.", f"More than {MAX_ROWS} rows.")
UNKNOWN_ROW = Text(
    "Có dòng không thuộc danh sách này; hãy tải lại trang.",
    "A row does not belong to this list; reload the page.",
)
REPEATED_ROW = Text("Có dòng bị lặp lại; hãy tải lại trang.", "A row is repeated; reload the page.")
MISSING_ROW = Text(
    "Thiếu dòng so với danh sách; hãy tải lại trang.",
    "Rows of the list are missing; reload the page.",
)


@dataclass(frozen=True)
class FoundRow:
    """One row: what the context knows of it, what came in for it (None when nothing did)."""

    context: Mapping[str, Json] = field(default_factory=dict)
    raw: Mapping[str, Json] | None = None
    missing: bool = False


@dataclass(frozen=True)
class FoundRows:
    """The rows of a list to show, and what is wrong with them as a list."""

    rows: tuple[FoundRow, ...]
    problems: tuple[Text, ...] = ()


def find_rows(component: Component, known: Json, raw: Json, *, asked: bool) -> FoundRows:
    """Return the rows of a dynamic list.

    `known` are the context's rows, `raw` the rows that came in; `asked` says that an answer is being
    judged: then a fixed list must have come in whole.
    """
    context: list[Mapping[str, Json]] | None = None
    if isinstance(known, list):
        context = [row for row in known if isinstance(row, Mapping)]
    if raw is None:
        return _untouched(component, _initial(component, context), asked=asked)
    if not isinstance(raw, list) or not all(isinstance(row, Mapping) for row in raw):
        return FoundRows(tuple(FoundRow(row) for row in context or []), (BAD_LIST,))
    came: list[Mapping[str, Json]] = [row for row in raw if isinstance(row, Mapping)]
    rows, problems = _match(component, context or [], came[:MAX_ROWS])
    if len(came) > MAX_ROWS:
        problems = [TOO_MANY, *problems]
    return FoundRows(tuple(rows), (*problems, *_count(component, len(rows))))


def _untouched(component: Component, initial: list[Mapping[str, Json]], *, asked: bool) -> FoundRows:
    rows = tuple(FoundRow(row, None, missing=asked) for row in initial[:MAX_ROWS])
    if not asked:
        return FoundRows(rows)
    if is_fixed(component):
        return FoundRows(rows, (MISSING_ROW,) if rows else ())
    return FoundRows(rows, tuple(_count(component, 0)))


def _initial(component: Component, context: Sequence[Mapping[str, Json]] | None) -> list[Mapping[str, Json]]:
    if context is not None:
        return list(context)
    repetitions = component.get("defaultRepetitions", 1)
    wanted = repetitions if isinstance(repetitions, int) and not is_fixed(component) else 0
    return [{} for _ in range(min(wanted, MAX_ROWS))]


def _match(
    component: Component, context: list[Mapping[str, Json]], raw: list[Mapping[str, Json]]
) -> tuple[list[FoundRow], list[Text]]:
    if not identifies_rows(component):
        return [FoundRow({}, row) for row in raw], []
    known = {str(row.get("id")): row for row in context}
    rows: list[FoundRow] = []
    problems: list[Text] = []
    seen: set[str] = set()
    for row in raw:
        identity = "" if row.get("id") is None else str(row["id"])
        if identity not in known and (identity or is_fixed(component)):
            problems.append(UNKNOWN_ROW)
        elif identity and identity in seen:
            problems.append(REPEATED_ROW)
        else:
            rows.append(FoundRow(known.get(identity, {}), row))
            seen.add(identity)
    missing = [row for identity, row in known.items() if identity not in seen] if is_fixed(component) else []
    rows += [FoundRow(row, None, missing=True) for row in missing]
    return rows, list(dict.fromkeys(problems)) + ([MISSING_ROW] if missing else [])


def _count(component: Component, found: int) -> list[Text]:
    least, most = own(component, "minRows"), own(component, "maxRows")
    if least and found < int(least):
        return [Text(f"Cần ít nhất {least} dòng.", f"At least {least} rows are needed.")]
    if most and found > int(most):
        return [Text(f"Nhiều nhất {most} dòng.", f"At most {most} rows.")]
    return []
