"""OpenID providers for tests: a certified one as a process of its own, and one that lies as it is told."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from web import assets

SECRET = "a secret of the test, known to two processes"
BACK = "http://localhost/sign-in/oidc/back"
LEFT = "http://localhost/sign-in"
PROVIDER = Path(__file__).parent / "integration" / "openid_provider.mjs"


def settings(issuer: str) -> dict[str, str]:
    """Return how a site is told of a provider."""
    return {
        "BANGVANG_OIDC_ISSUER": issuer,
        "BANGVANG_OIDC_CLIENT_ID": "bangvang",
        "BANGVANG_OIDC_CLIENT_SECRET": SECRET,
        "BANGVANG_OIDC_GROUPS_CLAIM": "groups",
    }


@contextmanager
def certified(folder: Path) -> Iterator[str]:
    """Run npm oidc-provider and give its issuer; claims.json in the folder adds to what it tells."""
    claims = folder / "claims.json"
    claims.write_text("{}", "utf-8")
    script = folder / PROVIDER.name  # beside it stands where node looks for packages
    shutil.copy(PROVIDER, script)
    (folder / "node_modules").symlink_to(assets.FRONTEND / "node_modules")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    _, environment = assets.find_npm()
    node = shutil.which("node", path=environment.get("PATH", os.defpath))
    command = [str(node), str(script), str(port), BACK, LEFT, str(claims)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()


def pass_through(address: str, login: str) -> str:
    """Sign in at the certified provider with its own pages; return the address it sends people back to."""
    browser = requests.Session()
    page = browser.get(address, allow_redirects=False)
    for _ in range(10):
        target = page.headers.get("location", "")
        if target.startswith(BACK):
            return target
        if page.is_redirect:
            page = browser.get(urljoin(page.url, target), allow_redirects=False)
            continue
        found = re.search(r'action="([^"]+)"', page.text)
        assert found is not None, page.text
        prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
        assert prompt is not None
        form = {"prompt": prompt[1], "login": login, "password": "any"}
        page = browser.post(urljoin(page.url, found[1]), data=form, allow_redirects=False)
    raise AssertionError(page.text)


@contextmanager
def lying(lie: Callable[[dict[str, Any]], None] | None = None, **answers: Any) -> Iterator[str]:
    """Run a provider in a thread that signs whatever `lie` makes of the right claims; give its issuer.

    `answers`: key = who signs, alg = how, issuer = what the discovery says, id_token = the whole token.
    """
    key = RSAKey.generate_key(2048, {"kid": "1"})
    nonces: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            nonces.update(asked)
            known = {"/authorize": asked, "/keys": {"keys": [key.as_dict(private=False)]}}
            self._answer(known.get(parts.path) or _describe(issuer, answers.get("issuer", issuer)))

        def do_POST(self) -> None:
            now = int(time.time())
            claims = {
                "iss": issuer,
                "sub": "subject-of-an.p1",
                "aud": "bangvang",
                "exp": now + 300,
                "iat": now,
                "nonce": nonces["nonce"],
                "preferred_username": "an.p1",
            }
            if lie is not None:
                lie(claims)
            header = {"alg": answers.get("alg", "RS256"), "kid": "1"}
            signed = answers.get("id_token") or _sign(header, claims, answers.get("key", key))
            token = {"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": signed}
            if answers.get("silent"):
                del token["id_token"]
            self._answer(token)

        def _answer(self, content: Mapping[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *told: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield issuer
        server.shutdown()


def _sign(header: dict[str, str], claims: dict[str, Any], key: Any) -> str:
    if header["alg"] != "none":
        return jwt.encode(header, claims, key)
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "none"}, claims))
    return "".join(f"{part.decode().rstrip('=')}." for part in parts)


def _describe(address: str, issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{address}/authorize",
        "token_endpoint": f"{address}/token",
        "jwks_uri": f"{address}/keys",
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
    }
