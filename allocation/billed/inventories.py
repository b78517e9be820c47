"""What the inventories of a period know of its bill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from allocation.billed.deployed import Deployed, portfolios_of
from allocation.engine.owners.known import Known
from allocation.estimate.attributed_charges import known_of
from tiers.inventory import Inventory

_ACCOUNT_IN_ARN: Final = 4
"""The part of `arn:partition:service:region:account:resource` (AWS General Reference, "ARN format")."""


def known_by(deployed: Iterable[Deployed]) -> Known:
    """All that the inventories of the period know; a resource may be on the bill after its stack is gone.

    Two portfolios have facts of the same ids, so in a run of several each fact bears its portfolio. What two
    of them have in their inventories is of neither alone.
    """
    deployed = tuple(deployed)
    several = len(portfolios_of(deployed)) > 1
    merged = Known(frozenset())
    for one in deployed:
        known = known_of(one.inventory.plan, dict(_resources(one.inventory)))
        merged = _merged(merged, _of_portfolio(known, one.portfolio) if several else known, one)
    return merged


def _of_portfolio(known: Known, portfolio: str) -> Known:
    """*known* with the portfolio before every fact's id."""

    def named(facts: Mapping[str, str]) -> dict[str, str]:
        return {f"{portfolio}:{fact}": value for fact, value in facts.items()}

    return replace(
        known,
        kinds=named(known.kinds),
        owners=named(known.owners),
        domains={f"{portfolio}:{fact}": domain for fact, domain in known.domains.items()},
        resources={name: f"{portfolio}:{fact}" for name, fact in known.resources.items()},
        homes=dict.fromkeys(known.tenants, portfolio),
        second_regions=frozenset(f"{portfolio}:{fact}" for fact in known.second_regions),
        fact_portfolios=dict.fromkeys((f"{portfolio}:{fact}" for fact in known.kinds), portfolio),
    )


def _merged(merged: Known, known: Known, one: Deployed) -> Known:
    clients = {
        tenant: merged.clients.get(tenant, frozenset()) | names for tenant, names in known.clients.items()
    }
    accounts = {
        account: merged.accounts.get(account, frozenset()) | {one.portfolio}
        for account in _accounts(one.inventory)
    }
    of_both = {
        fact
        for name, fact in known.resources.items()
        if merged.fact_portfolios.get(merged.resources.get(name, ""), one.portfolio) != one.portfolio
    }
    portfolios = {**merged.fact_portfolios, **known.fact_portfolios}
    return Known(
        merged.tenants | known.tenants,
        {**merged.kinds, **known.kinds},
        {**merged.owners, **known.owners},
        {**merged.domains, **known.domains},
        {**merged.resources, **known.resources},
        merged.portfolios | known.portfolios,
        {**merged.clients, **clients},
        {**merged.homes, **known.homes},
        {fact: portfolio for fact, portfolio in portfolios.items() if fact not in of_both},
        {**merged.accounts, **accounts},
        second_regions=merged.second_regions | known.second_regions,
    )


def _accounts(inventory: Inventory) -> Iterator[str]:
    """The accounts of the ARNs that have one; those of buckets have none."""
    for arn in inventory.cloud_ids.values():
        parts = arn.split(":")
        if len(parts) > _ACCOUNT_IN_ARN + 1 and parts[_ACCOUNT_IN_ARN].isdigit():
            yield parts[_ACCOUNT_IN_ARN]


def _resources(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """The ARN of every fact, and the short id that some services are billed by, if it is unique."""
    facts = {fact.id for fact in inventory.plan.all_facts()}
    arns = {arn: fact for fact, arn in inventory.cloud_ids.items() if fact in facts}
    short: dict[str, set[str]] = {}
    for arn, fact in arns.items():
        short.setdefault(arn.rpartition("/")[2].rpartition(":")[2], set()).add(fact)
    yield from arns.items()
    yield from ((name, next(iter(owners))) for name, owners in short.items() if len(owners) == 1)
