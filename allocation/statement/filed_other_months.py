"""What a filed month billed for other months, taken out of it: its own cost, and its own shares of pools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from allocation.engine.earlier.filed_shares import FiledShares
from allocation.engine.shared_charges import AllocationType
from allocation.statement.filed import FiledPart, FiledStatement, FiledTenant

_Sums = dict[tuple[str | None, str, str], int]


def without_other_months(statement: FiledStatement) -> FiledStatement:
    """*statement* with the charges of its own month alone; its totals by category stay what they are.

    A tenant that pays for other months only, because it has left, is not in it.
    """
    if not statement.other_months:
        return statement
    parts = _by_place(statement)
    idle = {
        pool: units - parts.get((None, pool, AllocationType.IDLE), 0)
        for pool, units in statement.idle.items()
    }
    fields = {name: getattr(statement, name) for name in FiledStatement.model_fields}
    own = {
        "tenants": tuple(
            own
            for own in (_own(line, parts) for line in statement.tenants)
            if own.fee or own.direct or any(own.pooled.values()) or own.tenant not in _names(parts)
        ),
        "idle": idle,
        "other_months": (),
    }
    # A copy would keep the sums that are cached.
    return FiledStatement.model_construct(**fields | own)


def filed_shares(statement: FiledStatement) -> FiledShares:
    """How *statement* divided its pools, by which its corrections are divided.

    Pools of 0, and those in which some pay and others get money back, have no proportions and are left out.
    """
    own = without_other_months(statement)
    shares: dict[str, dict[tuple[str, str | None], int]] = {}
    for line in own.tenants:
        for pool, units in line.pooled.items():
            idle = line.idle.get(pool, 0)
            of_pool = shares.setdefault(pool, {})
            of_pool[AllocationType.USAGE, line.tenant] = units - idle
            of_pool[AllocationType.IDLE, line.tenant] = idle
    for pool, units in own.idle.items():
        shares.setdefault(pool, {})[AllocationType.IDLE, None] = units
    return {
        pool: {key: abs(int(units)) for key, units in of_pool.items() if units}
        for pool, of_pool in shares.items()
        if _has_one_sign(of_pool.values())
    }


def _has_one_sign(units: Iterable[int]) -> bool:
    return len({each > 0 for each in units if each}) == 1


def _by_place(statement: FiledStatement) -> _Sums:
    sums: _Sums = {}
    for part in _parts(statement):
        key = (part.tenant, part.pool, part.part)
        sums[key] = sums.get(key, 0) + part.amount
    return sums


def _parts(statement: FiledStatement) -> Iterable[FiledPart]:
    return (part for other in statement.other_months for part in other.parts)


def _names(parts: _Sums) -> set[str | None]:
    return {tenant for tenant, _, _ in parts}


def _own(line: FiledTenant, parts: _Sums) -> FiledTenant:
    def less(pools: Mapping[str, int], *kinds: str) -> dict[str, int]:
        return {
            pool: units - sum(parts.get((line.tenant, pool, kind), 0) for kind in kinds)
            for pool, units in pools.items()
        }

    direct = line.direct - parts.get((line.tenant, "", AllocationType.DIRECT), 0)
    pooled = less(line.pooled, AllocationType.USAGE, AllocationType.IDLE)
    changes = {
        "direct": direct,
        "pooled": pooled,
        "idle": less(line.idle, AllocationType.IDLE),
        "total": direct + sum(pooled.values()),
    }
    return line.model_copy(update=changes)
