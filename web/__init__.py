"""The web room: pages, sign-in, database connection and command line; the only room that knows Flask."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from flask_babel import Babel
from flask_migrate import Migrate
from markupsafe import Markup
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from engine import clock
from web import accounts, api, configuration, db, listing, moments, names, oidc, problems, security
from web.api import authentication
from web.assets import asset_tags
from web.operability import attachment
from web.pages import BLUEPRINTS
from web.pages.home import navigation

MIGRATIONS = Path(__file__).parent / "migrations"

babel = Babel()
migrate = Migrate(directory=str(MIGRATIONS))


class Identity(IntegerConverter):
    """A row's number in an address; one that no database can hold is an address that leads nowhere."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=0, max=2**63 - 1)


def create_app(environ: Mapping[str, str] | None = None, **overrides: object) -> Flask:
    """Return the application set up from `environ` (the process's own by default); `overrides` win over it.

    1. Settings, database with its job queue, migrations.
    2. Sign-in, access rules and headers, languages, error pages.
    3. What templates may call, and the pages.
    """
    app = Flask("web")
    app.url_map.converters["int"] = Identity
    app.config.update(configuration.read(os.environ if environ is None else environ, Path(app.instance_path)))
    app.config.update(overrides)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    db.init_app(app)
    migrate.init_app(app, db.db)
    attachment.init_app(app)
    accounts.init_app(app)
    security.init_app(app)
    oidc.init_app(app)
    babel.init_app(app, locale_selector=accounts.language_now)
    problems.init_app(app)
    _teach_templates(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    api.init_app(app)
    app.register_blueprint(authentication.blueprint)
    if app.config["SECURE_COOKIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app


def styles(entry: str) -> Markup:
    """Return the links of a built entry's style sheets; nothing when it is not built."""
    link = Markup('<link rel="stylesheet" href="{}">')
    return Markup("").join(link.format(address) for address in asset_tags(entry) if address.endswith(".css"))


def scripts(entry: str) -> Markup:
    """Return the script of a built entry; nothing when it is not built."""
    script = Markup('<script type="module" src="{}"></script>')
    return Markup("").join(script.format(address) for address in asset_tags(entry) if address.endswith(".js"))


def _teach_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(moments.FILTERS, group_label=names.group)
    app.jinja_env.globals.update(
        navigation=navigation,
        styles=styles,
        scripts=scripts,
        person=names.person,
        offers_oidc=oidc.is_offered,
        others_could_take=names.others_could_take,
        priority_words=names.priority,
        sort_address=listing.sort_address,
        list_address=listing.address,
        now=clock.now,
    )
    app.context_processor(lambda: {"language": accounts.language_now()})
