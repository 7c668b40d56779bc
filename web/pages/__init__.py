"""The pages, one blueprint per noun; every view says who may open it."""

from __future__ import annotations

from web.pages import audit, editor, home, inbox, movements, nominations, notices, sign_in, start, tasks

BLUEPRINTS = (
    home.blueprint,
    sign_in.blueprint,
    inbox.blueprint,
    tasks.blueprint,
    nominations.blueprint,
    movements.blueprint,
    start.blueprint,
    notices.blueprint,
    editor.blueprint,  # the designer's, with the editor's views added to it
    audit.blueprint,
)
