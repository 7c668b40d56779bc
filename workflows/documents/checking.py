"""The language of templates: known fields, loops over known lists, conditions; nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from engine.errors import FormInvalid
from workflows.documents.docx_parts import reject
from workflows.documents.kinds import fields_of

Fields = Mapping[str, tuple[str, ...] | None]
ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.For,
    nodes.If,
    nodes.Getattr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Filter,
)
FILTERS = frozenset({"upper", "lower", "length", "default", "join"})
LOOP = ("index", "index0", "first", "last", "length")
DEEPEST = 2  # loops inside loops: more would let a small file grow without end


class FieldEnvironment(SandboxedEnvironment):
    """A Jinja environment in which a template that is not in the language does not even compile."""

    def __init__(self, kind: str) -> None:
        super().__init__(autoescape=True)
        self.fields = fields_of(kind)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = super()._parse(source, name, filename)
        _check(tree, self.fields, {}, 0)
        return tree


def check_fields(kind: str, template: DocxTemplate) -> None:
    """Raise FormInvalid for `file` naming the first field or expression that the kind does not know."""
    environment = FieldEnvironment(kind)
    part = template.get_docx()
    trees = [template.get_xml()]
    for relation in part.part.rels.values():
        if relation.reltype.rpartition("/")[2] in ("header", "footer", "footnotes"):
            trees.append(relation.target_part.blob.decode("utf-8"))
    try:
        for xml in trees:
            environment.parse(template.patch_xml(xml))
    except TemplateSyntaxError as error:
        raise reject(
            f"Mẫu viết sai cú pháp: {error.message}.", f"The template is written wrongly: {error.message}."
        ) from error


def _check(node: nodes.Node, fields: Fields, rows: Mapping[str, tuple[str, ...]], depth: int) -> None:
    if isinstance(node, nodes.For):
        _check_loop(node, fields, rows, depth)
        return
    if not isinstance(node, ALLOWED):
        raise _unknown(type(node).__name__, fields)
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise _unknown(node.name, fields)
    if isinstance(node, nodes.Getattr):
        _check_attribute(node, fields, rows)
        return
    if isinstance(node, nodes.Name) and node.name not in fields and node.name not in rows:
        raise _unknown(node.name, fields)
    for child in node.iter_child_nodes():
        _check(child, fields, rows, depth)


def _check_loop(node: nodes.For, fields: Fields, rows: Mapping[str, tuple[str, ...]], depth: int) -> None:
    over, target = node.iter, node.target
    if not isinstance(over, nodes.Name) or fields.get(over.name) is None or depth >= DEEPEST:
        raise _unknown(getattr(over, "name", type(over).__name__), fields)
    if not isinstance(target, nodes.Name) or node.test is not None or node.recursive:
        raise _unknown(type(target).__name__, fields)
    inner = {**rows, target.name: fields[over.name] or (), "loop": LOOP}
    for child in [*node.body, *node.else_]:
        _check(child, fields, inner, depth + 1)


def _check_attribute(node: nodes.Getattr, fields: Fields, rows: Mapping[str, tuple[str, ...]]) -> None:
    owner = node.node
    if not isinstance(owner, nodes.Name) or node.attr not in rows.get(owner.name, ()):
        name = f"{getattr(owner, 'name', '…')}.{node.attr}"
        raise _unknown(name, dict.fromkeys(rows.get(getattr(owner, "name", ""), ())))


def _unknown(name: str, known: Mapping[str, Any]) -> FormInvalid:
    names = ", ".join(sorted(known))
    return reject(
        f"Mẫu dùng “{name}”, không có trong loại văn bản này. Các trường dùng được: {names}.",
        f"The template uses '{name}', which this kind of document does not have. Known fields: {names}.",
    )
