"""All sizes that would do better than those of a portfolio, and what was measured to say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from allocation.preview.commitments.machines import Commitments
from allocation.preview.rightsizing.advice import Advice, settled_tenants
from allocation.preview.rightsizing.machines import MeasuredMachine
from allocation.preview.rightsizing.nodes import MeasuredNodes
from allocation.preview.rightsizing.pods import Levels, pods, volumes
from tiers.catalog.tier import Catalog
from tiers.plan.plan import Plan
from tiers.portfolio.tenant import Portfolio


@dataclass(frozen=True)
class Sizes:
    """What a report says of sizes.

    Attributes:
        advice: The sizes that would do better.
        machines: Servers and caches with what was measured.
        nodes: Node groups with what was requested.
        commitments: What offers would have saved for machines that ran all the time.
    """

    advice: tuple[Advice, ...] = ()
    machines: tuple[MeasuredMachine, ...] = ()
    nodes: tuple[MeasuredNodes, ...] = ()
    commitments: tuple[Commitments, ...] = ()


def advice(
    catalog: Catalog,
    plan: Plan,
    portfolio: Portfolio,
    levels: Levels,
    others: Iterable[MeasuredMachine | MeasuredNodes] = (),
) -> Iterator[Advice]:
    """Another size for everything that was measured and whose size does not fit; *others* are no pods."""
    yield from (each.advice for each in others if each.advice is not None)
    for settled in settled_tenants(plan, portfolio):
        yield from pods(catalog, settled, levels)
        yield from volumes(catalog, settled, levels)
