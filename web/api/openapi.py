"""The OpenAPI 3.1 document of the whole API."""

from __future__ import annotations

from flask import Response, jsonify

from web import api
from web.api import blueprints
from web.security import PUBLIC, open_to

blueprint = blueprints.make("openapi", "The description of this API.")


@blueprint.get("/openapi.json")
@blueprint.response(200, {"type": "object"})
@open_to(PUBLIC)
def get() -> Response:
    """Return this document; a page to read it is at /api."""
    return jsonify(api.describe())
