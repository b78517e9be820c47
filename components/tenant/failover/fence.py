"""The administrator's jobs that close a tenant's database, and open it again on one side only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_random as random

from components.naming import physical_name
from components.places import Administered
from components.scripts import script
from components.tenant.database import RoleSecret, database_job, identity_of, setup_environment
from tiers.facts.every_fact import Job, TenantDatabase
from tiers.facts.names import FENCE_DATABASE, OPEN_AGAIN, OPEN_DATABASE
from tiers.plan.plan import TenantPlan, fact_named, facts_of
from tiers.portfolio.failover.stage import FailoverStage

_SAVED: Final = frozenset({FailoverStage.SAVE, FailoverStage.RETURN})
_ACTIONS: Final = {FENCE_DATABASE: "close", OPEN_AGAIN: "again", OPEN_DATABASE: "open"}


def failover_mark(tenant: TenantPlan, opts: pulumi.ResourceOptions) -> pulumi.Output[str] | None:
    """The mark of this failover, the same in both regions; None while there is none."""
    if tenant.failover is None:
        return None
    name = physical_name(tenant.tenant, "failover", str(tenant.failover.number))
    return random.RandomId(name, byte_length=8, opts=opts).hex


def saved_mark(tenant: TenantPlan, opts: pulumi.ResourceOptions) -> pulumi.Output[str] | None:
    """The mark of the backup with which a tenant comes home, and not of one whose way home was given up."""
    if tenant.failover is None or tenant.failover.stage not in _SAVED:
        return None
    name = physical_name(tenant.tenant, "failover", str(tenant.failover.number), "saved")
    return random.RandomId(name, byte_length=8, opts=opts).hex


def fence_jobs(
    tenant: TenantPlan,
    mark: pulumi.Output[str] | None,
    on: Administered,
    role: RoleSecret,
    names: Sequence[str],
    *,
    followed: bool,
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Declare those jobs of its plan that are called *names*.

    Args:
        tenant: The tenant, with the facts of the region in which the jobs run.
        mark: The mark of its failover.
        on: The server there, and who administers it.
        role: The password of its role.
        names: Which jobs; the others are declared elsewhere in the order of an update.
        followed: Whether a standby follows that server.
        opts: Options of the jobs; what must exist first comes as `depends_on`.
    """
    if mark is None or tenant.failover is None:
        return []
    database = fact_named(tenant.facts, TenantDatabase, "database")
    closed = tenant.failover.was_closed
    # The same at every stage of one failover: a Job that has run stays as it is.
    told = {"STANDBY": "yes" if closed and followed else "no", "REGION_LOST": "no" if closed else "yes"}
    ready = pulumi.ResourceOptions(depends_on=[on.administrator, role.secret])
    return [
        database_job(
            tenant,
            job,
            script("database_fence.sh"),
            {
                **setup_environment(database, on, tenant.owner),
                "MARK": mark,
                "ACTION": _ACTIONS[job.name],
                **told,
            },
            administrator=on.administrator_name,
            role=role,
            distinguished_by=[identity_of(database), tenant.failover.number, _ACTIONS[job.name]],
            opts=pulumi.ResourceOptions.merge(opts, ready),
        )
        for job in facts_of(tenant.facts, Job)
        if job.name in names
    ]
