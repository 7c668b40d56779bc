"""Translate what the pages say: msgids are Vietnamese; typed doors to Flask-Babel, which carries no types."""

from __future__ import annotations

import flask_babel


def gettext(text: str, **values: object) -> str:
    """Return the text in the language of this request, its %(names)s filled."""
    return str(flask_babel.gettext(text, **values))


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    """Return the form of a text that fits a number, as %(num)d, in the language of this request."""
    return str(flask_babel.ngettext(singular, plural, number, **values))
