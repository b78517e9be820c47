from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.statement.ledger.rounding import Network, Table
from tests.sampling import examples

UNIT = 100
AMOUNTS = st.integers(-100_000, 100_000) | st.sampled_from([0, 50, -50, 100, 1, -1])


def is_beside(cents: int, units: int, unit: int = UNIT) -> bool:
    """Whether *cents* are one of the two whole values beside *units*."""
    return abs(cents * unit - units) < unit


@st.composite
def matrices(draw: st.DrawFn) -> list[list[int]]:
    columns = draw(st.integers(1, 6))
    return draw(st.lists(st.lists(AMOUNTS, min_size=columns, max_size=columns), min_size=1, max_size=8))


def rounded(matrix: list[list[int]], rank: int = 0) -> list[list[int]]:
    """Its cells, rows, columns and whole, each with its sum, by a network."""
    network = Network(UNIT)
    cells = [
        [network.add(("row", row), ("column", column), units) for column, units in enumerate(line)]
        for row, line in enumerate(matrix)
    ]
    rows = [network.add("all", ("row", row), sum(line)) for row, line in enumerate(matrix)]
    columns = [
        network.add(("column", column), "end", sum(units))
        for column, units in enumerate(zip(*matrix, strict=True))
    ]
    whole = network.add("end", "all", sum(map(sum, matrix)), rank)
    cents = network.rounded()
    made = [[*(cents[number] for number in line), cents[row]] for line, row in zip(cells, rows, strict=True)]
    return [*made, [*(cents[number] for number in columns), cents[whole]]]


@examples(60, of=500)
@given(matrices())
def test_every_cell_row_column_and_the_whole_is_beside_its_exact_amount_and_adds_up(
    matrix: list[list[int]],
) -> None:
    found = rounded(matrix)
    exact = [[*line, sum(line)] for line in matrix]
    exact.append([sum(column) for column in zip(*exact, strict=True)])
    for line, units in zip(found, exact, strict=True):
        assert all(map(is_beside, line, units))
        assert sum(line[:-1]) == line[-1]
    for column in zip(*found, strict=True):
        assert sum(column[:-1]) == column[-1]


@examples(40, of=300)
@given(matrices())
def test_the_one_amount_of_the_highest_rank_is_the_nearest_cent(matrix: list[list[int]]) -> None:
    whole = sum(map(sum, matrix))
    cents = rounded(matrix, rank=1)[-1][-1]
    assert abs(2 * (cents * UNIT - whole)) <= UNIT
    if abs(2 * (cents * UNIT - whole)) == UNIT:
        assert cents % 2 == 0


def test_largest_remainder_by_column_would_break_a_row() -> None:
    """Three equal rows of two thirds: each column alone gives its cents to the first rows."""
    matrix = [[66, 34], [66, 34], [66, 34]]
    assert [line[-1] for line in rounded(matrix)[:-1]] == [1, 1, 1]


def test_amounts_that_do_not_add_up_are_no_network() -> None:
    network = Network(UNIT)
    network.add("a", "b", 150)
    with pytest.raises(ArithmeticError, match="do not add up"):
        network.rounded()


@examples(60, of=500)
@given(st.lists(st.tuples(st.dictionaries(st.sampled_from("abcd"), AMOUNTS, min_size=1), st.integers(-2, 2))))
def test_a_row_of_a_table_has_the_cents_that_are_given(rows: list[tuple[dict[str, int], int]]) -> None:
    table = Table(UNIT)
    wanted = [sum(cells.values()) // UNIT + more for cells, more in rows]
    left = [table.add(cells, cents) for (cells, _), cents in zip(rows, wanted, strict=True)]
    for (cells, _), cents, rest, found in zip(rows, wanted, left, table.rounded(), strict=True):
        assert found.keys() == cells.keys()
        assert sum(found.values()) + rest == cents
        assert all(is_beside(found[column], units) for column, units in cells.items())
        if any(units % UNIT for units in cells.values()) and 0 <= cents - sum(cells.values()) // UNIT <= 1:
            assert rest == 0


def test_what_rows_take_from_columns_is_spread() -> None:
    """Ten rows of half a cent in each of two columns, each to be one cent: no column takes all ten."""
    table = Table(UNIT)
    for _ in range(10):
        table.add({"a": 50, "b": 50}, 1)
    found = table.rounded()
    assert [sum(row[column] for row in found) for column in ("a", "b")] == [5, 5]
