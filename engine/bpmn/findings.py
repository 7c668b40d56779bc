"""Say what is wrong with a file: rule, element, line and remedy, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.bpmn.checking_rules import CATEGORIES, RULES
from engine.errors import EngineError, Text


class _Shown(dict[str, object]):
    """Leave a placeholder readable when a value is missing."""

    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True)
class Finding:
    """Hold one finding; its severity and words come from RULES, filled with `values`.

    `element` is the id in the file or ""; `line` counts from 1 or is None; KeyError for an unknown rule.
    `reference` names the constraint of BPMN 2.0 that is broken, in the numbering of M. Geiger's list
    ("EXT.096", several with a comma); "" where the standard says nothing. A `mild` finding never refuses a
    deployment.
    """

    rule: str
    element: str = ""
    line: int | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    reference: str = ""
    mild: bool = False

    def __post_init__(self) -> None:
        RULES[self.rule]

    @property
    def severity(self) -> str:
        """Return "error" (refuses a deployment), "warning" or "note" (never refuse).

        A note says what the standard asks for and neither this engine nor its dialect needs.
        """
        severity = RULES[self.rule].severity
        return "warning" if self.mild and severity == "error" else severity

    @property
    def category(self) -> str:
        """Return what the finding is about.

        "reading" (the file itself), "structure" (not valid BPMN 2.0), "soundness" (waits, turns or never
        runs), "not executed" (valid BPMN that this engine refuses) or "dialect" (`zeebe:` and FEEL).
        """
        return CATEGORIES[self.rule]

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
            "category": self.category,
            "rule": self.rule,
            "reference": self.reference,
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


def cite(finding: Finding, reference: str) -> Finding:
    """Return the finding with the constraint of the standard that it breaks."""
    return replace(finding, reference=reference)


def soften(finding: Finding) -> Finding:
    """Return the finding as one that never refuses."""
    return replace(finding, mild=True)
