"""What a change does to a tenant's CDN: which name the pages of its website write for static files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.facts.cdn import Cdn
from tiers.facts.dns import DnsRecords
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.portfolio.failover.stage import CLOSED


def cdn_changes(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """What visitors of the website notice."""
    old, new = (next(iter(facts_of(plan.facts, Cdn)), None) for plan in (before, after))
    named, names = _named(before), _named(after)
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


def left_in_pages(before: TenantPlan, after: TenantPlan) -> Iterator[str]:
    """Why a CDN must stay while a tenant works in its second region.

    The set-up Job, which alone takes its name out of the website, runs in the tenant's own region: pages
    would name a CDN that no longer answers, until the tenant is home.
    """
    failover = after.failover
    if failover is None or failover.stage not in CLOSED:
        return
    named, names = (_named(plan) for plan in (before, after))
    if named is not None and named != names:
        yield (
            f"{after.tenant}: pages of its website name the CDN {named}, and nothing takes that out of them "
            f"at stage {failover.stage} of its failover, so they would load no scripts: write routes.cdn as "
            "it was, and change it once the tenant works in its own region again"
        )


def _named(plan: TenantPlan) -> str | None:
    """The host name of the CDN that pages name."""
    return next((each.hostname for each in facts_of(plan.facts, Cdn) if each.links), None)


def names_handed_over(deployed: Mapping[str, Mapping[str, Any]], plan: Plan) -> Iterator[str]:
    """Names that would go to a CDN, or from one to something else, while they are still where they were.

    Pulumi makes before it deletes; CloudFront and Route 53 know no name twice.

    Args:
        deployed: What is applied of each tenant, as plain data.
        plan: What is wanted.
    """
    held = dict(_held(deployed))
    for tenant in plan.tenants:
        wanted = [(each.hostname, "CDN") for each in facts_of(tenant.facts, Cdn)]
        wanted += [
            (each.name, "record")
            for records in facts_of(tenant.facts, DnsRecords)
            for each in records.records
            if held.get(each.name, ("", "record"))[1] == "CDN"
        ]
        for name, kind in wanted:
            owner, other = held.get(name, (tenant.tenant, kind))
            if (owner, other) != (tenant.tenant, kind):
                yield (
                    f"{tenant.tenant}: '{name}' is the name of {owner}'s {other} in the stack, and AWS takes "
                    "no second one; take it from there in an update of its own first"
                )


def _held(deployed: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each name that is a record or a CDN in the stack, whose it is, and which of both."""
    for tenant, applied in deployed.items():
        for fact in applied.get("facts", ()):
            if fact.get("kind") == "dns-records":
                yield from ((str(each.get("name")), (tenant, "record")) for each in fact.get("records", ()))
            elif fact.get("kind") == "cdn":
                yield str(fact.get("hostname")), (tenant, "CDN")
