"""What a change does to the way to a tenant: its host names, who may come, how requests are treated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.change.effect import EffectKind, first_names
from tiers.change.servers import Change
from tiers.facts.network import Route

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
    "dns": "others make the records of its host names",
    "annotations": "the annotations of its Ingress change",
    "controller": "another ingress controller is to read its Ingress",
    "class_name": "its Ingress has another class",
    "alb": "it is reached by another load balancer",
}


def route_changes(old: Route, new: Route) -> Iterator[Change]:
    """What people who work with a tenant notice of a change of its route."""
    yield from _names(old, new)
    yield from _who(old, new)
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
