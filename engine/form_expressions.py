"""Evaluate what a form leaves to FEEL: conditions, limits, choices and `{{…}}` in its texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine import feel
from engine.errors import Readable
from engine.form_values import show
from engine.handlers import Json

# One level of braces only, so that the search stays linear whatever the text.
TEMPLATE = re.compile(r"\{\{([^{}]*)\}\}")


@dataclass(frozen=True)
class Scope:
    """Hold what the expressions of one level may read: the context with the typed values over it."""

    variables: Mapping[str, Json]
    now: datetime
    language: str = "vi"

    def within(self, variables: Mapping[str, Json]) -> Scope:
        """Return the scope of a row: its names win over those of the form."""
        return Scope({**self.variables, **variables}, self.now, self.language)


def is_expression(setting: object) -> bool:
    """Tell whether a setting is FEEL, which begins with an equals sign."""
    return isinstance(setting, str) and setting.lstrip().startswith("=")


def body(setting: str) -> str:
    """Return the FEEL text without its equals sign."""
    return setting.strip().removeprefix("=").strip()


def resolve(setting: Json, scope: Scope) -> Json:
    """Return a setting's value: FEEL evaluated, anything else as it stands."""
    return evaluate(body(setting), scope) if isinstance(setting, str) and is_expression(setting) else setting


def evaluate(text: str, scope: Scope) -> Json:
    """Return the value of a FEEL text, null where a variable is missing."""
    # Only the names the text can mean are handed over: a list of 500 rows is not converted for every row.
    named = {name: value for name, value in scope.variables.items() if name in text}
    result: Json = feel.evaluate(text, named, scope.now)
    return result


def find_refusal(text: str) -> Readable | None:
    """Return why a FEEL text cannot be read, None when it can."""
    try:
        feel.check(text)
    except feel.FeelError as error:
        return error
    return None


def is_hidden(hide: Json, scope: Scope) -> bool:
    """Tell whether a condition hides its component: only when it is exactly true, never on null."""
    return resolve(hide, scope) is True


def fill(text: str, scope: Scope) -> str:
    """Return a text with every `{{expression}}` replaced by its value, written for people."""
    return TEMPLATE.sub(lambda found: show(evaluate(found[1].strip(), scope), scope.language), text)
