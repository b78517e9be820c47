"""The table of sizes that would do, with the change of the tenant's file and what it saves."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from allocation.preview.rightsizing.machines import MeasuredMachine
from allocation.preview.rightsizing.nodes import MeasuredNodes, there
from allocation.report.showback.content import EMPTY, Cell, Table, amount, quantity, text
from allocation.report.showback.month import Showback
from tiers.facts.data import DatabaseInstance
from tiers.vocabulary import TenantId

_MIB_PER_GIB: Final = 1024

_NOTE: Final = (
    "With headroom above what 95 % of the intervals use, no fewer workers than one for six users, and as "
    "many pods, connections and sessions as are promised. Pods on shared nodes free capacity: the bill falls "
    "once nodes are removed. A saving below 0 is the price of a size that is too small. What was not "
    "measured has no row; servers and caches are measured with --metrics."
)


def rightsizing(showback: Showback) -> Table:
    """Every size that does not fit; savings as the command shows them, empty where no preview was made."""
    portfolio = showback.statement.portfolio
    return Table(
        "rightsizing",
        "Sizes that would do",
        ("tenant", "setting", "now", "target", "because", "tenant saves", "bill falls by", "command to run"),
        tuple(
            (
                text(_whose(showback, each.tenant)),
                text(each.setting.rpartition(".")[2]),
                text(each.now),
                text(each.target or "none"),
                text(each.because),
                EMPTY if each.own is None else amount(each.own, signed=True),
                EMPTY if each.bill is None else amount(each.bill, signed=True),
                text(each.command(portfolio)),
            )
            for each in showback.sizes.advice
        ),
        note=_NOTE,
    )


def machines(showback: Showback) -> Table:
    """Servers and caches: how busy they were, how much of the month was measured, and what follows."""
    return Table(
        "machines",
        "Servers and caches, measured",
        (
            "server or cache",
            "class",
            "measured",
            "CPU, 95 % of the time",
            "CPU on average",
            "memory at most",
            "connections at most",
            "evictions",
            "what follows",
        ),
        tuple(_machine(showback, each) for each in showback.sizes.machines),
        note="CPU is of all vCPUs, and of the busiest node of a cache. Read from CloudWatch's export.",
    )


def _machine(showback: Showback, each: MeasuredMachine) -> tuple[Cell, ...]:
    load, place = each.load, each.place
    figures: tuple[Cell, ...] = (quantity(Decimal(0), "%"), *(EMPTY,) * 5)
    if load is not None:
        server = isinstance(place.fact, DatabaseInstance)
        figures = (
            quantity(round(load.measured_percent, 1), "%"),
            quantity(round(load.cpu_p95, 1), "%"),
            quantity(round(load.cpu_average, 1), "%"),
            quantity(round(load.memory_mib / _MIB_PER_GIB, 2), "GiB"),
            quantity(load.connections) if server else EMPTY,
            EMPTY if server else quantity(load.evictions),
        )
    named = _whose(showback, place.tenant) + place.fact.id[place.fact.id.index("/") :]
    return text(named), text(place.size), *figures, text(each.because)


def nodes(showback: Showback) -> Table:
    """Node groups: what pods requested of them at most, what they have, and what follows."""
    return Table(
        "nodes",
        "Nodes, requested and there",
        (
            "nodes of",
            "class",
            "nodes",
            "measured",
            "cores requested at most",
            "cores there",
            "memory requested at most",
            "memory there",
            "what follows",
        ),
        tuple(_nodes(showback, each) for each in showback.sizes.nodes),
        note="Requested at most is the sum of each tenant's own most. Pods are not counted.",
    )


def _nodes(showback: Showback, each: MeasuredNodes) -> tuple[Cell, ...]:
    asked, group = each.requested, each.group
    cores, memory = there(group, group.nodes)
    return (
        text(_whose(showback, each.tenant)),
        text(group.instance_type),
        quantity(group.nodes),
        EMPTY if asked is None else quantity(round(asked.measured_percent, 1), "%"),
        EMPTY if asked is None else quantity(round(asked.cores, 2), "cores"),
        quantity(round(cores, 2), "cores"),
        EMPTY if asked is None else quantity(round(asked.memory_gib, 2), "GiB"),
        quantity(round(memory, 2), "GiB"),
        text(each.because),
    )


def _whose(showback: Showback, tenant: str | None) -> str:
    return "platform" if tenant is None else showback.name_of(TenantId(tenant))
