"""`costack failover --next --evidence`: what a failover took, before it is settled."""

from __future__ import annotations

import time
from datetime import datetime

from cli.actions.change.rehearsal import context_there, recovery_table
from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adapters.kubectl import Cluster
from lifecycle.adapters.replica_lag import replica_lag
from lifecycle.errors import LifecycleError
from lifecycle.rehearsal.failed_over import FailoverResult, Seen, failover_result
from lifecycle.rehearsal.recovery import Promise
from lifecycle.rehearsal.scratch import fact_of
from tiers.errors import CatalogError
from tiers.facts.every_fact import Job, Workload
from tiers.facts.names import OPEN_DATABASE
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.failover.stage import Failover, FailoverStage

_INSTANCE, _COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"


def measured(
    inventory: Inventory, tenant: TenantPlan, context: str | None, now: datetime
) -> tuple[FailoverResult, Promise, str]:
    """What the failover of *tenant* took, what its class promises, and the context that was asked.

    Raises:
        CatalogError: When it is not at the stage after which all of it can be seen, or its plan is older
            than promises of a recovery.
        LifecycleError: When the cluster does not say, or nobody knows when it began.
    """
    failover = tenant.failover
    if failover is None or failover.stage is not FailoverStage.START:
        raise CatalogError(
            f"--evidence: '{tenant.tenant}' is not deployed at stage start of a failover: it is measured "
            "with the --next after that stage"
        )
    promise = Promise.of(fact_of(tenant, failover.to))
    asked = context_there(context, inventory, failover.to)
    cluster, there = Cluster(asked, time.sleep), tenant.second_region
    opening = next(each for each in facts_of(there.facts if there else (), Job) if each.name == OPEN_DATABASE)
    serving = next(each for each in facts_of(there.facts if there else (), Workload) if each.odoo)
    jobs, pods = (
        cluster.listed(kind, fact.namespace, {_INSTANCE: tenant.tenant, _COMPONENT: fact.name})
        for kind, fact in (("jobs", opening), ("pods", serving))
    )
    lag = None if failover.was_closed else _lag(inventory, tenant, failover)
    result = failover_result(tenant.tenant, failover, Seen(jobs, pods, lag), now)
    return result, promise, asked


def _lag(inventory: Inventory, tenant: TenantPlan, failover: Failover) -> int | None:
    """How far the standby was behind when its source was known to be lost: no less than what is missing.

    The reader is told where AWS does not say.
    """
    try:
        lost = failover.known_lost_at
        return replica_lag(inventory, tenant, lost, promoted=True) if lost else None
    except LifecycleError as error:
        echo(f"{error}; what was lost is not known", err=True)
        return None


def show(result: FailoverResult, promise: Promise) -> None:
    """Print what was measured beside what was promised."""
    title = f"failover to {result.region}, measured"
    stages = result.stages.model_dump() if result.stages else {}
    table = recovery_table(result, promise, title, stages, unknown="not known")
    closed = "everything was closed before: nothing that was committed is missing" if result.closed else ""
    print_table(table, [*result.shortfalls(promise), *([closed] if closed else [])])
