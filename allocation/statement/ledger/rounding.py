"""Controlled rounding: amounts and all their sums become whole cents, each next to its exact value.

Amounts that add up in two directions are a flow through a network: a sum is a node, an amount an arc. Such
a flow can be made whole without any arc leaving the two whole values beside it: as long as an arc is not
whole, each of its nodes has another such arc, hence there is a cycle of them, and along it as much is moved
as makes one more arc whole (Cox, A constructive procedure for unbiased controlled rounding, J. Am. Stat.
Assoc. 82, 1987; that it exists: Bacharach, Matrix rounding problems, Management Science 12, 1966; Causey,
Cox and Ernst, J. Am. Stat. Assoc. 80, 1985). Cycles are searched from fixed ends, so the same amounts are
always rounded alike. Each step makes an arc whole for good: time and memory grow with the number of arcs.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from allocation.money import nearest

_NOWHERE: Final = -1


class Network:
    """Amounts of units between named sums; what goes into a sum comes out of it.

    Args:
        unit: How many units are a cent.
    """

    def __init__(self, unit: int) -> None:
        self._unit = unit
        self._nodes: dict[Hashable, int] = {}
        self._arcs_at: list[list[int]] = []
        self._starts: list[int] = []
        self._both: list[int] = []
        """The start and the end of each arc, added: from one of them it leads to the other."""
        self._cents: list[int] = []
        self._rest: list[int] = []
        self._ranks: list[int] = []
        self._upwards: list[bool] = []

    def add(
        self, start: Hashable, end: Hashable, units: int, rank: int = 0, *, near: int | None = None
    ) -> int:
        """An amount from one sum to another; returns its number.

        It becomes one of the two whole values beside it. An amount of a higher *rank* becomes the one nearest
        to itself, or to *near*, where it can; alone in the highest rank it always can. Half a cent goes to
        the even one.
        """
        cents, rest = divmod(int(units), self._unit)
        number = len(self._rest)
        pair = self._node(start), self._node(end)
        self._starts.append(pair[0])
        self._both.append(pair[0] + pair[1])
        self._cents.append(cents)
        self._rest.append(rest)
        self._ranks.append(rank)
        self._upwards.append(rank > 0 and nearest(units if near is None else near, self._unit) > cents)
        if rest:
            for node in pair:
                self._arcs_at[node].append(number)
        return number

    def rounded(self) -> list[int]:
        """The cents of every amount, by its number.

        Raises:
            ArithmeticError: When what goes into a sum is not what comes out of it.
        """
        place = [_NOWHERE] * len(self._arcs_at)
        for first in range(len(self._arcs_at)):
            nodes, arcs = [first], list[int]()
            place[first] = 0
            while (arc := self._next(nodes[-1], arcs[-1] if arcs else _NOWHERE)) != _NOWHERE:
                node = self._both[arc] - nodes[-1]
                arcs.append(arc)
                if place[node] == _NOWHERE:
                    place[node] = len(nodes)
                    nodes.append(node)
                    continue
                keep = self._move(nodes, arcs, place[node])
                for left in nodes[keep + 1 :]:
                    place[left] = _NOWHERE
                del nodes[keep + 1 :], arcs[keep:]
            place[first] = _NOWHERE
            if arcs:
                raise ArithmeticError("the amounts do not add up: their cents cannot")
        return self._cents

    def _node(self, name: Hashable) -> int:
        number = self._nodes.setdefault(name, len(self._nodes))
        if number == len(self._arcs_at):
            self._arcs_at.append([])
        return number

    def _next(self, node: int, came: int) -> int:
        """An arc of *node* that is not whole yet, other than the one we *came* by; whole ones are dropped."""
        arcs, rest = self._arcs_at[node], self._rest
        while arcs and not rest[arcs[-1]]:
            arcs.pop()
        if not arcs or arcs[-1] != came:
            return arcs[-1] if arcs else _NOWHERE
        other = len(arcs) - 2
        while other >= 0 and not rest[arcs[other]]:
            other -= 1
        del arcs[other + 1 : -1]
        return arcs[other] if other >= 0 else _NOWHERE

    def _move(self, nodes: list[int], arcs: list[int], begin: int) -> int:
        """Move along the cycle of *arcs* from *begin* on; returns how many arcs of the path are kept."""
        rest, starts = self._rest, self._starts
        cycle = [(arc, starts[arc] == nodes[begin + step]) for step, arc in enumerate(arcs[begin:])]
        shift = self._shift(cycle)
        keep = _NOWHERE
        for step, (arc, ahead) in enumerate(cycle):
            left = rest[arc] + (shift if ahead else -shift)
            if left == self._unit:
                self._cents[arc] += 1
                left = 0
            rest[arc] = left
            if not left and keep < 0:
                keep = step
        return begin + keep

    def _shift(self, cycle: list[tuple[int, bool]]) -> int:
        """How much to move: where the highest of the cycle's ranks wants it, else the shorter way."""
        rest, ranks, unit = self._rest, self._ranks, self._unit
        forward = min([unit - rest[arc] if ahead else rest[arc] for arc, ahead in cycle])
        backward = min([rest[arc] if ahead else unit - rest[arc] for arc, ahead in cycle])
        ranked = [(ranks[arc], arc, ahead) for arc, ahead in cycle if ranks[arc]]
        if not ranked:
            return forward if forward <= backward else -backward
        _, arc, ahead = max(ranked)
        return forward if self._upwards[arc] is ahead else -backward


class Table:
    """Rows of amounts in columns, for which the cents of each row are given.

    Every cell becomes one of the two whole values beside it. Columns stay as near to their exact sums as the
    given rows allow: what these take out of the columns is spread over them.
    """

    def __init__(self, unit: int) -> None:
        self._unit = unit
        self._rows: list[tuple[dict[str, int], int]] = []

    def add(self, cells: Mapping[Any, int], cents: int) -> int:
        """A row that is to add up to *cents*; returns the cents that its cells cannot reach."""
        unit = self._unit
        row = {column: int(units) for column, units in sorted(cells.items())}
        least = sum(units // unit for units in row.values())
        most = sum(-(-units // unit) for units in row.values())
        within = min(max(cents, least), most)
        self._rows.append((row, within * unit - sum(row.values())))
        return cents - within

    def rounded(self) -> list[dict[str, int]]:
        """The cents of every cell, row by row."""
        network = Network(self._unit)
        sums: dict[str, int] = {}
        for row, _ in self._rows:
            for column, units in row.items():
                sums[column] = sums.get(column, 0) + units
        drift = dict.fromkeys(sums, 0)
        self._spread(drift)
        numbers = [
            {column: network.add(place, column, units) for column, units in row.items()}
            for place, (row, _) in enumerate(self._rows)
        ]
        for column, units in sorted(sums.items()):
            network.add(column, None, units + drift[column], 1, near=units)
        cents = network.rounded()
        return [{column: cents[number] for column, number in row.items()} for row in numbers]

    def _spread(self, drift: dict[str, int]) -> None:
        """Put what each row must gain or lose into its columns; rows with little choice first."""
        unit = self._unit

        def choice(each: tuple[dict[str, int], int]) -> int:
            return sum(1 for units in each[0].values() if units % unit)

        for row, missing in sorted(self._rows, key=choice):
            sign, left = (1, missing) if missing > 0 else (-1, -missing)
            for column in sorted(row, key=lambda name: sign * drift[name]):
                rest = row[column] % unit
                step = min(left, (unit - rest if sign > 0 else rest) if rest else 0)
                left -= step
                row[column] += sign * step
                drift[column] += sign * step
