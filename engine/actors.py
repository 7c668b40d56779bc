"""Who acts: a name, the groups it belongs to now, and whom it acts for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

USER = "user:"  # how a candidate group names one person: the group of whoever signs in with that login


@dataclass(frozen=True)
class Actor:
    """Name one acting person or program with the groups resolved at this moment."""

    name: str
    groups: frozenset[str] = field(default_factory=frozenset)
    on_behalf_of: str | None = None

    @property
    def candidacies(self) -> frozenset[str]:
        """Return every name under which work may be offered to the actor: the groups, and the own one."""
        return self.groups | {USER + self.name}

    def may_act_for(self, groups: Iterable[str]) -> bool:
        """Tell whether one of the groups is among the actor's own, or names the actor alone."""
        return not self.candidacies.isdisjoint(groups)


SYSTEM = Actor("system")
