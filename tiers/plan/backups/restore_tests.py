"""The scheduled restore test of a tenant's dumps: how often, when, and in how much room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.classes import ResilienceRequirements
from tiers.catalog.tier import Catalog, Offer
from tiers.facts.compute import RestoreRoom, ScheduledJob
from tiers.facts.copies import (
    KEPT_WITH_VOLUMES_MINUTES,
    LEAST_DEADLINE_MINUTES,
    fetched_gib,
    restored_gib,
)
from tiers.facts.names import RESTORE_TEST_JOB
from tiers.plan.owner import about, is_decommissioning
from tiers.portfolio.controls import measures_of
from tiers.portfolio.gates.restore_tests import RestoreTestSpec
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import promised
from tiers.portfolio.tenant import Tenant
from tiers.schedule import Cadence
from tiers.vocabulary import CostCategory, CostDomain

# An assumption: a restore takes as long as its dump, and as long again for indexes and checks.
_DUMPS_LONG: Final = 2
_MONTHS_PER_YEAR: Final = 12
# Beside the least, 2 minutes for each GiB: 9 MiB/s, as for any job on data.
_DEADLINE_MINUTES_PER_GIB: Final = 2
# What a node's disk has for pods is less: images, logs, and the tenth at which the kubelet evicts.
_USABLE_PERCENT: Final = 80
_WHOLE: Final = 100


def age_days(catalog: Catalog, tenant: Tenant) -> int | None:
    """How old the newest good restore test of *tenant* may be; None where its class does not say."""
    return _needed(catalog, tenant).restore_test_age_days


def restore_tests(
    catalog: Catalog, platform: Platform, tenant: Tenant, offer: Offer, nightly: ScheduledJob
) -> Iterator[ScheduledJob]:
    """The job that restores what *nightly* dumps, as its pods run; none for a tenant that is decommissioned.

    None either where a node's disk is too small and the platform names no storage class: a warning of
    the plan says so.
    """
    often = _needed(catalog, tenant).restore_test_schedule
    if often is None or offer.backup_class is None or is_decommissioning(tenant):
        return
    minutes = _DUMPS_LONG * catalog.classes.backup_classes[offer.backup_class].minutes_per_run
    room = _room(offer, _disk(catalog, platform, tenant), platform.restore_tests)
    if room is None:
        return
    if room.storage_class:
        there = _per_month(minutes + room.kept_minutes, often)
        room = room.model_copy(update={"volume_minutes_per_month": there})
    named = about(tenant, RESTORE_TEST_JOB, CostCategory.COMPUTE, CostDomain.RESILIENCE)
    yield nightly.model_copy(
        update={
            **named,
            "schedule": often.staggered(tenant.tenant),
            "minutes_per_month": _per_month(minutes, often),
            "restore_test": room,
        }
    )


def _needed(catalog: Catalog, tenant: Tenant) -> ResilienceRequirements:
    return catalog.classes.resilience_classes[promised(catalog.tiers[tenant.tier], tenant)]


def _per_month(minutes: int, often: Cadence) -> int:
    return -(-minutes * often.runs_per_year // _MONTHS_PER_YEAR)


def _size(offer: Offer) -> int:
    return fetched_gib(offer.database_gib, offer.filestore_gib) + restored_gib(offer.database_gib)


def _disk(catalog: Catalog, platform: Platform, tenant: Tenant) -> int | None:
    """What a node has for one pod; None when another portfolio counts the nodes."""
    own = measures_of(catalog.classes, catalog.tiers[tenant.tier], tenant).dedicated_nodes
    disks = [own.volume_gib] if own else [group.volume_gib for group in platform.cluster.node_groups]
    return max(disks) * _USABLE_PERCENT // _WHOLE if disks else None


def _room(offer: Offer, disk: int | None, wanted: RestoreTestSpec | None) -> RestoreRoom | None:
    """On the node's disk if it has room, else in volumes that go with the pod; None where there are none.

    Of nodes that another portfolio counts nobody here knows the disk: volumes are taken if there are any.
    """
    fits = disk is not None and _size(offer) <= disk
    if wanted is None and not fits and disk is not None:
        return None
    volumes = wanted is not None and not fits
    return RestoreRoom(
        fetched_gib=fetched_gib(offer.database_gib, offer.filestore_gib),
        restored_gib=restored_gib(offer.database_gib),
        storage_class=wanted.storage_class if wanted and volumes else None,
        deadline_minutes=LEAST_DEADLINE_MINUTES + _DEADLINE_MINUTES_PER_GIB * offer.database_gib,
        kept_minutes=KEPT_WITH_VOLUMES_MINUTES if volumes else 0,
    )
