"""What a change does to the way to a tenant: its host names, who may come, how requests are treated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tiers.change.effect import EffectKind, first_names
from tiers.change.servers import Change
from tiers.facts.dns import DnsRecords
from tiers.facts.network import Route
from tiers.plan.plan import Plan, facts_of

_TREATED: Final = {
    "body_size_mib": (
        "uploads may have {} MiB",
        "uploads are bounded by the ingress controller's own setting",
    ),
    "timeout_seconds": (
        "Odoo may take {} seconds to answer",
        "the ingress controller's own time-out holds",
    ),
}
_TOLD: Final = {
    "certificate": "its certificate comes from elsewhere",
    "annotations": "the annotations of its Ingress change",
    "controller": "another ingress controller is to read its Ingress",
    "class_name": "its Ingress has another class",
    "alb": "it is reached by another load balancer",
}


_OWN: Final = "route-53"


def handed_over(deployed: Mapping[str, Mapping[str, Any]], plan: Plan) -> Iterator[str]:
    """Records that would go from one tenant to another: the new one is made before the old one is removed.

    Route 53 refuses a record that is there already (API reference, ChangeResourceRecordSets, `CREATE`).

    Args:
        deployed: What is applied of each tenant, as plain data.
        plan: What is wanted.
    """
    owners = {
        (str(record.get("zone_id")), str(record.get("name"))): tenant
        for tenant, applied in deployed.items()
        for fact in applied.get("facts", ())
        if fact.get("kind") == "dns-records"
        for record in fact.get("records", ())
    }
    for tenant in plan.tenants:
        for records in facts_of(tenant.facts, DnsRecords):
            for each in records.records:
                owner = owners.get((each.zone_id, each.name), tenant.tenant)
                if owner != tenant.tenant:
                    yield (
                        f"{tenant.tenant}: the record of '{each.name}' is {owner}'s in the stack, and Route "
                        f"53 takes no second one; take the name from {owner} in an update of its own first"
                    )


def route_changes(old: Route, new: Route) -> Iterator[Change]:
    """What people who work with a tenant notice of a change of its route."""
    yield from _names(old, new)
    yield from _who(old, new)
    yield from _recorded(old, new)
    for name, (set_to, left_out) in _TREATED.items():
        if (value := getattr(new, name)) != getattr(old, name):
            yield Change(EffectKind.NOTICE, left_out if value is None else set_to.format(value))
    for name, what in _TOLD.items():
        if getattr(old, name) != getattr(new, name):
            # Another controller, class or load balancer has another address.
            moved = name in {"controller", "class_name", "alb"}
            yield Change(EffectKind.DOWNTIME if moved else EffectKind.NOTICE, what)


def _names(old: Route, new: Route) -> Iterator[Change]:
    led, leads = ({*each.hosts, *each.redirects} for each in (old, new))
    gone = [name for name in (*old.aliases, *old.redirects) if name not in leads]
    if old.hostname != new.hostname:
        stays = old.hostname in leads
        instead = f"and still at {old.hostname}" if stays else f"and no longer at {old.hostname}"
        kind = EffectKind.NOTICE if stays else EffectKind.DOWNTIME
        yield Change(kind, f"is reached at {new.hostname}, {instead}")
    if gone:
        yield Change(EffectKind.DOWNTIME, f"no longer answers at {first_names(gone)}")
    come = [name for name in (*new.aliases, *new.redirects) if name not in led]
    if come:
        yield Change(EffectKind.NOTICE, f"also answers at {first_names(come)}")


def _who(old: Route, new: Route) -> Iterator[Change]:
    if set(old.allow_cidrs) == set(new.allow_cidrs):
        return
    if not new.allow_cidrs:
        yield Change(EffectKind.NOTICE, "everybody may reach it, and no longer some networks only")
        return
    lost = not old.allow_cidrs or set(old.allow_cidrs) - set(new.allow_cidrs)
    kind = EffectKind.DOWNTIME if lost else EffectKind.NOTICE
    yield Change(kind, f"only {first_names(new.allow_cidrs)} may reach it")


def _recorded(old: Route, new: Route) -> Iterator[Change]:
    if old.dns == new.dns:
        return
    if new.dns == _OWN:
        what = (
            "Costack makes the records of its host names, and the update stops at one that is there already"
        )
        yield Change(EffectKind.NOTICE, what)
    elif old.dns == _OWN:
        what = "Costack removes the records of its host names; nobody finds it until others have made them"
        yield Change(EffectKind.DOWNTIME, what)
    else:
        yield Change(EffectKind.NOTICE, "others make the records of its host names")
