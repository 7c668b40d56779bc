"""Make the blueprints of the API: one per noun, all under /v2, their bodies read by our parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_smorest import Blueprint

from web.api.parsing import Parser
from web.api.schemas import Problem
from web.rejections import PREFIX

PROBLEM = "application/problem+json"


class _Blueprint(Blueprint):  # type: ignore[misc]  # flask-smorest is untyped
    ARGUMENTS_PARSER = Parser()

    def refuses(self, *statuses: int) -> Callable[[Any], Any]:
        """Declare the statuses that a view refuses with, each told as problem details."""

        def declare(view: Any) -> Any:
            for status in reversed(statuses):
                view = self.alt_response(status, schema=Problem, content_type=PROBLEM)(view)
            return view

        return declare


def make(name: str, about: str, prefix: str = "") -> Blueprint:
    """Return the blueprint of a noun; `prefix` stands after /v2, `about` in the OpenAPI document."""
    return _Blueprint(f"api_{name}", f"web.api.{name}", url_prefix=f"{PREFIX}{prefix}", description=about)
