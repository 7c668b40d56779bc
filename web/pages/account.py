"""A person's own account: the tokens with which programs act in their name, made and revoked here."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.errors import BadInput
from web import tokens
from web.accounts import current_actor
from web.db import db, transaction
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _

blueprint = Blueprint("account", __name__, url_prefix="/account")
DAYS = range(1, 3651)
USUAL = "90"


@blueprint.get("/tokens")
@open_to(SIGNED_IN)
def show() -> ResponseReturnValue:
    """List the person's tokens, none of them readable any more."""
    return _page("")


@blueprint.post("/tokens")
@open_to(SIGNED_IN)
def make() -> ResponseReturnValue:
    """Make a token and show it, this once."""
    typed = request.form.get("days", USUAL).strip()
    if not (typed.isascii() and typed.isdigit() and len(typed) < 5 and int(typed) in DAYS):
        raise BadInput(expected="1 to 3650 days", expected_vi="số ngày từ 1 đến 3650", found=typed)
    actor = current_actor()
    with transaction() as session:
        made = tokens.create(session, actor.name, request.form.get("label", ""), actor.name, int(typed))
    return _page(made)


@blueprint.post("/tokens/<prefix>/revoke")
@open_to(SIGNED_IN)
def revoke(prefix: str) -> ResponseReturnValue:
    """End one of the person's own tokens at once; 404 for one of others."""
    actor = current_actor()
    with transaction() as session:
        tokens.revoke(session, prefix, actor.name, actor.name)
    flash(_("Đã thu hồi mã truy cập %(prefix)s.", prefix=prefix))
    return redirect(url_for("account.show"), code=303)


def _page(made: str) -> str:
    own = tokens.of(db.session(), current_actor().name)
    return render_template("account/tokens.html", tokens=own, made=made, usual=USUAL)
