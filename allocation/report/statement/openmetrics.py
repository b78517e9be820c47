"""A statement as OpenMetrics text for Prometheus: gauges of its settled cents.

Parsers of OpenMetrics and of Prometheus' older text format, which node_exporter's textfile collector uses,
read it alike: it has no timestamps, and a unit only where the name ends with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from allocation.statement.filed import FiledStatement, FiledTenant
from allocation.statement.ledger.figure import shown_text

DIRECT_POOL: Final = "direct"
"""The label `pool` of direct cost, which names its tenant and goes through no pool."""

Labels = Mapping[str, str]
Samples = Sequence[tuple[Labels, int]]
"""Labels and units, or labels and a plain number."""

# Backslashes first; a quote is escaped in label values only, because the two parsers disagree on it in help.
_ESCAPES: Final = (("\\", r"\\"), ("\n", r"\n"), ('"', r"\""))


class Gauge(NamedTuple):
    """A metric family: money in units, or plain numbers if `counted`."""

    name: str
    help: str
    samples: Samples
    counted: bool = False
    unit: str = ""


def as_openmetrics(statement: FiledStatement) -> str:
    """The statement as gauges: the cost of every tenant by pool, and the cost that no tenant pays.

    The amounts of a tenant add up to its cost; all amounts, idle and unallocated to the total charged.
    """
    return exposition(_gauges(statement))


def exposition(gauges: Iterable[Gauge]) -> str:
    """*gauges* as the text that Prometheus scrapes."""
    lines = [line for gauge in gauges for line in _family(gauge)]
    return "\n".join([*lines, "# EOF", ""])


def _gauges(statement: FiledStatement) -> Iterator[Gauge]:
    yield from _of_tenants(statement)
    yield from _of_no_tenant(statement)
    portfolio = {"portfolio": statement.portfolio}
    unpriced = [(portfolio, len(statement.unpriced))]
    unknown = "Lines that cost money at an unknown price; they are in no amount."
    yield Gauge("tenant_cost_unpriced_lines", unknown, unpriced, counted=True)
    for edge, moment, rest in (
        ("start", statement.period.start, "begins, in seconds since 1970 UTC."),
        ("end", statement.period.end, "ends, in seconds since 1970 UTC; that moment is not part of it."),
    ):
        meaning = f"When the period of the statement {rest}"
        name = f"tenant_cost_period_{edge}_seconds"
        yield Gauge(name, meaning, [(portfolio, int(moment.timestamp()))], counted=True, unit="seconds")


def _of_tenants(statement: FiledStatement) -> Iterator[Gauge]:
    parts = [
        (_owner(statement, line, pool), units)
        for line in statement.tenants
        for pool, units in ((DIRECT_POOL, line.direct), *line.pooled.items())
    ]
    fees = [(_owner(statement, line), line.fee) for line in statement.tenants]
    margins = [(_owner(statement, line), line.margin) for line in statement.tenants]
    cost = "Cost of a tenant in the period by pool; the pool is 'direct' for cost that names its tenant."
    yield Gauge("tenant_cost_amount", cost, parts)
    yield Gauge("tenant_cost_fee", "Fee that the client pays for a tenant in the period.", fees)
    yield Gauge("tenant_cost_margin", "Fee of a tenant minus all of its cost.", margins)


def _of_no_tenant(statement: FiledStatement) -> Iterator[Gauge]:
    whole = {
        "portfolio": statement.portfolio,
        "currency": statement.currency,
        "basis": statement.basis,
    }
    idle = [({**whole, "pool": pool}, units) for pool, units in statement.idle.items()]
    unallocated = [({**whole, "reason": item.reason}, item.amount) for item in statement.unallocated]
    yield Gauge("tenant_cost_idle", "Cost of a pool's capacity that no tenant requested.", idle)
    yield Gauge("tenant_cost_unallocated", "Cost that no rule gives to a tenant, by reason.", unallocated)
    yield Gauge("tenant_cost_charged", "Total cost to allocate.", [(whole, statement.totals.charged)])
    rest = "Charged cost that is in no part of the statement; anything but 0 is an error."
    yield Gauge("tenant_cost_difference", rest, [(whole, statement.totals.difference)])


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


def _family(gauge: Gauge) -> Iterator[str]:
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
        yield f"{gauge.name}{{{written}}} {value if gauge.counted else shown_text(value)}"


def _escaped(text: str) -> str:
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text
