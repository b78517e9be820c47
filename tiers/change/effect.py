"""An effect: one thing that a change does to what runs or holds data, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from tiers.facts.every_fact import FactId
from tiers.vocabulary import TenantId

_NAMED: Final = 5


@unique
class EffectKind(StrEnum):
    """What an effect calls for, the gravest first."""

    DATA = "data"
    """Data is left behind, is deleted, or is less protected."""
    MAJOR = "major"
    """A new major version of PostgreSQL or Odoo; there is no way back but a restore."""
    DOWNTIME = "downtime"
    """People cannot work for a time that somebody plans."""
    RESTART = "restart"
    """A server, a cache or pods start anew."""
    NOTICE = "notice"
    """Nothing stops, and it is worth knowing."""


@dataclass(frozen=True)
class Effect:
    """One thing that a change does.

    Attributes:
        what: What happens, without the names of those it happens to.
        subjects: What it happens to: ids of facts, or names of tenants.
        tenants: The tenants that notice it, all at once.
        window: The weekly maintenance window in which AWS does it, in UTC; None if the update does it.
    """

    kind: EffectKind
    what: str
    subjects: tuple[FactId | TenantId, ...]
    tenants: tuple[TenantId, ...] = ()
    window: str | None = None

    @property
    def in_words(self) -> str:
        """One sentence without full stop.

        >>> Effect(EffectKind.RESTART, "starts anew", ("platform/cache",), ("a", "b")).in_words
        'restart: platform/cache: starts anew; 2 tenants at once: a, b'
        """
        several = len(self.tenants) > 1
        hit = f"; {len(self.tenants)} tenants at once" if several else ""
        if several and set(self.tenants) != set(self.subjects):
            hit += f": {first_names(self.tenants)}"
        late = "" if self.window is None else f"; AWS does it in the window {self.window} (UTC)"
        return f"{self.kind}: {first_names(self.subjects)}: {self.what}{hit}{late}"


def first_names(names: Sequence[str]) -> str:
    """The first five names, and how many more there are.

    >>> first_names(["a", "b", "c", "d", "e", "f"])
    'a, b, c, d, e and 1 more'
    """
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def together(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """The same thing that happens to several as one effect, the gravest first, else in the given order."""
    alike: dict[tuple[EffectKind, str, str | None], Effect] = {}
    for each in effects:
        known = alike.get((each.kind, each.what, each.window))
        alike[each.kind, each.what, each.window] = (
            each
            if known is None
            else Effect(
                each.kind,
                each.what,
                tuple(dict.fromkeys((*known.subjects, *each.subjects))),
                tuple(dict.fromkeys((*known.tenants, *each.tenants))),
                each.window,
            )
        )
    order = list(EffectKind)
    return tuple(sorted(alike.values(), key=lambda each: order.index(each.kind)))
