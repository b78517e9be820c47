"""A statement as OpenMetrics text, for who already has Prometheus: gauges, exact to their last digit.

An OpenMetrics parser reads it as the parser of Prometheus' older text format does, which is what
node_exporter's textfile collector has: no timestamps, and a unit only where the name ends with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from allocation.money import text_of
from allocation.statement.filed import FiledStatement, FiledTenant

DIRECT_POOL: Final = "direct"
"""What the label `pool` says of cost that names its tenant and went through no pool."""

Labels = Mapping[str, str]
Samples = Sequence[tuple[Labels, int]]
"""Labels and units, or labels and a plain number."""

# Backslashes first; a quote is escaped in label values only, because the two parsers disagree on it in help.
_ESCAPES: Final = (("\\", r"\\"), ("\n", r"\n"), ('"', r"\""))


class _Gauge(NamedTuple):
    """A metric family: money in units, or plain numbers where it is `counted`."""

    name: str
    help: str
    samples: Samples
    counted: bool = False
    unit: str = ""


def as_openmetrics(statement: FiledStatement) -> str:
    """The statement as gauges: what every tenant costs by pool, and beside it what nobody pays.

    The amounts of a tenant add up to its cost; all amounts, idle and unallocated to what was charged.
    """
    lines = [line for gauge in _gauges(statement) for line in _family(gauge)]
    return "\n".join([*lines, "# EOF", ""])


def _gauges(statement: FiledStatement) -> Iterator[_Gauge]:
    yield from _of_tenants(statement)
    yield from _of_nobody(statement)
    whose = {"portfolio": statement.portfolio}
    unpriced = [(whose, len(statement.unpriced))]
    told = "Lines that cost money at a price nobody knows; in no amount."
    yield _Gauge("tenant_cost_unpriced_lines", told, unpriced, counted=True)
    for edge, moment, rest in (
        ("start", statement.period.start, "begins, in seconds since 1970 UTC."),
        ("end", statement.period.end, "ends, in seconds since 1970 UTC; the moment itself is no part of it."),
    ):
        told = f"When the period of the statement {rest}"
        name = f"tenant_cost_period_{edge}_seconds"
        yield _Gauge(name, told, [(whose, int(moment.timestamp()))], counted=True, unit="seconds")


def _of_tenants(statement: FiledStatement) -> Iterator[_Gauge]:
    parts = [
        (_owner(statement, line, pool), units)
        for line in statement.tenants
        for pool, units in ((DIRECT_POOL, line.direct), *line.pooled.items())
    ]
    fees = [(_owner(statement, line), line.fee) for line in statement.tenants]
    margins = [(_owner(statement, line), line.margin) for line in statement.tenants]
    told = "What a tenant costs in the period, by the pool it comes from; direct where it names its tenant."
    yield _Gauge("tenant_cost_amount", told, parts)
    yield _Gauge("tenant_cost_fee", "What the client of a tenant pays for the period.", fees)
    yield _Gauge("tenant_cost_margin", "The fee less everything a tenant costs.", margins)


def _of_nobody(statement: FiledStatement) -> Iterator[_Gauge]:
    whole = {
        "portfolio": statement.portfolio,
        "currency": statement.currency,
        "basis": statement.basis,
    }
    idle = [({**whole, "pool": pool}, units) for pool, units in statement.idle.items()]
    nobodys = [({**whole, "reason": item.reason}, item.amount) for item in statement.unallocated]
    yield _Gauge("tenant_cost_idle", "Capacity of a pool that nobody requested.", idle)
    yield _Gauge("tenant_cost_unallocated", "What no rule gives to anybody, and why.", nobodys)
    yield _Gauge("tenant_cost_charged", "What was to be allocated.", [(whole, statement.totals.charged)])
    told = "What was charged and is stated nowhere; anything but 0 is a fault."
    yield _Gauge("tenant_cost_difference", told, [(whole, statement.totals.difference)])


def _owner(statement: FiledStatement, line: FiledTenant, pool: str | None = None) -> Labels:
    return {
        "portfolio": statement.portfolio,
        "tenant": line.tenant,
        "client": line.client,
        "environment": line.environment,
        "tier": line.tier,
        **({} if pool is None else {"pool": pool}),
        "currency": statement.currency,
        "basis": statement.basis,
    }


def _family(gauge: _Gauge) -> Iterator[str]:
    yield f"# HELP {gauge.name} {gauge.help}"
    yield f"# TYPE {gauge.name} gauge"
    if gauge.unit:
        yield f"# UNIT {gauge.name} {gauge.unit}"
    # A parser refuses the same labels twice, and a sum is what they mean: a pool may be called `direct`.
    sums: dict[tuple[tuple[str, str], ...], int] = {}
    for labels, value in gauge.samples:
        key = tuple(labels.items())
        sums[key] = sums.get(key, 0) + value
    for key, value in sums.items():
        written = ",".join(f'{name}="{_escaped(text)}"' for name, text in key)
        yield f"{gauge.name}{{{written}}} {value if gauge.counted else text_of(value)}"


def _escaped(text: str) -> str:
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text
