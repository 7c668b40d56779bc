"""Tell the addresses meant for programs from the pages: no cookies, no forgery tokens, problem details."""

from __future__ import annotations

from flask import has_request_context, request

API = "/v2/"
TOKENS = "/oauth/token"


def is_called() -> bool:
    """Tell whether the request's address is one for programs.

    Asks the rule that was routed, not the text of the address: no spelling of one leads around it.
    """
    rule = request.url_rule.rule if has_request_context() and request.url_rule is not None else ""
    return rule.startswith(API) or rule == TOKENS
