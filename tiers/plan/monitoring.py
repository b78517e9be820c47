"""Dashboards and alerts of a portfolio that has Grafana or the Prometheus operator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.classes import Classes
from tiers.catalog.promises import RANKS
from tiers.catalog.tier import Catalog, Offer
from tiers.facts.monitoring import Alerts, Dashboards
from tiers.facts.names import DASHBOARDS
from tiers.plan.owner import about
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import promised
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain, ResilienceClass

_DAYS_PER_MONTH: Final = 30
_MINUTES_PER_DAY: Final = 24 * 60
# A run that takes longer than the last one is not late.
_GRACE_MINUTES: Final = 60


def dashboard_facts(platform: Platform) -> Iterator[Dashboards]:
    """The dashboards, if the platform has a Grafana that loads them."""
    monitoring = platform.monitoring
    if monitoring and monitoring.dashboards:
        yield Dashboards(
            id=DASHBOARDS,
            domain=CostDomain.SHARED_PLATFORM,
            category=CostCategory.SUPPORT,
            region=platform.region,
            namespace=monitoring.namespace,
        )


def alert_facts(
    catalog: Catalog, platform: Platform, tenant: Tenant, offer: Offer, namespace: str
) -> Iterator[Alerts]:
    """The alerts of a tenant in *namespace*, if the platform has an operator that loads them."""
    monitoring = platform.monitoring
    if not (monitoring and monitoring.prometheus_operator):
        return
    promise = promised(catalog.tiers[tenant.tier], tenant)
    # A stronger promise than standard includes a tested restore.
    tried = RANKS[promise] > RANKS[ResilienceClass.STANDARD] and offer.backup_class is not None
    yield Alerts(
        **about(tenant, "alerts", CostCategory.SUPPORT),
        namespace=namespace,
        rule_labels=monitoring.rule_labels,
        backup_age_minutes=_backup_age_minutes(catalog.classes, offer, promise),
        restore_test_age_days=monitoring.restore_test_days if tried else None,
    )


def _backup_age_minutes(classes: Classes, offer: Offer, promise: ResilienceClass) -> int | None:
    """How old the last dump may be: the RPO, but no less than the time between two dumps.

    The server's own point-in-time recovery keeps a promise of minutes; dumps do not show it.
    """
    if offer.backup_class is None:
        return None
    runs = classes.backup_classes[offer.backup_class].runs_per_month
    between = _DAYS_PER_MONTH * _MINUTES_PER_DAY // runs
    return max(classes.resilience_classes[promise].rpo_minutes, between) + _GRACE_MINUTES
