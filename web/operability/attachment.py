"""Attach to an application what operators need: request ids, log lines, measures, their addresses."""

from __future__ import annotations

from flask import Flask

from web.operability import connections, health, metrics, requests


def init_app(app: Flask) -> None:
    """Attach request ids, log lines, measures and the operators' addresses; comes before any access rule."""
    requests.init_app(app)
    connections.init_app(app)
    health.init_app(app)
    metrics.init_app(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
