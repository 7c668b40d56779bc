"""Who acts: a name, the groups it belongs to now, and whom it acts for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Actor:
    """Name one acting person or program with the groups resolved at this moment."""

    name: str
    groups: frozenset[str] = field(default_factory=frozenset)
    on_behalf_of: str | None = None

    def may_act_for(self, groups: Iterable[str]) -> bool:
        """Tell whether one of the groups is among the actor's own."""
        return not self.groups.isdisjoint(groups)


SYSTEM = Actor("system")
