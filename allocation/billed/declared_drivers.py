"""Takes from the inventories the usage of drivers that nobody measured."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal

import duckdb

from allocation.billed.deployed import Deployed, portfolios_of
from allocation.engine import tables
from allocation.engine.drivers import CAPACITY, DECLARED, IDLE, MEASURED, Driver
from allocation.engine.portfolios import bare, scope_of, scoped
from allocation.engine.rulebook import Rulebook
from allocation.errors import InputError
from allocation.estimate.declared_usage import Usage, declared_usage
from allocation.estimate.estimated_statement import usage_rows


def add_declared(
    connection: duckdb.DuckDBPyConnection, deployed: Sequence[Deployed], rules: Rulebook
) -> dict[Driver, str]:
    """Add what was not measured to the table `usage`; returns the source of each driver of *rules*.

    Raises:
        InputError: When usage that was measured cannot be told from usage that is none: tenants whose
            users were not counted, portfolios without measurements beside others, or a portfolio's pool that
            is not named as its own.
    """
    rows = connection.execute("SELECT DISTINCT driver, tenant FROM usage").fetchall()
    measured = {driver for driver, _ in rows}
    bounded = {driver for driver, consumer in rows if bare(consumer) in {IDLE, CAPACITY}}
    asked = {
        driver
        for pool in rules.pools
        for rule in (pool.driver, pool.fallback, pool.entitlement)
        if rule
        for driver in rule.measures
    }
    if Driver.USERS in asked and Driver.USERS in measured:
        _refuse_uncounted(connection, deployed)
    several = len(portfolios_of(deployed)) > 1
    if several:
        _refuse_unscoped(rows, rules)
        _refuse_unmeasured(rows, deployed, asked)
    usage = (
        each._replace(tenant=_consumer(one, each)) if several else each
        for one in deployed
        for each in declared_usage(one.inventory.plan, one.interval, _hours(one))
        if each.driver in asked
        # Pods are measured, nodes not always: the inventory knows the capacity as well.
        and each.driver not in (bounded if each.tenant == CAPACITY else measured)
    )
    tables.insert(connection, "usage", tables.USAGE, usage_rows(usage))
    return {driver: MEASURED if driver in measured else DECLARED for driver in sorted(asked)}


def _consumer(one: Deployed, usage: Usage) -> str:
    """The consumer of a declared usage in a run of several portfolios: tenants have their names alone."""
    tenants = {tenant.tenant for tenant in one.inventory.plan.tenants}
    return usage.tenant if usage.tenant in tenants else scoped(one.portfolio, usage.tenant)


def _refuse_uncounted(connection: duckdb.DuckDBPyConnection, deployed: Sequence[Deployed]) -> None:
    """Whoever was not counted has some users, and not none: a pool that they share cannot be divided."""
    counted = {
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT tenant FROM usage WHERE driver = ?", [str(Driver.USERS)]
        ).fetchall()
    }
    tenants = {tenant.tenant for one in deployed for tenant in one.inventory.plan.tenants}
    if missing := sorted(tenants - counted):
        raise InputError(
            f"the usage files count the users of {len(tenants & counted)} of {len(tenants)} tenants, and not "
            f"of {', '.join(missing)}: add rows for them (users times hours, such as their declared users), "
            "or leave all rows of the driver users out"
        )


def _refuse_unscoped(rows: Collection[tuple[str, str]], rules: Rulebook) -> None:
    """A row of a portfolio's own pool says which; so do idle and capacity where a pool is one's own."""
    own = {bare(pool.pool) for pool in rules.pools if scope_of(pool.pool)}
    drivers = {driver for pool in rules.pools if scope_of(pool.pool) for driver in pool.driver.measures}
    for driver, consumer in sorted(rows):
        if consumer in own or (consumer in {IDLE, CAPACITY} and driver in drivers):
            raise InputError(
                f"usage of {driver}: '{consumer}' may be that of any portfolio of this run; name it "
                f"PORTFOLIO/{consumer}, or share the pool by naming the portfolios of its members"
            )


def _refuse_unmeasured(
    rows: Collection[tuple[str, str]], deployed: Sequence[Deployed], asked: Collection[Driver]
) -> None:
    """Portfolios are compared alike: by measured usage, or all by what they declare."""
    for driver in sorted(asked):
        consumers = {consumer for name, consumer in rows if name == driver}
        tenants = {
            portfolio: {
                tenant.tenant
                for one in deployed
                if one.portfolio == portfolio
                for tenant in one.inventory.plan.tenants
            }
            for portfolio in portfolios_of(deployed)
        }
        missing = [portfolio for portfolio, names in tenants.items() if names and not names & consumers]
        if missing and any(names & consumers for names in tenants.values()):
            raise InputError(
                f"usage of {driver}: was measured for other portfolios and not for {', '.join(missing)}; "
                "add its usage (0 where there was none), or leave all rows of this driver out"
            )


def _hours(one: Deployed) -> Decimal:
    length: timedelta = one.end - one.start
    return Decimal(length.days * 86_400 + length.seconds) / 3600
