"""Checks that a bill pays for each commitment once: when it is bought, or where it is used, and never both.

FOCUS says so of EffectiveCost (effectivecost.md at 04f8bb3): it "MUST be 0 when ChargeCategory is Purchase
and the purchase is intended to cover future eligible charges", and for each CommitmentDiscountId "the sum of
EffectiveCost where ChargeCategory is Usage MUST equal the sum of BilledCost where ChargeCategory is
Purchase". A month sees a part of the term only: its recurring fees whole, and of a payment in advance the
part of its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import duckdb

from allocation.billed.readiness import Gate
from allocation.charges import ChargePeriod
from allocation.money import text_of

GATE: Final = "commitments (each paid for once)"
_LIMIT: Final = "none counted twice or in part"
_CENT: Final = 100_000_000
"""In units of 1e-10. Providers round each row of usage, and bill fees to the cent."""
_PERCENT_OF_A_TERM: Final = 100
"""A hundredth: providers count the days or the hours of a term, and begin it within a day."""
_SHOWN: Final = 3

# A fee may keep the unused part as its effective cost (AWS' own reports): then it says Unused. Some fees are
# billed for the month on its first day, so usage is compared with them once it reaches the last.
_SUMS: Final = """
SELECT commitment_discount_id AS commitment,
    coalesce(sum(effective) FILTER (charge_category = 'Usage'), 0)::HUGEINT AS used,
    coalesce(sum(effective) FILTER (is_fee AND is_unused), 0)::HUGEINT AS left_on_fees,
    coalesce(sum(effective) FILTER (is_fee AND NOT is_unused), 0)::HUGEINT AS again,
    coalesce(sum(billed) FILTER (
        is_fee AND NOT is_advance AND charge_frequency = 'Recurring'), 0)::HUGEINT AS fees,
    coalesce(sum(billed * of_month // of_term) FILTER (is_fee AND is_advance), 0)::HUGEINT AS advance,
    coalesce(max(period_end) FILTER (charge_category = 'Usage')
        >= $2::TIMESTAMP - INTERVAL 1 DAY, false) AS is_whole
FROM (
    SELECT *, charge_category = 'Purchase' AS is_fee,
        coalesce(commitment_discount_status = 'Unused', false) AS is_unused,
        period_end > $2::TIMESTAMP + INTERVAL 1 DAY AS is_advance,
        epoch(period_end - period_start)::HUGEINT AS of_term,
        epoch(least(period_end, $2::TIMESTAMP) - greatest(period_start, $1::TIMESTAMP))::HUGEINT AS of_month
    FROM charge
    WHERE commitment_discount_id IS NOT NULL AND charge_class IS DISTINCT FROM 'Correction'
)
GROUP BY 1 ORDER BY 1
"""


def commitment_gates(connection: duckdb.DuckDBPyConnection, period: ChargePeriod) -> Iterator[Gate]:
    """The gate of the commitments in the relation `charge`; none when it has no commitment."""
    moments = [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in period]
    rows = connection.execute(_SUMS, moments).fetchall()
    if not rows:
        return
    broken = [f"{row[0]}: {fault}" for row in rows if (fault := _fault(*row[1:]))]
    more = f"; and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    found = f"{len(broken)} of {len(rows)}" + "".join(f"; {each}" for each in broken[:_SHOWN]) + more
    yield Gate(GATE, found, _LIMIT, passed=not broken)


def _fault(used: int, left_on_fees: int, again: int, fees: int, advance: int, is_whole: Any) -> str | None:  # noqa: PLR0917 - the sums of one commitment
    """What is wrong with the effective cost of a commitment; all in units of 1e-10."""
    if abs(used) <= _CENT:
        return None
    if abs(again) > _CENT:
        return (
            f"its purchases have an effective cost of {text_of(again)}, and its usage {text_of(used)} again"
        )
    spread, bought = used + left_on_fees, fees + advance
    tolerance = max(_CENT, advance // _PERCENT_OF_A_TERM)
    too_little = is_whole and spread < bought - tolerance
    too_much = advance and spread > bought + tolerance
    if too_little or too_much:
        return (
            f"usage, used and unused, costs {text_of(spread)} of the {text_of(bought)} bought for the month"
        )
    return None
