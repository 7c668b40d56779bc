"""The Merkle tree of RFC 6962 over the hashes of events, grown by its right edge only.

The right edge ("frontier") holds the roots of the full subtrees, largest first: at most 64 hashes, whatever
the size of the tree.
"""

from __future__ import annotations

from hashlib import sha256

EMPTY = sha256(b"").digest()


def append(frontier: list[bytes], size: int, leaf: bytes) -> int:
    """Add a leaf to the frontier of a tree with `size` leaves, in place; return the new size."""
    left = size
    while left & 1:
        leaf = sha256(b"\1" + frontier.pop() + leaf).digest()
        left >>= 1
    frontier.append(leaf)
    return size + 1


def root(frontier: list[bytes]) -> bytes:
    """Return the hash of the whole tree."""
    if not frontier:
        return EMPTY
    found = frontier[-1]
    for full in reversed(frontier[:-1]):
        found = sha256(b"\1" + full + found).digest()
    return found
