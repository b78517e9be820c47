from __future__ import annotations

import os
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.division_sql import Dialect, division_sql, in_dialect
from tests.allocation.engines import on_datafusion, on_duckdb
from tests.allocation.oracle import Problem, divided
from tests.allocation.problems import problems
from tests.portfolios import ROOT
from tests.sampling import examples

GOLDEN = ROOT / "tests" / "golden" / "sql"
_DIVISION = re.compile(
    r"/|%|\b(DIV|MOD|TRUNC\w*|ROUND|QUOTIENT|SAFE_DIVIDE|IEEE_DIVIDE|TRY_DIVIDE)\b", re.IGNORECASE
)


@examples(15, of=150)
@given(problems())
def test_both_engines_answer_as_fractions_do_in_every_row(problem: Problem) -> None:
    expected = divided(problem)
    assert on_duckdb(problem) == expected
    assert on_datafusion(problem) == expected


@examples(5, of=40)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(problem: Problem, chance: random.Random) -> None:
    shuffled = Problem(
        tuple(chance.sample(problem.amounts, len(problem.amounts))),
        tuple(chance.sample(problem.routes, len(problem.routes))),
        tuple(chance.sample(problem.weights, len(problem.weights))),
    )
    assert on_duckdb(shuffled) == on_duckdb(problem)


@examples(5, of=40)
@given(problems(), st.integers(0, 6))
def test_the_bill_can_be_divided_in_pieces(problem: Problem, cut: int) -> None:
    pieces = [problem._replace(amounts=part) for part in (problem.amounts[:cut], problem.amounts[cut:])]
    assert on_duckdb(pieces[0]) | on_duckdb(pieces[1]) == on_duckdb(problem)


def test_five_thousand_tenants_share_what_is_finer_than_they_are() -> None:
    weights = tuple(("nodes", "use", 0, f"t{index:04}", 1 + index % 7) for index in range(5000))
    routes = (("nodes", 0, "nodes", "use", 10**18),)
    problem = Problem(((1, "nodes", 0, 4999), (2, "nodes", 0, -(2**62))), routes, weights)
    answer = on_duckdb(problem)
    assert answer == divided(problem) == on_datafusion(problem)
    assert sum(int(str(row[-1])) for row in answer) == 4999 - 2**62


def test_a_tie_goes_to_the_smaller_name() -> None:
    weights = tuple(("nodes", "use", 0, name, 1) for name in ("cygnus", "acme", "borealis"))
    problem = Problem(((1, "nodes", 0, 100),), (("nodes", 0, "nodes", "use", 10**18),), weights)
    units = {row[4]: row[5] for row in on_duckdb(problem)}
    assert units == {"acme": 34, "borealis": 33, "cygnus": 33}


@pytest.mark.parametrize("dialect", Dialect)
def test_no_dialect_divides(dialect: Dialect) -> None:
    text = in_dialect(division_sql(), dialect)
    assert not _DIVISION.findall(text)
    assert "HUGEINT" not in text
    assert "INT128" not in text


def test_the_search_for_division_would_find_it() -> None:
    for text in ("a / b", "a // b", "a DIV b", "mod(a, b)", "TRUNC(a)", "a % b"):
        assert _DIVISION.search(text)


@pytest.mark.parametrize("dialect", Dialect)
def test_each_dialect_is_the_committed_text(dialect: Dialect) -> None:
    """A new SQLGlot may write it differently: read the difference, then `make goldens`."""
    path, text = GOLDEN / f"division.{dialect}.sql", in_dialect(division_sql(), dialect) + "\n"
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
