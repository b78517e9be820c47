"""The cents of a statement, settled once: those of each tenant and pool, and with them those of every sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from allocation.statement.ledger.figure import digits_of, units_per_cent
from allocation.statement.ledger.rounding import Network

if TYPE_CHECKING:
    from allocation.statement.statement import Statement

_TENANT, _GROUP, _PART, _BILL = 1, 2, 3, 4
"""Which sums are rounded to the nearest cent before others."""


class Account(NamedTuple):
    """What a tenant pays and costs, in units: its fee, its direct cost, and its share of each pool."""

    tenant: str
    client: str
    fee: int
    direct: int
    pooled: Mapping[str, int]


@dataclass(frozen=True)
class Ledger:
    """The cents of a statement; every sum that a table shows is a sum of these.

    The bill is rounded once, half to even. Each direct cost, share, idle part and unallocated amount is one
    of the two whole values beside its exact amount, and so is the sum of a tenant, of its shares, of a
    client, of all tenants, of a pool with its idle part, of all direct, idle and unallocated cost. Large
    sums become the nearest cent where they can.

    Attributes:
        digits: The decimals of the currency.
        fees: The fee of each tenant, beside its exact amount as that of each client is.
        direct: The direct cost of each tenant.
        pooled: The share of each tenant and pool.
        idle: The idle part of each pool.
        unallocated: The unallocated amounts, in their order.
    """

    digits: int
    fees: Mapping[str, int]
    direct: Mapping[str, int]
    pooled: Mapping[str, Mapping[str, int]]
    idle: Mapping[str, int]
    unallocated: tuple[int, ...]

    def shares(self, tenant: str) -> int:
        """The cents of all shares of a tenant."""
        return sum(self.pooled.get(tenant, {}).values())

    def total(self, tenant: str) -> int:
        """The cents of all that a tenant costs; 0 for one that is not in the statement."""
        return self.direct.get(tenant, 0) + self.shares(tenant)


def ledger_of(
    accounts: Iterable[Account], idle: Mapping[str, int], unallocated: Sequence[int], digits: int
) -> Ledger:
    """The settled cents of a statement, whatever the order of its tenants and pools.

    Args:
        accounts: One for each tenant.
        idle: The idle cost of each pool, in units.
        unallocated: The unallocated cost, in units.
        digits: The decimals of the currency.
    """
    network = Network(units_per_cent(digits))
    ranked = sorted(accounts, key=lambda each: each.tenant)
    direct, pooled = {}, {}
    for each in ranked:
        tenant, shares = ("tenant", each.tenant), ("shares", each.tenant)
        direct[each.tenant] = network.add(tenant, "direct", each.direct)
        pooled[each.tenant] = {
            pool: network.add(shares, ("pool", pool), units) for pool, units in sorted(each.pooled.items())
        }
        network.add(tenant, shares, sum(each.pooled.values()))
    unused = {pool: network.add("idle", ("pool", pool), units) for pool, units in sorted(idle.items())}
    nobodys = [network.add("unallocated", "bill", units) for units in unallocated]
    _add_sums(network, ranked, idle, sum(unallocated))
    cents = network.rounded()
    return Ledger(
        digits,
        _fees(ranked, units_per_cent(digits)),
        {tenant: cents[number] for tenant, number in direct.items()},
        {
            tenant: {pool: cents[number] for pool, number in numbers.items()}
            for tenant, numbers in pooled.items()
        },
        {pool: cents[number] for pool, number in unused.items()},
        tuple(cents[number] for number in nobodys),
    )


def _add_sums(
    network: Network, accounts: Sequence[Account], idle: Mapping[str, int], unallocated: int
) -> None:
    """The sums from the bill to its parts, and from the pools and the direct cost back to the bill."""
    clients: dict[str, int] = {}
    pools = dict(idle)
    for each in accounts:
        whole = each.direct + sum(each.pooled.values())
        network.add(("client", each.client), ("tenant", each.tenant), whole, _TENANT)
        clients[each.client] = clients.get(each.client, 0) + whole
        for pool, units in each.pooled.items():
            pools[pool] = pools.get(pool, 0) + units
    for client, units in sorted(clients.items()):
        network.add("tenants", ("client", client), units, _GROUP)
    for pool, units in sorted(pools.items()):
        network.add(("pool", pool), "bill", units, _GROUP)
    network.add("direct", "bill", sum(each.direct for each in accounts), _PART)
    network.add("parts", "tenants", sum(clients.values()), _PART)
    network.add("parts", "idle", sum(idle.values()), _PART)
    network.add("parts", "unallocated", unallocated, _PART)
    charged = sum(clients.values()) + sum(idle.values()) + unallocated
    network.add("bill", "parts", charged, _BILL)


def _fees(accounts: Sequence[Account], unit: int) -> dict[str, int]:
    network = Network(unit)
    clients: dict[str, int] = {}
    numbers = {}
    for each in accounts:
        numbers[each.tenant] = network.add(("client", each.client), "fees", each.fee)
        clients[each.client] = clients.get(each.client, 0) + each.fee
    for client, units in sorted(clients.items()):
        network.add("clients", ("client", client), units, _GROUP)
    network.add("fees", "clients", sum(clients.values()), _BILL)
    cents = network.rounded()
    return {tenant: cents[number] for tenant, number in numbers.items()}


def ledger_of_statement(statement: Statement) -> Ledger:
    """The settled cents of *statement*, which are those of its document, too."""
    return ledger_of(
        (
            Account(line.tenant, line.term.client, line.fee, line.direct, line.pooled)
            for line in statement.tenants
        ),
        statement.idle,
        [item.units for item in statement.unallocated],
        digits_of(statement.currency),
    )
