"""The facts of a sleep schedule: when a tenant is stopped outside working hours, and what stops it."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.classes import WorkloadClass
from tiers.catalog.tier import Offer, OwnDatabase
from tiers.facts.every_fact import DatabaseInstance, Fact, ScheduledJob, SleepSchedule, Workload
from tiers.facts.names import FALL_ASLEEP, SCHEDULE, WAKE_UP
from tiers.plan.owner import about, own_server
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.schedule import Schedule
from tiers.vocabulary import CostCategory, LifecycleStage

# Weeks in a month, 365 / 7 / 12, as a fraction.
_WEEKS, _OF_MONTHS = 365, 84


def with_awake_minutes(fact: Fact, tenant: Tenant) -> Fact:
    """*fact* of *tenant* with its running time, if the tenant's schedule stops it."""
    schedule = _kept(tenant)
    if schedule is None or not isinstance(fact, Workload | DatabaseInstance):
        return fact
    return fact.model_copy(update={"awake_minutes_per_week": schedule.span.minutes_per_week})


def sleep_facts(
    platform: Platform, tenant: Tenant, offer: Offer, size: WorkloadClass, namespace: str
) -> Iterator[Fact]:
    """The schedule and its two jobs; nothing for a tenant that is always awake."""
    schedule = _kept(tenant)
    if schedule is None:
        return
    yield SleepSchedule(
        **about(tenant, SCHEDULE, CostCategory.COMPUTE),
        namespace=namespace,
        awake=schedule.awake,
        timezone=schedule.timezone,
        wakes=schedule.wakes,
        sleeps=schedule.sleeps,
        stops_again=schedule.stops_again,
        awake_minutes_per_week=schedule.span.minutes_per_week,
        api_cidrs=platform.cluster.api_ranges,
        server=own_server(tenant) if isinstance(offer.database, OwnDatabase) else None,
    )
    operations = platform.images.operations
    for name, when in ((FALL_ASLEEP, schedule.sleeps), (WAKE_UP, schedule.wakes)):
        yield ScheduledJob(
            **about(tenant, name, CostCategory.COMPUTE),
            namespace=namespace,
            image=operations.image,
            run_as_user=operations.run_as_user,
            run_as_group=operations.run_as_group,
            schedule=when,
            timezone=schedule.timezone,
            compute=size.job,
            minutes_per_month=-(-_days(when) * _WEEKS // _OF_MONTHS),
        )


def _kept(tenant: Tenant) -> Schedule | None:
    # A tenant that is decommissioned stays stopped; nothing may start it.
    ends = tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING
    return None if ends else tenant.options.schedule


def _days(cron: str) -> int:
    return len(cron.rpartition(" ")[2].split(","))
