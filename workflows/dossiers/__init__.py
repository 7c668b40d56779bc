"""Dossiers: what a nomination rests on, which papers it needs and which of them are there."""

from __future__ import annotations
