"""The carried chains: one folder of diagrams, decisions, forms and scenarios each, under bpmn/."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent / "bpmn"
KINDS = ("*.bpmn", "*.dmn", "*.form")


def files(*chains: str) -> list[Path]:
    """Return what is deployed for the named chains, for all of them when none is named."""
    folders = [ROOT / chain for chain in chains] or sorted(path for path in ROOT.iterdir() if path.is_dir())
    return [path for folder in folders for kind in KINDS for path in sorted(folder.glob(kind))]
