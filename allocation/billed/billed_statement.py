"""Makes the billed statement of a period from bills, usage and inventories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import duckdb

from allocation.billed.declared_drivers import add_declared
from allocation.billed.deployed import Deployed, catalogs_of, deployed_in, portfolios_of
from allocation.billed.earlier_months import EarlierMonths
from allocation.billed.inventories import known_by
from allocation.billed.overage import billed_overages
from allocation.billed.portfolio_statements import charged_by_portfolio, statement_of_portfolios
from allocation.charges import ChargePeriod, CostBasis
from allocation.engine.allocate import allocate
from allocation.engine.drivers import Driver
from allocation.engine.owners.known import Known
from allocation.engine.portfolios import of_portfolios
from allocation.engine.rulebook import Rulebook
from allocation.engine.settlement import Residuals
from allocation.engine.weights import Presence
from allocation.money import units_of
from allocation.statement.heading import Heading
from allocation.statement.overage import Overage
from allocation.statement.statement import Statement, Term, statement_of
from tiers.plan.plan import TenantPlan

__all__ = ("Deployed", "billed_allocation", "deployed_in", "terms_of")

_NONE_EARLIER: Final = EarlierMonths()


def billed_allocation(  # noqa: PLR0917 - a bill, the tenants, and what is carried on
    connection: duckdb.DuckDBPyConnection,
    deployed: Sequence[Deployed],
    period: ChargePeriod,
    rules: Rulebook,
    carried: Residuals = MappingProxyType({}),
    ended: Sequence[Term] = (),
    worked: Known = Known(frozenset()),  # noqa: B008 - it cannot be changed
    *,
    earlier: EarlierMonths = _NONE_EARLIER,
) -> tuple[Statement, Mapping[Driver, str], Residuals]:
    """The statement of the relations `charge` and `usage`, the source of each driver, and what is carried on.

    A driver without measured usage is taken from the declarations of the inventories; one with measured
    usage counts as measured for every tenant, so that all are compared alike. Retained resources of tenants
    that *ended* stay direct cost of these tenants, which take part in no pool. Corrections of *earlier*
    months are divided as these were filed, also among tenants that have left since. What people *worked* is
    known by facts of its own.
    """
    portfolios = portfolios_of(deployed)
    beyond = billed_overages(connection, deployed, period)  # before what is declared stands beside it
    scoped_rules = of_portfolios(rules, portfolios)
    sources = add_declared(connection, deployed, scoped_rules)
    known = _with_labour(known_by(deployed), worked)
    known = replace(known, tenants=known.tenants | {term.tenant for term in ended}, earlier=earlier.tenants)
    present, month = list(_present(deployed)), (period.start, period.end)
    allocation = allocate(
        connection, known, present, scoped_rules, carried, month=month, filed=earlier.shares
    )
    versions = {"catalog": ", ".join(dict.fromkeys(catalogs_of(deployed))), "rulebook": rules.version}
    currency = deployed[-1].inventory.plan.currency
    heading = Heading(", ".join(portfolios), period, currency, CostBasis.BILLED, versions)
    # The terms of this month come before those of tenants that have ended, and of tenants of earlier months.
    named = {
        term.tenant: term
        for term in (*earlier.terms(allocation), *ended, *terms_of(deployed, period, beyond))
    }
    terms = [term for _, term in sorted(named.items())]
    if len(portfolios) == 1:
        statement = statement_of(heading, terms, allocation, rules.pools)
    else:
        charged = charged_by_portfolio(connection, known, scoped_rules)
        statement = statement_of_portfolios(heading, terms, allocation, rules.pools, known, charged)
    return statement, sources, allocation.residuals


def _with_labour(known: Known, worked: Known) -> Known:
    return replace(
        known,
        kinds={**known.kinds, **worked.kinds},
        owners={**known.owners, **worked.owners},
        domains={**known.domains, **worked.domains},
        resources={**known.resources, **worked.resources},
    )


def terms_of(
    deployed: Sequence[Deployed],
    period: ChargePeriod,
    beyond: Mapping[str, Sequence[Overage]] = MappingProxyType({}),
) -> tuple[Term, ...]:
    """Every tenant of the period, in its last state, with the fee for its time, and what is *beyond* it."""
    whole = _seconds(period.end - period.start)
    last: dict[str, TenantPlan] = {}
    fees: dict[str, Fraction] = {}
    for one in deployed:
        part = Fraction(_seconds(one.end - one.start), whole)
        for tenant in one.inventory.plan.tenants:
            last[tenant.tenant] = tenant
            fee = units_of(tenant.fee_per_month) * part
            fees[tenant.tenant] = fees.get(tenant.tenant, Fraction(0)) + fee
    return tuple(
        Term.of(tenant, round(fees[name]), beyond.get(name, ())) for name, tenant in sorted(last.items())
    )


def _present(deployed: Iterable[Deployed]) -> Iterator[Presence]:
    for one in deployed:
        for tenant in one.inventory.plan.tenants:
            yield Presence(tenant.tenant, one.start, one.end, tenant.environment, tenant.tier, one.portfolio)


def _seconds(length: timedelta) -> int:
    return length.days * 86_400 + length.seconds
