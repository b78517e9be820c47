"""Bills to be divided, made at random: credits, one tenant or thousands, pools that serve pools."""

from __future__ import annotations

from hypothesis import strategies as st

from allocation.engine.division_sql import ROUTE_TOTAL
from allocation.money import split
from tests.allocation.oracle import Problem

_AMOUNTS = st.one_of(
    st.integers(-(2**62), 2**62),
    st.integers(-1000, 1000),
    st.integers(2**51 - 3, 2**51 + 3),
    st.integers(2**53 - 3, 2**53 + 3),
)
_PARTS = ("use", "idle", "unallocated")


@st.composite
def weights_of(draw: st.DrawFn, most: int) -> list[tuple[str | None, int]]:
    """Weights that add up to no more than 10^18, of one tenant or many; equal ones are common."""
    count = draw(st.one_of(st.integers(1, 5), st.integers(1, most)))
    largest = 10**18 // count
    kind = draw(st.sampled_from(("equal", "small", "large", "skewed")))
    if kind == "equal":
        values = [draw(st.integers(1, largest))] * count
    elif kind == "skewed":
        values = [1] * (count - 1) + [largest]
    else:
        bound = min(9, largest) if kind == "small" else largest
        seed = draw(st.integers(0, 2**32))
        values = [1 + (seed * (index + 1) * 2654435761) % bound for index in range(count)]
    return [(f"t{index:04}", value) for index, value in enumerate(values)]


@st.composite
def problems(draw: st.DrawFn, most: int = 40) -> Problem:
    """A bill of a few origins in up to three pools and two slots; no part has more than *most* tenants."""
    pools = draw(st.lists(st.sampled_from(("nodes", "platform", "backups")), min_size=1, unique=True))
    slots = draw(st.integers(1, 2))
    routes: list[tuple[str, int, str, str, int]] = []
    weights: list[tuple[str, str, int, str | None, int]] = []
    for slot in range(slots):
        for pool in pools:
            ways = draw(
                st.lists(st.tuples(st.sampled_from(pools), st.sampled_from(_PARTS)), min_size=1, unique=True)
            )
            parts = draw(st.lists(st.integers(1, 10**9), min_size=len(ways), max_size=len(ways)))
            for (via, part), weight in zip(ways, split(ROUTE_TOTAL, parts), strict=True):
                routes.append((pool, slot, via, part, weight))
        for via, part in sorted({(via, part) for _, at, via, part, _ in routes if at == slot}):
            here = [(None, 1)] if part == "unallocated" else draw(weights_of(most))
            weights += ((via, part, slot, tenant, weight) for tenant, weight in here)
    origins = draw(
        st.lists(
            st.tuples(st.sampled_from(pools), st.integers(0, slots - 1), _AMOUNTS), min_size=1, max_size=6
        )
    )
    amounts = tuple((number, pool, slot, amount) for number, (pool, slot, amount) in enumerate(origins, 1))
    return Problem(amounts, tuple(routes), tuple(weights))
