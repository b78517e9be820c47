"""Dashboards, alerts and usage exporters of a portfolio that has Grafana or Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.classes import Classes
from tiers.catalog.promises import RANKS
from tiers.catalog.tier import Catalog, Offer, OwnCache, OwnDatabase, OwnFileSystem
from tiers.facts.monitoring import Alerts, Dashboards, UsageExporter
from tiers.facts.names import BACKUP_BUCKET, DASHBOARDS
from tiers.plan.owner import about, is_decommissioning
from tiers.plan.second_region import own_bucket
from tiers.portfolio.cluster import MonitoringSpec
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


def watching_facts(
    catalog: Catalog, platform: Platform, tenant: Tenant, offer: Offer, namespace: str
) -> Iterator[Alerts | UsageExporter]:
    """What watches a tenant in *namespace*: its alerts and its usage exporter, where they are wanted."""
    yield from alert_facts(catalog, platform, tenant, offer, namespace)
    yield from _usage_exporter(platform, tenant, offer, namespace)


def exporter_connections(platform: Platform) -> int:
    """How many connections to its own database a tenant needs for being measured."""
    return int(bool(platform.parts and platform.parts.usage_exporter))


def _usage_exporter(
    platform: Platform, tenant: Tenant, offer: Offer, namespace: str
) -> Iterator[UsageExporter]:
    # Of who is decommissioned the database is at rest, and goes.
    if not (platform.parts and platform.parts.usage_exporter) or is_decommissioning(tenant):
        return
    wanted, images = platform.parts.usage_exporter, platform.images
    held = own_bucket(tenant) if offer.region_copies else BACKUP_BUCKET
    bucket = held if offer.backup_class else None
    yield UsageExporter(
        **about(tenant, "usage", CostCategory.COMPUTE),
        namespace=namespace,
        image=images.operations.image,
        run_as_user=images.operations.run_as_user,
        # The filestore belongs to Odoo's group: the exporter reads it as a member, as backups do.
        run_as_group=images.odoo.run_as_group,
        compute=wanted.alone(),
        scraped_from=platform.parts.scraped_from,
        every_hours=wanted.every_hours,
        cache_mib=offer.session_cache_mib,
        shares_database=not isinstance(offer.database, OwnDatabase),
        shares_files=not isinstance(offer.file_system, OwnFileSystem),
        shares_cache=not isinstance(offer.cache, OwnCache),
        shares_backups=bucket in {None, BACKUP_BUCKET},
        bucket=bucket,
        prefix=tenant.tenant if bucket else "",
    )


def alert_facts(
    catalog: Catalog, platform: Platform, tenant: Tenant, offer: Offer, namespace: str
) -> Iterator[Alerts]:
    """The alerts of a tenant in *namespace*, if the platform has an operator that loads them."""
    monitoring = platform.monitoring
    if not (monitoring and monitoring.prometheus_operator):
        return
    promise = promised(catalog.tiers[tenant.tier], tenant)
    yield Alerts(
        **about(tenant, "alerts", CostCategory.SUPPORT),
        namespace=namespace,
        rule_labels=monitoring.rule_labels,
        backup_age_minutes=_backup_age_minutes(catalog.classes, offer, promise),
        restore_test_age_days=_restore_test_age_days(catalog.classes, offer, promise, monitoring),
    )


def _restore_test_age_days(
    classes: Classes, offer: Offer, promise: ResilienceClass, monitoring: MonitoringSpec
) -> int | None:
    """How old the last good restore test may be: as the class says, or the platform if that is less.

    Where the class says nothing, a stronger promise than standard includes a tested restore all the same.
    """
    if offer.backup_class is None:
        return None
    known = [classes.resilience_classes[promise].restore_test_age_days]
    if RANKS[promise] > RANKS[ResilienceClass.STANDARD]:
        known.append(monitoring.restore_test_days)
    return min((days for days in known if days is not None), default=None)


def _backup_age_minutes(classes: Classes, offer: Offer, promise: ResilienceClass) -> int | None:
    """How old the last dump may be: the RPO, but no less than the time between two dumps.

    The server's own point-in-time recovery keeps a promise of minutes; dumps do not show it.
    """
    if offer.backup_class is None:
        return None
    runs = classes.backup_classes[offer.backup_class].runs_per_month
    between = _DAYS_PER_MONTH * _MINUTES_PER_DAY // runs
    return max(classes.resilience_classes[promise].rpo_minutes, between) + _GRACE_MINUTES
