"""The application for servers that start many processes: `gunicorn web.wsgi:app`."""

from __future__ import annotations

import os

from web import create_app
from web.operability import logs

logs.configure(os.environ)
app = create_app()
