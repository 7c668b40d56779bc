"""Say what is wrong with a file: rule, element, line and remedy, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.bpmn.checking_rules import RULES
from engine.errors import EngineError, Text


class _Shown(dict[str, object]):
    """Leave a placeholder readable when a value is missing."""

    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True)
class Finding:
    """Hold one finding; its severity and words come from RULES, filled with `values`.

    `element` is the id in the file or ""; `line` counts from 1 or is None; KeyError for an unknown rule.
    """

    rule: str
    element: str = ""
    line: int | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        RULES[self.rule]

    @property
    def severity(self) -> str:
        """Return "error" (refuses a deployment) or "warning" (never refuses)."""
        return RULES[self.rule].severity

    def text(self, language: str = "vi") -> str:
        """Return what is wrong, in Vietnamese or (any other language) in English."""
        row = RULES[self.rule]
        return self._fill(row.vi if language == "vi" else row.en, language)

    def remedy(self, language: str = "vi") -> str:
        """Return what to do about it."""
        row = RULES[self.rule]
        return self._fill(row.remedy_vi if language == "vi" else row.remedy_en, language)

    def as_dict(self, language: str = "vi") -> dict[str, object]:
        """Return the finding as JSON data with its text and remedy in one language."""
        return {
            "severity": self.severity,
            "rule": self.rule,
            "element": self.element,
            "line": self.line,
            "text": self.text(language),
            "remedy": self.remedy(language),
        }

    def _fill(self, template: str, language: str) -> str:
        told = {key: _tell(value, language) for key, value in self.values.items()}
        return template.format_map(_Shown({**told, "element": self.element}))


def _tell(value: object, language: str) -> object:
    """Return a value in the language: errors and bilingual texts know both."""
    return value.text(language) if isinstance(value, Text | EngineError) else value


def make(rule: str, element: str = "", line: int | None = None, **values: object) -> Finding:
    """Return a finding with its values given by name."""
    return Finding(rule, element, line, values)
