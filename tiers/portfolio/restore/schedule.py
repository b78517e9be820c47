"""How often a tenant is refreshed from another one without anybody asking."""

from __future__ import annotations

from tiers.schedule import Cadence
from tiers.vocabulary import Frozen, TenantId


class RefreshSchedule(Frozen):
    """A refresh that `costack refresh --all-due` begins and leads, stage by stage."""

    from_tenant: TenantId
    """The tenant of the same client whose data it gets."""
    every: Cadence
    """How old the last refresh may be: `daily`, `weekly`, `monthly` or `quarterly`."""
    live: bool = False
    """Whether the other tenant is backed up for it, in place of its newest backup."""
