"""The command `bangvang decide`: evaluate a decision out of DMN files, and tell which rules hit and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import click

from engine import calendars
from engine.bpmn.findings import Finding
from engine.bpmn.loading import UnreadableDiagram
from engine.dmn import checking, evaluation, library, model, reading
from engine.dmn.evaluation import Outcome
from engine.dmn.library import Library, Node
from engine.errors import EngineError
from engine.feel import FeelLimit, Value, to_json, to_text
from engine.feel.conversion import write_number
from engine.feel.limits import MAX_DATA_DEPTH
from web.cli_application import JSON
from workflows import calendar

UNKNOWN = (
    "Không có quyết định “{wanted}”; có: {known}. / There is no decision '{wanted}', there are: {known}."
)
UNCHOSEN = "Hãy chọn một quyết định bằng --decision: {known}. / Choose a decision with --decision: {known}."


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--decision", metavar="ID", help="Id or name of a decision, decision service or function.")
@click.option("--variables", default="{}", metavar="JSON", help="Input data by name, a JSON object.")
@JSON
def decide(files: Sequence[Path], decision: str | None, variables: str, as_json: bool) -> None:
    """Evaluate a decision; exit 1 on an error. Imported models are found beside the files."""
    given = _read_variables(variables)
    models, unreadable = _read_models(files)
    found = library.put_together(models)
    findings = [*unreadable, *(checking.check_library(found) if models else [])]
    refusal = "" if not unreadable else unreadable[0].text("vi")
    node = None if refusal else _choose(found, decision)
    if node is None:
        _refuse(refusal or _unknown(found, decision), findings, decision, found, as_json)
    with calendars.lending(lambda _name: calendar.carried()):
        outcome = evaluation.evaluate(found, node, given, datetime.now(UTC))
    status = "error" if outcome.errors else "ok"
    try:
        if as_json:
            told = outcome.as_dict("en", give=_exact)
            listed = [finding.as_dict("en") for finding in findings]
            shown = _dump({"status": status, **told, "findings": listed})
        else:
            shown = "\n".join(_lines(outcome))
    except EngineError as error:  # too much to be told
        _refuse(error.text(), findings, decision, found, as_json, status="error")
    click.echo(shown)
    if outcome.errors and not as_json:
        for wrong in outcome.errors:
            click.echo(f"lỗi: {wrong.text('vi')} {wrong.remedy('vi')}", err=True)
    if outcome.errors:
        sys.exit(1)


def _read_variables(text: str) -> dict[str, Any]:
    """Return the JSON object of the option, its numbers exact."""
    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--variables") from error
    if not isinstance(found, dict):
        raise click.BadParameter("expected a JSON object", param_hint="--variables")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _read_models(files: Sequence[Path]) -> tuple[list[model.Definitions], list[Finding]]:
    """Return the models of the files and of those beside them that they import."""
    models: list[model.Definitions] = []
    findings: list[Finding] = []
    for path in files:
        try:
            models.append(reading.read_file(path.read_bytes(), path.name))
        except UnreadableDiagram as error:
            findings += [one for one in error.findings if isinstance(one, Finding)]
    for folder in dict.fromkeys(path.resolve().parent for path in files):
        models += _imported(models, folder, {path.resolve() for path in files})
    return models, findings


def _imported(models: Sequence[model.Definitions], folder: Path, given: set[Path]) -> list[model.Definitions]:
    """Return the models of a folder that others import and nobody gave."""
    have = {one.namespace for one in models}
    wanted = {one.namespace for definitions in models for one in definitions.imports} - have
    found: list[model.Definitions] = []
    beside = sorted(path for path in folder.glob("*.dmn") if path.resolve() not in given) if wanted else []
    candidates: dict[str, model.Definitions] = {}
    for path in beside:
        try:
            one = reading.read_file(path.read_bytes(), path.name)
        except UnreadableDiagram:
            continue  # nobody asked for it; if it is the imported one, the import is found missing
        candidates.setdefault(one.namespace, one)
    waiting = sorted(wanted)
    while waiting:
        one_more = candidates.pop(waiting.pop(), None)
        if one_more is not None:
            found.append(one_more)
            waiting += [one.namespace for one in one_more.imports]
    return found


def _choose(found: Library, decision: str | None) -> Node | None:
    """Return what was asked for; without a name the only decision, or the only one that no other requires."""
    if decision is not None:
        return found.find(decision)
    decisions = [node for node in found.callable if isinstance(node.element, model.Decision)]
    required = {source.key for node in found.nodes.values() for source in node.sources}
    last = [node for node in decisions if node.key not in required]
    only = decisions if len(decisions) == 1 else last
    return only[0] if len(only) == 1 else None


def _unknown(found: Library, decision: str | None) -> str:
    known = ", ".join(node.element.id for node in found.callable) or "–"
    return UNCHOSEN.format(known=known) if decision is None else UNKNOWN.format(wanted=decision, known=known)


def _refuse(
    text: str,
    findings: Sequence[Finding],
    decision: str | None,
    found: Library,
    as_json: bool,
    status: str = "refused",
) -> NoReturn:
    """Say why nothing was evaluated, and what there is; exit 1."""
    if as_json:
        told = {
            "status": status,
            "decision": decision,
            "result": None,
            "evaluations": [],
            "errors": [{"text": text}],
            "findings": [finding.as_dict("en") for finding in findings],
            "decisions": [{"id": node.element.id, "name": node.element.name} for node in found.callable],
        }
        click.echo(_dump(told))
    else:
        click.echo(text, err=True)
        for finding in findings:
            click.echo(f"{finding.severity}: {finding.text('vi')} {finding.remedy('vi')}", err=True)
    sys.exit(1)


def _exact(value: Value, depth: int = 0) -> Any:
    """Return a FEEL value as JSON data whose numbers are exact; FeelLimit when it is nested too deep."""
    if depth > MAX_DATA_DEPTH:
        raise FeelLimit("data_depth", limit=MAX_DATA_DEPTH)
    if type(value) is Decimal:
        return value
    if type(value) is list:
        return [_exact(item, depth + 1) for item in value]
    if type(value) is dict:
        return {key: _exact(item, depth + 1) for key, item in value.items()}
    return to_json(value)


def _dump(value: Any) -> str:
    """Write JSON; numbers keep all their digits."""
    if type(value) is Decimal:
        return write_number(value)
    if isinstance(value, Mapping):
        entries = (f"{json.dumps(str(key), ensure_ascii=False)}: {_dump(one)}" for key, one in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _lines(outcome: Outcome) -> Iterator[str]:
    """Yield result, rules and reasons in Vietnamese."""
    yield f"Quyết định: {outcome.name or outcome.decision} ({outcome.decision})"
    yield f"Kết quả: {_say(outcome.result)}"
    for told in outcome.as_dict("vi", give=_say)["evaluations"]:
        yield from _table_lines(told, told["name"])
        for table in told["tables"]:
            yield from _table_lines(table, f"{told['name']} / {table['name']}")
        yield from (f"    ghi chú: {note}" for note in told["notes"])


def _table_lines(told: Mapping[str, Any], name: str) -> Iterator[str]:
    policy = f" [{told['hit_policy']}]" if told["hit_policy"] else ""
    yield f"- {name}{policy} = {told['output']}"
    for key, value in told["inputs"].items():
        yield f"    đầu vào {key} = {value}"
    for hit in told["hits"]:
        outputs = ", ".join(f"{key} = {value}" for key, value in hit["outputs"].items())
        reasons = "; ".join(f"{key}: {value}" for key, value in hit["annotations"].items())
        why = f" ({reasons})" if reasons else ""
        yield f"    quy tắc {hit['index']} [{hit['rule']}] khớp: {outputs}{why}"
    if told["hit_policy"] and not told["hits"]:
        yield "    không quy tắc nào khớp"


def _say(value: Value) -> str:
    """Return a value as FEEL writes it, texts in quotes."""
    return to_text([value])[1:-1]
