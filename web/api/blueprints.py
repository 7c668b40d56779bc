"""Make the blueprints of the API: one per noun, all under /v2, their bodies read by our parser."""

from __future__ import annotations

from flask_smorest import Blueprint

from web.api.parsing import Parser
from web.rejections import PREFIX


class _Blueprint(Blueprint):  # type: ignore[misc]  # flask-smorest is untyped
    ARGUMENTS_PARSER = Parser()


def make(name: str, about: str, prefix: str = "") -> Blueprint:
    """Return the blueprint of a noun; `prefix` stands after /v2, `about` in the OpenAPI document."""
    return _Blueprint(f"api_{name}", f"web.api.{name}", url_prefix=f"{PREFIX}{prefix}", description=about)
