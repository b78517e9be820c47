"""What a change does to a tenant's CDN: which name the pages of its website write for static files."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.facts.cdn import Cdn
from tiers.plan.plan import TenantPlan, facts_of


def cdn_changes(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """What visitors of the website notice."""
    old, new = (next(iter(facts_of(plan.facts, Cdn)), None) for plan in (before, after))
    named, names = (each.hostname if each and each.links else None for each in (old, new))
    if names != named:
        told = (
            f"get its scripts and other static files from {names}" if names else "get them from itself again"
        )
        yield Change(EffectKind.NOTICE, f"pages of its website {told}")
    if old and (new is None or new.hostname != old.hostname):
        why = "a page that is still open loads nothing more from there"
        yield Change(EffectKind.NOTICE, f"{old.hostname} no longer answers: {why}")
    if new and new.zone_id is None and (old is None or old.hostname != new.hostname):
        made = f"its record is yours to make: {new.hostname} has to lead to the distribution"
        yield Change(EffectKind.NOTICE, made)
