"""The hash of an event and the tree over all of them never change: kept histories must stay provable."""

from __future__ import annotations

from hashlib import sha256

import pytest

from engine.audit import chain, merkle

# The leaves and roots that the makers of certificate transparency test RFC 6962 with.
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_tree_has_the_roots_of_rfc_6962(size: int) -> None:
    frontier: list[bytes] = []

    for number, leaf in enumerate(LEAVES[:size]):
        merkle.append(frontier, number, sha256(b"\0" + bytes.fromhex(leaf)).digest())

    assert merkle.root(frontier).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root([]) == sha256(b"").digest()


def test_the_hash_of_an_event_never_changes() -> None:
    data = {
        "token": 3,
        "reason": "Đồng ý",
        "values": {"ty_le": 0.5, "ten": {"erased": "ab" * 32}},
        "changes": [{"name": "so", "before": None, "after": 1}],
    }
    salts = bytes(range(1, 17)) * 3 + chain.ERASED + bytes(range(17, 33))
    entry = {
        "inst": 7,
        "n": 2,
        "prev": "cd" * 32,
        "at": "2026-10-01T02:00:00.000000+00:00",
        "actor": "nora",
        "on_behalf_of": None,
        "groups": ["P1.staff"],
        "kind": "task.completed",
        "element": "a",
    }

    digest = chain.digest(entry, chain.cover(data, salts))

    assert digest.hex() == "2e1bac273ab736aa8d440ac07f7fd6c76a0cde6771280727b53c18bbc4397e23"


def test_what_was_erased_is_read_as_nothing() -> None:
    mark = {"erased": "ab" * 32}

    assert chain.readable({"a": mark, "b": [mark, {"c": mark}], "d": {"erased": 1}}) == {
        "a": None,
        "b": [None, {"c": None}],
        "d": {"erased": 1},
    }
